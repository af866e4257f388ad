/**
 * The stage that trains: one batch in, one update, one look at the model out. It cuts, so a checkpoint stands exactly
 * on its step.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import { initialWeights } from "../../kernels/models/model.ts";
import type { Schedule } from "../../kernels/optim/schedule.ts";
import { type SavedState, TensorFile } from "../flow/checkpoint/checkpoint.ts";
import type { StepEvent } from "../flow/events.ts";
import { type Context, type Stage, takeCheckpoint } from "../flow/stage.ts";
import type { Batch } from "../items.ts";
import type { Plan } from "../model/plan.ts";
import { type Profile, Profiler } from "./profile.ts";
import { type CompletedUpdate, PendingResults } from "./pending_results.ts";
import { type ModelSession, openModel } from "../model/model_session.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import {
  describeOrigins,
  type Divergence,
  DivergenceDetector,
  type DivergenceOptions,
  type DivergenceState,
  needsDeferredUpdates,
  SkipBatchError,
} from "./divergence.ts";
import { isRecord } from "../disk/json.ts";

/** What `train` takes. */
export interface TrainOptions {
  /** Where to train. */
  readonly engine: Engine;
  /** The model's programs, training among them. */
  readonly plan: Plan;
  /** Learning rate of each update, from 0. */
  readonly schedule: Schedule;
  /** Updates in all; absent: as long as batches come. */
  readonly steps?: number;
  /** Seconds of training in all, over all resumes; absent: no limit. */
  readonly timeLimit?: number;
  /** Updates between checkpoints; 0 or absent: only after the last. */
  readonly checkpointEvery?: number;
  /** What a run without a checkpoint begins with; default: the model's initial values, drawn from the run's seed. */
  readonly weights?: TensorMap;
  /** What counts as wrong with an update, and what is done about it. Skipping needs a plan that is judged. */
  readonly divergence?: DivergenceOptions;
  /** Batches that are passed over, by their number in the run from 0, and why. */
  readonly skippedBatches?: ReadonlyMap<number, string>;
  /** Have some updates timed, the 5th to the 9th of this run (of many micro-batches fewer), and hear where their time went. */
  readonly profile?: (profile: Profile) => void | Promise<void>;
}

/** What the stage remembers. */
export interface TrainState {
  /** On the device. */
  readonly model: ModelSession;
  /** Updates that the device has and that no event has told of. */
  readonly late: PendingResults;
  /** Where a profile was asked for. */
  readonly profiler: Profiler | null;
  /** Looks at each update that has ended. */
  readonly watch: DivergenceDetector;
  /** Batches that came, those left out too. */
  batches: number;
  /** Where the last of them stands. */
  origins: Batch["origins"];
  /** Updates begun. */
  step: number;
  /** Trained on so far. */
  tokens: number;
  /** Seconds of training, over all resumes. */
  elapsed: number;
  /** The update that the last checkpoint stands on. */
  saved: number;
  /** `performance.now()` at which `elapsed` would have been 0. */
  readonly origin: number;
}

/**
 * Trains a model, one update a batch; emits a step event an update and cuts every `checkpointEvery` updates and after
 * the last. An update is begun while the one before it runs, so its event comes late: one update late where reading
 * costs nothing, else with those that are read together; always before a checkpoint, an evaluation or a sample after it.
 * Where the plan is judged, no update is begun or made before the one before it has been looked at.
 * Throws RangeError where a loss or gradient is no longer a number and nothing else is to be done about it, LeaveOut
 * where its batch is to be left out, RangeError where a checkpoint is another model's.
 */
