import { ok, strictEqual, throws } from "node:assert/strict";
import { schedule, type ScheduleOptions } from "../../../kernels/optim/schedule.ts";

/** Compares seven digits, since the tables below have no more. */
function near(rate: number, wanted: number): void {
  ok(Math.abs(rate - wanted) <= 1e-6 * wanted + 1e-18, `${rate}, wanted ${wanted}`);
}

/** Both of these programs use the learning rate `lr·(step + 1)/warmup` during warm-up. */
const buildNanogpt = { lr: 6e-4, minLr: 6e-5, warmup: 715, steps: 19073, warmupDivisor: 715 };
const llmc = { lr: 6e-4, minLr: 0, warmup: 700, steps: 18865, warmupDivisor: 700 };

const tables: readonly (readonly [string, ScheduleOptions, readonly (readonly [number, number])[]])[] = [
  ["build-nanogpt's cosine", { kind: "cosine", ...buildNanogpt }, [
    [0, 8.391608e-7],
    [714, 6e-4],
    [9536, 3.465310e-4],
    [19072, 6.0e-5],
  ]],
  ["llm.c's cosine", { kind: "cosine", ...llmc }, [
    [0, 8.571429e-7],
    [5000, 5.207958e-4],
    [10000, 2.887178e-4],
    [15092, 6.163518e-5],
    [18000, 3.350752e-6],
    [18865, 0],
  ]],
  ["llm.c's linear", { kind: "linear", ...llmc }, [[5000, 4.579686e-4], [10000, 2.928159e-4], [18865, 0]]],
  ["llm.c's wsd", { kind: "wsd", ...llmc }, [
    [700, 6e-4],
    [15092, 6e-4],
    [18000, 7.324939e-5],
    [18865, 0],
  ]],
];

for (const [name, options, rates] of tables) {
  Deno.test(`schedule() gives the rates of ${name}`, () => {
    const rate = schedule(options);
    for (const [step, wanted] of rates) near(rate(step), wanted);
  });
}

Deno.test("schedule() divides by warmup + 1 in warm-up, as nanoGPT does, and stays at minLr after its end", () => {
  const rate = schedule({ kind: "cosine", lr: 1e-3, minLr: 1e-4, warmup: 4, steps: 20 });
  strictEqual(rate(0), 1e-3 / 5);
  strictEqual(rate(2), 0.0006000000000000001); // rounded as nanoGPT rounds it
  strictEqual(rate(4), 1e-3);
  strictEqual(rate(5), 0.0009913533761814538);
  strictEqual(rate(20), 1e-4);
  strictEqual(rate(1e9), 1e-4);
});

Deno.test("schedule() of kind constant keeps lr after warm-up", () => {
  const rate = schedule({ kind: "constant", lr: 0.5, warmup: 1, steps: 3 });
  strictEqual(rate(0), 0.25);
  strictEqual(rate(1), 0.5);
  strictEqual(rate(100), 0.5);
});

Deno.test("schedule() stays between minLr and lr after warm-up and never rises", () => {
  for (const kind of ["cosine", "linear", "wsd"] as const) {
    for (const warmup of [0, 3, 40]) {
      const rate = schedule({ kind, lr: 1, minLr: 0.1, warmup, steps: 37 });
      for (let step = warmup; step < 60; step++) {
        ok(rate(step) <= 1 && rate(step) >= 0.1 - 1e-12, `${kind} ${warmup} ${step}`);
        ok(rate(step + 1) <= rate(step), `${kind} ${warmup} ${step}`);
      }
    }
  }
});

Deno.test("schedule() refuses rates, lengths and fractions out of range", () => {
  const good = { kind: "cosine", lr: 1, steps: 10 } as const;
  for (
    const bad of [{ lr: NaN }, { lr: -1 }, { minLr: 2 }, { warmup: 1.5 }, { warmup: -1 }, { steps: 0 }, {
      warmupDivisor: 0,
    }, { decayFraction: 2 }]
  ) throws(() => schedule({ ...good, ...bad }), RangeError);
});
