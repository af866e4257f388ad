/**
 * Tests that the terminal output shown in README.md is that of a run. The tests of the examples in docs are
 * in examples.ts.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { examplesIn, expectedOutput } from "./examples.ts";
import { runsTo, withFolder } from "./pipelines/program.ts";

const root = new URL("../", import.meta.url);

Deno.test("most examples show what they print", async () => {
  const examples = await examplesIn(["kernels", "stages", "pipelines", "README.md"]);
  const showing = examples.filter((example) => expectedOutput(example).length > 0);
  ok(showing.length >= 50, `${showing.length} of ${examples.length} examples show output`);
});

Deno.test("README.md shows the output of its first command, apart from numbers, and the exact first loss", async () => {
  const block = /```\n(fineweb-gpt2 in [^`]*)```/.exec(await Deno.readTextFile(new URL("README.md", root)));
  const lines = (block?.[1] ?? "").trimEnd().split("\n").filter((line) => line !== "" && line !== "…");
  ok(lines.length >= 5, `README.md shows ${lines.length} lines of output`);
  await withFolder(async (dir) => {
    const short = ["--steps", "2", "--schedule-steps", "1000", "--eval-batches", "2"];
    const { out, err } = await runsTo(0, [
      "fineweb-gpt2",
      "--out",
      `${dir}/run`,
      ...short,
      "--device",
      "cpu",
    ]);
    const said = `${err}\n${out}`.replaceAll(`${dir}/run`, "runs/fineweb-gpt2").split("\n");
    const masked = new Set(said.map(withoutNumbers));
    deepStrictEqual(lines.filter((line) => !masked.has(withoutNumbers(line))), [], said.join("\n"));
    const loss = (text: readonly string[]) =>
      text.find((line) => /^step 1\//.test(line))?.match(/loss ([\d.]+)/)?.[1];
    strictEqual(loss(said), loss(lines));
  });
});

/** Removes the numbers, the device's name and the remaining time, which differ from machine to machine. */
function withoutNumbers(line: string): string {
  return line.replace(" --out runs/fineweb-gpt2", "").replace(/^(device cpu: ).*/, "$1").replace(
    /\s+\S+ left$/,
    "",
  )
    .replace(/\d[\d,.]*(e-?\d+)?/g, "#").replace(/ {2,}/g, " ").trim();
}
