/**
 * The net of Bengio et al. 2003 as the lecture builds it, by this project's kernels: a vector for each letter of the
 * context, a layer of tanh over all of them, and a layer that gives the logits.
 *
 * Source: Bengio, Ducharme, Vincent and Jauvin 2003, "A neural probabilistic language model".
 *
 * @module
 */
import { gradients } from "../../kernels/core/gradients.ts";
import { Graph } from "../../kernels/core/graph.ts";
import { compile, type Program } from "../../kernels/core/program.ts";
import { sizeOf, type Tensor, type TensorMap } from "../../kernels/core/tensor.ts";
import type { TorchRandom } from "../../kernels/core/torch_random.ts";
import type { Engine, Session } from "../../kernels/engine/engine.ts";
import { affine } from "../../kernels/ops/affine.ts";
import { mul, sub } from "../../kernels/ops/arith.ts";
import { crossEntropy } from "../../kernels/ops/cross_entropy.ts";
import { gather, scatterAdd } from "../../kernels/ops/gather.ts";
import { mean, sum } from "../../kernels/ops/reduce.ts";
import { take } from "../../kernels/ops/slice.ts";
import { assign, count } from "../../kernels/ops/state.ts";
import { tanh } from "../../kernels/ops/tanh.ts";
import type { Examples } from "./letters.ts";

/** How large the net is. */
export interface MlpSizes {
  readonly letters: number;
  /** Letters that it sees. */
  readonly context: number;
  /** Numbers in a letter's vector. */
  readonly embedding: number;
  /** Neurons of the hidden layer. */
  readonly hidden: number;
}

/** Its parameters by name. */
export type MlpWeights = Readonly<
  Record<
    "C" | "W1" | "b1" | "W2" | "b2",
    { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> }
  >
>;

/** First weights as the notebook draws them: all of a normal distribution, C first. */
export function drawWeights(
  { letters, context, embedding, hidden }: MlpSizes,
  random: TorchRandom,
): MlpWeights {
  const normal = (...shape: number[]) => ({ shape, data: random.randn(sizeOf(shape)) });
  return {
    C: normal(letters, embedding),
    W1: normal(context * embedding, hidden),
    b1: normal(hidden),
    W2: normal(hidden, letters),
    b2: normal(letters),
  };
}

/** Number of parameters. */
export function parameterCount(weights: MlpWeights): number {
  return Object.values(weights).reduce((total, { shape }) => total + sizeOf(shape), 0);
}

/** A step of gradient descent. */
export interface Step {
  /** Numbers of the batch's examples. */
  readonly batch: Uint32Array;
  readonly rate: number;
}

/** The most steps that are handed to the device at once. */
export const stepsInARun = 500;
const evaluated = 4096; // examples at a time

/** The net on a device. */
export class MlpNet implements AsyncDisposable {
  readonly #session: Session;
  readonly #examples: Examples;
  readonly #batch: number;

  private constructor(session: Session, { examples, batch }: { examples: Examples; batch: number }) {
    this.#session = session;
    this.#examples = examples;
    this.#batch = batch;
  }

  /** Puts the net on a device, to be trained on `examples`, `batch` of them a step. */
  static async open(
    { engine, weights, examples, batch }: {
      readonly engine: Engine;
      readonly weights: MlpWeights;
      readonly examples: Examples;
      readonly batch: number;
    },
  ): Promise<MlpNet> {
    const programs = [
      stepProgram(weights, { context: examples.context, batch }),
      lossProgram(weights, examples),
    ];
    return new MlpNet(await engine.open(programs, weights), { examples, batch });
  }

