/**
 * A branch point. Each item is passed to both sides before the next one is requested, so the slower side sets
 * the pace and nothing is queued.
 *
 * @module
 */
import type { Downstream } from "./downstream.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import type { Segment } from "./stage_place.ts";
import { then, type Wait } from "./wait.ts";

/** Passes each item to the branch, then to the trunk. Stops its upstream once both sides have ended. */
export class TeeNode implements Inlet {
  readonly #sides: readonly Downstream[];
  readonly #segment: Segment;
  readonly #saves: boolean;

  /** `sides` holds the branch, then the trunk. `saves` says whether the run keeps checkpoints. */
  constructor(sides: readonly Downstream[], segment: Segment, saves: boolean) {
    this.#sides = sides;
    this.#segment = segment;
    this.#saves = saves;
  }

  item(item: unknown): Wait {
    const [branch, trunk] = this.#sides;
    return then(this.#give(branch, item), () =>
      then(this.#give(trunk, item), () => {
        if (branch.ended && trunk.ended) throw new StopUpstream(null);
      }));
  }

  barrier(pending: PendingBarrier): Wait {
    const [branch, trunk] = this.#sides;
    return then(branch.barrier(pending), () => trunk.barrier(pending));
  }

  async end(): Promise<void> {
    for (const side of this.#sides) if (!side.ended) await side.inlet.end();
  }

  #give(side: Downstream, item: unknown): Wait {
    if (side.ended) return;
    try {
      return side.inlet.item(item)?.catch((thrown) => this.#endSide(side, thrown));
    } catch (thrown) {
      return this.#endSide(side, thrown);
    }
  }

  /** Ends one side if it has thrown StopUpstream; the other side continues. */
  async #endSide(side: Downstream, thrown: unknown): Promise<void> {
    if (!(thrown instanceof StopUpstream) || this.#segment.signal.aborted) throw thrown;
    await side.end(thrown, this.#saves);
  }
}
