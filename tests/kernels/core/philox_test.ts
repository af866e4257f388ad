import { deepStrictEqual, ok } from "node:assert/strict";
import {
  hashName,
  normals,
  permutation,
  philox,
  philox4x32,
  uniformAt,
} from "../../../kernels/core/philox.ts";

// Random123's kat_vectors for philox4x32-10.
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

Deno.test("philox4x32() gives the known answers of its authors", () => {
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

Deno.test("normals() have the moments of a standard normal", () => {
  const x = normals(3, "n", 40000);
  const moment = (k: number) => x.reduce((sum, v) => sum + v ** k, 0) / x.length;
  // Five standard errors: sqrt(Var(x^k) / n), Var 1, 2, 15, 96.
  for (const [k, wanted, variance] of [[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96]]) {
    const error = Math.abs(moment(k) - wanted);
    ok(error < 5 * Math.sqrt(variance / x.length), `moment ${k} is off by ${error}`);
  }
});

Deno.test("normals() of a shorter count begin the longer ones", () => {
  const long = normals(3, "n", 23);
  for (let count = 0; count < 23; count++) {
    deepStrictEqual([...normals(3, "n", count)], [...long.subarray(0, count)]);
  }
});

Deno.test("permutation() holds every number once, and moves them about", () => {
  for (const count of [0, 1, 2, 3, 100]) {
    deepStrictEqual([...permutation(1, "p", count)].sort((a, b) => a - b), [...Array(count).keys()]);
  }
  const firsts = new Set(Array.from({ length: 200 }, (_, seed) => permutation(seed, "p", 10)[0]));
  deepStrictEqual(firsts.size, 10);
});
