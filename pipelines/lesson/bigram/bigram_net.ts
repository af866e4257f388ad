/**
 * The one-layer net of the lesson on pairs of letters, computed by this project's kernels.
 *
 * @module
 */
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { Spec, TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine, Session } from "../../../kernels/engine/engine.ts";
import { add, div, mul, sub } from "../../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { crossEntropy } from "../../../kernels/ops/loss/cross_entropy.ts";
import { exp, log } from "../../../kernels/ops/elementwise/exp_log.ts";
import { gather } from "../../../kernels/ops/indexing/gather.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { broadcast, mean, sum } from "../../../kernels/ops/reduce/reduce.ts";
import { assign } from "../../../kernels/ops/update/state.ts";
import { oneHot } from "../../../kernels/ops/indexing/token_windows.ts";
import type { Examples } from "../letters.ts";

/** Initial weights of a net, its examples, and how it computes its loss. */
export interface BigramNetOptions {
  readonly engine: Engine;
  /** Initial weights, [letters, letters]. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** Number of letters, including the boundary mark. */
  readonly letters: number;
  /** Examples with one letter of context. Each step uses all examples. */
  readonly examples: Examples;
  /** Weight of each example in the loss; default: 1. */
  readonly times?: Float32Array<ArrayBuffer>;
  /**
   * Whether the inputs are one-hot rows that are multiplied by W. Default false: the inputs are row indices
   * of W, which is faster.
   */
  readonly oneHot?: boolean;
  /**
   * Whether the loss is computed by separate ops for exp, sum, div, select and log. Default false: one op
   * computes the loss.
   */
  readonly inSteps?: boolean;
  /** Weight of the penalty in the loss; default 0. The penalty is the mean of the squares of W. */
  readonly penalty?: number;
}

/** A net that computes `logits = oneHot(x) · W` and learns by gradient descent. */
export class BigramNet implements AsyncDisposable {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** Puts weights and examples on the engine's device. */
  static async open(
    { engine, weights, letters, examples, times, oneHot: isOneHot = false, inSteps = false, penalty = 0 }:
      BigramNetOptions,
  ): Promise<BigramNet> {
    const { count, inputs, targets } = examples;
    const graph = new Graph(), values: Record<string, TensorMap[string]> = {};
    const leaf = (label: string, { shape, dtype }: Spec, data: TensorMap[string]["data"]): Tensor => {
      values[label] = { shape, data };
      return graph.leaf(label, { shape, dtype }, label === "W" ? "parameter" : "input");
    };
    const W = leaf("W", { shape: [letters, letters], dtype: "f32" }, weights);
    const x = leaf("x", { shape: [count], dtype: "u32" }, inputs);
    const y = leaf("y", { shape: [count], dtype: "u32" }, targets);
    const logits = isOneHot ? matmul(oneHot(x, { classes: letters }), W) : gather(W, x);
    const losses = inSteps ? lossesInSteps(logits, y) : crossEntropy(logits, y);
    const total = times?.reduce((sum, n) => sum + n, 0) ?? count;
    const nll = times === undefined
      ? mean(losses)
      : scale(sum(mul(losses, leaf("times", { shape: [count], dtype: "f32" }, times))), 1 / total);
    const loss = penalty === 0 ? nll : add(nll, scale(mean(mul(W, W)), penalty));
    const rate = leaf("rate", { shape: [1], dtype: "f32" }, Float32Array.of(0));
    const [gradient] = gradients(loss, [W]);
    if (gradient === null) throw new Error("Cannot train the net: its loss does not depend on W");
    graph.output("loss", loss);
    graph.output("nll", nll);
    graph.output("gradient", gradient);
    assign(W, sub(W, mul(gradient, rate)));
    return new BigramNet(await engine.open([compile("step", graph)], values));
  }

  /** Computes loss and gradient, and subtracts `rate` times the gradient from W. */
  async step(rate: number): Promise<void> {
    this.#session.write({ rate: { shape: [1], data: Float32Array.of(rate) } });
    await this.#session.run(["step"]);
  }

  /**
   * Returns losses computed in the latest step, before W was changed. `loss` includes the penalty, `nll` does
   * not.
   */
  async losses(): Promise<{ readonly loss: number; readonly nll: number }> {
    const { loss, nll } = await this.#session.read(["loss", "nll"]);
    return { loss: loss.data[0], nll: nll.data[0] };
  }

  /** Returns the current W and the gradient of the latest step, each of shape [letters, letters]. */
  async weights(): Promise<{ readonly W: Float32Array; readonly gradient: Float32Array }> {
    const { W, gradient } = await this.#session.read(["W", "gradient"]);
    return { W: Float32Array.from(W.data), gradient: Float32Array.from(gradient.data) };
  }

  /** Frees the device's memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

/**
 * Returns `-log(probability of the target)`, computed by separate ops: `logits` [N, letters], `targets` u32
 * [N] → [N].
 */
function lossesInSteps(logits: Tensor, targets: Tensor): Tensor {
  const { shape } = logits, rows = { from: 1, to: 2 }; // the axis of letters
  const counts = exp(logits);
  const probabilities = div(counts, broadcast(sum(counts, rows), { shape, ...rows }));
  const selected = sum(mul(probabilities, oneHot(targets, { classes: shape[1] })), rows);
  return scale(log(selected), -1);
}

/** Returns each distinct pair once, and how often it occurred. */
export function distinctPairs(
  { count, inputs, targets }: Examples,
  letters: number,
): { readonly examples: Examples; readonly times: Float32Array<ArrayBuffer> } {
  const times = new Float32Array(letters * letters);
  for (let i = 0; i < count; i++) times[inputs[i] * letters + targets[i]]++;
  const pairs = Uint32Array.from(times.keys()).filter((pair) => times[pair] > 0);
  return {
    examples: {
      context: 1,
      count: pairs.length,
      inputs: pairs.map((pair) => Math.floor(pair / letters)),
      targets: pairs.map((pair) => pair % letters),
    },
    times: times.filter((n) => n > 0),
  };
}

/**
 * Returns the probabilities of each row of a matrix of logits with `columns` columns: `exp(logit)`, divided
 * by the row's sum.
 */
export function softmaxRows(logits: Float32Array, columns: number): Float32Array[] {
  return Array.from({ length: logits.length / columns }, (_, i) => {
    const counts = logits.slice(i * columns, (i + 1) * columns).map(Math.exp);
    const total = counts.reduce((sum, n) => sum + n, 0);
    return counts.map((n) => n / total);
  });
}
