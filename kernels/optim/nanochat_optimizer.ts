/**
 * nanochat's optimizer: AdamW with its own rate, betas and decay for each kind of parameter, and for the
 * matrices of the blocks a Muon with Polar Express, normalized rows, a second moment and cautious decay.
 * Source: karpathy/nanochat 92d63d4, optim.py and gpt.py; Amsel et al. 2025 (Polar Express); Li et al. 2025
 * (NorMuon).
 *
 * @module
 */
import { fill } from "../core/gradient_ops.ts";
import type { Pack, Tensor } from "../core/graph.ts";
import { define } from "../core/op.ts";
import type { NamedSpec } from "../core/pack.ts";
import { add, div, mul } from "../ops/elementwise/arith.ts";
import { power, sqrt } from "../ops/elementwise/power.ts";
import { relu } from "../ops/elementwise/relu.ts";
import { scale as times } from "../ops/elementwise/scale.ts";
import { matmul, matmulAdd } from "../ops/matmul/matmul.ts";
import { broadcast, mean, sum } from "../ops/reduce/reduce.ts";
import { adamwStep } from "../ops/update/adamw.ts";
import { nesterov, nesterovOp } from "../ops/update/nesterov.ts";
import { sgdStep } from "../ops/update/sgd.ts";
import type { Optimizer, UpdateInputs } from "./optimizer.ts";

/** Rates of nanochat's optimizer, as multiples of the learning rate that each update gets. */
export interface NanochatOptimizerOptions {
  /** Width of the model, in channels: rates of tables are multiplied by `(channels / 768)^-1/2`. */
  readonly channels: number;
  /** Rate of matrices of the blocks; default 0.02. */
  readonly matrixRate?: number;
  /** Rate of the token embedding; half of it is that of the embeddings of values; default 0.3. */
  readonly embeddingRate?: number;
  /** Rate of the head; default 0.008. */
  readonly headRate?: number;
  /** Rate of scalars; default 0.5. */
  readonly scalarRate?: number;
  /** Weight decay of matrices; default 0.28. */
  readonly weightDecay?: number;
  /** Fraction of the velocity of matrices that is kept; default 0.95. */
  readonly momentum?: number;
}

/** Constants of AdamW for some parameters. */
interface AdamGroup {
  readonly rate: number;
  readonly betas: readonly [number, number];
  readonly decay: number;
}

