/**
 * Tests what the loads and stores of all kernels cost a GPU's memory: those of GPT-2 124M's step, with and
 * without dropout, and those of all benches.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { attentionForms, cacheForms } from "./attention_forms.ts";
import { accessOf, benchCalls, memoryKernels, memoryRows } from "./memory_table.ts";
import { distinctKernels, stepKernels } from "./step_kernels.ts";

/** Most wavefronts for each that would do. */
const mostWavefronts = 1.1;
/** Most sectors for each that would do. */
const mostSectors = 1.1;
/** Kernels that need more, each with the most and the reason. */
const exceptions: readonly (readonly [name: RegExp, most: number, why: string])[] = [
  [/^attention_grad, 1$/, 4, "each invocation adds up a row, half a sector at a time, and stores one number"],
  [
    /^cache_attention/,
    2,
    "each invocation reads a key, half a sector at a time; scratch rows begin anywhere",
  ],
  [/^quantized_matmul/, 3, "each invocation reads blocks of quantized weights of its own, word by word"],
];

Deno.test("the loads and stores of all kernels hit different banks and whole sectors", () => {
  const kernels = new Map(
    [
      ...stepKernels({ batch: 16 }),
      ...stepKernels({ batch: 16, dropout: 0.1 }),
      ...distinctKernels(benchCalls()),
      ...attentionForms(),
      ...cacheForms(),
    ].map((kernel) => [kernel.code, kernel]),
  );
  ok(kernels.size > 100, `${kernels.size} kernels`);
  const wrong = [...kernels.values()].flatMap((kernel) => {
    const where = `${kernel.name} ${kernel.call}`;
    const most = exceptions.find(([name]) => name.test(kernel.name))?.[1];
    return Object.entries(accessOf(kernel)).flatMap(([what, { count, least, worst }]) => {
      const limit = most ?? (what.startsWith("workgroup") ? mostWavefronts : mostSectors);
      return count <= limit * least ? [] : [`${where}: ${what}: ${count} for ${least}, worst ${worst.name}`];
    });
  });
  deepStrictEqual(wrong, []);
});

Deno.test("kernels/README.md has what the loads and stores cost", async () => {
  const readme = await Deno.readTextFile(new URL("../../../kernels/README.md", import.meta.url));
  const written = readme.split("\n").filter((line) => /\|( +(\d\.\d\d|–) +\|){4}$/.test(line));
  const cells = (line: string) => line.split("|").map((cell) => cell.trim());
  deepStrictEqual(written.map(cells), memoryRows(memoryKernels()).map(cells));
});
