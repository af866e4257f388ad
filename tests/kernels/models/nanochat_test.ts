import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { initialWeights } from "../../../kernels/models/model.ts";
import { nanochat } from "../../../kernels/models/nanochat.ts";
import {
  hasValueEmbedding,
  nanochatFault,
  nanochatWindows,
} from "../../../kernels/models/nanochat_options.ts";
import { plan } from "../../../stages/model/plan.ts";

const sizes = {
  layers: 3,
  heads: 2,
  keyHeads: 1,
  channels: 32,
  seqLen: 40,
  vocabSize: 70,
  windowPattern: "SSSL",
} as const;

Deno.test("nanochatWindows() repeats the pattern, rounds up to 128, and leaves the last block without", () => {
  const of = (layers: number, seqLen: number, windowPattern: "SSSL" | "SL" | "L" | "S") =>
    nanochatWindows({ layers, seqLen, windowPattern });
  deepStrictEqual(of(6, 2048, "SSSL"), [512, 512, 512, null, 512, null]);
  deepStrictEqual(of(2, 2048, "S"), [512, null]);
  deepStrictEqual(of(3, 516, "SL"), [256, null, null]); // a quarter of 129 tokens is rounded up
  deepStrictEqual(of(3, 512, "SL"), [128, null, null]);
  deepStrictEqual(of(2, 128, "SL"), [null, null]); // as long as the sequence
  deepStrictEqual(of(2, 64, "L"), [null, null]);
  deepStrictEqual([0, 1, 2, 3].map((i) => hasValueEmbedding(i, 4)), [false, true, false, true]);
  deepStrictEqual([0, 1, 2].map((i) => hasValueEmbedding(i, 3)), [true, false, true]);
});

Deno.test("nanochat's initial values are those of the published code", () => {
  const weights = initialWeights(nanochat(sizes), 1), of = (name: string) => [...weights[name].data];
  deepStrictEqual(of("resid_lambdas").map((x) => x.toFixed(3)), ["1.150", "1.100", "1.050"]);
  deepStrictEqual(of("x0_lambdas").map((x) => x.toFixed(3)), ["0.200", "0.125", "0.050"]);
  deepStrictEqual([...of("smear_lambda"), ...of("backout_lambda")].map((x) => x.toFixed(1)), ["0.0", "0.2"]);
  ok(of("h.1.attn.c_proj.weight").every((x) => x === 0) && of("h.1.mlp.c_proj.weight").every((x) => x === 0));
  const limit = Math.sqrt(3 / 32), queries = of("h.0.attn.c_q.weight");
  ok(queries.every((x) => Math.abs(x) <= limit) && queries.some((x) => Math.abs(x) > 0.95 * limit));
  ok(queries.some((x) => x > 0) && queries.some((x) => x < 0));
  ok(of("h.0.mlp.c_fc.weight").every((x) => Math.abs(x) <= 0.4 * limit));
  ok(of("smear_gate.weight").every((x) => x >= 0 && x <= 0.02));
  const deviation = (name: string) =>
    Math.sqrt(of(name).reduce((sum, x) => sum + x * x, 0) / of(name).length);
  ok(Math.abs(deviation("wte.weight") - 0.8) < 0.03);
  ok(Math.abs(deviation("lm_head.weight") - 0.001) < 1e-4);
  strictEqual(weights["wte.weight"].shape[0], 128); // 70 tokens in a multiple of 64 rows
  strictEqual("value_embeds.1.weight" in weights, false);
});

Deno.test("nanochat's model of depth 12 has the published number of parameters", () => {
  const d12 = { layers: 12, heads: 6, keyHeads: 6, channels: 768, seqLen: 2048, vocabSize: 32768 } as const;
  const count = plan({ model: nanochat({ ...d12, windowPattern: "SSSL" }) }).parameterCount;
  const matrices = 12 * 12 * 768 ** 2, gates = 6 * 6 * 12 + 24, scalars = 2 * 12 + 2;
  strictEqual(count, matrices + gates + scalars + 2 * 25_165_824 + 6 * 25_165_824);
});

Deno.test("options that nanochat's model cannot have are refused with the expected value", () => {
  const fault = (change: object) => nanochatFault({ ...sizes, ...change }) ?? "";
  strictEqual(fault({}), "");
  match(fault({ keyHeads: 3, heads: 4, channels: 32 }), /keyHeads is 3, expected a divisor of the 4 heads/);
  match(fault({ channels: 34 }), /channels is 34, expected an even multiple of the 2 heads/);
  match(fault({ channels: 23 }), /channels is 23/);
  match(fault({ windowPattern: "SX" }), /windowPattern/);
  throws(() => nanochat({ ...sizes, layers: 0 }), /Cannot build nanochat's model: layers is 0/);
});
