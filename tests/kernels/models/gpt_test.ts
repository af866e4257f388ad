import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import { hashName } from "../../../kernels/random/philox.ts";
import { type Shape, ShapeError, sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { type GptConfig, gptOptions, isGptConfig } from "../../../kernels/models/gpt_options.ts";
import {
  countParameters,
  initialWeights,
  parametersOf,
  type Randomness,
} from "../../../kernels/models/model.ts";
import type { OptionRow } from "../../../kernels/models/model_options.ts";
import { decays } from "../../../kernels/optim/optimizer.ts";

const gpt2 = { layers: 12, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257 };
const small = { layers: 2, heads: 2, channels: 64, seqLen: 32, vocabSize: 100 };

Deno.test("gpt() has GPT-2's number of parameters at all four sizes", () => {
  strictEqual(countParameters(gpt({ ...gpt2, vocabPad: 1 })), 124_439_808);
  strictEqual(countParameters(gpt(gpt2)), 124_475_904);
  const bias = false, wte = 50_304 * 768;
  strictEqual(countParameters(gpt({ ...gpt2, bias })), 124_373_760); // as in nanoGPT
  strictEqual(countParameters(gpt({ ...gpt2, tie: false })), 124_475_904 + wte);
  const char = { layers: 4, heads: 4, channels: 128, seqLen: 64, vocabSize: 65, vocabPad: 1, bias };
  strictEqual(countParameters(gpt(char)), 804_096); // nanoGPT's smallest model for tiny Shakespeare
  const sized = (layers: number, heads: number, channels: number) =>
    countParameters(gpt({ ...gpt2, layers, heads, channels, vocabPad: 1 }));
  strictEqual(sized(24, 16, 1024), 354_823_168);
  strictEqual(sized(36, 20, 1280), 774_030_080);
  strictEqual(sized(48, 25, 1600), 1_557_611_200);
});

Deno.test("decays() holds for 50 of GPT-2's tensors and not for the other 98", () => {
  const shapes = [...parametersOf(gpt({ ...gpt2, vocabPad: 1 })).values()].map((p) => p.tensor.shape);
  const total = (some: typeof shapes) => some.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const [yes, no] = [shapes.filter(decays), shapes.filter((s) => !decays(s))];
  deepStrictEqual([yes.length, total(yes), no.length, total(no)], [50, 124_318_464, 98, 121_344]);
});

Deno.test("gpt() names and shapes its weights as Hugging Face publishes them", () => {
  const parameters = parametersOf(gpt(small));
  const shapes = Object.fromEntries([...parameters].map(([name, { tensor }]) => [name, tensor.shape]));
  deepStrictEqual(Object.keys(shapes).slice(0, 3), ["wte.weight", "wpe.weight", "h.0.ln_1.weight"]);
  strictEqual(parameters.size, 4 + 2 * 12);
  deepStrictEqual(shapes["wte.weight"], [128, 64]);
  deepStrictEqual(shapes["h.1.attn.c_attn.weight"], [64, 192]);
  deepStrictEqual(shapes["h.1.mlp.c_fc.weight"], [64, 256]);
  deepStrictEqual(shapes["h.1.mlp.c_proj.weight"], [256, 64]);
  deepStrictEqual(shapes["ln_f.bias"], [64]);
});

function deviation({ data }: TensorMap[string]): number {
  return Math.sqrt(Array.from(data).reduce((sum, x) => sum + x * x, 0) / data.length);
}

Deno.test("initialWeights() draws GPT-2's initial values", () => {
  const weights = initialWeights(gpt(small), 7);
  const near = (name: string, std: number) =>
    ok(Math.abs(deviation(weights[name]) / std - 1) < 0.05, `${name}: ${deviation(weights[name])}`);
  near("wte.weight", 0.02);
  near("wpe.weight", 0.02);
  near("h.0.attn.c_attn.weight", 0.02);
  near("h.0.attn.c_proj.weight", 0.02 / Math.sqrt(4));
  near("h.1.mlp.c_fc.weight", 0.02);
  near("h.1.mlp.c_proj.weight", 0.02 / Math.sqrt(4));
  ok(weights["h.0.ln_1.weight"].data.every((x) => x === 1));
  ok(weights["h.0.attn.c_attn.bias"].data.every((x) => x === 0));
});

Deno.test("initialWeights() depends only on the seed and each parameter's name", () => {
  const weights = initialWeights(gpt(small), 7);
  deepStrictEqual(initialWeights(gpt({ ...small, layers: 2 }), 7), weights);
  notDeepStrictEqual(initialWeights(gpt(small), 8), weights);
  notDeepStrictEqual(weights["h.0.mlp.c_fc.weight"].data, weights["h.1.mlp.c_fc.weight"].data);
});

const refused: readonly (readonly [Partial<GptConfig>, RegExp])[] = [
  [{ layers: 0 }, /layers is 0, expected a whole number from 1/],
  [{ heads: 3 }, /channels is 64, expected a multiple of the 3 heads, for example 63/],
  [{ heads: 128 }, /for example 128/],
  [{ channels: -4 }, /channels is -4/],
  [{ seqLen: 1.5 }, /seqLen is 1.5/],
  [{ vocabSize: NaN }, /vocabSize is NaN/],
  [{ vocabPad: 0 }, /vocabPad is 0/],
  [{ channels: 1e12 }, /channels is 1000000000000/],
  [{ dropout: 1 }, /dropout is 1, expected a number from 0 to 0.99/],
  [{ dropout: -0.1 }, /dropout is -0.1/],
  [{ dropout: NaN }, /dropout is NaN/],
];
for (const [bad, message] of refused) {
  Deno.test(`gpt() refuses ${JSON.stringify(bad)}`, () => {
    throws(
      () => gpt({ ...small, ...bad }),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  });
}

/**
 * Returns the calls that a model's `losses` adds to a graph, and the paths of the layers that request a
 * dropout key.
 */
function lossCalls(config: GptConfig, times = 1) {
  const graph = new Graph(), scope = new RootScope(graph), places: string[] = [];
  const leaf = (label: string, shape: Shape) => graph.leaf(label, { shape, dtype: "u32" }, "input");
  const training: Randomness = {
    draw: leaf("draw", [1]),
    key: (path) => {
      places.push(path);
      return leaf(`${path}/key`, [2]);
    },
  };
  const tokens = leaf("tokens", [1, 32]), targets = leaf("targets", [1, 32]);
  for (let i = 0; i < times; i++) gpt(config).losses(scope, { tokens, targets, training });
  return { calls: [...graph.calls], places, logits: () => gpt(config).forward(scope, tokens, { training }) };
}

Deno.test("gpt() applies dropout where nanoGPT does, with one key per place, which stays the same in a recomputation", () => {
  const { calls, places } = lossCalls({ ...small, dropout: 0.1 }, 2);
  const block = (i: number) =>
    ["attn.attn_dropout", "attn.resid_dropout", "mlp.dropout"].map((p) => `h.${i}.${p}`);
  const once = ["drop", ...block(0), ...block(1)];
  deepStrictEqual(places, [...once, ...once]);
  const keys = calls.flatMap((call) => call.inputs).filter((t) => t.label.endsWith("/key"));
  deepStrictEqual(keys.map((t) => t.label), places.map((p) => `${p}/key`));
  deepStrictEqual(keys.slice(0, once.length), keys.slice(once.length));
  strictEqual(new Set(keys).size, once.length);

  const { places: drawn, logits } = lossCalls({ ...small, dropout: 0.1 });
  logits();
  deepStrictEqual(drawn, [...once, ...once]);
});

Deno.test("gpt() adds no dropout call if dropout is 0 or outside of training", () => {
  const callsOf = ({ calls }: ReturnType<typeof lossCalls>) =>
    calls.map((c) => [c.op.name, c.inputs.length, c.attrs]);
  const plain = callsOf(lossCalls(small));
  deepStrictEqual(callsOf(lossCalls({ ...small, dropout: 0 })), plain);
  ok(plain.every(([name]) => !String(name).startsWith("dropout")));
  const graph = new Graph(), dropping = gpt({ ...small, dropout: 0.5 });
  const tokens = graph.leaf("tokens", { shape: [1, 32], dtype: "u32" }, "input");
  dropping.losses(new RootScope(graph), { tokens, targets: tokens });
  deepStrictEqual(graph.calls.map((c) => [c.op.name, c.inputs.length, c.attrs]), plain);
});

Deno.test("hashName() gives each dropout of a GPT of 48 layers its own key", () => {
  const { places } = lossCalls({ ...small, layers: 48, dropout: 0.1 });
  strictEqual(new Set(places.map(hashName)).size, 1 + 3 * 48);
});

Deno.test("gpt() refuses a sequence longer than the model's", () => {
  const graph = new Graph();
  const tokens = graph.leaf("tokens", { shape: [1, 33], dtype: "u32" }, "input");
  throws(() => gpt(small).forward(new RootScope(graph), tokens), ShapeError);
});

Deno.test("gpt() makes different calls for each option value that changes outputs", () => {
  const callsOf = (config: GptConfig) =>
    JSON.stringify(
      lossCalls(config).calls.map(({ op, attrs, inputs }) => [
        op.name,
        attrs,
        inputs.map(({ label, shape }) => [label, shape]),
      ]),
    );
  const rows: readonly (readonly [string, OptionRow])[] = Object.entries(gptOptions);
  for (const [name, row] of rows) {
    if (row.kind === "size" || row.affects !== undefined) continue;
    const value = row.kind === "flag"
      ? !row.value
      : row.kind === "number"
      ? row.max
      : row.choices.find((choice) => choice !== row.value);
    const changed: unknown = { ...small, [name]: value };
    ok(isGptConfig(changed) && callsOf(changed) !== callsOf(small), name);
  }
});