  /**
   * Takes steps, at most `stepsInARun`, and gives the loss of each one's batch before it. The device gets all batches at
   * once and is read once: asking it after every step would take longer than the step.
   */
  async train(steps: readonly Step[]): Promise<Float32Array> {
    const { context, inputs, targets } = this.#examples, size = this.#batch;
    const x = new Uint32Array(stepsInARun * size * context), y = new Uint32Array(stepsInARun * size);
    const rates = new Float32Array(stepsInARun);
    for (const [step, { batch, rate }] of steps.entries()) {
      rates[step] = rate;
      for (const [i, example] of batch.entries()) {
        const at = step * size + i;
        y[at] = targets[example];
        for (let c = 0; c < context; c++) x[at * context + c] = inputs[example * context + c];
      }
    }
    this.#session.write({
      x: { shape: [stepsInARun, size, context], data: x },
      y: { shape: [stepsInARun, size], data: y },
      rates: { shape: [stepsInARun], data: rates },
      losses: { shape: [stepsInARun, 1], data: new Float32Array(stepsInARun) },
      step: { shape: [1], data: Uint32Array.of(0) },
    });
    await this.#session.run(steps.map(() => "step"));
    const { losses } = await this.#session.read(["losses"]);
    return Float32Array.from(losses.data.subarray(0, steps.length));
  }

  /** The mean loss of examples. */
  async loss(examples: Examples): Promise<number> {
    const losses = await this.losses(examples);
    return losses.reduce((sum, one) => sum + one, 0) / losses.length;
  }

  /** The loss of each example: -log of the probability of its target. */
  async losses({ count, context, inputs, targets }: Examples): Promise<Float64Array> {
    const found = new Float64Array(count);
    for (let at = 0; at < count; at += evaluated) {
      const x = new Uint32Array(evaluated * context), y = new Uint32Array(evaluated);
      x.set(inputs.subarray(at * context, (at + evaluated) * context));
      y.set(targets.subarray(at, at + evaluated));
      this.#session.write({
        "all/x": { shape: [evaluated, context], data: x },
        "all/y": { shape: [evaluated], data: y },
      });
      await this.#session.run(["loss"]);
      const { data } = (await this.#session.read(["all/losses"]))["all/losses"];
      found.set(data.subarray(0, count - at), at);
    }
    return found;
  }

  /** The weights as they are now. */
  async weights(): Promise<MlpWeights> {
    const { C, W1, b1, W2, b2 } = await this.#session.read(["C", "W1", "b1", "W2", "b2"]);
    const floats = ({ shape, data }: TensorMap[string]) => ({ shape, data: Float32Array.from(data) });
    return { C: floats(C), W1: floats(W1), b1: floats(b1), W2: floats(W2), b2: floats(b2) };
  }

  /** Frees the device's memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

type Parameters = Readonly<Record<keyof MlpWeights, Tensor>>;

function parametersIn(graph: Graph, weights: MlpWeights): Parameters {
  const leaf = (name: keyof MlpWeights): Tensor =>
    graph.leaf(name, { shape: weights[name].shape, dtype: "f32" }, "parameter");
  return { C: leaf("C"), W1: leaf("W1"), b1: leaf("b1"), W2: leaf("W2"), b2: leaf("b2") };
}

/** The net itself. x u32 [B, context] → logits [B, letters]. */
function logitsOf({ C, W1, b1, W2, b2 }: Parameters, x: Tensor): Tensor {
  const [batch, context] = x.shape, emb = gather(C, x); // [B, context, embedding]
  const row = sum(emb, { from: 1, to: 1, shape: [batch, context * C.shape[1]] }); // side by side
  const h = tanh(affine(row, { weight: W1, bias: b1 }));
  return affine(h, { weight: W2, bias: b2 });
}

/** One step: its batch is entry `step` of what was written; counts on. */
function stepProgram(
  weights: MlpWeights,
  { context, batch }: { readonly context: number; readonly batch: number },
): Program {
  const graph = new Graph(), parameters = parametersIn(graph, weights);
  const step = graph.leaf("step", { shape: [1], dtype: "u32" }, "input");
  const x = graph.leaf("x", { shape: [stepsInARun, batch, context], dtype: "u32" }, "input");
  const y = graph.leaf("y", { shape: [stepsInARun, batch], dtype: "u32" }, "input");
  const rates = graph.leaf("rates", { shape: [stepsInARun], dtype: "f32" }, "input");
  const losses = graph.leaf("losses", { shape: [stepsInARun, 1], dtype: "f32" }, "input");
  const loss = mean(crossEntropy(logitsOf(parameters, take(x, step)), take(y, step)));
  const all = Object.values(parameters), rate = take(rates, step);
  gradients(loss, all).forEach((slope, i) => {
    if (slope !== null) assign(all[i], sub(all[i], mul(slope, rate)));
  });
  scatterAdd(losses, step, loss);
  count(step, { by: 1, wrap: stepsInARun });
  return compile("step", graph);
}

function lossProgram(weights: MlpWeights, { context }: Examples): Program {
  const graph = new Graph();
  const x = graph.leaf("all/x", { shape: [evaluated, context], dtype: "u32" }, "input");
  const y = graph.leaf("all/y", { shape: [evaluated], dtype: "u32" }, "input");
  graph.output("all/losses", crossEntropy(logitsOf(parametersIn(graph, weights), x), y));
  return compile("loss", graph);
}
