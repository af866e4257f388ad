import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { sampleToken, type SamplingOptions } from "../../../stages/sample/sample_token.ts";

const logits = Float32Array.from([0, 2, 1, 2, -1]);

function shares(options: SamplingOptions, draws = 20_000): number[] {
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < draws; i++) {
    counts[sampleToken(logits, { ...options, draw: uniformAt(5, "pick", i) })]++;
  }
  return counts.map((n) => n / draws);
}

Deno.test("sampleToken() at temperature 0 takes the likeliest token, of equal ones the first", () => {
  for (const draw of [0, 0.5, 0.999]) strictEqual(sampleToken(logits, { temperature: 0, draw }), 1);
});

Deno.test("sampleToken() draws from the softmax at its temperature", () => {
  for (const temperature of [0.5, 1, 2]) {
    const weights = [...logits].map((x) => Math.exp(x / temperature));
    const total = weights.reduce((a, b) => a + b);
    shares({ temperature }).forEach((share, id) => {
      const wanted = weights[id] / total; // compared within five standard deviations of 20,000 samples
      ok(
        Math.abs(share - wanted) < 5 * Math.sqrt(wanted * (1 - wanted) / 20_000),
        `${id}: ${share}, wanted ${wanted}`,
      );
    });
  }
});

Deno.test("sampleToken() draws only from the tokens that top-k and top-p leave", () => {
  deepStrictEqual(shares({ topK: 2 }).map((s) => s > 0), [false, true, false, true, false]);
  deepStrictEqual(shares({ topK: 3 }).map((s) => s > 0), [false, true, true, true, false]);
  deepStrictEqual(shares({ topP: 0.3 }).map((s) => s > 0), [false, true, false, false, false]);
  deepStrictEqual(shares({ topP: 0.6 }).map((s) => s > 0), [false, true, false, true, false]);
  deepStrictEqual(shares({ topP: 1 }).map((s) => s > 0), [true, true, true, true, true]);
});

Deno.test("sampleToken() ignores logits that are NaN, and refuses bad options and logits that are all NaN", () => {
  strictEqual(sampleToken(Float32Array.from([NaN, 1, NaN]), { draw: 0.9 }), 1);
  throws(() => sampleToken(Float32Array.from([NaN, NaN]), { draw: 0 }), /all logits are NaN/);
  for (const options of [{ temperature: -1 }, { topK: 1.5 }, { topP: 0 }, { topP: 1.1 }]) {
    throws(() => sampleToken(logits, { ...options, draw: 0 }), RangeError);
  }
});

Deno.test("sampleToken() subtracts penalties by how often a token was generated, and adds biases", () => {
  const greedy = (options: Omit<Parameters<typeof sampleToken>[1], "draw">) =>
    sampleToken(logits, { temperature: 0, draw: 0, ...options });
  const counts = new Map([[1, 3], [3, 1]]); // of logits 0, 2, 1, 2, -1
  strictEqual(greedy({ counts, frequencyPenalty: 0.5 }), 3); // 0.5 and 1.5
  strictEqual(greedy({ counts, frequencyPenalty: 1.5 }), 2); // -2.5, 1 and 0.5
  strictEqual(greedy({ counts, presencePenalty: 0.9 }), 1); // 1.1 and 1.1
  strictEqual(greedy({ counts, presencePenalty: 1.1 }), 2); // 0.9, 1 and 0.9
  strictEqual(greedy({ counts, presencePenalty: -1, frequencyPenalty: 0.1 }), 3); // 2.7 and 2.9
  strictEqual(greedy({ logitBias: new Map([[4, 3.5], [99, 100]]) }), 4);
  strictEqual(greedy({ logitBias: new Map([[1, -Infinity], [3, -Infinity]]) }), 2);
  deepStrictEqual(
    shares({ topK: 3, logitBias: new Map([[1, -Infinity]]) }, 2000).map((s) => s > 0),
    [true, false, true, true, false],
  );
  throws(() => greedy({ presencePenalty: NaN }), /penalties NaN and 0/);
  throws(() => greedy({ logitBias: new Map([[1, Infinity]]) }), /logit of token 1/);
});
