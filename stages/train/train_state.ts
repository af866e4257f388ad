/**
 * Options and state of the stage `train`.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { LoraConfig } from "../../kernels/models/lora_config.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import type { Schedule } from "../../kernels/optim/schedule.ts";
import type { Context, giveBackItem } from "../flow/stage.ts";
import type { Batch } from "../items.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { Plan } from "../model/plan.ts";
import type { DivergenceDetector, DivergenceOptions } from "./divergence.ts";
import type { OpenSchedule, SpeedMeter } from "./open_schedule.ts";
import type { PendingResults } from "./pending_results.ts";
import type { Profile, Profiler } from "./profile.ts";

/** What `TrainOptions.prepare` may use to make a batch. */
export interface BatchContext {
  /** The model before the update. */
  readonly model: ModelSession;
  /** Index of the update, starting at 0. */
  readonly step: number;
  /** Index of the item in the run, starting at 0. */
  readonly item: number;
  /** Context of the stage: its seed, its signal and its events. */
  readonly ctx: Context;
  /** Waits until the updates before this one have ended and their events are out. */
  reported(): Promise<void>;
}

/** The adapters that a run trains, as its checkpoints describe them. */
export interface TrainedAdapters {
  /** The adapters. */
  readonly lora: LoraConfig;
  /** Path of the model that they belong to. */
  readonly base: string;
  /** SHA-256 of that model's weights. */
  readonly baseHash: string;
}

/** Options of `train`. */
export interface TrainOptions<Item = Batch> {
  /** The engine to train on. */
  readonly engine: Engine;
  /** The plan of the model's programs; it must have `training`. */
  readonly plan: Plan;
  /**
   * Learning rate for each update, given the update's index, which starts at 0; or a schedule whose length is
   * determined in the run: from the `total` of the first batch, otherwise from `timeLimit` and the time of 20
   * updates.
   */
  readonly schedule: Schedule | OpenSchedule;
  /** Number of updates, including those before a resume. If absent, there are as many updates as batches. */
  readonly steps?: number;
  /** Seconds of training, over all resumes. If absent, there is no limit. */
  readonly timeLimit?: number;
  /**
   * Number of updates between checkpoints. If it is 0 or absent, a single checkpoint is taken, after the last
   * update.
   */
  readonly checkpointEvery?: number;
  /**
   * Initial weights of a run that has no checkpoint; default: initialized by the model from the run's seed.
   */
  readonly weights?: TensorMap;
  /** Which updates count as diverged and what to do about them. To skip updates, the plan must defer them. */
  readonly divergence?: DivergenceOptions;
  /** Batches to skip: the reason for each, keyed by the batch's index in the run. */
  readonly skippedBatches?: ReadonlyMap<number, string>;
  /**
   * Receives a profile of the 5th to the 9th update of this run, or of fewer updates if they have many
   * micro-batches.
   */
  readonly profile?: (profile: Profile) => void | Promise<void>;
  /** Adapters that are trained in place of the model; checkpoints then hold these alone. */
  readonly adapters?: TrainedAdapters;
  /**
   * Returns the batch of an item, with the model before the update: it may be measured, or generate texts.
   * Null if the item gives no gradient; there is no update for it. `giveBackItem` if the run is stopping and
   * the item must wait for a resumed run. Default: the items are batches.
   */
  prepare?(item: Item, context: BatchContext): Promise<Batch | null | typeof giveBackItem>;
}

/** The part of an update that the stages after training need and that is not in the model. */
export type ObservedUpdate = Readonly<Pick<ModelUpdate, "batch" | "learningRate">>;

/** State of the stage. */
export interface TrainState {
  /** The model on its device. */
  readonly model: ModelSession;
  /** Updates whose events have not been emitted yet. */
  readonly results: PendingResults;
  /** Learning rate for each update, as far as it is known. */
  schedule: Schedule;
  /** Length of an open schedule once it is determined; null before, and for other schedules. */
  scheduleSteps: number | null;
  /** Measures the speed until the length of an open schedule is determined; null otherwise. */
  meter: SpeedMeter | null;
  /** Profiler that times some updates; null if no profile is wanted. */
  readonly profiler: Profiler | null;
  /** Detector that checks each update. */
  readonly detector: DivergenceDetector;
  /** Number of batches taken, skipped ones included. */
  batches: number;
  /** Origins of the last batch's tokens. */
  origins: Batch["origins"];
  /** Number of updates begun. */
  step: number;
  /** Number of tokens trained on. */
  tokens: number;
  /** Seconds of training, over all resumes. */
  elapsed: number;
  /** The latest update until all later stages have had it; null afterwards. */
  unobserved: ObservedUpdate | null;
  /** Whether the last checkpoint was taken after all later stages had had its update. */
  savedObserved: boolean;
  /** The value of `step` at the last checkpoint; -1 if there is no checkpoint. */
  savedStep: number;
  /**
   * Value that `performance.now()` would have had when `elapsed` was 0, if the run had never been
   * interrupted.
   */
  readonly startTime: number;
}
