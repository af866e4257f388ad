/**
 * The stage that trains: it turns each batch into one update and passes the model on. It decides when
 * checkpoints are taken, so that a checkpoint holds the state after an exact number of updates.
 *
 * @module
 */
import { initialWeights } from "../../kernels/models/model.ts";
import type { StepEvent } from "../flow/events.ts";
import { type Context, giveBackItem, type Stage, takeCheckpoint } from "../flow/stage.ts";
import type { Batch } from "../items.ts";
import { openModel } from "../model/model_session.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { DivergenceDetector, needsDeferredUpdates } from "./divergence.ts";
import { skipReasonOrThrow } from "./divergence_response.ts";
import { isOpen, type OpenSchedule, SpeedMeter } from "./open_schedule.ts";
import { type CompletedUpdate, PendingResults } from "./pending_results.ts";
import { Profiler } from "./profile.ts";
import { restoredUpdate, savedTraining, saveTraining } from "./train_checkpoint.ts";
import type { TrainOptions, TrainState } from "./train_state.ts";

export type {
  BatchContext,
  ObservedUpdate,
  TrainedAdapters,
  TrainOptions,
  TrainState,
} from "./train_state.ts";

/**
 * Trains a model with one update per batch. It emits a step event for each update, and takes a checkpoint
 * every `checkpointEvery` updates and after the last update, each before the stages that follow observe the
 * update; a resumed run passes the update on to them again if they had not finished with it.
 *
 * An update is begun while the previous one is still running, so the event of an update is delayed: by one
 * update if reading a result costs nothing, otherwise until several results are read together. All events are
 * emitted before a checkpoint is taken. If the plan defers updates, each update is read and then committed or
 * discarded before the next one begins.
 *
 * Throws RangeError if a checkpoint does not fit the model. If an update diverged, throws RangeError if the
 * run must stop, and SkipBatchError if the run must be resumed without the update's batch.
 *
 * @example
 * ```ts
 * import { adamw, from, gpt, openEngine, plan, schedule, train } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const planned = plan({ model, training: { optimizer: adamw(), shape: [1, 2, 8], clip: 1 } });
 * const { engine } = await openEngine("cpu");
 * const ids = Uint32Array.from({ length: 16 }, (_, i) => i);
 * const batch = { inputs: ids, targets: ids, shape: planned.training!.shape };
 * const rate = schedule({ kind: "constant", lr: 1e-3, steps: 3 });
 * const losses: number[] = [];
 * await from([batch, batch, batch])
 *   .pipe(train({ engine, plan: planned, steps: 3, schedule: rate }))
 *   .run({ onEvent: (event) => event.type === "step" && losses.push(event.loss) });
 * console.log(losses[2] < losses[0]); // true
 * ```
 */
export function train(options: TrainOptions): Stage<Batch, ModelUpdate>;
/** Trains a model with one update per item, from which `prepare` makes a batch. */
export function train<Item>(
  options: TrainOptions<Item> & Required<Pick<TrainOptions<Item>, "prepare">>,
): Stage<Item, ModelUpdate>;
export function train(options: TrainOptions<any>): Stage<any, ModelUpdate> {
  if (needsDeferredUpdates(options.divergence ?? {}) && options.plan.training?.deferred !== true) {
    throw new RangeError(
      "Cannot skip updates of this plan: skipping needs a plan with deferred: true in its training",
    );
  }
  return {
    name: "train",
    takesCheckpoints: true,
    open: (ctx: Context, saved?: unknown) => open(options, { ctx, saved }),
    push: (item: unknown, state: TrainState, ctx: Context) => push(options, { item, state, ctx }),
    flush: (state: TrainState) => flush(options, state),
    settle,
    done: (state: TrainState) => finished(options, state),
    save: (state: TrainState) => saveTraining(options, state),
    close: (state: TrainState) => state.model[Symbol.asyncDispose](),
  };
}

