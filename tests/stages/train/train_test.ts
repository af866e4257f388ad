import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { from } from "../../../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { TensorFile } from "../../../stages/flow/checkpoint/types.ts";
import type { Batch } from "../../../stages/items.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { evaluate } from "../../../stages/evaluate/evaluate.ts";
import { sample } from "../../../stages/sample/sample.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";
import { train, type TrainOptions } from "../../../stages/train/train.ts";

const shape = [2, 1, 4] as const;
const tokenizer = byteTokenizer();
const programs = programsOf(0);
const rate = schedule({ kind: "cosine", lr: 0.01, warmup: 2, steps: 7 });

function programsOf(dropout: number): Plan {
  const { vocabSize } = tokenizer;
  return plan({
    model: gpt({ layers: 1, heads: 1, channels: 4, seqLen: 4, vocabSize, vocabPad: 1, dropout }),
    training: { optimizer: adamw(), shape, clip: 1 },
    evaluation: { batch: 1, seqLen: 4 },
    sampling: true,
  });
}

function batches(count: number): readonly Batch[] {
  return Array.from({ length: count }, (_, i) => {
    const ids = Uint32Array.from({ length: 9 }, (_, t) => (31 * i + 7 * t) % 256);
    return { inputs: ids.slice(0, 8), targets: ids.slice(1), shape };
  });
}

/** Returns whether all weights in a saved state of `train` are finite. */
function finiteWeights(state: unknown): boolean {
  ok(typeof state === "object" && state !== null && "model" in state && state.model instanceof TensorFile);
  return Object.values(state.model.tensors).every(({ data }) => data.every(Number.isFinite));
}

/**
 * Opens the CPU engine with `readsDrain` set. The engine then claims that every read waits for all submitted
 * work, as on WebGPU in Deno, so `train` reads several updates together.
 */
