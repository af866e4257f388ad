/**
 * Tests updates that diverge: the detector, and what `train` does when an update diverges.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import type { RunEvent, StepEvent } from "../../../stages/flow/events.ts";
import { from } from "../../../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import type { Batch } from "../../../stages/items.ts";
import { outlierWindow, zScore } from "../../../stages/train/outliers.ts";
import { plan } from "../../../stages/model/plan.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { train, type TrainOptions } from "../../../stages/train/train.ts";
import { DocumentIndex } from "../../../stages/shard/document_index.ts";
import { describeOrigins } from "../../../stages/train/batch_origins.ts";
import { DivergenceDetector } from "../../../stages/train/divergence.ts";
import { SkipBatchError } from "../../../stages/train/divergence_response.ts";

Deno.test("zScore() equals llm.c's: NaN until there are 128 values, small for similar values, above 5 for an outlier", () => {
  const values: number[] = [];
  for (let i = 0; i < 256; i++) {
    const z = zScore(values, 2 * uniformAt(1, "outliers", i) - 1);
    ok(i < outlierWindow ? Number.isNaN(z) : Math.abs(z) <= 3, `${z} at ${i}`);
  }
  ok(zScore(values, 10) >= 5);
  strictEqual(values.length, outlierWindow);
});

Deno.test("zScore() includes the value itself, uses the population's deviation, and ignores NaN and infinite values", () => {
  const values = Array<number>(128).fill(2);
  strictEqual(zScore(values, 2), 0); // the standard deviation is 0
  // One outlier among 128 values: the mean is `2 + d / 128` and the deviation `d·√127 / 128`, so `z = √127`
  // for any `d`.
  ok(Math.abs(zScore(values, 1000) - Math.sqrt(127)) < 1e-9);
  const before = [...values];
  ok(Number.isNaN(zScore(values, NaN)) && Number.isNaN(zScore(values, Infinity)));
  deepStrictEqual(values, before);
});

Deno.test("DivergenceDetector skips NaN ten times in a row, then stops", () => {
  const detector = new DivergenceDetector({ onNan: "skip" }),
    nan = { loss: NaN, gradNorm: 1 },
    sound = { loss: 1, gradNorm: 1 };
  for (const _ of Array(10).keys()) strictEqual(detector.check(nan)?.action, "skip");
  const after = new DivergenceDetector({ onNan: "skip" }, detector.save());
  deepStrictEqual(after.check(nan), {
    action: "stop",
    reason: "the loss is NaN, and the 10 steps before it were skipped too",
  });
  strictEqual(detector.check(sound), null);
  strictEqual(detector.check({ loss: 1, gradNorm: Infinity })?.reason, "the gradient norm is Infinity");
});

Deno.test("DivergenceDetector finds a spike after a resume as it would have without one", () => {
  const sound = (i: number) => ({
    loss: 2 + uniformAt(1, "loss", i),
    gradNorm: 1 + uniformAt(1, "norm", i),
  });
  const spikes = { loss: { ...sound(200), loss: 90 }, "gradient norm": { ...sound(200), gradNorm: 90 } };
  for (const [name, spike] of Object.entries(spikes)) {
    const detector = new DivergenceDetector({ spikeZ: 6 });
    for (let i = 0; i < outlierWindow; i++) strictEqual(detector.check(sound(i)), null);
    const saved = JSON.parse(JSON.stringify(detector.save()));
    const found = new DivergenceDetector({ spikeZ: 6 }, saved).check(spike);
    ok(found?.reason.startsWith(`the ${name} 90.00 is `), found?.reason);
    deepStrictEqual(found, detector.check(spike));
    strictEqual(new DivergenceDetector({ spikeZ: 6 }).check(spike), null); // so the state is what finds it
  }
});

Deno.test("describeOrigins() joins adjacent ranges and names the first of many", () => {
  const at = (path: string, start: number) => ({ path, start, count: 8 });
  strictEqual(
    describeOrigins([at("b", 0), at("a", 16), at("a", 8), at("a", 40)]),
    "a tokens 8 to 24, tokens 40 to 48, b tokens 0 to 8",
  );
  ok(describeOrigins(Array.from({ length: 9 }, (_, i) => at("a", 20 * i))).endsWith(" and 5 more ranges"));
  strictEqual(describeOrigins(undefined), "");
});

Deno.test("describeOrigins() names the documents of shards that have an index", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/train_000000.bin`, index = new DocumentIndex(path, 0);
    for (const i of Array(9).keys()) index.add(10 * i, `mail ${i}`);
    index.close();
    strictEqual(
      describeOrigins([{ path, start: 12, count: 8 }]),
      `${path} tokens 12 to 20 (document "mail 1")`,
    );
    ok(
      describeOrigins([{ path, start: 5, count: 60 }]).endsWith(
        `(documents "mail 0", "mail 1", "mail 2", "mail 3" and 3 more)`,
      ),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

const shape = [2, 1, 4] as const, vocabSize = 16;

function planned(deferred: boolean) {
  return plan({
    model: gpt({ layers: 1, heads: 1, channels: 4, seqLen: 4, vocabSize, vocabPad: 1 }),
    training: { optimizer: adamw(), shape, clip: 1, deferred },
  });
}

/**
 * Returns `count` batches. The tokens of batch `odd` differ from those of all others, so that its loss
 * spikes.
 */
