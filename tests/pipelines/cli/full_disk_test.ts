import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { readEvents } from "../../../stages/report/metrics.ts";
import { smallDiskTest } from "../../small_disk.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";

const program = pathOfUrl(new URL("./run.ts", import.meta.url));

await smallDiskTest(
  "a full disk ends a run with a hint, and the run resumes once there is room",
  "128k",
  async ({ folder, resize }) => {
    const run = async (count: number) => {
      const words = ["sum-numbers", "--device", "cpu", "--steps", String(count)];
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--quiet", program, ...words],
        cwd: folder,
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).output();
      return { code, err: new TextDecoder().decode(stderr) };
    };
    const full = await run(1_000_000);
    strictEqual(full.code, 1);
    match(full.err, /\nerror: .*: the disk is full: make room on the disk [^\n]*\n$/);
    await resize("4m");
    const file = `${folder}/runs/sum-numbers/metrics.jsonl`;
    const wanted = steps(await readEvents(file)).length + 10;
    const { code, err } = await run(wanted);
    deepStrictEqual([code, steps(await readEvents(file))], [0, [...Array(wanted).keys()]], err);
  },
);

function steps(events: Awaited<ReturnType<typeof readEvents>>): number[] {
  return events.flatMap((event) => event.type === "step" ? [event.step] : []);
}