export function train(options: TrainOptions): Stage<Batch, ModelUpdate> {
  if (needsDeferredUpdates(options.divergence ?? {}) && options.plan.training?.deferred !== true) {
    throw new RangeError(
      "Cannot skip updates of this plan: skipping needs a plan with deferred: true in its training",
    );
  }
  return {
    name: "train",
    takesCheckpoints: true,
    open: (ctx: Context, saved?: unknown) => open(options, { ctx, saved }),
    push: (batch: Batch, state: TrainState, ctx: Context) => push(options, { batch, state, ctx }),
    flush,
    settle: (state: TrainState) => settled(state),
    done: (state: TrainState) => finished(options, state),
    save: (state: TrainState) => save(options, state),
    close: (state: TrainState) => state.model[Symbol.asyncDispose](),
  };
}

async function open(
  { engine, plan, weights, profile, divergence: watching = {} }: TrainOptions,
  { ctx, saved }: { readonly ctx: Context; readonly saved: unknown },
): Promise<TrainState> {
  const before = saved === undefined ? null : savedTrainState(saved);
  const model = await openModel(engine, {
    plan,
    weights: before?.model.tensors ?? weights ?? initialWeights(plan.model, ctx.seed),
    ...(before !== null && { optimizer: before.optimizer.tensors }),
    seed: ctx.seed,
  });
  const { step = 0, tokens = 0, elapsed = 0, batches = step } = before ?? {};
  const origin = performance.now() - 1000 * elapsed;
  const watch = new DivergenceDetector(watching, before?.watch);
  const late = new PendingResults(model, (ended) => {
    const alarm = watch.check(ended);
    const skipped = alarm === null ? null : skipOrThrow(alarm, ended);
    if (plan.training?.deferred === true) {
      if (skipped === null) model.commit();
      else model.discard();
    }
    ctx.emit({
      ...eventOf(ended, { origin, tokensPerStep: plan.tokensPerStep }),
      ...(skipped !== null && { skipped }),
    });
    if (skipped !== null) ctx.emit({ type: "note", text: `step ${ended.step} skipped: ${skipped}` });
  });
  const profiler = profile === undefined ? null : new Profiler(model, profile);
  const saving = { saved: before === null ? -1 : step, origin, watch, origins: undefined };
  return { model, late, profiler, step, tokens, elapsed, batches, ...saving };
}

/** Why an update is skipped, with its batch's origins. Throws where something else is to be done. */
function skipOrThrow(
  { action: remedy, reason: why }: Divergence,
  { step, batch, origins }: Pick<CompletedUpdate, "step" | "batch" | "origins">,
): string {
  const where = describeOrigins(origins), of = where === "" ? why : `${why}; batch ${batch} is from ${where}`;
  switch (remedy) {
    case "skip":
      return of;
    case "rollback":
      throw new SkipBatchError(batch, `step ${step}: ${of}`);
    case "stop":
      throw diverged(step, of);
  }
}

async function* push(
  options: TrainOptions,
  { batch, state, ctx }: { readonly batch: Batch; readonly state: TrainState; readonly ctx: Context },
): AsyncGenerator<ModelUpdate | typeof takeCheckpoint> {
  if (finished(options, state)) return; // a finished run was typed again
  const number = state.batches++, { origins } = batch, leftOut = options.skippedBatches?.get(number);
  if (leftOut !== undefined) {
    ctx.emit({ type: "note", text: `batch ${number} is left out: ${leftOut}` });
    return;
  }
  state.origins = origins;
  const { plan, schedule, checkpointEvery = 0 } = options;
  const { model, late, profiler, step } = state;
  const at = performance.now(), learningRate = schedule(step);
  const timed = profiler?.startUpdate(step) ?? false;
  profiler?.mark("other stages");
  model.begin(batch, { learningRate, step, timed });
  profiler?.mark("upload and submit");
  state.step++;
  state.tokens += plan.tokensPerStep;
  await late.add({ step, batch: number, origins, learningRate, tokens: state.tokens, at });
  if (plan.training?.deferred === true) await late.drain();
  profiler?.mark("wait for earlier results");
  if (profiler?.complete) {
    await late.drain();
    await profiler.finish();
  }
  state.elapsed = elapsedOf(state);
  const last = finished(options, state);
  yield { step: state.step, model, batch, learningRate, last, reported: () => late.drain() };
  if (last || (checkpointEvery > 0 && state.step % checkpointEvery === 0)) yield* cutAt(state);
}

