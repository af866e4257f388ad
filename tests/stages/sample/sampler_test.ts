/**
 * Tests the sampling filters against their plain definitions, and the frequencies of sampled tokens against
 * their probabilities.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { normals, uniformAt } from "../../../kernels/random/philox.ts";
import { likeliest } from "../../../stages/sample/top_k.ts";
import { candidates, sampleToken, type SamplingOptions } from "../../../stages/sample/sample_token.ts";
import { StopStrings } from "../../../stages/sample/stop_strings.ts";

const draws = (name: string, at: number) => uniformAt(11, name, at);

/** Returns the logits of `size` tokens, many of them equal. */
function logitsOf(trial: number, size: number): Float32Array {
  return normals(7, `logits.${trial}`, size, 2).map((x) => Math.round(4 * x) / 4);
}

/**
 * Computes probabilities according to the definitions: applies each filter in turn to the whole vocabulary.
 */
function plain(logits: Float32Array, o: SamplingOptions & { readonly seen?: readonly number[] }): number[] {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, seen = [] } = o;
  const scores = [...logits].map((x, id) =>
    !seen.includes(id) ? x : Math.fround(x > 0 ? x / repetitionPenalty : x * repetitionPenalty)
  );
  const order = scores.map((_, id) => id).sort((a, b) => scores[b] - scores[a] || a - b);
  if (temperature === 0) return scores.map((_, id) => Number(id === order[0]));
  let shares = normal(scores.map((x) => Math.exp((x - scores[order[0]]) / temperature)));
  const keep = (kept: (id: number, rank: number) => boolean) => {
    const ids = new Set(order.filter(kept));
    shares = normal(shares.map((share, id) => ids.has(id) ? share : 0));
  };
  if (topK > 0) keep((_, rank) => rank < topK);
  let before = 0;
  keep((id) => {
    const kept = before < topP || topP === 1;
    before += shares[id];
    return kept;
  });
  const most = Math.max(...shares);
  keep((id) => shares[id] >= minP * most * (1 - 1e-12));
  return shares;
}

function normal(weights: readonly number[]): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

Deno.test("candidates() gives the probabilities of the filters' plain definitions, alone and together", () => {
  for (let trial = 0; trial < 400; trial++) {
    const size = trial % 40 === 0 ? 700 : 1 + Math.floor(30 * draws("size", trial));
    const pick = <T>(name: string, choices: readonly T[]) =>
      choices[Math.floor(choices.length * draws(name, trial))];
    const options = {
      temperature: pick("temperature", [0, 0.3, 1, 1, 2]),
      topK: pick("topK", [0, 0, 1, 3, 5, 100, 1000]),
      topP: pick("topP", [1, 1, 0.05, 0.37, 0.73, 0.993]),
      minP: pick("minP", [0, 0, 0.013, 0.21, 1]),
      repetitionPenalty: pick("penalty", [1, 1, 1.3, 0.7]),
      seen: [0, 3, 4, 11].filter((id) => id < size),
    };
    const logits = logitsOf(trial, size), found = new Float64Array(size);
    const { ids, weights } = candidates(logits, options), total = weights.reduce((a, b) => a + b);
    ids.forEach((id, i) => found[id] = weights[i] / total);
    const wanted = plain(logits, options);
    found.forEach((share, id) =>
      ok(
        Math.abs(share - wanted[id]) < 1e-9,
        `${JSON.stringify(options)}, token ${id} of ${size}: ${share}, ${wanted[id]}`,
      )
    );
  }
});

Deno.test("sampleToken() draws tokens as often as their probabilities say, by the chi-square test", () => {
  const logits = logitsOf(1, 12), count = 40_000;
  for (const options of [{}, { temperature: 0.7, topK: 7 }, { topP: 0.9 }, { minP: 0.1, temperature: 1.5 }]) {
    const wanted = plain(logits, options), counts = new Float64Array(12);
    for (let i = 0; i < count; i++) {
      counts[sampleToken(logits, { ...options, draw: uniformAt(3, "chi", i) })]++;
    }
    let square = 0, cells = 0;
    counts.forEach((n, id) => {
      if (wanted[id] === 0) return strictEqual(n, 0);
      square += (n - count * wanted[id]) ** 2 / (count * wanted[id]);
      cells++;
    });
    // 99.99 % of samples are below the mean of chi-square, `cells - 1`, plus about four standard deviations.
    const free = cells - 1;
    ok(square < free + 5 * Math.sqrt(2 * free) + 5, `${JSON.stringify(options)}: ${square} of ${free}`);
  }
});

Deno.test("likeliest() equals the start of a full sort: equal scores by index, NaN last", () => {
  for (let trial = 0; trial < 200; trial++) {
    const size = 1 + Math.floor(60 * draws("size", trial)), scores = logitsOf(trial, size);
    if (trial % 3 === 0) scores[Math.floor(size / 2)] = NaN;
    if (trial % 5 === 0) scores.fill(1);
    const value = (i: number) => Number.isNaN(scores[i]) ? -Infinity : scores[i];
    const sorted = [...scores.keys()].sort((a, b) => value(b) - value(a) || a - b);
    const count = Math.floor((size + 3) * draws("count", trial));
    deepStrictEqual([...likeliest(scores, count)], sorted.slice(0, count));
  }
});

Deno.test("sampleToken() refuses a repetition penalty or min-p out of range", () => {
  for (
    const options of [{ minP: -0.1 }, { minP: 1.1 }, { repetitionPenalty: 0 }, {
      repetitionPenalty: Infinity,
    }]
  ) {
    throws(() => sampleToken(Float32Array.of(1), { ...options, draw: 0 }), RangeError);
  }
});

Deno.test("StopStrings shows the text before the first stop string and no part of one, however the text is cut into pieces", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["one\n\ntwo", ["\n\n"], "one"],
    ["aab aaab", ["aaa"], "aab "],
    ["abcabd", ["abd", "cab"], "ab"],
    ["no stop her", ["here"], "no stop her"],
    ["a stop", ["stop", "to"], "a s"], // "to" ends first
    ["a stop", ["stop", "op"], "a "],
    ["plain", [], "plain"],
  ];
  for (const [text, stops, wanted] of cases) {
    for (let size = 1; size <= text.length; size++) {
      const search = new StopStrings(stops);
      let shown = "";
      for (let at = 0; at < text.length && !search.stopped; at += size) {
        shown += search.push(text.slice(at, at + size));
        ok(wanted.startsWith(shown), `${shown} of ${text} by ${size}`);
      }
      strictEqual(shown + search.rest(), wanted, `${text} by ${size}`);
    }
  }
  throws(() => new StopStrings(["a", ""]), /empty string/);
});
