/** Tests the character GPT of the lecture, whose parts are optional. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gradients } from "../../../../kernels/core/gradients.ts";
import { Graph } from "../../../../kernels/core/graph.ts";
import { RootScope } from "../../../../kernels/core/scope.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { type TensorMap } from "../../../../kernels/core/tensor.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { charGpt, type CharGptConfig } from "../../../../kernels/models/course/char_gpt.ts";
import { sum } from "../../../../kernels/ops/reduce/reduce.ts";
import { countParameters, initialWeights, parametersOf } from "../../../../kernels/models/model.ts";

const tiny = { vocabSize: 5, seqLen: 4, channels: 4, heads: 2, layers: 2 } as const;

const variants: Readonly<Record<string, CharGptConfig>> = {
  "no blocks": { ...tiny, layers: 0 },
  "one head": { ...tiny, heads: 1, layers: 1, feedForward: false, residual: false, norm: false },
  "feed-forward": { ...tiny, layers: 1, feedForward: true, residual: false, norm: false },
  "residual": { ...tiny, norm: false },
  "whole": tiny,
  "all channels": { ...tiny, scaled: "channels" },
  "squared": { ...tiny, activation: "squared-relu" },
  "tied": { ...tiny, tie: true },
};

Deno.test("charGpt() has the lecture's numbers of parameters", () => {
  const count = (config: Omit<CharGptConfig, "vocabSize">) =>
    countParameters(charGpt({ ...config, vocabSize: 65 }));
  strictEqual(count({ seqLen: 32, channels: 64, heads: 4, layers: 4 }), 209_729);
  strictEqual(count({ seqLen: 256, channels: 384, heads: 6, layers: 6, dropout: .2 }), 10_788_929);
});

Deno.test("charGpt() in every variant: losses match the logits, gradients match differences, later tokens change nothing", async () => {
  for (const [name, config] of Object.entries(variants)) {
    const model = charGpt(config);
    const weights = initialWeights(model, 12);
    const run = async (tokens: number[], values: TensorMap) => {
      const graph = new Graph(), scope = new RootScope(graph), shape = [1, 4];
      const input = graph.leaf("tokens", { shape, dtype: "u32" }, "input");
      const targets = graph.leaf("targets", { shape, dtype: "u32" }, "input");
      graph.output("logits", model.forward(scope, input));
      const losses = model.losses(scope, { tokens: input, targets });
      const parameters = [...scope.parameters.values()].map(({ tensor }) => tensor);
      gradients(sum(losses, { shape: [1] }), parameters).forEach((gradient, i) =>
        gradient && graph.output(`${parameters[i].label}/grad`, gradient)
      );
      graph.output("losses", losses);
      await using session = await openReference().open([compile("all", graph)], {
        ...values,
        tokens: { shape, data: Uint32Array.from(tokens) },
        targets: { shape, data: Uint32Array.of(1, 2, 3, 4) },
      });
      await session.run(["all"]);
      const labels = ["logits", "losses", ...parameters.map(({ label }) => `${label}/grad`)];
      const read = await session.read(labels);
      const logits = [...read.logits.data], total = [...read.losses.data].reduce((a, b) => a + b);
      return { logits, total, losses: [...read.losses.data], read };
    };
    const first = await run([0, 3, 1, 4], weights);
    first.losses.forEach((loss, t) => {
      const row = first.logits.slice(5 * t, 5 * t + 5);
      const wanted = Math.log(row.reduce((total, x) => total + Math.exp(x), 0)) - row[t + 1];
      ok(Math.abs(loss - wanted) < 1e-5, `${name}: loss ${loss} at ${t}, wanted ${wanted}`);
    });
    const other = await run([0, 3, 2, 4], weights);
    deepStrictEqual(other.logits.slice(0, 10), first.logits.slice(0, 10), name);
    ok(other.logits[12] !== first.logits[12], name);
    for (const label of parametersOf(model).keys()) { // changes are small because ReLU has kinks
      const changedBy = (by: number) => {
        const data = Float32Array.from(weights[label].data);
        data[1] += by;
        return run([0, 3, 1, 4], { ...weights, [label]: { shape: weights[label].shape, data } });
      };
      const [above, below] = [await changedBy(2 ** -12), await changedBy(-(2 ** -12))];
      const slope = first.read[`${label}/grad`].data[1], wanted = (above.total - below.total) / 2 ** -11;
      ok(
        Math.abs(slope - wanted) < 6e-3 * (1 + Math.abs(wanted)),
        `${name}: ${label}: ${slope}, wanted ${wanted}`,
      );
    }
  }
});

Deno.test("charGpt() with scaled channels divides scores by the root of all channels, which equals smaller queries", async () => {
  const weights = initialWeights(charGpt(tiny), 3);
  const smaller = structuredClone(weights);
  for (const i of [0, 1]) {
    const { data } = smaller[`h.${i}.attn.c_attn.weight`];
    for (let at = 0; at < data.length; at++) if (at % 12 < 4) data[at] *= Math.SQRT1_2;
  }
  const logits = async (config: CharGptConfig, values: TensorMap) => {
    const graph = new Graph(), shape = [1, 4];
    const tokens = graph.leaf("tokens", { shape, dtype: "u32" }, "input");
    graph.output("logits", charGpt(config).forward(new RootScope(graph), tokens));
    await using session = await openReference().open([compile("all", graph)], {
      ...values,
      tokens: { shape, data: Uint32Array.of(4, 2, 0, 1) },
    });
    await session.run(["all"]);
    return [...(await session.read(["logits"])).logits.data];
  };
  const [scores, wanted] = [
    await logits({ ...tiny, scaled: "channels" }, weights),
    await logits(tiny, smaller),
  ];
  scores.forEach((x, i) => ok(Math.abs(x - wanted[i]) < 1e-7, `${x}, wanted ${wanted[i]}`));
});
