/**
 * The part of a flow after a branch point or a read-ahead queue. It may end before its upstream does, for
 * example when its first stage wants no more items.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { Inlet, StopUpstream } from "./inlet.ts";
import { PendingBarrier } from "./pending_barrier.ts";
import type { Wait } from "./wait.ts";

/** The nodes from an inlet to the leaves, and whether they have ended. */
export class Downstream {
  /**
   * Snapshots taken before the final flush, so that a resumed run flushes again; null if this part has not
   * ended.
   */
  #atEnd: ReadonlyMap<string, StageSnapshot> | null = null;

  /** `leaves` is the number of leaves that a barrier reaches through `inlet`. */
  constructor(readonly inlet: Inlet, readonly leaves: number) {}

  /** Whether this part has ended and takes no more items. */
  get ended(): boolean {
    return this.#atEnd !== null;
  }

  /** Passes a barrier on. If this part has ended, adds its last snapshots to the barrier instead. */
  barrier(pending: PendingBarrier): Wait {
    if (this.#atEnd === null) return this.inlet.barrier(pending);
    for (const [name, snapshot] of this.#atEnd) pending.barrier.snapshots.set(name, snapshot);
    return pending.arrive(this.leaves);
  }

  /** Ends this part at the node that `stop` names. `saves` says whether the run keeps checkpoints. */
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
