import { deepStrictEqual, ok } from "node:assert/strict";
import { ropeFrequencies, type RopeOptions, ropeTable } from "../../../kernels/models/rope_table.ts";

/** Frequencies computed in float64 from the published formulas, by pair. */
const goldens: readonly (readonly [name: string, RopeOptions, Readonly<Record<number, number>>])[] = [
  ["llama3, as in Llama 3.2 1B", {
    width: 64,
    base: 500_000,
    scaling: { kind: "llama3", factor: 32, length: 8192, low: 1, high: 4 },
  }, {
    10: .0165604401,
    14: .0032114460,
    15: .0012905479,
    16: .00042955680,
    17: 9.7082878e-5,
    18: 1.9461638e-5,
    31: 9.41830673e-8,
  }],
  ["llama3, as in Llama 3.1 8B", {
    width: 128,
    base: 500_000,
    scaling: { kind: "llama3", factor: 8, length: 8192, low: 1, high: 4 },
  }, {
    28: .0032114460,
    30: .0013718936,
    32: .00052484616,
    34: .00017850781,
    36: 7.7846553e-5,
    63: 3.068926e-7,
  }],
  ["yarn, as in Qwen 2.5", {
    width: 128,
    base: 1e6,
    scaling: { kind: "yarn", factor: 4, length: 32768, fast: 32, slow: 1, attention: 1.1386294361 },
  }, { 24: .0053753215, 30: .0010643610, 40: 4.4456985e-5, 63: 3.1023444e-7 }],
];

for (const [name, options, wanted] of goldens) {
  Deno.test(`ropeFrequencies() gives the published frequencies: ${name}`, () => {
    const got = ropeFrequencies(options);
    for (const [pair, frequency] of Object.entries(wanted)) {
      ok(Math.abs(got[Number(pair)] / frequency - 1) < 1e-6, `pair ${pair}: ${got[Number(pair)]}`);
    }
  });
}

Deno.test("ropeFrequencies() divides all frequencies for linear scaling, and none without", () => {
  const options = { width: 4, base: 10_000 };
  const plain = ropeFrequencies({ ...options, scaling: { kind: "none" } });
  ok(Math.abs(plain[0] - 1) < 1e-15 && Math.abs(plain[1] - 0.01) < 1e-15);
  deepStrictEqual(
    ropeFrequencies({ ...options, scaling: { kind: "linear", factor: 4 } }),
    plain.map((f) => f / 4),
  );
});

Deno.test("ropeTable() has cosines and then sines of each position, times yarn's factor", () => {
  const scaling = { kind: "yarn", factor: 1, length: 8, fast: 32, slow: 1, attention: 2 } as const;
  const { shape, data } = ropeTable({ width: 2, base: 10_000, positions: 3, scaling });
  deepStrictEqual(shape, [3, 2]);
  const wanted = [0, 1, 2].flatMap((p) => [2 * Math.cos(p), 2 * Math.sin(p)]);
  deepStrictEqual([...data], wanted.map(Math.fround));
});
