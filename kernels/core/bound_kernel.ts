/**
 * The dispatches of a call with the tensors that they bind, each piece of memory once. WebGPU forbids binding
 * overlapping writable ranges in one dispatch, so a kernel whose inputs share memory, such as that of
 * `mul(x, x)`, is rewritten to read one binding under both names.
 *
 * @module
 */
import type { Gpu, WgslKernel } from "./gpu.ts";
import type { Call, Tensor } from "./graph.ts";
import { bindings } from "./op.ts";
import { memoryOf } from "./program.ts";
import { dispatchesOf, scratchOf } from "./wgsl.ts";

/** Dispatches of a call, ready to be bound. */
export interface BoundKernel {
  /** Dispatches in order. All have the same bindings. */
  readonly dispatches: readonly WgslKernel[];
  /** Tensors in binding order; no two of them share memory. */
  readonly tensors: readonly Tensor[];
  /** Size in bytes of the scratch memory, which is bound after the tensors; 0 for none. */
  readonly scratchBytes: number;
}

/**
 * Returns the kernel of a call with one binding for each piece of memory. Throws TypeError if the kernel
 * declares the same memory with two element types.
 */
export function boundKernel(call: Call, gpu: Gpu): BoundKernel {
  const kernel = call.op.wgsl(call, gpu), all = bindings(call), memory = all.map(memoryOf);
  const first = memory.map((each) => memory.indexOf(each));
  const tensors = all.filter((_, i) => first[i] === i);
  const dispatches = dispatchesOf(kernel), scratchBytes = scratchOf(kernel);
  if (tensors.length === all.length) return { dispatches, tensors, scratchBytes };
  const kept = first.filter((from, i) => from === i);
  return {
    dispatches: dispatches.map((each) => ({
      ...each,
      code: sharing(call, { code: each.code, first, kept }),
    })),
    tensors,
    scratchBytes,
  };
}

/**
 * Returns the bindings that a dispatch's code uses, of those that it declares. A call with many inputs may
 * have more tensors than a GPU can bind at once, of which each of its dispatches uses some.
 */
export function usedBindings(code: string): readonly number[] {
  return [...code.matchAll(/@group\(0\) @binding\((\d+)\) var<storage, read_write> (\w+):/g)]
    .filter(([, , name]) => code.split(new RegExp(`\\b${name}\\b`)).length > 2)
    .map(([, binding]) => Number(binding)).sort((a, b) => a - b);
}

/**
 * Returns WGSL whose binding `i` is binding `first[i]`, and in which the bindings in `kept` are renumbered.
 * If a kernel reads the same memory as numbers and as vectors of four, its numbers become components of
 * vectors.
 */
function sharing(
  call: Call,
  { code, first, kept }: {
    readonly code: string;
    readonly first: readonly number[];
    readonly kept: readonly number[];
  },
): string {
  const declaration = (i: number) => `@group(0) @binding(${i}) var<storage, read_write> in${i}: `;
  const typeOf = (i: number) => code.split(declaration(i))[1].split(";")[0];
  let shared = code;
  for (const from of kept) {
    const same = first.flatMap((other, i) => other === from ? [i] : []);
    if (same.length === 1) continue;
    const types = same.map(typeOf), fours = types.includes("array<vec4f>");
    if (new Set(types).size > (fours && types.includes("array<f32>") ? 2 : 1)) {
      throw new TypeError(
        `Cannot bind ${call.inputs[from].label} of ${call.op.name} as ${types.join(" and ")}`,
      );
    }
    same.forEach((i, at) => {
      shared = shared.replace(`${declaration(i)}${types[at]};`, "");
      if (fours && types[at] === "array<f32>") shared = asComponents(shared, `in${i}`);
      shared = shared.replaceAll(new RegExp(`\\bin${i}\\b`, "g"), `in${from}`);
    });
    shared = `${declaration(from)}${fours ? "array<vec4f>" : types[0]};\n${shared}`;
  }
  const numbered = [...kept, first.length]; // the last one is the scratch memory
  return shared.replaceAll(/@binding\((\d+)\)/g, (_, i) => `@binding(${numbered.indexOf(Number(i))})`);
}

/** Returns WGSL that reads an array of vectors of four as if it held numbers: `a[i]` is `a[i / 4][i % 4]`. */
function asComponents(code: string, name: string): string {
  const pieces = code.split(new RegExp(`\\b${name}\\[`));
  return pieces.slice(1).reduce((before, piece) => {
    let depth = 1, end = 0;
    while (depth > 0) depth += { "[": 1, "]": -1 }[piece[end++]] ?? 0;
    const index = piece.slice(0, end - 1);
    return `${before}${name}[(${index}) / 4u][(${index}) % 4u]${piece.slice(end)}`;
  }, pieces[0]);
}
