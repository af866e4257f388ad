/**
 * Tests the document that `deno task bench --json` writes. Times must be present, but their values are not
 * checked.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { measure } from "../../bench/measure.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

const root = pathOfUrl(new URL("../../", import.meta.url));

async function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  const command = [...tasks.bench.command.split(" ").slice(1), ...args];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: command, cwd: root })
    .output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("deno task bench --json FILE writes one document with machine, versions, date and the times of each bench", async () => {
  const { code, out, err } = await bench("--json", "tests/bench/tiny_bench.ts");
  strictEqual(code, 0, err);
  const report = JSON.parse(out);
  strictEqual(report.format, 1);
  ok(Date.now() >= Date.parse(report.date), report.date);
  deepStrictEqual(Object.keys(report.machine), ["cpu", "cores", "os", "arch", "gpu"]);
  strictEqual(report.versions.deno, Deno.version.deno);
  deepStrictEqual(
    report.benches.map((
      { file, group, name, baseline, unit }: Record<string, unknown>,
    ) => [file, group, name, baseline, unit]),
    [[null, "plain", false], ["tiny", "with options", true], ["tiny", "start and end", false]].map((
      known,
    ) => ["tests/bench/tiny_bench.ts", ...known, "ns"]),
  );
  for (const { iterations, min, p25, median, p75, max, mean } of report.benches) {
    ok(iterations >= 4 && [min, p25, median, p75, max, mean].every(Number.isFinite));
    ok(min <= p25 && p25 <= median && median <= p75 && p75 <= max && min <= mean && mean <= max);
  }
  strictEqual(report.benches[2].iterations, 4);
  match(err, /a bench prints to standard error/);
  const filtered = await bench("tests/bench/tiny_bench.ts", "--json", "--filter", "tiny start");
  deepStrictEqual(JSON.parse(filtered.out).benches.map(({ name }: { name: string }) => name), [
    "start and end",
  ]);
});

Deno.test("deno task bench FILE runs only that file, by deno bench", async () => {
  const { code, out, err } = await bench("tests/bench/tiny_bench.ts");
  strictEqual(code, 0, err);
  match(out, /tiny_bench\.ts/);
  strictEqual(out.includes("matmul"), false);
});

Deno.test("measure() returns the error of a bench that fails", async () => {
  const fn = () => Promise.reject(new RangeError("no such size"));
  deepStrictEqual(await measure("a_bench.ts", { name: "bad, 1.5 GFLOP, 24 MB", fn }), {
    file: "a_bench.ts",
    group: null,
    name: "bad, 1.5 GFLOP, 24 MB",
    baseline: false,
    work: { GFLOP: 1.5, MB: 24 },
    error: "no such size",
  });
});
