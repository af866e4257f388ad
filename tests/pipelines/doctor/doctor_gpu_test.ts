import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { pathToFileURL } from "node:url";
import { machineTable, readMachines } from "../../../bench/machines/compare.ts";
import { tuningFile } from "../../../pipelines/cli/run/tuning_file.ts";
import { withFolder } from "../program.ts";

for (const dawn of [false, true]) {
  const name = `deno task doctor${
    dawn ? " --dawn" : ""
  } finds nothing wrong on this WebGPU, and its document is a row of bench --compare`;
  Deno.test(name, () => withFolder((dir) => examined(dir, dawn)));
}

async function examined(dir: string, dawn: boolean): Promise<void> {
  const config = pathOfUrl(new URL("../../../deno.json", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", config, "doctor", "--json", "here.json", "--tune", "kernels.tuned"]
      .concat(dawn ? ["--dawn"] : []),
    cwd: dir,
    env: { NO_COLOR: "1", INIT_CWD: dir },
  }).output();
  const text = new TextDecoder();
  strictEqual(code, 0, `${text.decode(stdout)}\n${text.decode(stderr)}`);
  match(text.decode(stdout), /nothing is wrong\nThe fastest kernels are kept in kernels\.tuned: /);
  const [{ name, report }] = await readMachines(pathToFileURL(`${dir}/`));
  strictEqual(name, "here");
  ok(report.submit.seconds > 0 && report.step.calls.length > 5 && report.parity.cases > 70);
  deepStrictEqual([report.machine.webgpu, report.failures], [dawn ? "dawn" : "deno", []]);
  ok(report.tuning.length > 0 && report.tuning.every(({ bestMilliseconds }) => bestMilliseconds > 0));
  ok(report.resume.killedAfter !== null && report.resume.differsFrom === null);
  const { info: { vendor, architecture, device, description } } = report.machine;
  const key = [vendor, architecture, device, description].join(", "); // of SystemAdapter
  const kept = [...(await tuningFile(`${dir}/kernels.tuned`).read(key)).values()];
  deepStrictEqual(kept, report.tuning.map(({ best }) => best));
  match(machineTable([{ name, report }]), /\nhere /);
}