/** Coefficients of the five steps of Polar Express, for the orders 1, 3 and 5. */
const STEPS = [
  [8.156554524902461, -22.48329292557795, 15.878769915207462],
  [4.042929935166739, -2.808917465908714, 0.5000178451051316],
  [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
  [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
  [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
] as const;

const ADAM_EPSILON = 1e-10;
const MOMENT_DECAY = 0.9; // of the second moment of matrices
const LEAST = 1e-10; // what is added to a second moment before its root

/** Returns whether a parameter is a matrix of a block, gates included. */
function isMatrix({ label, shape }: NamedSpec): boolean {
  return shape.length === 2 && label.startsWith("h.");
}

/**
 * Returns the optimizer. It stores AdamW's moments as `adamw` does, and for matrices a velocity and a second
 * moment, whose columns, or rows, are all the same. Throws RangeError unless the momentum is at least 0 and
 * less than 1.
 *
 * @example
 * ```ts
 * import { nanochat, nanochatOptimizer, plan } from "@stagewise/gpt";
 *
 * const sizes = { layers: 2, heads: 2, keyHeads: 1, channels: 32, seqLen: 16, vocabSize: 64 };
 * const model = nanochat({ ...sizes, windowPattern: "L" });
 * const optimizer = nanochatOptimizer({ channels: 32 });
 * console.log(plan({ model, training: { optimizer, shape: [1, 2, 16], clip: 0 } }).tokensPerStep); // 32
 * ```
 */
export function nanochatOptimizer(options: NanochatOptimizerOptions): Optimizer {
  const { matrixRate = 0.02, weightDecay = 0.28, momentum = 0.95 } = options;
  if (!(momentum >= 0 && momentum < 1)) {
    throw new RangeError(`Cannot use Muon with momentum ${momentum}: wanted at least 0 and less than 1`);
  }
  return {
    name: "nanochat",
    separate: () => true,
    update(scope, params, inputs) {
      const leaf = ({ members, tensor }: Pack, i: number) =>
        scope.graph.leaf(members[i].label, members[i], tensor.kind);
      const isMuon = params.members.every(isMatrix);
      const first = scope.state(isMuon ? "velocity" : "m", params);
      const second = scope.state(isMuon ? "moment" : "v", params);
      params.members.forEach((member, i) => {
        const state = { grad: leaf(inputs.gradients, i), first: leaf(first, i), second: leaf(second, i) };
        const param = leaf(params, i);
        if (isMatrix(member)) {
          const constants = { rate: matrixRate, decay: weightDecay, momentum };
          muonStep(param, state, { ...inputs, ...constants });
        } else adamStep(param, state, { ...inputs, ...groupOf(member, options) });
      });
    },
  };
}

/** Returns the constants of a parameter that is no matrix of a block. */
function groupOf({ label }: NamedSpec, options: NanochatOptimizerOptions): AdamGroup {
  const { channels, embeddingRate = 0.3, headRate = 0.008, scalarRate = 0.5 } = options;
  const width = (channels / 768) ** -0.5;
  if (label === "lm_head.weight") return { rate: headRate * width, betas: [0.8, 0.96], decay: 0.01 };
  if (label === "wte.weight") return { rate: embeddingRate * width, betas: [0.8, 0.995], decay: 0.001 };
  if (label.startsWith("value_embeds.")) {
    return { rate: embeddingRate / 2 * width, betas: [0.8, 0.995], decay: 0.01 };
  }
  if (label === "resid_lambdas") return { rate: scalarRate * 0.01, betas: [0.8, 0.95], decay: 0.05 };
  if (label === "x0_lambdas") return { rate: scalarRate, betas: [0.96, 0.95], decay: 0 };
  return { rate: 0.2, betas: [0.8, 0.95], decay: 0 };
}

/** Gradient and state of a parameter. */
interface State {
  readonly grad: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

function adamStep(
  param: Tensor,
  { grad, first: m, second: v }: State,
  { learningRate, step, scale, rate, betas, decay }: UpdateInputs & AdamGroup,
): void {
  const inputs = { grad, m, v, lr: times(learningRate, rate), step, scale };
  adamwStep(param, inputs, { beta1: betas[0], beta2: betas[1], eps: ADAM_EPSILON, decay });
}

/** Updates a matrix [M, N]. */
function muonStep(
  param: Tensor,
  { grad, first: velocity, second: moment }: State,
  { learningRate, scale, rate, decay, momentum }: UpdateInputs & {
    readonly rate: number;
    readonly decay: number;
    readonly momentum: number;
  },
): void {
  const [rows, columns] = param.shape;
  const ahead = times(nesterov(velocity, { grad, scale, momentum }), 1 - momentum);
  const direction = evened(orthogonal(equilibrated(ahead)), moment, fill(learningRate, 1 - MOMENT_DECAY));
  // Decay pulls only where the step goes the same way: the gradient of relu keeps the parameter there.
  const same = callGate([mul(direction, param), param], null)[0];
  const lr = times(learningRate, rate * Math.sqrt(Math.max(1, rows / columns)));
  const pulled = add(direction, times(same, decay));
  sgdStep(param, { grad: pulled, lr, scale: fill(lr, 1) }, { momentum: 0, decay: 0 });
}

const callGate = define(relu.gradOp);
const callVelocity = define(nesterovOp);

/**
 * Returns the norm of a whole tensor, as [1]; a call may not bind a tensor twice, so one factor is a copy.
 */
function normOf(x: Tensor): Tensor {
  const squares = sum(mul(x, times(x, 1)), { shape: [1] });
  return sqrt(add(squares, fill(squares, 1e-30)));
}

/** Scales each row to the root mean square of the norms of all rows. */
function equilibrated(x: Tensor): Tensor {
  const [rows, columns] = x.shape, norms = rowNorms(x);
  const target = sqrt(mean(mul(norms, times(norms, 1))));
  const factors = div(fill(norms, 1), norms);
  return mul(mul(x, broadcast(factors, { shape: [rows, columns], from: 1, to: 2 })), target);
}

/** Returns the norm of each row, [M]; at least 1e-6. */
function rowNorms(x: Tensor): Tensor {
  const squares = mean(mul(x, times(x, x.shape[1])), { from: 1 });
  return sqrt(add(squares, fill(squares, 1e-12)));
}

/** Returns the nearest matrix with orthogonal rows or columns, of the norm that such a matrix has. */
function orthogonal(x: Tensor): Tensor {
  const [rows, columns] = x.shape, isWide = rows <= columns, norm = normOf(x);
  let z = div(x, add(times(norm, 1.01), fill(norm, 1e-6)));
  for (const [a, b, c] of STEPS) {
    // As in orthogonalize(): a call may not bind a tensor twice, so one operand is a copy, scaled by `a`.
    const scaled = times(z, a);
    const square = matmul(scaled, z, isWide ? { transposeB: true } : { transposeA: true }); // `a·S`
    const inner = matmulAdd(times(square, c / a ** 2), square, { buffer: times(square, b / a) });
    z = isWide ? matmulAdd(inner, z, { buffer: scaled }) : matmulAdd(z, inner, { buffer: scaled });
  }
  return mul(z, div(fill(norm, Math.sqrt(Math.min(rows, columns))), normOf(z)));
}

/**
 * Divides rows, or columns if there are more of them, by the root of their running second moment, and keeps
 * the norm of the whole matrix. `share` [1] is that of the new moment.
 */
function evened(x: Tensor, moment: Tensor, share: Tensor): Tensor {
  const [rows, columns] = x.shape, shape = [rows, columns];
  const squares = mul(x, times(x, 1));
  const means = rows >= columns
    ? broadcast(mean(squares, { from: 1 }), { shape, from: 1, to: 2 })
    : broadcast(mean(squares, { from: 0, to: 1 }), { shape, from: 0, to: 1 });
  const running = callVelocity([moment, means, share], { momentum: MOMENT_DECAY })[0];
  const even = mul(x, power(add(running, fill(running, LEAST)), -0.5));
  return mul(even, div(normOf(x), normOf(even)));
}
