import { match, rejects, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { machineTable, readMachines } from "../../../bench/machines/compare.ts";
import { doctorReport } from "../../pipelines/doctor/doctor_report.ts";
import { withFolder } from "../../temporary.ts";

Deno.test("machineTable() lists the machines of a folder, the fastest first, or says how to add one", async () => {
  await withFolder(async (dir) => {
    const folder = pathToFileURL(`${dir}/`);
    match(
      machineTable(await readMachines(new URL("none/", folder))),
      /No machine .* --json bench\/machines\/NAME\.json/,
    );
    for (const [name, gflops] of [["slow", 10], ["fast", 70_000]] as const) {
      const report = { ...doctorReport, peak: { gflops, gigabytes: 4.25 } };
      await Deno.writeTextFile(`${dir}/${name}.json`, JSON.stringify(report));
    }
    const lines = machineTable(await readMachines(folder)).split("\n");
    strictEqual(lines.length, 3);
    match(lines[1], /^fast +Test GPU, deno +7\.00e\+4 +4\.25 +11\.5 +3\.10 +2 +40000 +12 layers/);
    match(lines[2], /^slow /);
    await Deno.writeTextFile(`${dir}/new.json`, JSON.stringify({ format: 2 }));
    await rejects(readMachines(folder), /new\.json: its format is 2, not 1/);
  });
});
