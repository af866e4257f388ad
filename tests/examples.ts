/**
 * Registers a test for each TypeScript example in doc comments and Markdown files. The examples run in this
 * isolate, where the project is loaded once; `deno test --doc` gives each an isolate of its own.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";

const root = new URL("../", import.meta.url);
/** A call of `console.log()` followed by a comment with what it prints. */
const shown = /^(\s*console\.log\(.*\);) \/\/ (.*)$/;

/** An example and where it stands. */
export interface Example {
  /** Path of the file from the project's root. */
  readonly file: string;
  /** Line of the file at which the example's code begins. */
  readonly line: number;
  readonly code: string;
}

/**
 * Registers the tests for all examples in files and folders, given by their paths from the project's root.
 */
export async function exampleTests(paths: readonly string[]): Promise<void> {
  for (const example of await examplesIn(paths)) {
    Deno.test(`example in ${example.file}:${example.line} runs and prints what its comments say`, async () => {
      deepStrictEqual(await printed(example), expectedOutput(example));
    });
  }
}

/** Returns all examples in files and folders, given by their paths from the project's root. */
export async function examplesIn(paths: readonly string[]): Promise<Example[]> {
  const examples: Example[] = [];
  for (const path of paths) {
    for (const file of await filesIn(path)) {
      examples.push(...examplesOf(file, await Deno.readTextFile(new URL(file, root))));
    }
  }
  return examples;
}

/** Returns what the comments behind the example's `console.log()` calls say that they print. */
export function expectedOutput({ code }: Example): string[] {
  return code.split("\n").flatMap((line) => shown.exec(line)?.[2] ?? []);
}

/**
 * Runs an example and returns what those `console.log()` calls print that have a comment with their output.
 */
async function printed({ code, file }: Example): Promise<string[]> {
  const module = code
    .replace(
      /(from|import)(\s*\(?)"(\.[^"]*)"/g,
      (_, word, gap, path) => `${word}${gap}"${new URL(path, new URL(file, root))}"`,
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

/** Returns the TypeScript examples in the doc comments of a module, or in a Markdown file. */
function examplesOf(file: string, text: string): Example[] {
  const fence = file.endsWith(".md") ? /^```ts\n([^]*?)^```/gm : /^ *\* ```ts\n((?: *\*.*\n)*?) *\* ```/gm;
  return [...text.matchAll(fence)].map(({ 0: whole, 1: block, index }) => ({
    file,
    line: text.slice(0, index + whole.indexOf("\n") + 1).split("\n").length,
    code: file.endsWith(".md") ? block : block.replace(/^ *\* ?/gm, ""),
  }));
}

async function filesIn(path: string): Promise<string[]> {
  if (!(await Deno.stat(new URL(path, root))).isDirectory) return [path];
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${path}/`, root))) {
    if (isDirectory) files.push(...await filesIn(`${path}/${name}`));
    else if (/\.(ts|md)$/.test(name)) files.push(`${path}/${name}`);
  }
  return files.sort();
}
