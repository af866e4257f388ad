/**
 * The node of a stage that takes checkpoints. Barriers from the source end at its input, and the checkpoints
 * that the stage asks for start at its output.
 *
 * Such a checkpoint contains the upstream states that the latest barrier collected, the number of items that
 * have reached the input since then (`skip`), and the current states of this stage and of all stages after
 * it. A resumed run restores the states and drops the first `skip` items at the input, so the stage receives
 * the same items as in an uninterrupted run.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { Stage } from "../stage.ts";
import { StopUpstream } from "./inlet.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import { StageNode } from "./stage_node.ts";
import type { RunHost, StagePlace } from "./stage_place.ts";
import type { Wait } from "./wait.ts";

/** What a CheckpointNode needs from its run. */
export interface CheckpointHost extends RunHost {
  /** Starts a barrier for the stages after the node; null if the run keeps no checkpoints. */
  beginCheckpoint(): PendingBarrier | null;
  /** States of the checkpoint that the run resumed from, if the stage wanted no items from the beginning. */
  readonly resumedStates: Iterable<readonly [string, StageSnapshot]>;
  /** Waits until the final checkpoint has been taken, then ends the run without flushing. */
  finish(): void;
}

/** A StageNode for a stage with `takesCheckpoints`. */
export class CheckpointNode extends StageNode {
  readonly #host: CheckpointHost;
  #lastBarrier: PendingBarrier | null = null; // the latest barrier that reached the input
  readonly #firstBarrier = Promise.withResolvers<void>(); // resolved when a barrier has reached the input
  #since = 0; // number of items that have reached the input after the latest barrier
  #skip: number; // number of items still to drop after a resume
  #lastCheckpoint: PendingBarrier | null = null; // null if an item was processed after it
  #idle = true;
  /** Rejects with StopUpstream once the final checkpoint has been taken; null if the run is not stopping. */
  #stopping: Promise<never> | null = null;

  constructor(stage: Stage<any, any>, place: StagePlace & { readonly host: CheckpointHost }) {
    super(stage, place);
    this.#host = place.host;
    this.#skip = this.saved?.skip ?? 0;
  }

  override item(item: unknown): Wait {
    if (this.#stopping !== null) return this.#stopping;
    this.#since++;
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    this.#idle = false;
    this.#lastCheckpoint = null;
    return super.item(item);
  }

  override barrier(pending: PendingBarrier): Wait {
    // After the last item, the stages upstream may be saved once more, at a position that is not in step.
    if ((this.#stopping !== null || this.over) && this.#lastBarrier !== null) return pending.arrive();
    this.#lastBarrier = pending;
    this.#firstBarrier.resolve();
    this.#since = 0;
    return pending.arrive();
  }

  override end(): Wait {
    if (this.#stopping !== null) return this.#stopping;
    this.#idle = false;
    this.#lastCheckpoint = null;
    return super.end();
  }

  /** Called when the run is asked to stop. During a push, the node stops only after the push. */
  async stop(): Promise<void> {
    if (this.#idle) await this.#stop();
  }

  protected override takeCheckpoint(): Wait {
    return this.#takeCheckpoint();
  }

  protected override giveBackItem(): void {
    if (!this.#host.stopping) {
      throw new TypeError(`Stage ${this.stage.name} gives back an item, and the run is not stopping`);
    }
    this.#since--;
    this.meter.in--;
  }

  protected override beforeOutput(): void {
    this.#lastCheckpoint = null;
  }

  protected override afterPush(): Wait {
    if (this.#host.stopping) return this.#stop();
    if (this.#host.takeCheckpointRequest() && this.#lastCheckpoint === null) return this.#takeRequested();
    this.#idle = true;
  }

  /** Takes a checkpoint that was asked for. The run may be asked to stop meanwhile. */
  async #takeRequested(): Promise<void> {
    await this.#takeCheckpoint();
    if (this.#host.stopping) await this.#stop();
    this.#idle = true;
  }

  #stop(): Promise<never> {
    return this.#stopping ??= this.#takeLastCheckpoint();
  }

  async #takeLastCheckpoint(): Promise<never> {
    if (this.#lastCheckpoint === null) await this.#takeCheckpoint();
    this.#host.finish();
    throw new StopUpstream(null);
  }

  async #takeCheckpoint(): Promise<void> {
    await this.settle();
    const pending = this.#host.beginCheckpoint();
    if (pending === null) return;
    for (const [name, snapshot] of await this.#upstream()) pending.barrier.snapshots.set(name, snapshot);
    await this.saveTo(pending, this.#since + this.#skip);
    // The barrier may still be in a queue. The effects must be saved before any stage writes anything more.
    await pending.done;
    this.#lastCheckpoint = pending;
    this.throwIfStopped();
  }

  /**
   * Returns what the latest barrier that reached the input collected. Waits until it is complete, because it
   * may still be on its way through a branch of the flow. A stage that wanted no items from the beginning may
   * have been flushed before any barrier came through a queue: the states upstream are then those from which
   * the run resumed.
   */
  async #upstream(): Promise<Iterable<readonly [string, StageSnapshot]>> {
    if (this.over && this.#lastBarrier === null) return this.#host.resumedStates;
    await this.#firstBarrier.promise;
    if (this.#lastBarrier === null) throw new TypeError("No barrier has reached the stage");
    await this.#lastBarrier.done;
    return this.#lastBarrier.barrier.snapshots;
  }
}