async function open(
  { engine, plan, weights, profile, schedule, timeLimit, adapters, divergence = {} }: TrainOptions<any>,
  { ctx, saved }: { readonly ctx: Context; readonly saved: unknown },
): Promise<TrainState> {
  const checkpoint = saved === undefined ? null : savedTraining(saved, adapters);
  const model = await openModel(engine, {
    plan,
    weights: adapters === undefined
      ? checkpoint?.model.tensors ?? weights ?? initialWeights(plan.model, ctx.seed)
      : { ...weights, ...checkpoint?.model.tensors },
    ...(checkpoint !== null && { optimizer: checkpoint.optimizer.tensors }),
    seed: ctx.seed,
  });
  const { step = 0, tokens = 0, elapsed = 0, batches = step, scheduleSteps = null } = checkpoint ?? {};
  const startTime = performance.now() - 1000 * elapsed;
  const detector = new DivergenceDetector(divergence, checkpoint?.watch);
  const results = new PendingResults(model, (update) => {
    const diverged = detector.check(update);
    const skipped = diverged === null ? null : skipReasonOrThrow(diverged, {
      ...update,
      training: plan.training,
    });
    if (plan.training?.deferred === true) {
      if (skipped === null) model.commit();
      else model.discard();
    }
    ctx.emit({
      ...stepEvent(update, { startTime, tokensPerStep: plan.tokensPerStep }),
      ...(skipped !== null && { skipped }),
    });
    if (skipped !== null) ctx.emit({ type: "note", text: `step ${update.step} skipped: ${skipped}` });
  });
  return {
    model,
    results,
    ...startingSchedule(schedule, scheduleSteps),
    meter: isOpen(schedule) && scheduleSteps === null && timeLimit !== undefined
      ? new SpeedMeter(timeLimit)
      : null,
    profiler: profile === undefined ? null : new Profiler(model, profile),
    detector,
    batches,
    origins: undefined,
    step,
    tokens,
    elapsed,
    unobserved: checkpoint?.unobserved === undefined ? null : restoredUpdate(checkpoint.unobserved),
    savedStep: checkpoint === null ? -1 : step,
    savedObserved: checkpoint?.unobserved === undefined,
    startTime,
  };
}

async function* push(
  options: TrainOptions<any>,
  { item, state, ctx }: { readonly item: unknown; readonly state: TrainState; readonly ctx: Context },
): AsyncGenerator<ModelUpdate | typeof takeCheckpoint | typeof giveBackItem> {
  yield* observe(options, state);
  if (finished(options, state)) return; // a finished run was started again
  const number = state.batches++, skipped = options.skippedBatches?.get(number);
  if (skipped !== undefined) {
    ctx.emit({ type: "note", text: `batch ${number + 1} skipped: ${skipped}` });
    return;
  }
  const { plan, checkpointEvery = 0 } = options;
  const { model, results, profiler, step } = state;
  const batch = options.prepare === undefined
    ? item as Batch
    : await options.prepare(item, { model, step, item: number, ctx, reported: () => results.drain() });
  if (batch === null) return;
  if (batch === giveBackItem) {
    state.batches--;
    yield giveBackItem;
    return;
  }
  const { origins } = batch;
  state.origins = origins;
  if (isOpen(options.schedule) && state.scheduleSteps === null && batch.total !== undefined) {
    fixSchedule(options.schedule, { steps: batch.total, state, ctx });
  }
  const submitted = performance.now(), learningRate = state.schedule(step);
  const timed = profiler?.startUpdate(step) ?? false;
  profiler?.mark("other stages");
  model.begin(batch, { learningRate, step, timed });
  profiler?.mark("upload and submit");
  state.step++;
  state.tokens += plan.tokensPerStep;
  await results.add({ step, batch: number, origins, learningRate, tokens: state.tokens, submitted });
  if (plan.training?.deferred === true) await results.drain();
  profiler?.mark("wait for earlier results");
  if (profiler?.complete) {
    await results.drain();
    await profiler.finish();
  }
  state.elapsed = secondsSince(state.startTime);
  if (state.meter?.updated(state)) await measureSpeed(options, { state, ctx });
  state.unobserved = { batch, learningRate };
  const isDue = checkpointEvery > 0 && state.step % checkpointEvery === 0;
  // Before the stages that observe the model, which may take longer than the updates since the last one.
  if (isDue || finished(options, state)) yield* checkpoint(state);
  yield* observe(options, state);
}