function batches(count: number, odd = -1): readonly Batch[] {
  return Array.from({ length: count }, (_, i) => {
    const ids = Uint32Array.from({ length: 9 }, (_, t) => i === odd ? (7 * t + 5) % 16 : t % 3 + i % 2);
    const origins = [{ path: "train_000000.bin", start: 8 * i, count: 8 }];
    return { inputs: ids.slice(0, 8), targets: ids.slice(1), shape, origins };
  });
}

type Run = Partial<TrainOptions> & {
  readonly batches: readonly Batch[];
  readonly checkpoints?: MemoryCheckpoints;
};

async function run({ batches, checkpoints, ...options }: Run): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [], rate = schedule({ kind: "constant", lr: 0.02, steps: 1 });
  await from(asSource("batches", () => batches))
    .pipe(train({ engine: await openCpu({ threads: 1 }), plan: planned(true), schedule: rate, ...options }))
    .run({ seed: 3, barrierEvery: 2, ...(checkpoints && { checkpoints }), onEvent: (e) => events.push(e) });
  return events
    .filter((e) => e.type === "step" || e.type === "note")
    .map((e) => e.type === "step" ? { ...e, elapsed: 0, tokensPerSecond: 0 } : e);
}

const steps = (events: readonly RunEvent[]) => events.filter((e): e is StepEvent => e.type === "step");

Deno.test("a committed update equals one that is not deferred, and a discarded one changes no bit, on both engines", async () => {
  const batch = batches(1)[0], weights = initialWeights(planned(false).model, 2);
  for (const open of [() => openCpu({ threads: 2 }), () => openWebgpu()]) {
    await using plain = await openModel(await open(), { plan: planned(false), weights });
    await using deferred = await openModel(await open(), { plan: planned(true), weights });
    const all = async (of: typeof plain) => ({ ...await of.weights(), ...await of.optimizer() });
    for (let step = 0; step < 2; step++) {
      const now = { learningRate: 0.01, step };
      deepStrictEqual(await deferred.step(batch, now), await plain.step(batch, now));
      const before = await all(deferred);
      deepStrictEqual(before, await all(plain));
      deferred.begin(batches(3, 2)[2], now);
      throws(() => deferred.begin(batch, now), /waits for commit/);
      await deferred.results();
      deferred.discard();
      deepStrictEqual(await all(deferred), before); // no gradients are left for the next update
      throws(() => deferred.commit(), /none is deferred/);
    }
  }
});

Deno.test("train() skips an update whose loss spikes, and skips it again when resumed from before it", async () => {
  const odd = 135, options = { batches: batches(140, odd), divergence: { spikeZ: 6 }, checkpointEvery: 130 };
  const checkpoints = new MemoryCheckpoints();
  const events = await run({ ...options, checkpoints });
  const skipped = steps(events).filter((e) => e.skipped !== undefined);
  deepStrictEqual(skipped.map((e) => e.step), [odd]);
  ok(
    /^the loss .* is \d+\.\d standard deviations above the mean of the last 128; batch 136 is from train_000000.bin tokens 1080 to 1088$/
      .test(skipped[0].skipped!),
    skipped[0].skipped,
  );
  strictEqual(steps(events).length, 140);
  const again = await run({ ...options, checkpoints: new MemoryCheckpoints(checkpoints.all[0]) });
  deepStrictEqual(again, events.slice(events.findIndex((e) => e.type === "step" && e.step === 130)));
  const off = await run({ ...options, divergence: { spikeZ: 0 }, plan: planned(false) });
  strictEqual(steps(off).filter((e) => e.skipped !== undefined).length, 0);
  await rejects(
    run({ ...options, divergence: { spikeZ: 6, onSpike: "stop" }, plan: planned(false) }),
    (error) =>
      /after step 135: the loss .* standard deviations above .*batch 136 is from train_000000.bin tokens 1080/
        .test(
          String(error),
        ),
  );
});

Deno.test("train() that rolls back names the batch, and resumed from its checkpoint skips it", async () => {
  const odd = 135,
    divergence = { spikeZ: 6, onSpike: "rollback" } as const,
    checkpoints = new MemoryCheckpoints();
  const options = { batches: batches(140, odd), divergence, plan: planned(false), checkpointEvery: 130 };
  let found: SkipBatchError | null = null;
  await rejects(run({ ...options, checkpoints }), (error) => {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      if (at instanceof SkipBatchError) found = at;
    }
    return found !== null;
  });
  const { batch, reason } = found!;
  strictEqual(batch, odd);
  ok(reason.includes("step 135: the loss") && reason.includes("tokens 1080 to 1088"), reason);
  const later = new MemoryCheckpoints(checkpoints.all[0]);
  const rest = await run({ ...options, skippedBatches: new Map([[batch, reason]]), checkpoints: later });
  deepStrictEqual(rest.filter((e) => e.type === "note").map((e) => e.text), [
    `batch ${odd + 1} skipped: ${reason}`,
  ]);
  const without = await run({ ...options, batches: options.batches.filter((_, i) => i !== odd) });
  deepStrictEqual(steps(rest), steps(without).slice(130)); // as if the batch did not exist
  deepStrictEqual(steps(rest).at(-1)?.step, 138);
});

Deno.test("train() refuses to skip updates of a plan that does not defer them", () => {
  const engine = openCpu({ threads: 1 });
  return engine.then((engine) =>
    throws(
      () => train({ engine, plan: planned(false), schedule: () => 1, divergence: { onNan: "skip" } }),
      /deferred: true/,
    )
  );
});
