import { match, ok, strictEqual } from "node:assert/strict";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { pathToFileURL } from "node:url";
import { machineTable, readMachines } from "../../../bench/machines/compare.ts";
import { withFolder } from "../program.ts";

Deno.test("deno task doctor finds nothing wrong on this WebGPU, and its document is a row of bench --compare", async () => {
  await withFolder(async (dir) => {
    const config = pathOfUrl(new URL("../../../deno.json", import.meta.url));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "--config", config, "doctor", "--json", "here.json"],
      cwd: dir,
      env: { NO_COLOR: "1", INIT_CWD: dir },
    }).output();
    const text = new TextDecoder();
    strictEqual(code, 0, `${text.decode(stdout)}\n${text.decode(stderr)}`);
    match(text.decode(stdout), /nothing is wrong\n$/);
    const [{ name, report }] = await readMachines(pathToFileURL(`${dir}/`));
    strictEqual(name, "here");
    ok(report.submit.seconds > 0 && report.step.calls.length > 5 && report.parity.cases > 70);
    match(machineTable([{ name, report }]), /\nhere /);
  });
});
