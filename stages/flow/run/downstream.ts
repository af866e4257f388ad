/**
 * The part of a flow after a branch point or a read-ahead queue, or a sink for dropped items. It may end
 * before its upstream does, for example when its first stage wants no more items.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import { PendingBarrier } from "./pending_barrier.ts";
import type { Segment } from "./stage_place.ts";
import type { Wait } from "./wait.ts";

/** What a part needs besides its inlet. */
export interface DownstreamOptions {
  /** Number of leaves that a barrier reaches through the inlet. */
  readonly leaves: number;
  readonly segment: Segment;
  /** Whether the run keeps checkpoints. */
  readonly saves: boolean;
  /** Called when the part has ended before its upstream. */
  onEnd?(): void;
}

/**
 * Passes everything on to an inlet until StopUpstream is thrown there. It then flushes the node that wants no
 * more items, ignores further items, and answers barriers with the final snapshots.
 */
export class Downstream implements Inlet {
  readonly #inlet: Inlet;
  readonly #options: DownstreamOptions;
  #ended = false;
  /** Snapshots taken after the flush; null until then. */
  #atEnd: ReadonlyMap<string, StageSnapshot> | null = null;
  readonly #waiting: PendingBarrier[] = []; // barriers that arrived during the flush

  constructor(inlet: Inlet, options: DownstreamOptions) {
    this.#inlet = inlet;
    this.#options = options;
  }

  /** Whether this part takes no more items. */
  get ended(): boolean {
    return this.#ended;
  }

  begin(): Wait {
    return this.#guard(() => this.#inlet.begin());
  }

  item(item: unknown): Wait {
    if (this.#ended) return;
    return this.#guard(() => this.#inlet.item(item));
  }

  barrier(pending: PendingBarrier): Wait {
    if (!this.#ended) return this.#guard(() => this.#inlet.barrier(pending));
    if (this.#atEnd !== null) return this.#answer(pending, this.#atEnd);
    if (pending.flushing >= this.#options.segment.index) return this.#snapshot(pending);
    this.#waiting.push(pending);
  }

  end(): Wait {
    if (this.#ended) return;
    return this.#guard(() => this.#inlet.end());
  }

  /** Ends this part at the node that `thrown` names. Throws anything but StopUpstream again. */
  async stop(thrown: unknown): Promise<void> {
    const { segment, saves, leaves, onEnd } = this.#options;
    if (!(thrown instanceof StopUpstream) || segment.halted) throw thrown;
    this.#ended = true;
    await flushFrom(thrown, segment);
    onEnd?.();
    if (!saves) return;
    const last = new PendingBarrier(leaves, () => {});
    await this.#snapshot(last);
    await last.done;
    this.#atEnd = last.barrier.snapshots;
    for (const pending of this.#waiting.splice(0)) await this.#answer(pending, this.#atEnd);
  }

  /** Passes a barrier on after this part has ended; that a later part has ended too is no news. */
  async #snapshot(pending: PendingBarrier): Promise<void> {
    try {
      await this.#inlet.barrier(pending);
    } catch (thrown) {
      if (!(thrown instanceof StopUpstream) || this.#options.segment.halted) throw thrown;
    }
  }

  #guard(work: () => Wait): Wait {
    try {
      return work()?.catch((thrown) => this.stop(thrown));
    } catch (thrown) {
      return this.stop(thrown);
    }
  }

  #answer(pending: PendingBarrier, snapshots: ReadonlyMap<string, StageSnapshot>): Wait {
    for (const [name, snapshot] of snapshots) pending.barrier.snapshots.set(name, snapshot);
    return pending.arrive(this.#options.leaves);
  }
}

/**
 * Flushes the node that wants no more items, and everything after it. A stage further down may want no more
 * items during this flush; the rest of the flush is then dropped, and that stage is flushed.
 */
export async function flushFrom(stop: StopUpstream, segment: Segment): Promise<void> {
  for (let node = stop.flush; node !== null;) {
    try {
      await node.end();
      return;
    } catch (thrown) {
      if (!(thrown instanceof StopUpstream) || segment.halted) throw thrown;
      node = thrown.flush;
    }
  }
}
