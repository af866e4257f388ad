/**
 * Tests updates that begin while the previous update is still running: the number of runs and reads, and
 * when the host waits.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import type { Batch } from "../../../stages/items.ts";
import { PendingResults } from "../../../stages/train/pending_results.ts";
import { plan } from "../../../stages/model/plan.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { train } from "../../../stages/train/train.ts";

const shape = [1, 2, 8] as const;
const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 64, vocabPad: 1 });
const weights = initialWeights(model, 1);
const rate = 1e-2;

function batchAt(i: number): Batch {
  const ids = Uint32Array.from({ length: 17 }, (_, t) => (13 * i + 5 * t) % 64);
  return { inputs: ids.slice(0, 16), targets: ids.slice(1), shape };
}

function planned(history?: number) {
  return plan({
    model,
    training: { optimizer: adamw(), shape, clip: 1, ...(history !== undefined && { history }) },
  });
}

Deno.test("results() gives what step() gives, however many updates are read together", async () => {
  const cpu = await openCpu({ threads: 1 });
  await using one = await openModel(cpu, { plan: planned(1), weights });
  await using many = await openModel(cpu, { plan: planned(3), weights });
  const wanted = [], found = [];
  for (let step = 0; step < 8; step++) {
    wanted.push(await one.step(batchAt(step), { learningRate: rate, step }));
    many.begin(batchAt(step), { learningRate: rate, step });
    if ([0, 2, 5].includes(step)) found.push(...await many.results()); // reads 1, 2 and 3 updates; 2 are left
  }
  found.push(...await many.results());
  deepStrictEqual(found, wanted);
  deepStrictEqual(await many.results(), []);
});

Deno.test("begin() refuses an update whose result would overwrite one that was not read", async () => {
  await using session = await openModel(await openCpu({ threads: 1 }), { plan: planned(2), weights });
  const begin = (step: number) => session.begin(batchAt(step), { learningRate: rate, step });
  begin(0);
  begin(1);
  throws(() => begin(2), /results of 2 are unread, and the device keeps 2: call results\(\)/);
  await session.results();
  begin(2);
});

Deno.test("PendingResults on the CPU engine reports each update once the next has begun, and waits only for the last", async () => {
  await using session = await openModel(await openCpu({ threads: 1 }), { plan: planned(), weights });
  const reported: number[] = [];
  const results = new PendingResults(session, ({ step }) => reported.push(step));
  const before = session.counters;
  for (let step = 0; step < 5; step++) {
    session.begin(batchAt(step), { learningRate: rate, step });
    const submitted = performance.now();
    await results.add({ step, batch: step, origins: undefined, learningRate: rate, tokens: 0, submitted });
    deepStrictEqual(reported, Array.from({ length: step }, (_, i) => i), `begun ${step}`);
  }
  await results.drain();
  deepStrictEqual(reported, [0, 1, 2, 3, 4]);
  strictEqual(session.counters.runs - before.runs, 5);
  const waits = session.counters.waits - before.waits;
  ok(waits >= 1 && waits <= 5, `${waits}`); // more than one wait only if this thread was slow
});

Deno.test("a read of the CPU engine does not wait for updates begun after it", async () => {
  await using session = await openModel(await openCpu({ threads: 1 }), { plan: planned(), weights });
  session.begin(batchAt(0), { learningRate: rate, step: 0 });
  const first = session.results();
  session.begin(batchAt(1), { learningRate: rate, step: 1 });
  const before = session.counters;
  await first;
  strictEqual(session.counters.waits, before.waits, "the second update is still running");
  await session.results();
  strictEqual(session.counters.waits, before.waits + 1);
});

Deno.test("train() on webgpu: one run per update, one read-back and one wait per history of updates", async () => {
  const counts = { runs: [0, 0], readBacks: [0, 0], waits: [0, 0] };
  await from(asSource("batches", () => Array.from({ length: 9 }, (_, i) => batchAt(i))))
    .pipe(train({ engine: await openWebgpu(), plan: planned(2), schedule: () => rate, steps: 9 }))
    .pipe({
      name: "count",
      open: () => null,
      // Counts from update 2 to update 8, because at both updates the same number of results is still unread.
      push({ step, model }) {
        for (const name of ["runs", "readBacks", "waits"] as const) {
          if (step === 2) counts[name][0] = model.counters[name];
          if (step === 8) counts[name][1] = model.counters[name];
        }
        return [];
      },
    })
    .run();
  const rise = (name: keyof typeof counts) => counts[name][1] - counts[name][0];
  deepStrictEqual([rise("runs"), rise("readBacks"), rise("waits")], [6, 3, 3]);
});

Deno.test("train() begins an update before it reports the one before it", async () => {
  const order: string[] = [];
  await from(asSource("batches", function* () {
    for (let i = 0; i < 3; i++) {
      order.push(`batch ${i}`);
      yield batchAt(i);
    }
  }))
    .pipe(train({ engine: await openCpu({ threads: 1 }), plan: planned(), schedule: () => rate, steps: 3 }))
    .run({ onEvent: (e) => void (e.type === "step" && order.push(`reported ${e.step}`)) });
  deepStrictEqual(order, ["batch 0", "batch 1", "reported 0", "batch 2", "reported 1", "reported 2"]);
});