async function* flush(state: TrainState): AsyncGenerator<typeof takeCheckpoint> {
  await state.profiler?.finish(); // with what a short run has timed
  if (state.saved !== state.step) yield* cutAt(state);
}

function* cutAt(state: TrainState): Generator<typeof takeCheckpoint> {
  state.saved = state.step;
  yield takeCheckpoint;
}

/** Before a cut: a checkpoint must hold no update that may have failed, nor one that its events do not know. */
async function* settled(state: TrainState): AsyncGenerator<never> {
  await state.late.drain();
  state.elapsed = elapsedOf(state);
}

function elapsedOf({ origin }: TrainState): number {
  return (performance.now() - origin) / 1000;
}

function eventOf(
  { step, loss, gradNorm, learningRate, tokens, from, to }: CompletedUpdate,
  { origin, tokensPerStep }: { readonly origin: number; readonly tokensPerStep: number },
): StepEvent {
  return {
    type: "step",
    step,
    loss,
    gradNorm,
    lr: learningRate,
    tokens,
    tokensPerSecond: tokensPerStep / Math.max(1e-6, (to - from) / 1000),
    elapsed: (to - origin) / 1000,
  };
}

function finished({ steps, timeLimit }: TrainOptions, state: TrainState): boolean {
  return (steps !== undefined && state.step >= steps) ||
    (timeLimit !== undefined && state.elapsed >= timeLimit);
}

/**
 * What of the weights is no number, in words, or null. An update may spoil them though its own loss was sound: such
 * weights must not become the last checkpoint.
 */
function notFinite(weights: TensorMap): string | null {
  for (const [name, { data }] of Object.entries(weights)) {
    const at = data.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) return `${name} holds ${data[at]}`;
  }
  return null;
}

function diverged(step: number, why: string): RangeError {
  return new RangeError(
    `Cannot go on after step ${step}: ${why}: resume from the last checkpoint with a lower --lr, a longer --warmup or --grad-clip 1`,
  );
}

async function save({ divergence: { onNan } = {} }: TrainOptions, state: TrainState): Promise<SavedState> {
  const { model, step, tokens, elapsed, batches, origins, watch } = state;
  const weights = await model.weights();
  const ruined = notFinite(weights);
  if (ruined !== null) {
    const remedy = onNan === "rollback" ? "rollback" : "stop";
    skipOrThrow({ action: remedy, reason: ruined }, { step: step - 1, batch: batches - 1, origins });
  }
  return {
    step,
    tokens,
    elapsed,
    batches,
    watch: { ...watch.save() },
    config: JSON.parse(JSON.stringify(model.plan.model.config)), // so that the checkpoint says what model it is of
    model: new TensorFile("model", weights, { given: true }),
    optimizer: new TensorFile("optimizer", await model.optimizer(), { given: true }),
  };
}

interface SavedTrainState {
  readonly step: number;
  readonly tokens: number;
  readonly elapsed: number;
  /** Absent in checkpoints from before batches were counted: none was left out. */
  readonly batches?: number;
  readonly watch?: DivergenceState;
  readonly model: TensorFile;
  readonly optimizer: TensorFile;
}

function savedTrainState(saved: unknown): SavedTrainState {
  if (isSavedTrainState(saved)) return saved;
  throw new RangeError("Cannot go on: the checkpoint's part for train is not one: is it of another version?");
}

function isSavedTrainState(saved: unknown): saved is SavedTrainState {
  if (!isRecord(saved)) return false;
  const { step, tokens, elapsed, model, optimizer } = saved;
  return [step, tokens, elapsed].every((n) => typeof n === "number" && n >= 0) &&
    [model, optimizer].every((file) => file instanceof TensorFile);
}
