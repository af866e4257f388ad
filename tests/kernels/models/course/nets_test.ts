import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { gradients } from "../../../../kernels/core/gradients.ts";
import { Graph } from "../../../../kernels/core/graph.ts";
import { RootScope } from "../../../../kernels/core/scope.ts";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { ShapeError } from "../../../../kernels/core/tensor.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { charGpt } from "../../../../kernels/models/course/char_gpt.ts";
import { makemore, type MakemoreType, makemoreTypes } from "../../../../kernels/models/course/makemore.ts";
import {
  countParameters,
  initialWeights,
  type Model,
  type TrainableModel,
} from "../../../../kernels/models/model.ts";
import {
  bigramNet,
  deepMlp,
  mlp,
  mlpWithNorm,
  wavenet,
} from "../../../../kernels/models/course/name_nets.ts";
import { mean } from "../../../../kernels/ops/reduce/reduce.ts";

Deno.test("the nets have as many parameters as the lectures'", () => {
  const nets = { bigram: bigramNet(), mlp: mlp(), a: mlpWithNorm(), b: deepMlp(), wavenet: wavenet() };
  deepStrictEqual(Object.values(nets).map(countParameters), [729, 11897, 12097, 47024, 76579]);
  const manual = mlp({ hidden: 64, first: { std: 0.1, bias: 0.1 }, norm: {} });
  deepStrictEqual(countParameters(manual), 4137); // the net of part 4
  deepStrictEqual(countParameters(mlp({ first: { bias: 0.1 }, norm: {} })), 12297);
});

Deno.test("makemore() has as many parameters as makemore.py, charGpt() as Let's build GPT", () => {
  const wanted: Record<MakemoreType, number> = {
    bigram: 729,
    mlp: 69147,
    rnn: 11803,
    gru: 28315,
    lstm: 36635, // makemore.py has no LSTM; by hand: 27·64 + 2·64 + 128·256 + 256 + 64·27 + 27
    bow: 12827,
    transformer: 204544,
  };
  const found = makemoreTypes.map((
    type,
  ) => [type, countParameters(makemore(type, { vocabSize: 27, seqLen: 16 }))]);
  deepStrictEqual(Object.fromEntries(found), wanted);
  const colab = { vocabSize: 65, seqLen: 32, channels: 64, layers: 4, heads: 4 };
  deepStrictEqual(countParameters(charGpt(colab)), 209729);
  deepStrictEqual(
    countParameters(charGpt({ ...colab, seqLen: 256, channels: 384, layers: 6, heads: 6 })),
    10788929,
  );
});

const sizes = { vocabSize: 7, seqLen: 9, layers: 1, heads: 2, channels: 6, hidden: 5 };
const char = { vocabSize: 7, seqLen: 9, layers: 2, heads: 2, channels: 8, std: 0.3 };
const bare = { feedForward: false, residual: false, norm: false, scaled: false };
const models: Record<string, Model> = {
  ...Object.fromEntries(makemoreTypes.map((type) => [type, makemore(type, sizes)])),
  "bare attention": charGpt({ ...char, ...bare }),
  "with feed-forward": charGpt({ ...char, ...bare, feedForward: true }),
  "with residuals": charGpt({ ...char, ...bare, feedForward: true, residual: true }),
  "all of charGpt": charGpt(char),
};

for (const [name, model] of Object.entries(models)) {
  Deno.test(`${name} does not depend on later tokens, and the CPU engine matches its reference losses and gradients`, async () => {
    const tokens = Uint32Array.from({ length: 18 }, (_, i) => Math.floor(uniformAt(1, "tokens", i) * 7));
    const later = tokens.with(13, (tokens[13] + 1) % 7); // position 4 of the second row
    const exact = await lossesOf(openReference(), model, tokens),
      after = await lossesOf(openReference(), model, later);
    // A loss depends on no later token: the losses before index 13 stay the same, and that at 13 changes.
    deepStrictEqual(after.losses.subarray(0, 13), exact.losses.subarray(0, 13));
    ok(name === "bigram" || after.losses[13] !== exact.losses[13]);
    const found = await lossesOf(await openCpu({ threads: 2 }), model, tokens);
    for (const [label, wanted] of Object.entries(exact)) {
      found[label].forEach((x, i) => {
        ok(
          Math.abs(x - wanted[i]) < 2e-5 * (1 + Math.abs(wanted[i])),
          `${label}[${i}]: ${x}, wanted ${wanted[i]}`,
        );
      });
    }
  });
}

Deno.test("a net refuses contexts of another length", () => {
  const graph = new Graph(), tokens = graph.leaf("tokens", { shape: [2, 4], dtype: "u32" }, "input");
  throws(() => mlp().forward(new RootScope(graph), tokens), /wanted \[examples, 3\]/);
  throws(() => charGpt({ ...char, seqLen: 3 }).forward(new RootScope(graph), tokens), ShapeError);
});

/** Returns losses and all gradients of a [2, 9] batch. */
async function lossesOf(
  engine: Engine,
  model: TrainableModel,
  tokens: Uint32Array,
): Promise<Record<string, Float32Array>> {
  const graph = new Graph(), scope = new RootScope(graph);
  const input = graph.leaf("tokens", { shape: [2, 9], dtype: "u32" }, "input");
  const targets = graph.leaf("targets", { shape: [2, 9], dtype: "u32" }, "input");
  const losses = model.losses(scope, { tokens: input, targets });
  graph.output("losses", losses);
  const names = [...scope.parameters.keys()];
  const found = gradients(mean(losses), [...scope.parameters.values()].map(({ tensor }) => tensor));
  found.forEach((g, i) => graph.output(`${names[i]}/gradient`, g!));
  const weights = initialWeights(model, 3);
  // The bigram model's initial weights are zeros, so its losses would not depend on the tokens.
  if (model.name === "bigram") weights.logits.data.forEach((_, i, all) => all[i] = uniformAt(2, "logits", i));
  await using session = await engine.open([compile("losses", graph)], weights);
  session.write({
    tokens: { shape: [2, 9], data: tokens },
    targets: { shape: [2, 9], data: Uint32Array.from(tokens, (t) => (3 * t + 1) % 7) },
  });
  await session.run(["losses"]);
  const read = await session.read(["losses", ...names.map((name) => `${name}/gradient`)]);
  return Object.fromEntries(
    Object.entries(read).map(([label, { data }]) => [label, Float32Array.from(data)]),
  );
}