async function draining(): Promise<Engine> {
  const cpu = await openCpu({ threads: 1 });
  return {
    ...cpu,
    async open(programs, weights) {
      const session = await cpu.open(programs, weights);
      return {
        readsDrain: true,
        get counters() {
          return session.counters;
        },
        write: (values) => session.write(values),
        run: (names, options) => session.run(names, options),
        read: (labels) => session.read(labels),
        change: (labels, work) => session.change(labels, work),
        timings: () => session.timings(),
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  };
}

interface Options extends Partial<TrainOptions> {
  readonly count?: number;
  readonly checkpoints?: MemoryCheckpoints;
  readonly seed?: number;
  /** First token of the validation text. */
  readonly first?: number;
}

/** Runs train, evaluate and sample; returns their events without times. */
async function run(
  { count = 10, checkpoints, seed = 3, first = 0, ...options }: Options,
): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  const validation = Uint32Array.from({ length: 23 }, (_, i) => (first + 5 * i) % 256);
  const counts = new Uint32Array(256).fill(1);
  await from(asSource("batches", () => batches(count)))
    .pipe(train({ engine: await openCpu({ threads: 1 }), plan: programs, schedule: rate, ...options }))
    .pipe(evaluate({
      every: 3,
      validation: () => Promise.resolve(validation),
      tokenBytes: () => 2,
      trainingCounts: () => counts,
    }))
    .pipe(sample({ every: 4, tokenizer, prompt: "a", maxTokens: 3, topK: 5 }))
    .run({ seed, barrierEvery: 2, ...(checkpoints && { checkpoints }), onEvent: (e) => events.push(e) });
  return events
    .filter((e) => ["step", "eval", "sample"].includes(e.type))
    .map((e) => e.type === "step" ? { ...e, elapsed: 0, tokensPerSecond: 0 } : e);
}

const of = (events: readonly RunEvent[], type: string) =>
  events.flatMap((e) => e.type === type && "step" in e ? [e.step] : []);

Deno.test("train() emits every update; evaluate() and sample() act every N updates and after the last", async () => {
  const events = await run({ steps: 7 });
  deepStrictEqual(of(events, "step"), [0, 1, 2, 3, 4, 5, 6]);
  deepStrictEqual(of(events, "eval"), [3, 6, 7]);
  deepStrictEqual(of(events, "sample"), [4, 7]);
  for (const event of events) {
    if (event.type === "step") {
      strictEqual(event.tokens, 8 * (event.step + 1));
      strictEqual(event.lr, rate(event.step));
      ok(event.loss > 5 && event.loss < 6.5 && event.gradNorm > 0);
    }
    if (event.type === "eval") {
      ok(Math.abs(event.bitsPerByte! - event.valLoss / Math.LN2 / 2) < 1e-12);
      ok(Math.abs(event.unigramLoss! - Math.log(256)) < 1e-9);
    }
  }
});

Deno.test("evaluate() does not resume with another validation text", async () => {
  const checkpoints = new MemoryCheckpoints();
  await run({ steps: 4, checkpoints });
  const resumed = () => new MemoryCheckpoints(checkpoints.all.at(-1) ?? null);
  await rejects(run({ steps: 7, checkpoints: resumed(), first: 1 }), /the validation text has changed/);
  deepStrictEqual(of(await run({ steps: 7, checkpoints: resumed() }), "eval"), [6, 7]);
});

for (const dropout of [0, 0.3]) {
  const of = dropout === 0 ? "" : " with dropout";
  Deno.test(`train()${of} resumed from any of its checkpoints continues as if it had never stopped`, () =>
    resumed(dropout));
}

async function resumed(dropout: number): Promise<void> {
  const checkpoints = new MemoryCheckpoints(), plan = programsOf(dropout);
  const whole = await run({ plan, steps: 7, checkpointEvery: 3, checkpoints });
  const savedSteps = checkpoints.all.map((parts) => {
    const state = parts.get("train")?.state;
    return typeof state === "object" && state !== null && "step" in state ? state.step : null;
  });
  deepStrictEqual(savedSteps, [3, 6, 7, 7]); // the last once more, after it was evaluated
  for (const [i, parts] of checkpoints.all.entries()) {
    const again = await run({
      plan,
      steps: 7,
      checkpointEvery: 3,
      checkpoints: new MemoryCheckpoints(parts),
    });
    // The interrupted run emitted the events up to the checkpoint's update, without the evaluations after it.
    const last = whole.findIndex((e) => e.type === "step" && e.step === Number(savedSteps[i]) - 1);
    deepStrictEqual(again, i === 3 ? [] : whole.slice(last + 1));
  }
}

Deno.test("train() draws dropout masks from the run's seed, whatever the weights", async () => {
  const plan = programsOf(0.3), weights = initialWeights(plan.model, 1);
  const course = (seed: number) => run({ plan, weights, steps: 2, seed });
  deepStrictEqual(await course(5), await course(5));
  const losses = async (seed: number) => (await course(seed)).map((e) => e.type === "step" ? e.loss : 0);
  notDeepStrictEqual(await losses(6), await losses(5));
});

Deno.test("train() and evaluate() end with the input if `steps` is absent", async () => {
  const checkpoints = new MemoryCheckpoints();
  const events = await run({ count: 4, checkpoints });
  deepStrictEqual(of(events, "eval"), [3, 4]);
  deepStrictEqual(of(events, "sample"), [4]);
  strictEqual(checkpoints.all.length >= 1, true);
});

Deno.test("train() ends after the update that passes its time limit", async () => {
  deepStrictEqual(of(await run({ timeLimit: 1e-9 }), "step"), [0]);
});

Deno.test("train() that reads updates together emits all of them before evaluations and checkpoints, and resumes the same", async () => {
  const engine = await draining();
  const checkpoints = new MemoryCheckpoints();
  const whole = await run({ steps: 7, checkpointEvery: 5, checkpoints, engine });
  deepStrictEqual(whole, await run({ steps: 7 }));
  const again = await run({
    steps: 7,
    checkpointEvery: 5,
    checkpoints: new MemoryCheckpoints(checkpoints.all[0]),
    engine,
  });
  deepStrictEqual(again, whole.slice(whole.findIndex((e) => e.type === "step" && e.step === 4) + 1));
});

Deno.test("train() counts no time twice: each update begins after the one before it has ended", async () => {
  for (const engine of [await openCpu({ threads: 1 }), await draining()]) {
    const times: { elapsed: number; tokensPerSecond: number }[] = [];
    await from(asSource("batches", () => batches(25)))
      .pipe(train({ engine, plan: programs, schedule: rate, steps: 25 }))
      .run({ onEvent: (e) => void (e.type === "step" && times.push(e)) });
    strictEqual(times.length, 25);
    for (let i = 1; i < times.length; i++) {
      const since = times[i].elapsed - times[i - 1].elapsed, seconds = 8 / times[i].tokensPerSecond;
      ok(since > 0 && seconds <= since + 1e-9, `update ${i}: ${seconds} s, ${since} s after the one before`);
    }
  }
});

/**
 * A learning rate so high that the third update makes the weights NaN. The loss of that update is finite,
 * since it is computed before the weights change.
 */
const ruiningRate = (step: number) => step === 2 ? NaN : 1e-3;

Deno.test("train() stops where the loss is NaN, and suggests options", async () => {
  await rejects(
    run({ schedule: ruiningRate, steps: 7 }),
    (error) => /after step 3: the loss is NaN: .*--lr/.test(String(error)),
  );
});

Deno.test("train() takes no checkpoint of weights that are NaN", async () => {
  const checkpoints = new MemoryCheckpoints();
  await rejects(
    run({ schedule: ruiningRate, steps: 7, checkpointEvery: 1, checkpoints }),
    (error) => /after step 2: wte.weight holds NaN: .*--lr/.test(String(error)),
  );
  strictEqual(checkpoints.all.length, 2);
  strictEqual(checkpoints.all.every((parts) => finiteWeights(parts.get("train")?.state)), true);
});

Deno.test("train() that reads updates together takes no checkpoint before it has read all losses", async () => {
  const checkpoints = new MemoryCheckpoints();
  await rejects(
    run({ schedule: ruiningRate, steps: 7, checkpointEvery: 5, checkpoints, engine: await draining() }),
    (error) => /after step 3: the loss is NaN: .*--lr/.test(String(error)),
  );
  strictEqual(checkpoints.all.length, 0);
});

Deno.test("train() refuses saved state that is not its own", async () => {
  const checkpoints = new MemoryCheckpoints(new Map([["train", { state: { step: 1 } }]]));
  await rejects(
    run({ steps: 2, checkpoints }),
    (error) => /of this version's train stage/.test(String(error)),
  );
});
