/**
 * Tests the notebook: its cells run in order as one module, and the cells that end with a chart, a token view
 * or samples show them.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import notebook from "../../pipelines/first_model.ipynb" with { type: "text" };
import type { MimeBundle } from "../../stages/format/viewer/notebook.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

interface Cell {
  readonly cell_type: "code" | "markdown";
  readonly id: string;
  readonly source: readonly string[];
  readonly outputs?: readonly { readonly output_type: string; readonly data: MimeBundle }[];
}

interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: { readonly kernelspec: { readonly name: string } };
  readonly nbformat: number;
}

const { cells, metadata, nbformat }: Notebook = JSON.parse(notebook);
const codeCells = cells.filter((cell) => cell.cell_type === "code");
const folder = pathOfUrl(new URL("../../pipelines/", import.meta.url));

Deno.test("the notebook has format 4, Deno's kernel, and text before each cell of code", () => {
  deepStrictEqual([nbformat, metadata.kernelspec.name], [4, "deno"]);
  deepStrictEqual(new Set(cells.map(({ id }) => id)).size, cells.length);
  cells.forEach((cell, i) => {
    if (cell.cell_type === "markdown") return;
    strictEqual(cells[i - 1]?.cell_type, "markdown", `a cell of text before ${cell.id}`);
  });
  ok(notebook.length < 60_000, `${notebook.length} bytes: its outputs are too large for a file in Git`);
});

Deno.test("the notebook's cells run in order as one module and display graph, tokens, losses and samples", async () => {
  const shown = await runCells();
  deepStrictEqual(Object.keys(shown), ["tokens", "flow", "train", "samples"]);
  for (const [id, bundle] of Object.entries(shown)) {
    ok(!/undefined|NaN|\[object/.test(JSON.stringify(bundle)), `${id}: ${JSON.stringify(bundle)}`);
  }
  const stored = Object.fromEntries(
    codeCells.flatMap(({ id, outputs = [] }) => outputs.map(({ data }) => [id, data])),
  );
  deepStrictEqual(Object.keys(stored), Object.keys(shown), "cells with a stored output");
  // Tokens and graph are the same on every machine; losses may differ in their last digits.
  for (const id of ["tokens", "flow"]) deepStrictEqual(stored[id], shown[id], `the stored output of ${id}`);
  for (const id of ["train", "samples"]) {
    deepStrictEqual(Object.keys(stored[id]), Object.keys(shown[id]), `the stored output of ${id}`);
  }
  const lossesOf = (text: string) => /([\d.]+) → ([\d.]+)/.exec(text)?.slice(1).map(Number) ?? [];
  const [before, now] = [stored, shown].map(({ train }) => lossesOf(train["text/plain"]));
  ok(before.length === 2 && before.every((loss, i) => Math.abs(loss - now[i]) < .05), `${before}, ${now}`);
  const words = "<|endoftext|>|The|␣cat|␣sees|␣the|␣owl|␣by|␣the|␣barn|.";
  ok(shown.tokens["text/plain"].startsWith(`10 tokens for 46 bytes: ${words} (`), shown.tokens["text/plain"]);
  strictEqual(shown.tokens["text/html"].match(/<span title="id \d+, \d+ bytes"/g)?.length, 10);
  match(shown.flow["text/html"], />The flow<\/b>.*<svg.*windows/s);
  match(shown.train["text/html"], />Loss by step<\/b>.*<svg.*least possible/s);
  const [, first, last] = /([\d.]+) → ([\d.]+)/.exec(shown.train["text/plain"]) ?? [];
  ok(Number(first) > 5 && Number(last) < 0.9, shown.train["text/plain"]);
  const texts = shown.samples["text/plain"].split("\n---\n");
  strictEqual(texts.length, 5);
  const animal = "(cat|dog|fox|hen|owl)";
  const sentence = new RegExp(
    `^The ${animal} (sees|likes|follows) the ${animal} by the (river|hill|barn)\\.$`,
  );
  ok(texts.filter((text) => sentence.test(text)).length >= 3, shown.samples["text/plain"]);
  strictEqual(shown.samples["text/html"].match(/<li/g)?.length, 5);
});

/**
 * Runs the cells as a module in a process of its own and returns what each cell displays, keyed by the cell's
 * id. The module comes from standard input, so, as in Deno's kernel, its imports start at the notebook's
 * folder.
 */
async function runCells(): Promise<Readonly<Record<string, MimeBundle>>> {
  const module = `const shown: Record<string, unknown> = {};
const show = async (id: string, value: any) => {
  const display = value?.[Symbol.for("Jupyter.display")];
  if (display !== undefined) shown[id] = await display.call(value);
};
${codeCells.map(withDisplay).join("\n")}
console.log(JSON.stringify(shown));`;
  const args = [
    "run",
    "--quiet",
    "--check",
    "--lock=../deno.lock",
    "--frozen",
    "--no-prompt",
    "--allow-read",
    "--allow-write",
    "-",
  ];
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(120_000),
  }).spawn();
  await new Blob([module]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  if (code !== 0) throw new Error(`The cells ended with ${code}:\n${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/**
 * Returns the code of a cell in which the last statement, if it is an expression, is passed to `show`. A
 * statement starts at a line that is not indented and does not begin with a closing bracket.
 */
function withDisplay({ id, source }: Cell): string {
  const lines = source.join("").split("\n");
  const at = lines.findLastIndex((line) => /^[^\s)}\]]/.test(line));
  const last = lines.slice(at).join("\n");
  if (/^(import|const|let|function|for|if|await)\b/.test(last)) return lines.join("\n");
  return [...lines.slice(0, at), `await show(${JSON.stringify(id)}, ${last.replace(/;$/, "")});`].join("\n");
}
