/**
 * The net of one layer of the lesson on pairs of letters, by this project's kernels.
 *
 * @module
 */
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { Spec, TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine, Session } from "../../../kernels/engine/engine.ts";
import { add, div, mul, scale, sub } from "../../../kernels/ops/elementwise/arith.ts";
import { crossEntropy } from "../../../kernels/ops/loss/cross_entropy.ts";
import { exp, log } from "../../../kernels/ops/elementwise/exp_log.ts";
import { gather } from "../../../kernels/ops/indexing/gather.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { broadcast, mean, sum } from "../../../kernels/ops/reduce/reduce.ts";
import { assign } from "../../../kernels/ops/update/state.ts";
import { oneHot } from "../../../kernels/ops/indexing/token_windows.ts";
import type { Examples } from "../letters.ts";

/** What a net begins with and learns from. */
export interface BigramNetOptions {
  readonly engine: Engine;
  /** Its first weights, [letters, letters]. */
  readonly weights: Float32Array<ArrayBuffer>;
  readonly letters: number;
  /** Of one letter of context; all of them in each step. */
  readonly examples: Examples;
  /** How often each example counts (default: once). */
  readonly times?: Float32Array<ArrayBuffer>;
  /** Inputs as rows with a single 1, times W; or as the numbers of W's rows (default). The same, but for the time. */
  readonly oneHot?: boolean;
  /** The loss by exp, sum, divide, pick, log, one after the other; or in one (default). */
  readonly inSteps?: boolean;
  /** The loss has this times the mean of W's squares in it (default 0). */
  readonly penalty?: number;
}

/** logits = one-hot(x) · W, and gradient descent on it. */
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
    const all = times?.reduce((total, n) => total + n, 0) ?? count;
    const nll = times === undefined
      ? mean(losses)
      : scale(sum(mul(losses, leaf("times", { shape: [count], dtype: "f32" }, times))), 1 / all);
    const loss = penalty === 0 ? nll : add(nll, scale(mean(mul(W, W)), penalty));
    const rate = leaf("rate", { shape: [1], dtype: "f32" }, Float32Array.of(0));
    const [slope] = gradients(loss, [W]);
    if (slope === null) throw new Error("Cannot train the net: its loss does not depend on W");
    graph.output("loss", loss);
    graph.output("nll", nll);
    graph.output("gradient", slope);
    assign(W, sub(W, mul(slope, rate)));
    return new BigramNet(await engine.open([compile("step", graph)], values));
  }

  /** Forward, backward, and W less `rate` times its gradient. */
  async step(rate: number): Promise<void> {
    this.#session.write({ rate: { shape: [1], data: Float32Array.of(rate) } });
    await this.#session.run(["step"]);
  }

  /** Of the last step, before it changed W: the loss, and without the penalty. */
  async losses(): Promise<{ readonly loss: number; readonly nll: number }> {
    const { loss, nll } = await this.#session.read(["loss", "nll"]);
    return { loss: loss.data[0], nll: nll.data[0] };
  }

  /** W as it is now, and its gradient of the last step; [letters, letters] each. */
  async weights(): Promise<{ readonly W: Float32Array; readonly gradient: Float32Array }> {
    const { W, gradient } = await this.#session.read(["W", "gradient"]);
    return { W: Float32Array.from(W.data), gradient: Float32Array.from(gradient.data) };
  }

  /** Frees the device's memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

/** -log(odds of the target), number by number as on paper. logits [N, letters], targets u32 [N] → [N]. */
function lossesInSteps(logits: Tensor, targets: Tensor): Tensor {
  const { shape } = logits, rows = { from: 1, to: 2 }; // the axis of letters
  const counts = exp(logits);
  const odds = div(counts, broadcast(sum(counts, rows), { shape, ...rows }));
  const picked = sum(mul(odds, oneHot(targets, { classes: shape[1] })), rows);
  return scale(log(picked), -1);
}

/** Each different pair once, and how often it was there. */
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

/** exp of each element, each row then divided by its sum: probabilities, a row a letter. */
export function softmaxRows(logits: Float32Array, columns: number): Float32Array[] {
  return Array.from({ length: logits.length / columns }, (_, i) => {
    const counts = logits.slice(i * columns, (i + 1) * columns).map(Math.exp);
    const total = counts.reduce((sum, n) => sum + n, 0);
    return counts.map((n) => n / total);
  });
}
