/**
 * A queue between two segments. While the segment after the queue is busy, the segment before it can continue
 * until `ahead` items are queued. Items and barriers stay in order.
 *
 * @module
 */
import type { Downstream } from "./downstream.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import { StageMeter } from "./stage_meter.ts";
import type { Segment } from "./stage_place.ts";
import type { Wait } from "./wait.ts";

type Entry =
  | { readonly kind: "item"; readonly item: unknown }
  | { readonly kind: "barrier"; readonly pending: PendingBarrier }
  | { readonly kind: "end" };

/** What a queue connects. */
export interface ReadAheadQueueOptions {
  readonly before: Segment;
  readonly after: Segment;
  readonly downstream: Downstream;
  /** Meter of the time in which the segment after the queue waits for items. */
  readonly waiting: StageMeter;
  /** Maximum number of items in the queue. */
  readonly ahead: number;
  /** Whether the run keeps checkpoints. */
  readonly saves: boolean;
  /** Called when the stages after the queue take no more items. */
  onEnd(): void;
}

/** The input side of the queue; `drive` is its output side. */
export class ReadAheadQueue implements Inlet {
  readonly #options: ReadAheadQueueOptions;
  readonly #entries: Entry[] = [];
  readonly #full = new StageMeter("waiting for room"); // time in which no stage works: not reported
  #items = 0;
  #ending = false; // the end of the input has left the queue, so barriers bypass it
  #room: PromiseWithResolvers<void> | null = null; // resolved when the queue has room for an item
  #arrival: PromiseWithResolvers<void> | null = null; // resolved when an entry arrives

  constructor(options: ReadAheadQueueOptions) {
    this.#options = options;
    const { before, after } = options;
    before.signal.addEventListener("abort", () => this.#room?.reject(before.signal.reason));
    after.signal.addEventListener("abort", () => this.#arrival?.reject(after.signal.reason));
  }

  item(item: unknown): Wait {
    this.#throwIfOver();
    this.#entries.push({ kind: "item", item });
    this.#items++;
    this.#arrival?.resolve();
    if (this.#items < this.#options.ahead) return;
    this.#room = Promise.withResolvers();
    return this.#waitForRoom(this.#room.promise);
  }

  barrier(pending: PendingBarrier): Wait {
    const { downstream } = this.#options;
    if (this.#ending || downstream.ended) return downstream.barrier(pending);
    this.#entries.push({ kind: "barrier", pending });
    this.#arrival?.resolve();
  }

  end(): Wait {
    this.#entries.push({ kind: "end" });
    this.#arrival?.resolve();
  }

  /** Runs the stages after the queue until the end. */
  async drive(): Promise<void> {
    const { after, downstream, saves } = this.#options;
    try {
      while (await this.#step());
    } catch (thrown) {
      if (!(thrown instanceof StopUpstream) || after.signal.aborted) throw thrown;
      await downstream.end(thrown, saves);
      for (const entry of this.#entries.splice(0)) {
        if (entry.kind === "barrier") await downstream.barrier(entry.pending);
      }
      this.#room?.reject(new StopUpstream(null));
      this.#options.onEnd();
    }
  }

  /** Passes one entry on. Returns false after the end. */
  async #step(): Promise<boolean> {
    const { after, downstream: { inlet } } = this.#options;
    const entry = this.#entries.shift() ?? await this.#nextEntry();
    switch (entry.kind) {
      case "item": {
        if (--this.#items < this.#options.ahead) this.#room?.resolve();
        const wait = inlet.item(entry.item);
        if (wait !== undefined) await wait;
        break;
      }
      case "barrier":
        await inlet.barrier(entry.pending);
        break;
      case "end":
        this.#ending = true;
        await inlet.end();
        return false;
    }
    after.clock.lap();
    if (after.clock.due()) await after.clock.turn();
    return true;
  }

  async #nextEntry(): Promise<Entry> {
    const { clock, signal } = this.#options.after;
    clock.resume();
    const owner = clock.enter(this.#options.waiting);
    for (;;) {
      signal.throwIfAborted();
      this.#arrival = Promise.withResolvers();
      await this.#arrival.promise;
      const entry = this.#entries.shift();
      if (entry === undefined) continue;
      clock.enter(owner);
      return entry;
    }
  }

  async #waitForRoom(room: Promise<void>): Promise<void> {
    const { clock } = this.#options.before;
    clock.resume();
    const owner = clock.enter(this.#full);
    await room;
    clock.enter(owner);
  }

  #throwIfOver(): void {
    this.#options.before.signal.throwIfAborted();
    if (this.#options.downstream.ended) throw new StopUpstream(null);
  }
}
