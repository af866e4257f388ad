/**
 * Tests that the output shown in the documentation is what the program prints. `deno test --doc` runs the
 * examples in doc comments; this test compares the comments after their `console.log(…)` calls with the
 * printed values, and the terminal output in README.md with that of a run.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runsTo, withFolder } from "./pipelines/program.ts";

const root = new URL("../", import.meta.url);
const shown = /^(\s*console\.log\(.*\);) \/\/ (.*)$/;

Deno.test("examples in docs print what the comments after console.log() say", async (t) => {
  let examples = 0;
  for (const layer of ["kernels", "stages", "pipelines"]) {
    for (const file of await sourceFiles(layer)) {
      for (const code of examplesOf(await Deno.readTextFile(new URL(file, root)))) {
        const wanted = code.split("\n").flatMap((line) => shown.exec(line)?.[2] ?? []);
        if (wanted.length === 0) continue;
        examples++;
        await t.step(file, async () => deepStrictEqual(await printed(code, new URL(file, root)), wanted));
      }
    }
  }
  ok(examples >= 50, `${examples} examples show output`);
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

/**
 * Runs an example and returns what its `console.log()` calls print. A call counts only if the expected output
 * follows it in a comment.
 */
async function printed(code: string, file: URL): Promise<string[]> {
  const module = code
    .replace(
      /(from|import)(\s*\(?)"(\.[^"]*)"/g,
      (_, word, gap, path) => `${word}${gap}"${new URL(path, file)}"`,
    )
    .split("\n").map((line) => line.replace(shown, (_, call) => call.replace("console.log(", "shown("))).join(
      "\n",
    );
  const source = `export const shownValues: string[] = [];
const shown = (value: unknown) => shownValues.push(typeof value === "string" ? JSON.stringify(value) : Deno.inspect(value));
${module}`;
  const { shownValues } = await import(`data:application/typescript,${encodeURIComponent(source)}`);
  return shownValues;
}

/** The TypeScript examples in the doc comments of a file. */
function examplesOf(text: string): string[] {
  return [...text.matchAll(/^ *\* ```ts\n((?: *\*.*\n)*?) *\* ```/gm)]
    .map((match) => match[1].replace(/^ *\* ?/gm, ""));
}

async function sourceFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, root))) {
    if (isDirectory) files.push(...await sourceFiles(`${folder}/${name}`));
    else if (name.endsWith(".ts")) files.push(`${folder}/${name}`);
  }
  return files.sort();
}
