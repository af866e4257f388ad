/**
 * What follows a branch point or a read-ahead queue. It may end before its upstream does, for example when
 * its first stage wants no more items.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { Inlet, StopUpstream } from "./inlet.ts";
import { PendingBarrier } from "./pending_barrier.ts";
import type { Wait } from "./wait.ts";

/** The nodes from an inlet to the leaves, and whether they have ended. */
export class Downstream {
  /** Snapshots from before the end was flushed, so that a resume flushes again. Null: not ended. */
  #atEnd: ReadonlyMap<string, StageSnapshot> | null = null;

  /** `leaves`: how many leaves a barrier reaches through `inlet`. */
  constructor(readonly inlet: Inlet, readonly leaves: number) {}

  /** Whether it takes no more items. */
  get ended(): boolean {
    return this.#atEnd !== null;
  }

  /** Passes a barrier on. Once it has ended, its last snapshots are added instead. */
  barrier(pending: PendingBarrier): Wait {
    if (this.#atEnd === null) return this.inlet.barrier(pending);
    for (const [name, snapshot] of this.#atEnd) pending.barrier.snapshots.set(name, snapshot);
    return pending.arrive(this.leaves);
  }

  /** Ends it at the node that `stop` names. `saves`: whether the run keeps checkpoints. */
  async end(stop: StopUpstream, saves: boolean): Promise<void> {
    const pending = new PendingBarrier(this.leaves, () => {});
    if (saves) {
      await this.inlet.barrier(pending);
      await pending.done;
    }
    this.#atEnd = pending.barrier.snapshots;
    await stop.flush?.end();
  }
}
