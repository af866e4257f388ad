/**
 * Rotary position embedding: turns pairs of channels of queries and keys by angles that grow with the
 * position, so that a dot product depends on the distance of two positions.
 * Source: Su et al. 2021, "RoFormer".
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { flat } from "../../core/wgsl.ts";
import { expectF32, rowsOf } from "../specs.ts";

/** Which channels form the heads and the pairs. */
export interface RopeAttrs {
  /** Number of heads to turn, at the beginning of each row; later channels stay as they are. */
  readonly heads: number;
  /** Number of channels per head, D. */
  readonly width: number;
  /**
   * Which channels of a head form a pair: `j` and `j + R/2` ("halves", as in Hugging Face's files), or `2j`
   * and `2j + 1` ("interleaved", as in Meta's and llama2.c's).
   */
  readonly pairs: "halves" | "interleaved";
  /** Whether to turn back, by the negative angles; default false. */
  readonly back?: true;
}

/**
 * Turns the first `heads` heads of each row: `x` [..., W], `table` [P, R] → [..., W]. The table holds R/2
 * cosines and then R/2 sines for each position; R is even and at most D, and channels of a head from R on
 * stay as they are. Row `i` of `x` uses row `i mod P` of the table, so [B, T, W] takes a table of T
 * positions. The table gets no gradient. Throws ShapeError if the shapes do not fit.
 */
export function rope(x: Tensor, table: Tensor, attrs: RopeAttrs): Tensor {
  return callRope([x, table], attrs)[0];
}

/** `(x, table) → y`. */
export const ropeOp: Op<RopeAttrs> = {
  name: "rope",
  infer: ([x, table], attrs) => {
    expectF32("rope", { x, table });
    checkShapes({ x, table }, attrs);
    return [{ shape: x.shape, dtype: "f32" }];
  },
  vjp: (call, [dy]) => {
    const { back, ...attrs } = call.attrs, table = call.inputs[1];
    return [dy === null ? null : rope(dy, table, back ? attrs : { ...attrs, back: true }), null];
  },
  reference: ([x, table], call) => {
    const { rows, row, positions, rotary } = sizes(call), { heads, width, pairs, back } = call.attrs;
    const y = x.slice(), half = rotary / 2, sign = back ? -1 : 1;
    for (let i = 0; i < rows; i++) {
      const angles = (i % positions) * rotary;
      for (let head = 0; head < heads; head++) {
        const at = i * row + head * width;
        for (let j = 0; j < half; j++) {
          const [a, b] = pairs === "halves" ? [at + j, at + j + half] : [at + 2 * j, at + 2 * j + 1];
          const cos = table[angles + j], sin = sign * table[angles + half + j];
          y[a] = x[a] * cos - x[b] * sin;
          y[b] = x[b] * cos + x[a] * sin;
        }
      }
    }
    return [y];
  },
  wgsl: (call) => {
    const { row, positions, rotary } = sizes(call), { heads, width, pairs, back } = call.attrs;
    const half = rotary / 2;
    const pair = pairs === "halves"
      ? `let second = d >= ${half}u;
  let j = select(d, d - ${half}u, second);
  let other = select(i + ${half}u, i - ${half}u, second);`
      : `let second = d % 2u == 1u;
  let j = d / 2u;
  let other = select(i + 1u, i - 1u, second);`;
    return flat(
      call,
      `let c = i % ${row}u;
  let d = c % ${width}u;
  if (c >= ${heads * width}u || d >= ${rotary}u) { out0[i] = in0[i]; return; }
  ${pair}
  let angle = (i / ${row}u) % ${positions}u * ${rotary}u + j;
  let sin = in1[angle + ${half}u];
  out0[i] = in0[i] * in1[angle] ${back ? "-" : "+"} select(-sin, sin, second) * in0[other];`,
    );
  },
  wasm: (call) => {
    const { rows, row, positions, rotary } = sizes(call), { heads, width, pairs, back } = call.attrs;
    return [rows, row, positions, rotary, heads, width, Number(pairs === "interleaved"), back ? -1 : 1];
  },
  flops: (call) => 3 * sizeOf(call.inputs[0].shape),
  traffic: ({ inputs: [x, table], outputs: [y] }) => ({
    read: bytesOf(x) + bytesOf(table),
    written: bytesOf(y),
  }),
  cases: ([
    [[2, 3, 8], [3, 4], { heads: 2, width: 4, pairs: "halves" }],
    [[2, 3, 8], [3, 4], { heads: 2, width: 4, pairs: "interleaved" }],
    [[2, 3, 18], [6, 2], { heads: 2, width: 6, pairs: "halves", back: true }],
    [[1, 1, 2], [1, 2], { heads: 1, width: 2, pairs: "interleaved" }],
    [[2, 5, 120], [5, 24], { heads: 3, width: 24, pairs: "halves" }],
    [[2, 5, 130], [5, 22], { heads: 4, width: 26, pairs: "interleaved", back: true }],
    [[4, 256, 960], [256, 64], { heads: 12, width: 64, pairs: "halves" }],
    [[4, 256, 960], [256, 64], { heads: 12, width: 64, pairs: "interleaved" }],
  ] as const).map(([x, table, attrs]) => ({
    inputs: [x, table],
    attrs,
    constants: [1],
    bench: sizeOf(x) > 1e5,
  })),
};

const callRope = define(ropeOp);

function sizes(
  { inputs: [x, table] }: Call<RopeAttrs>,
): { readonly rows: number; readonly row: number; readonly positions: number; readonly rotary: number } {
  const { rows, columns: row } = rowsOf(x), [positions, rotary] = table.shape;
  return { rows, row, positions, rotary };
}

function checkShapes({ x, table }: Record<"x" | "table", Spec>, { heads, width }: RopeAttrs): void {
  const { rows, columns } = rowsOf(x), [positions, rotary] = table.shape;
  const fits = table.shape.length === 2 && rows % positions === 0 && rotary % 2 === 0 && rotary <= width;
  if (fits && heads >= 1 && heads * width <= columns) return;
  throw new ShapeError(
    `Cannot turn ${heads} heads of ${width} channels in x [${x.shape}] by table [${table.shape}]: wanted a table ` +
      `[P, R] with P a divisor of the ${rows} rows of x and R even and at most ${width}, and ` +
      `at most ${Math.floor(columns / width)} heads`,
  );
}