/** Returns the schedule that a run begins with, or resumes with if its length was determined before. */
function startingSchedule(
  schedule: TrainOptions["schedule"],
  scheduleSteps: number | null,
): Pick<TrainState, "schedule" | "scheduleSteps"> {
  if (!isOpen(schedule)) return { schedule, scheduleSteps: null };
  if (scheduleSteps === null) return { schedule: schedule.before, scheduleSteps };
  return { schedule: schedule.ofLength(scheduleSteps).schedule, scheduleSteps };
}

/** Takes the time once all updates have ended, and determines the schedule's length if that is enough. */
async function measureSpeed(
  { schedule }: TrainOptions<any>,
  { state, ctx }: { readonly state: TrainState; readonly ctx: Context },
): Promise<void> {
  if (!isOpen(schedule)) return;
  await state.results.drain();
  state.elapsed = secondsSince(state.startTime);
  const steps = state.meter?.measure(state, schedule.share ?? 0.9) ?? null;
  if (steps !== null) fixSchedule(schedule, { steps, state, ctx });
}

/** Determines the length of the schedule, once and for all. */
function fixSchedule(
  open: OpenSchedule,
  { steps, state, ctx }: { readonly steps: number; readonly state: TrainState; readonly ctx: Context },
): void {
  const { schedule, options } = open.ofLength(steps);
  state.schedule = schedule;
  state.scheduleSteps = steps;
  state.meter = null;
  ctx.emit({ type: "change", step: state.step, options });
}

/** Passes on the latest update unless the stages after this one have had it. */
function* observe(options: TrainOptions<any>, state: TrainState): Generator<ModelUpdate> {
  if (state.unobserved === null) return;
  const { model, results, step } = state, last = finished(options, state);
  yield { step, model, ...state.unobserved, last, reported: () => results.drain() };
  state.unobserved = null;
}

async function* flush(
  options: TrainOptions<any>,
  state: TrainState,
): AsyncGenerator<ModelUpdate | typeof takeCheckpoint> {
  await state.profiler?.finish(); // if the run ended early, fewer updates have been timed
  yield* observe(options, state);
  // The checkpoint of the last update is taken again with the results of the stages that observed it, so that
  // a longer run does not observe it a second time.
  if (state.savedStep !== state.step || !state.savedObserved) yield* checkpoint(state);
}

function* checkpoint(state: TrainState): Generator<typeof takeCheckpoint> {
  state.savedStep = state.step;
  state.savedObserved = state.unobserved === null;
  yield takeCheckpoint;
}

/**
 * Waits for all pending updates, because a checkpoint must not hold an update that may still diverge or that
 * has no event yet.
 */
async function* settle(state: TrainState): AsyncGenerator<never> {
  await state.results.drain();
  state.elapsed = secondsSince(state.startTime);
}

function secondsSince(startTime: number): number {
  return (performance.now() - startTime) / 1000;
}

function stepEvent(
  { step, loss, gradNorm, learningRate, tokens, from, to }: CompletedUpdate,
  { startTime, tokensPerStep }: { readonly startTime: number; readonly tokensPerStep: number },
): StepEvent {
  return {
    type: "step",
    step,
    loss,
    gradNorm,
    lr: learningRate,
    tokens,
    tokensPerSecond: tokensPerStep / Math.max(1e-6, (to - from) / 1000),
    elapsed: (to - startTime) / 1000,
  };
}

function finished({ steps, timeLimit }: TrainOptions<any>, state: TrainState): boolean {
  return (steps !== undefined && state.step >= steps) ||
    (timeLimit !== undefined && state.elapsed >= timeLimit);
}
