/**
 * AssemblyScript source of the WASM kernels of elementwise ops: one loop around each op's formula.
 *
 * @module
 */
import type { Op, WasmFormula } from "../core/graph.ts";
import { inPlaceOf } from "../core/op.ts";

/** Functions that the loops and the formulas call. */
const imports = `
import { first, real, size, tensor } from "./call.ts";
import { exp, log, logistic, silu, siluGradient, square, tanh } from "./math.ts";
import { loadPart, storePart } from "./vector.ts";
import { gelu, geluGradient } from "../ops/elementwise/gelu_wasm.ts";
import { geluErf, geluErfGradient } from "../ops/elementwise/gelu_erf_wasm.ts";
import { halfPower } from "../ops/elementwise/power_wasm.ts";
`;

const parameters = "tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize";

/**
 * Returns the source of the WASM kernels of those `ops` that have a formula; the build appends it to
 * index.ts.
 */
export function elementwiseKernels(ops: readonly Op<any>[]): string {
  return imports + ops.flatMap((op) => {
    const { wasmFormula: formula } = op;
    if (formula === undefined) return [];
    const output = inPlaceOf(op, 0) >= 0 ? inPlaceOf(op, 0) : formula.inputs.length;
    const name = `${op.name}_kernel`; // not the name of the op: a formula may call a function of that name
    const source = formula.broadcast ? broadcastKernel(name, formula) : kernel(name, { formula, output });
    return [source, `export { ${name} as ${op.name} };\n`];
  }).join("");
}

/**
 * Returns a kernel whose inputs have the size of the output. `args`: n, then the constants of the formula.
 *
 * The loop computes two vectors at a time, and stores both after the last load: V8 with
 * --experimental-wasm-revectorize fuses such neighbours into one vector of 256 bits. Without that flag the
 * two chains of operations overlap.
 */
function kernel(name: string, { formula, output }: { formula: WasmFormula; output: number }): string {
  const { inputs, constants = [], expression } = formula;
  const each = (line: (input: string, i: number) => string) => inputs.map(line).join("");
  return `
function ${name}(${parameters}): void {
  const n = size(args, 0), end = first(n, 4, thread + 1, threads) << 2, to = tensor(tensors, ${output});
  ${each((_, i) => `const from${i} = tensor(tensors, ${i});`)}
  ${constants.map((constant, i) => `const ${constant} = real(args, ${i + 1});`).join("")}
  let i = first(n, 4, thread, threads) << 2;
  for (; i + 32 <= end; i += 32) {
    let result0: v128, result1: v128;
    ${each((_, i) => `const low${i} = v128.load(from${i} + i), high${i} = v128.load(from${i} + i, 16);`)}
    {
      ${each((input, i) => `const ${input} = low${i};`)}
      result0 = ${expression};
    }
    {
      ${each((input, i) => `const ${input} = high${i};`)}
      result1 = ${expression};
    }
    v128.store(to + i, result0);
    v128.store(to + i, result1, 16);
  }
  if (i + 16 <= end) {
    ${each((input, i) => `const ${input} = v128.load(from${i} + i);`)}
    v128.store(to + i, ${expression});
    i += 16;
  }
  if (i < end) {
    const rest = (end - i) >> 2;
    ${each((input, i) => `const ${input} = loadPart(from${i} + i, rest, 1);`)}
    storePart(to + i, ${expression}, rest);
  }
}
`;
}

/**
 * Returns a kernel that computes element `i` from `a[i mod aSize]` and `b[i mod bSize]`. It processes runs of
 * elements; a run ends where the input `a` or `b` starts again from its first element. `args`: n, aSize,
 * bSize.
 */
function broadcastKernel(name: string, { inputs: [a, b], expression }: WasmFormula): string {
  return `
function ${name}(${parameters}): void {
  const a = tensor(tensors, 0), b = tensor(tensors, 1), y = tensor(tensors, 2);
  const n = size(args, 0), aSize = size(args, 1), bSize = size(args, 2);
  const end = first(n, 4, thread + 1, threads);
  let i = first(n, 4, thread, threads), ai = i % aSize, bi = i % bSize;
  while (i < end) {
    let count = end - i;
    if (aSize > 1) count = min(count, aSize - ai);
    if (bSize > 1) count = min(count, bSize - bi);
    ${name}_run(a + (ai << 2), aSize > 1, b + (bi << 2), bSize > 1, y + (i << 2), count);
    i += count;
    ai = aSize > 1 ? ai + count : 0;
    bi = bSize > 1 ? bi + count : 0;
    if (ai == aSize) ai = 0;
    if (bi == bSize) bi = 0;
  }
}

function ${name}_run(from0: usize, moves0: bool, from1: usize, moves1: bool, to: usize, n: usize): void {
  const step0: usize = moves0 ? 4 : 0, step1: usize = moves1 ? 4 : 0, end = to + (n << 2);
  for (; to + 16 <= end; to += 16, from0 += step0 << 2, from1 += step1 << 2) {
    const ${a} = moves0 ? v128.load(from0) : v128.load32_splat(from0);
    const ${b} = moves1 ? v128.load(from1) : v128.load32_splat(from1);
    v128.store(to, ${expression});
  }
  for (; to < end; to += 4, from0 += step0, from1 += step1) {
    const ${a} = v128.load32_splat(from0), ${b} = v128.load32_splat(from1);
    store<f32>(to, f32x4.extract_lane(${expression}, 0));
  }
}
`;
}
