/**
 * Where a flow divides or reads ahead, what follows may end before what comes before it does.
 *
 * @module
 */
import { PendingBarrier } from "./pending_barrier.ts";
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { Inlet, StopUpstream } from "./inlet.ts";
import type { Wait } from "./wait.ts";

/** What follows a joint, and how many leaves it has. */
export class Downstream {
  /** Its parts as they were when it ended, before it flushed: resumed from there, it flushes again. */
  #ended: ReadonlyMap<string, StageSnapshot> | null = null;

  constructor(readonly inlet: Inlet, readonly leaves: number) {}

  /** It wants no more items. */
  get ended(): boolean {
    return this.#ended !== null;
  }

  barrier(gathering: PendingBarrier): Wait {
    if (this.#ended === null) return this.inlet.barrier(gathering);
    for (const [name, part] of this.#ended) gathering.barrier.snapshots.set(name, part);
    return gathering.arrive(this.leaves);
  }

  /** Ends it, where `end` says. */
  async end(end: StopUpstream, saves: boolean): Promise<void> {
    const gathering = new PendingBarrier(this.leaves, () => {});
    if (saves) {
      await this.inlet.barrier(gathering);
      await gathering.done;
    }
    this.#ended = gathering.barrier.snapshots;
    await end.flush?.end();
  }
}
