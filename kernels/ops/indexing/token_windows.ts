/**
 * Ops on tokens. `windowsOf` takes windows of data that is in device memory, so that a training step needs
 * nothing from the host. `contextsOf` combines each token with the tokens before it. `oneHot` makes one-hot
 * vectors.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { bytesOf, ShapeError, sizeOf } from "../../core/tensor.ts";
import { expectU32 } from "../specs.ts";

/** Attributes of `token_windows`. */
export interface WindowsAttrs {
  /** Number of tokens per window. */
  readonly length: number;
  /** Distance in tokens between the starts of consecutive windows; default 1, so that windows overlap. */
  readonly stride?: number;
  /** Number of tokens to skip at the start of each window; default 0. */
  readonly shift?: number;
}

/** Attributes of `token_contexts`. */
export interface ContextsAttrs {
  /** Number of tokens per position, including the token at the position itself. */
  readonly length: number;
  /** Token that is used for positions before the first token. */
  readonly blank: number;
}

/**
 * Takes windows of tokens by index: `data` u32 [...], viewed as one sequence, and the indices `numbers` u32
 * [B] → u32 [B, length]. Window `i` starts at token `i · stride + shift`; tokens past the end of the data are
 * 0. If data holds examples [N, T], length and stride are T.
 */
export function windowsOf(data: Tensor, numbers: Tensor, attrs: WindowsAttrs): Tensor {
  return callWindows([data, numbers], attrs)[0];
}

/**
 * Returns, for each position, its token and the tokens before it, latest first: tokens u32 [B, T] → u32 [B,
 * T, length].
 */
export function contextsOf(tokens: Tensor, attrs: ContextsAttrs): Tensor {
  return callContexts([tokens], attrs)[0];
}

/** Returns one-hot rows: `ids` u32 [...] → f32 [..., classes]; an id of `classes` or more gives zeros. */
export function oneHot(ids: Tensor, { classes }: { readonly classes: number }): Tensor {
  return callOneHot([ids], { classes })[0];
}

/** `(data, numbers) → windows`. */
export const windowsOp: Op<WindowsAttrs> = {
  name: "token_windows",
  infer: ([data, numbers], { length, stride = 1, shift = 0 }) => {
    expectU32("token_windows", { data, numbers });
    if (![length, stride, shift + 1].every((n) => Number.isInteger(n) && n > 0)) {
      throw new ShapeError(
        `Cannot take windows of length ${length}, stride ${stride}, shift ${shift}: wanted whole numbers, length and stride 1 or more, shift 0 or more`,
      );
    }
    return [{ shape: [...numbers.shape, length], dtype: "u32" }];
  },
  reference: ([data, numbers], { attrs: { length, stride = 1, shift = 0 } }) => {
    const y = new Float64Array(numbers.length * length);
    return [y.map((_, i) => data[numbers[Math.floor(i / length)] * stride + shift + i % length] ?? 0)];
  },
  wgsl: (call) => {
    const { length, stride = 1, shift = 0 } = call.attrs, n = sizeOf(call.inputs[0].shape);
    const windows = Math.ceil(n / stride); // for a larger index, `index · stride` could overflow
    return flat(
      call,
      `let number = in1[i / ${length}u];
  let at = number * ${stride}u + ${shift}u + i % ${length}u;
  var token = 0u;
  if (number < ${windows}u && at < ${n}u) { token = in0[at]; }
  out0[i] = token;`,
    );
  },
  wasm: (call) => {
    const { length, stride = 1, shift = 0 } = call.attrs, [data, numbers] = call.inputs;
    return [sizeOf(data.shape), sizeOf(numbers.shape), length, stride, shift];
  },
  traffic: ({ inputs: [, numbers], outputs: [y] }) => ({
    read: bytesOf(y) + bytesOf(numbers),
    written: bytesOf(y),
  }),
  cases: [
    { inputs: [[11, 3], [5]], attrs: { length: 3, stride: 3 }, fill: [{ below: 99 }, { below: 11 }] },
    // Some windows reach past the end.
    { inputs: [[40], [7]], attrs: { length: 8, shift: 1 }, fill: [{ below: 99 }, { below: 40 }] },
    { inputs: [[9], [4]], attrs: { length: 1, stride: 1 }, fill: [{ below: 99 }, { below: 2 ** 32 }] },
    { inputs: [[1e6], [64]], attrs: { length: 256 }, fill: [{ below: 99 }, { below: 1e6 }], bench: true },
  ],
};

/** `tokens →` each token and the tokens before it. */
export const contextsOp: Op<ContextsAttrs> = {
  name: "token_contexts",
  infer: ([tokens], { length, blank }) => {
    expectU32("token_contexts", { tokens });
    if (
      tokens.shape.length === 0 || !(Number.isInteger(length) && length > 0) ||
      !(blank >= 0 && blank < 2 ** 32)
    ) {
      throw new ShapeError(
        `Cannot take contexts of ${length} tokens with blank ${blank} from [${tokens.shape}]: wanted 1 or more tokens, a token number and [..., T]`,
      );
    }
    return [{ shape: [...tokens.shape, length], dtype: "u32" }];
  },
  reference: ([tokens], { inputs: [{ shape }], attrs: { length, blank } }) => {
    const time = shape[shape.length - 1], y = new Float64Array(tokens.length * length);
    return [y.map((_, i) => {
      const position = Math.floor(i / length), back = i % length;
      return back > position % time ? blank : tokens[position - back];
    })];
  },
  wgsl: (call) => {
    const { length, blank } = call.attrs, time = call.inputs[0].shape.at(-1);
    return flat(
      call,
      `let position = i / ${length}u;
  let back = i % ${length}u;
  if (back > position % ${time}u) { out0[i] = ${blank}u; } else { out0[i] = in0[position - back]; }`,
    );
  },
  wasm: (call) => {
    const [{ shape }] = call.inputs;
    return [sizeOf(shape), shape[shape.length - 1], call.attrs.length, call.attrs.blank];
  },
  cases: [
    { inputs: [[3, 5]], attrs: { length: 3, blank: 27 }, fill: [{ below: 27 }] },
    { inputs: [[2, 4]], attrs: { length: 6, blank: 7 }, fill: [{ below: 7 }] },
  ],
};

/** ids → one-hot rows. */
export const oneHotOp: Op<{ readonly classes: number }> = {
  name: "one_hot",
  infer: ([ids], { classes }) => {
    expectU32("one_hot", { ids });
    if (!Number.isInteger(classes) || classes < 1) {
      throw new ShapeError(`Cannot call one_hot with ${classes} classes: wanted a whole number above 0`);
    }
    return [{ shape: [...ids.shape, classes], dtype: "f32" }];
  },
  reference: ([ids], { attrs: { classes } }) => {
    const y = new Float64Array(ids.length * classes);
    return [y.map((_, i) => ids[Math.floor(i / classes)] === i % classes ? 1 : 0)];
  },
  wgsl: (call) => {
    const { classes } = call.attrs;
    return flat(call, `out0[i] = select(0.0, 1.0, in0[i / ${classes}u] == i % ${classes}u);`);
  },
  wasm: (call) => [sizeOf(call.inputs[0].shape), call.attrs.classes],
  cases: [
    { inputs: [[5]], attrs: { classes: 27 }, fill: [{ below: 27 }] },
    { inputs: [[2, 3]], attrs: { classes: 5 }, fill: [{ below: 8 }] }, // some ids are 5 or more
  ],
};

const callWindows = define(windowsOp);
const callContexts = define(contextsOp);
const callOneHot = define(oneHotOp);
