/**
 * The head of a language model and its loss as one: logits exist for one block of rows at a time, in the
 * backward pass made again, so memory for them does not grow with the batch.
 *
 * @module
 */
import { accumulate, fillOp } from "../../core/gradient_ops.ts";
import { define } from "../../core/op.ts";
import { type Shape, ShapeError, sizeOf } from "../../core/tensor.ts";
import type { Tensor } from "../../core/graph.ts";
import { crossEntropy } from "./cross_entropy.ts";
import { crossEntropyRows, crossEntropyRowsGrad } from "./cross_entropy_rows.ts";
import { matmul } from "../matmul/matmul.ts";
import { putRows, takeRows } from "./row_blocks.ts";
import { count } from "../update/state.ts";

/** What losses are of, beside the rows. */
export interface LinearCrossEntropyOptions {
  /** [Vp, C]: row v makes the logit of class v. */
  readonly weight: Tensor;
  /** Class numbers u32 [...], one a row of x; one that is no class below `valid` gives loss 0. */
  readonly targets: Tensor;
  /** Classes; default Vp, all rows of the weight. */
  readonly valid?: number;
  /**
   * Most bytes of logits at a time: below it all are made at once. Default: `keptBytes`, above it
   * `blockBytes`.
   */
  readonly blockBytes?: number;
}

/**
 * Up to 256 MiB logits are made at once and kept: making them again costs a third more of the head's work.
 */
export const keptBytes = 256 * 1024 * 1024;

/** 128 MiB: what every WebGPU adapter binds, and with 50,304 classes rows enough to fill a GPU. */
export const blockBytes = 128 * 1024 * 1024;

/**
 * crossEntropy(x · weightᵀ, targets) of each row: x [..., C], targets u32 [...] → losses [...]. Where there
 * are too many logits, they are made by blocks of rows; the backward pass makes each block again, which costs
 * a product of the head's size. Sums over blocks run in their order. Throws ShapeError where sizes do not
 * fit.
 */
export function linearCrossEntropy(x: Tensor, options: LinearCrossEntropyOptions): Tensor {
  const { weight, targets, valid = sizeOf(weight.shape.slice(0, -1)) } = options;
  const rows = sizeOf(x.shape.slice(0, -1)), perRow = 4 * sizeOf(weight.shape.slice(0, -1));
  if (x.shape.length === 0 || sizeOf(targets.shape) !== rows) {
    throw new ShapeError(
      `Cannot take losses: x is [${x.shape}], targets are [${targets.shape}]: wanted one target a row of x`,
    );
  }
  if (rows * perRow <= (options.blockBytes ?? keptBytes)) {
    return crossEntropy(matmul(x, weight, { transposeB: true }), targets, { valid });
  }
  return byBlocks(x, {
    weight,
    targets,
    valid,
    rows: blockRows(rows, Math.floor((options.blockBytes ?? blockBytes) / perRow)),
  });
}

/**
 * Rows of a block, at most `most`: that many that the fewest blocks are equally full, in whole 64s where
 * `most` allows (the tiles of products).
 */
function blockRows(rows: number, most: number): number {
  const unit = most >= 64 ? 64 : 1, limit = Math.max(1, Math.floor(most / unit) * unit);
  return Math.ceil(rows / Math.ceil(rows / limit) / unit) * unit;
}

function byBlocks(
  x: Tensor,
  { weight, targets, valid, rows }: {
    readonly weight: Tensor;
    readonly targets: Tensor;
    readonly valid: number;
    readonly rows: number;
  },
): Tensor {
  const blocks = Math.ceil(sizeOf(targets.shape) / rows);
  const each = (work: (block: Tensor) => void) => {
    let block = zeros(targets, [1]);
    for (let i = 0; i < blocks; i++) {
      if (i > 0) block = count(block, { by: 1, wrap: blocks });
      work(block);
    }
  };
  let losses = zeros(x, targets.shape), lse = zeros(x, targets.shape);
  each((block) => {
    const logits = matmul(takeRows(x, { block, rows }), weight, { transposeB: true });
    [losses, lse] = crossEntropyRows(logits, { losses, lse, targets, block, valid });
  });
  x.graph.customGradients.set(losses.call!, {
    inputs: [x, weight],
    vjp: ([dlosses], buffers) => {
      if (dlosses === null) return [null, null];
      let dx = zeros(x, x.shape), dweight = buffers.get(weight) ?? null;
      each((block) => {
        const part = takeRows(x, { block, rows });
        const logits = matmul(part, weight, { transposeB: true });
        const slopes = crossEntropyRowsGrad(logits, { dlosses, lse, targets, block, valid });
        dx = putRows(dx, { block, part: matmul(slopes, weight) });
        const product = matmul(slopes, part, { transposeA: true, shape: weight.shape });
        dweight = dweight === null ? product : accumulate(dweight, product);
      });
      if (dweight !== null && buffers.has(weight)) buffers.set(weight, dweight);
      return [dx, dweight];
    },
  });
  return losses;
}

function zeros(like: Tensor, shape: Shape): Tensor {
  return callFill([like], { value: 0, shape })[0];
}

const callFill = define(fillOp);
