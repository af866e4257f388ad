/**
 * A branch point. Each item is passed to both sides before the next one is requested, so the slower side sets
 * the pace and nothing is queued.
 *
 * @module
 */
import type { Downstream } from "./downstream.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import { then, type Wait } from "./wait.ts";

/** Passes each item to the branch, then to the trunk. Stops its upstream once both sides have ended. */
export class TeeNode implements Inlet {
  readonly #branch: Downstream;
  readonly #trunk: Downstream;

  constructor(branch: Downstream, trunk: Downstream) {
    this.#branch = branch;
    this.#trunk = trunk;
  }

  begin(): Wait {
    return this.#both((side) => side.begin());
  }

  item(item: unknown): Wait {
    return this.#both((side) => side.item(item));
  }

  barrier(pending: PendingBarrier): Wait {
    return this.#both((side) => side.barrier(pending));
  }

  end(): Wait {
    return then(this.#branch.end(), () => this.#trunk.end());
  }

  #both(work: (side: Downstream) => Wait): Wait {
    return then(work(this.#branch), () =>
      then(work(this.#trunk), () => {
        if (this.#branch.ended && this.#trunk.ended) throw new StopUpstream(null);
      }));
  }
}
