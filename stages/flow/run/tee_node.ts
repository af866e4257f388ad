/**
 * A branch: each item goes to both sides before the next is asked for, so the slower side sets the pace and nothing
 * is queued.
 *
 * @module
 */
import type { PendingBarrier } from "./pending_barrier.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import { then, type Wait } from "./wait.ts";
import type { Downstream } from "./downstream.ts";
import type { Segment } from "./stage_node.ts";

/** Gives each item to the branch, then to the trunk. It ends what is upstream once both want no more. */
export class TeeNode implements Inlet {
  readonly #sides: readonly Downstream[];
  readonly #segment: Segment;
  readonly #saves: boolean;

  constructor(sides: readonly Downstream[], segment: Segment, saves: boolean) {
    this.#sides = sides;
    this.#segment = segment;
    this.#saves = saves;
  }

  item(item: unknown): Wait {
    const [branch, trunk] = this.#sides;
    return then(this.#to(branch, item), () =>
      then(this.#to(trunk, item), () => {
        if (branch.ended && trunk.ended) throw new StopUpstream(null);
      }));
  }

  barrier(gathering: PendingBarrier): Wait {
    const [branch, trunk] = this.#sides;
    return then(branch.barrier(gathering), () => trunk.barrier(gathering));
  }

  async end(): Promise<void> {
    for (const side of this.#sides) if (!side.ended) await side.inlet.end();
  }

  #to(side: Downstream, item: unknown): Wait {
    if (side.ended) return;
    try {
      return side.inlet.item(item)?.catch((thrown) => this.#ended(side, thrown));
    } catch (thrown) {
      return this.#ended(side, thrown);
    }
  }

  async #ended(side: Downstream, thrown: unknown): Promise<void> {
    if (!(thrown instanceof StopUpstream) || this.#segment.signal.aborted) throw thrown;
    await side.end(thrown, this.#saves);
  }
}
