/**
 * What a stage is connected to in a running flow: its run, its segment, its sinks for dropped items.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { RunEvent } from "../events.ts";
import type { Measure } from "../lengths.ts";
import type { Reject } from "../rejects.ts";
import type { Context } from "../stage.ts";
import type { Inlet } from "./inlet.ts";
import type { SegmentClock } from "./segment_clock.ts";
import type { StageMeter } from "./stage_meter.ts";
import type { Wait } from "./wait.ts";

/** What a node needs from its run. */
export interface RunHost {
  readonly seed: number;
  /** Whether the run was asked to stop after the current item. */
  readonly stopping: boolean;
  /** Returns whether a checkpoint was asked for since the last call. */
  takeCheckpointRequest(): boolean;
  emit(event: RunEvent): void;
  /**
   * Called after each item of a flush that can be resumed, by a stage of `segment`: a barrier may pass here,
   * or the run may stop.
   */
  afterFlushItem(segment: Segment): Wait;
}

/** Stages between two read-ahead queues, which run one after the other. */
export interface Segment {
  /** Position among the segments of a flow without branch points; the source's segment has 0. */
  readonly index: number;
  readonly clock: SegmentClock;
  readonly signal: AbortSignal;
  /** Whether the run has ended, so that nothing may be flushed any more. */
  readonly halted: boolean;
}

/** The context of a stage that runs a group of stages inside it: see flow/parallel. */
export interface GroupContext extends Context {
  /** Whether there is a sink for dropped items. */
  readonly keepsRejects: boolean;
  /** Whether the run measures the lengths of items. */
  readonly measures: boolean;
  /**
   * Returns the meter of a stage inside the group. Events and checkpoints name the stages inside, not the
   * group.
   */
  inside(stage: string): StageMeter;
  /** Passes on an item that a stage inside has dropped and counted. */
  reject(reject: Reject): void;
}

/** What a stage is connected to in a run. */
export interface StagePlace {
  readonly host: RunHost;
  readonly segment: Segment;
  /** Returns the snapshot of a stage in the checkpoint from which the run resumes. */
  restored(name: string): StageSnapshot | undefined;
  readonly measure: Measure | null;
}

/**
 * A sink for dropped items. If `stage` is not null, it takes only the items that this stage inside a group
 * has dropped.
 */
export type RejectSink = Readonly<{ stage: string | null; inlet: Inlet }>;
