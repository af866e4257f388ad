/**
 * Finds the comments of source files, and selects some of them at random for a reader: `deno run --allow-read
 * tests/comments.ts --seed 1 --count 200`. A reader who knows the field but not this project should
 * understand each at the first reading.
 *
 * @module
 */
import { parseArgs } from "../pipelines/cli/args.ts";
import { permutation } from "../kernels/random/philox.ts";

/** A block comment, a run of line comments, or the comment at the end of a line. */
export interface Comment {
  /** Path relative to the project's root. */
  readonly file: string;
  /** Line number of the first line, starting at 1. */
  readonly line: number;
  /** Lines of the comment, unchanged. */
  readonly lines: readonly string[];
  /** Line of code to which the comment belongs: the next line, or the line that ends with the comment. */
  readonly code: string;
}

const root = new URL("../", import.meta.url);

/** Returns every comment of the project's TypeScript and JavaScript, in the order of paths and lines. */
export async function allComments(): Promise<Comment[]> {
  const found: Comment[] = [];
  for (const folder of ["bench", "kernels", "mod.ts", "pipelines", "stages", "tests"]) {
    for (const file of await sourceFiles(folder)) {
      found.push(...commentsOf(file, await Deno.readTextFile(new URL(file, root))));
    }
  }
  return found;
}

/** The comments of one file. */
export function commentsOf(file: string, text: string): Comment[] {
  const lines = text.split("\n"), found: Comment[] = [];
  for (let i = 0; i < lines.length; i++) {
    const start = i;
    if (/^\s*\/\/ (@ts-|deno-lint-)/.test(lines[i])) continue; // a directive for a tool
    if (/^\s*\/\*/.test(lines[i])) {
      while (i < lines.length - 1 && !lines[i].includes("*/")) i++;
    } else if (/^\s*\/\//.test(lines[i])) {
      while (i < lines.length - 1 && /^\s*\/\//.test(lines[i + 1])) i++;
    } else if (
      /[;,{}()[\]\w"'`]\s*\/\/ \S/.test(lines[i]) && !/["'`][^"'`]*\/\/ [^"'`]*["'`]/.test(lines[i])
    ) {
      found.push({ file, line: i + 1, lines: [lines[i]], code: lines[i] });
      continue;
    } else continue;
    found.push({ file, line: start + 1, lines: lines.slice(start, i + 1), code: lines[i + 1] ?? "" });
  }
  return found;
}

/** Returns `count` different comments, selected at random; the same seed selects the same comments. */
export function drawComments(
  comments: readonly Comment[],
  { seed, count }: { readonly seed: number; readonly count: number },
): Comment[] {
  return [...permutation(seed, "comments", comments.length).subarray(0, count)].map((i) => comments[i]);
}

async function sourceFiles(path: string): Promise<string[]> {
  if (/\.\w+$/.test(path)) return [path];
  const files: string[] = [];
  for await (const entry of Deno.readDir(new URL(`${path}/`, root))) {
    const inner = `${path}/${entry.name}`;
    if (entry.isDirectory) files.push(...await sourceFiles(inner));
    else if (/\.(ts|js)$/.test(entry.name)) files.push(inner);
  }
  return files.sort();
}

if (import.meta.main) {
  const { values } = parseArgs(Deno.args, { string: ["seed", "count"], boolean: [] });
  const number = (name: string, otherwise: number) => Number(values.get(name)?.at(-1) ?? otherwise);
  const drawn = drawComments(await allComments(), { seed: number("seed", 1), count: number("count", 200) });
  for (const [i, { file, line, lines, code }] of drawn.entries()) {
    console.log(
      `### ${i + 1}. ${file}:${line}\n${[...lines, ...(lines.includes(code) ? [] : [code])].join("\n")}\n`,
    );
  }
}
