import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  hashName,
  normals,
  permutation,
  philox,
  philox4x32,
  uniformAt,
} from "../../../kernels/random/philox.ts";

// From Random123's file kat_vectors, for philox4x32-10.
const ones = 0xffffffff;
const known = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [ones, ones, ones, ones],
    key: [ones, ones],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

Deno.test("philox4x32() gives its authors' known answers", () => {
  for (const { counter, key, words } of known) deepStrictEqual(philox4x32(counter, key), words);
});

Deno.test("hashName() is 32-bit FNV-1a", () => {
  // From the authors' test vectors.
  deepStrictEqual(["", "a", "foobar"].map(hashName), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

Deno.test("philox() uses all 53 bits of seed and counter, and the name", () => {
  const streams = [
    philox(1, "a", 0),
    philox(2, "a", 0),
    philox(1, "b", 0),
    philox(1, "a", 1),
    philox(1 + 2 ** 32, "a", 0),
    philox(1, "a", 2 ** 32),
  ];
  deepStrictEqual(new Set(streams.map(String)).size, streams.length);
});

Deno.test("uniformAt() is in [0, 1) and reads the words of philox() in order", () => {
  for (let i = 0; i < 1000; i++) {
    const u = uniformAt(9, "u", i);
    ok(u >= 0 && u < 1);
    deepStrictEqual(u, philox(9, "u", Math.floor(i / 4))[i % 4] / 2 ** 32);
  }
});

/** Computes a normal number by Box-Muller in float64 from the words of philox(). */
function exactNormal(i: number, { seed, name }: { readonly seed: number; readonly name: string }): number {
  const words = philox(seed, name, Math.floor(i / 4)), pair = i & 2;
  const radius = Math.sqrt(-2 * Math.log((words[pair] + 1) / 2 ** 32)); // + 1 avoids the logarithm of 0
  const angle = 2 * Math.PI * (words[pair + 1] / 2 ** 32);
  return radius * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}

Deno.test("normals() are within 1e-6 of Box-Muller in float64, also for seeds above 2^32", () => {
  for (const [seed, name, count] of [[3, "n", 70001], [2 ** 52 + 12345, "h.0.attn", 20000]] as const) {
    const drawn = normals(seed, name, count);
    let worst = 0;
    drawn.forEach((x, i) => worst = Math.max(worst, Math.abs(x - exactNormal(i, { seed, name }))));
    ok(worst < 1e-6, `off by ${worst}`);
  }
});

Deno.test("normals() have the same bits as when this test was written", async () => {
  const bytes = new Uint8Array(normals(1, "wte.weight", 100_000, 0.02).buffer);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  strictEqual(
    Array.from(digest.subarray(0, 8), (b) => b.toString(16).padStart(2, "0")).join(""),
    "6c5ef62f177b08c1",
  );
});

Deno.test("normals() have the moments and tails of a standard normal, times std", () => {
  const n = 1_000_000, std = 0.02, x = normals(3, "n", n, std).map((v) => v / std);
  // The tolerance is five standard errors, `sqrt(Var(x^k) / n)`, where `Var(x^k)` is the third number of each
  // row.
  for (const [k, expected, variance] of [[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96], [6, 15, 10170]]) {
    const error = Math.abs(x.reduce((sum, v) => sum + v ** k, 0) / n - expected);
    ok(error < 5 * Math.sqrt(variance / n), `moment ${k} is off by ${error}`);
  }
  // `P(|x| > t) = erfc(t / √2)`, from published tables.
  for (const [t, p] of [[1, 0.31731], [2, 0.0455003], [3, 0.0026998], [4, 6.3342e-5]]) {
    const beyond = x.reduce((count, v) => count + (Math.abs(v) > t ? 1 : 0), 0);
    ok(Math.abs(beyond - n * p) < 5 * Math.sqrt(n * p), `beyond ${t} lie ${beyond}, expected ${n * p}`);
  }
  // Numbers at these distances are independent, so their products have mean 0.
  for (const distance of [1, 2, 3, 4, 16]) {
    let products = 0;
    for (let i = distance; i < n; i++) products += x[i] * x[i - distance];
    ok(Math.abs(products / n) < 5 / Math.sqrt(n), `distance ${distance}: ${products / n}`);
  }
});

Deno.test("normals() of a smaller count are the first numbers of a larger one", () => {
  const long = normals(3, "n", 23);
  for (let count = 0; count < 23; count++) {
    deepStrictEqual([...normals(3, "n", count)], [...long.subarray(0, count)]);
  }
});

Deno.test("permutation() holds every number once, in an order that depends on the seed", () => {
  for (const count of [0, 1, 2, 3, 100]) {
    deepStrictEqual([...permutation(1, "p", count)].sort((a, b) => a - b), [...Array(count).keys()]);
  }
  const firsts = new Set(Array.from({ length: 200 }, (_, seed) => permutation(seed, "p", 10)[0]));
  deepStrictEqual(firsts.size, 10);
});
