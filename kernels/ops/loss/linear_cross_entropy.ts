/**
 * The head of a language model together with its loss. Logits exist for one block of rows at a time, so the
 * memory for logits does not grow with the batch. The backward pass computes the losses of a block and takes
 * their gradient while its logits are there; a training program reads these losses and has no forward pass
 * of the head (source: Liger Kernel's fused linear cross entropy).
 *
 * @module
 */
import { rowsOfLayout } from "../../core/blocks/block_layout.ts";
import { accumulate, fillOp } from "../../core/gradient_ops.ts";
import { define } from "../../core/op.ts";
import { type Shape, ShapeError, sizeOf } from "../../core/tensor.ts";
import type { Tensor } from "../../core/graph.ts";
import { crossEntropy } from "./cross_entropy.ts";
import { crossEntropyRows, crossEntropyRowsGrad } from "./cross_entropy_rows.ts";
import { matmul } from "../matmul/matmul.ts";
import { putRows, takeRows } from "./row_blocks.ts";
import { count } from "../update/state.ts";

/** Options of `linearCrossEntropy`. */
export interface LinearCrossEntropyOptions {
  /** Weight of the head, [Vp, C], which may be quantised; row `v` computes the logit of class `v`. */
  readonly weight: Tensor;
  /** Targets, u32 [...], one per row of `x`; a target of `valid` or more gives loss 0. */
  readonly targets: Tensor;
  /** Number of classes; default Vp, all rows of the weight. */
  readonly valid?: number;
  /**
   * Largest size, in bytes, of the logits that exist at a time. If all logits fit, they are computed at once
   * and stored. Otherwise they are computed in blocks. Default: `storedBytes` for all logits, `blockBytes`
   * for a block.
   */
  readonly blockBytes?: number | undefined;
}

/**
 * Largest size in bytes of logits that are stored, 256 MiB. Recomputing them would add a third to the work of
 * the head.
 */
export const storedBytes = 256 * 1024 * 1024;

/**
 * Largest size in bytes of a block of logits, 128 MiB: the largest binding that every WebGPU adapter has.
 * With 50,304 classes it holds enough rows to keep a GPU busy.
 */
export const blockBytes = 128 * 1024 * 1024;

/**
 * Returns `crossEntropy(x · weightᵀ, targets)` of each row: `x` [..., C], `targets` u32 [...] → losses [...].
 * If the logits are too large, they are computed in blocks of rows. The backward pass computes each block by
 * itself, with the losses, which `Graph.recomputed` holds: reading those saves the forward pass. Blocks are
 * summed in order. Throws ShapeError if sizes do not match.
 */
export function linearCrossEntropy(x: Tensor, options: LinearCrossEntropyOptions): Tensor {
  const { weight, targets } = options;
  const classes = weight.blocks ? rowsOfLayout(weight.blocks) : sizeOf(weight.shape.slice(0, -1));
  const rows = sizeOf(x.shape.slice(0, -1)), perRow = 4 * classes, { valid = classes } = options;
  if (x.shape.length === 0 || sizeOf(targets.shape) !== rows) {
    throw new ShapeError(
      `Cannot take losses: x is [${x.shape}], targets are [${targets.shape}]: wanted one target per row of x`,
    );
  }
  if (rows * perRow <= (options.blockBytes ?? storedBytes)) {
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
 * Returns the number of rows per block, at most `most`, chosen so that there are as few blocks as possible,
 * all about equally full. It is a multiple of 64, the number of rows of a tile, if `most` is 64 or more.
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
      let again = zeros(x, targets.shape), lse = zeros(x, targets.shape);
      each((block) => {
        const part = takeRows(x, { block, rows });
        const logits = matmul(part, weight, { transposeB: true });
        [again, lse] = crossEntropyRows(logits, { losses: again, lse, targets, block, valid });
        const dlogits = crossEntropyRowsGrad(logits, { dlosses, lse, targets, block, valid });
        dx = putRows(dx, { block, part: matmul(dlogits, weight) });
        if (weight.blocks !== undefined) return; // a quantised weight has no gradient
        const product = matmul(dlogits, part, { transposeA: true, shape: weight.shape });
        dweight = dweight === null ? product : accumulate(dweight, product);
      });
      if (dweight !== null && buffers.has(weight)) buffers.set(weight, dweight);
      x.graph.recomputed.set(losses, again);
      return [dx, dweight];
    },
  });
  return losses;
}

function zeros(like: Tensor, shape: Shape): Tensor {
  return callFill([like], { value: 0, shape })[0];
}

const callFill = define(fillOp);
