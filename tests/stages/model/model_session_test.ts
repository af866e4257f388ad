/**
 * Tests a model on a device: gradient accumulation, packs, masks, validation loss, sampling, and published
 * weights.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { accumulate } from "../../../kernels/core/gradient_ops.ts";
import type { Pack } from "../../../kernels/core/graph.ts";
import { normals } from "../../../kernels/random/philox.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { ignoredTarget } from "../../../kernels/ops/loss/cross_entropy.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import type { Optimizer } from "../../../kernels/optim/optimizer.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { generateText } from "../../../stages/sample/sample.ts";
import { validationLoss } from "../../../stages/evaluate/loss_tally.ts";
import { plan } from "../../../stages/model/plan.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { fitWeights } from "../../../stages/model/weights.ts";

const model = gpt({ layers: 2, heads: 2, channels: 16, seqLen: 8, vocabSize: 257, vocabPad: 64 });
const weights = initialWeights(model, 3);
const tokens = Uint32Array.from({ length: 33 }, (_, i) => (i * i * 7 + 3 * i) % 257);

async function open(shape: readonly [number, number, number]) {
  const planned = plan({
    model,
    training: { optimizer: adamw(), shape, clip: 1 },
    evaluation: { batch: 2, seqLen: 8 },
    sampling: true,
  });
  return await openModel(await openCpu({ threads: 2 }), { plan: planned, weights });
}

function batchOf(shape: readonly [number, number, number]) {
  return { inputs: tokens.slice(0, 32), targets: tokens.slice(1, 33), shape };
}

Deno.test("four micro-batches of one sequence make the same update as one batch of four", async () => {
  await using parts = await open([4, 1, 8]);
  await using whole = await open([1, 4, 8]);
  for (let step = 0; step < 3; step++) {
    const a = await parts.step(batchOf([4, 1, 8]), { learningRate: 1e-3, step });
    const b = await whole.step(batchOf([1, 4, 8]), { learningRate: 1e-3, step });
    ok(Math.abs(a.loss - b.loss) < 1e-5 && Math.abs(a.gradNorm - b.gradNorm) < 1e-4, JSON.stringify([a, b]));
  }
});

Deno.test("an update with many packs equals that with one, and names and shapes of the optimizer state stay the same", async () => {
  const training = { optimizer: adamw(), shape: [1, 4, 8], clip: 1 } as const;
  const step = async (packBytes: number) => {
    const planned = plan({ model, training, packBytes });
    await using session = await openModel(await openCpu({ threads: 2 }), { plan: planned, weights });
    const { gradNorm } = await session.step(batchOf([1, 4, 8]), { learningRate: 1e-3, step: 0 });
    return { gradNorm, weights: await session.weights(), optimizer: await session.optimizer() };
  };
  const one = await step(Infinity), many = await step(4096);
  ok(Math.abs(one.gradNorm - many.gradNorm) <= 1e-6 * one.gradNorm); // squares are summed in another order
  const named = Object.entries(one.weights);
  deepStrictEqual(
    new Map(Object.entries(one.optimizer).map(([label, { shape }]) => [label, shape])),
    new Map(named.flatMap(([label, { shape }]) => [[`${label}/m`, shape], [`${label}/v`, shape]])),
  );
  for (const kind of ["weights", "optimizer"] as const) {
    for (const [label, { data }] of Object.entries(one[kind])) {
      const other = many[kind][label].data;
      ok(data.every((x, i) => Math.abs(x - other[i]) <= 1e-5 * Math.abs(x) + 1e-9), label);
    }
  }
});

Deno.test("an optimizer that loops over matrices makes the same update as one that uses whole packs", async () => {
  const momentum = (byMatrix: boolean): Optimizer => ({
    name: "momentum",
    update(scope, params, { gradients, learningRate, scale }) {
      const packs = { p: params, g: gradients, m: scope.state("m", params) };
      const member = ({ members, tensor }: Pack, i: number) =>
        scope.graph.leaf(members[i].label, members[i], tensor.kind);
      const parts = byMatrix
        ? params.members.map((_, i) => [member(packs.p, i), member(packs.g, i), member(packs.m, i)])
        : [[packs.p.tensor, packs.g.tensor, packs.m.tensor]];
      for (const [p, g, m] of parts) accumulate(p, mul(accumulate(m, mul(g, scale)), learningRate));
    },
  });
  const trained = async (byMatrix: boolean) => {
    const training = { optimizer: momentum(byMatrix), shape: [1, 4, 8], clip: 1 } as const;
    await using session = await openModel(await openCpu({ threads: 2 }), {
      plan: plan({ model, training }),
      weights,
    });
    for (let step = 0; step < 2; step++) {
      await session.step(batchOf([1, 4, 8]), { learningRate: -1e-2, step });
    }
    return { ...await session.weights(), ...await session.optimizer() };
  };
  deepStrictEqual(await trained(true), await trained(false));
});

Deno.test("a masked target counts neither in the loss nor in its mean", async () => {
  await using session = await open([1, 4, 8]);
  const { inputs, targets } = batchOf([1, 4, 8]);
  const mask = new Float32Array(32).fill(1, 0, 8); // only the first sequence
  const masked = await session.step({ inputs, targets, mask, shape: [1, 4, 8] }, {
    learningRate: 0,
    step: 0,
  });
  const losses = await session.losses(inputs.slice(0, 16), targets.slice(0, 16));
  const mean = losses.subarray(0, 8).reduce((a, b) => a + b) / 8;
  ok(Math.abs(masked.loss - mean) < 1e-5, `${masked.loss}, wanted ${mean}`);
});

Deno.test("validationLoss() is the mean over all positions, those of a short last batch included", async () => {
  await using session = await open([1, 4, 8]);
  let sum = 0;
  for (const [from, count] of [[0, 16], [16, 12]]) {
    const inputs = new Uint32Array(16), targets = new Uint32Array(16).fill(ignoredTarget);
    inputs.set(tokens.subarray(from, from + count));
    targets.set(tokens.subarray(from + 1, from + 1 + count));
    sum += (await session.losses(inputs, targets)).reduce((a, b) => a + b);
  }
  const { loss } = await validationLoss(session, { tokens: tokens.subarray(0, 29) });
  ok(Math.abs(loss - sum / 28) < 1e-5);
  ok(Math.abs(loss - Math.log(257)) < 0.1, `${loss}: an untrained model knows nothing`);
  await rejects(validationLoss(session, { tokens: tokens.subarray(0, 1) }), RangeError);
});

Deno.test("logits() uses the last seqLen tokens of a longer context", async () => {
  await using session = await open([1, 4, 8]);
  const long = Array.from(tokens.subarray(0, 20));
  deepStrictEqual(await session.logits(long), await session.logits(long.slice(-8)));
  await rejects(session.logits([]), /from no tokens/);
  await rejects(session.logits([257]), RangeError);
});

Deno.test("generateText() yields whole characters, repeats them for the same seed, and stops at a signal", async () => {
  await using session = await open([1, 4, 8]);
  const tokenizer = byteTokenizer();
  const pieces = async (seed: number) =>
    await Array.fromAsync(generateText(session, tokenizer, { prompt: "é", maxTokens: 40, seed }));
  const first = await pieces(1);
  ok(first.every((piece) => piece.isWellFormed() && piece.length > 0));
  deepStrictEqual(await pieces(1), first);
  ok((await pieces(2)).join("") !== first.join(""));
  const abort = new AbortController();
  abort.abort(new Error("enough"));
  const stopped = generateText(session, tokenizer, { prompt: "a", maxTokens: 5, signal: abort.signal });
  await rejects(Array.fromAsync(stopped), /enough/);
});

Deno.test("step() refuses a batch of another shape, and tokens outside the vocabulary", async () => {
  await using session = await open([1, 4, 8]);
  const now = { learningRate: 1e-3, step: 0 };
  await rejects(session.step(batchOf([4, 1, 8]), now), RangeError);
  const { inputs, targets, shape } = batchOf([1, 4, 8]);
  inputs[5] = 300;
  await rejects(session.step({ inputs, targets, shape }, now), /300/);
});

Deno.test("fitWeights() takes published names, pads the embedding, cuts positions, and names weights that do not fit", () => {
  const published: Record<string, TensorMap[string]> = {};
  for (const [name, tensor] of Object.entries(weights)) published[`transformer.${name}`] = tensor;
  published["transformer.wte.weight"] = { shape: [257, 16], data: normals(1, "wte", 257 * 16) };
  published["transformer.wpe.weight"] = { shape: [20, 16], data: normals(1, "wpe", 320) };
  published["lm_head.weight"] = published["transformer.wte.weight"];
  const fitted = fitWeights(model, published);
  deepStrictEqual(fitted["wte.weight"].shape, [320, 16]);
  strictEqual(fitted["wte.weight"].data[257 * 16], 0);
  deepStrictEqual(fitted["wpe.weight"].data, published["transformer.wpe.weight"].data.slice(0, 128));
  const { "ln_f.bias": _removed, ...incomplete } = weights;
  throws(() => fitWeights(model, incomplete), /ln_f\.bias is missing/);
  throws(() => fitWeights(model, { ...weights, "h.9.ln_1.bias": weights["ln_f.bias"] }), /h\.9\.ln_1\.bias/);
});

Deno.test("micro-batches are added in the order of a binary tree: the bits of their gradients added by hand", async () => {
  const size = 6;
  const inputs = Uint32Array.from({ length: 30 }, (_, i) => (i * 11) % 257),
    targets = inputs.map((id) => 256 - id);
  const gradientsOf = async (micros: readonly number[]) => {
    await using session = await open([micros.length, 1, 6]);
    const part = (all: Uint32Array) =>
      Uint32Array.from(micros.flatMap((micro) => [...all.subarray(micro * size, (micro + 1) * size)]));
    const shape = [micros.length, 1, 6] as const;
    return await session.gradients({ inputs: part(inputs), targets: part(targets), shape, divisor: 30 });
  };
  const parts = await Promise.all([0, 1, 2, 3, 4].map((micro) => gradientsOf([micro])));
  const whole = await gradientsOf([0, 1, 2, 3, 4]);
  for (const [name, { data }] of Object.entries(whole)) {
    const [a, b, c, d, e] = parts.map((part) => part[name].data);
    const plus = (x: ArrayLike<number>, y: ArrayLike<number>) =>
      Float32Array.from(x, (value, i) => value + y[i]);
    deepStrictEqual(data, plus(plus(plus(a, b), plus(c, d)), e), name);
  }
});

Deno.test("losses() that are asked for together are those of each call's own tokens", async () => {
  const planned = plan({ model, evaluation: { batch: 1, seqLen: 8 } });
  const engine = await openCpu({ threads: 1 });
  await using session = await openModel(engine, { plan: planned, weights });
  const rows = [1, 50, 100].map((first) => Uint32Array.from({ length: 8 }, (_, i) => first + i));
  const alone: Float32Array[] = [];
  for (const ids of rows) alone.push(await session.losses(ids, ids));
  deepStrictEqual(await Promise.all(rows.map((ids) => session.losses(ids, ids))), alone);
});
