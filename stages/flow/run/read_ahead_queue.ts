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
}

/** The input side of the queue; `drive` is its output side. */
export class ReadAheadQueue implements Inlet {
  readonly #options: ReadAheadQueueOptions;
  readonly #entries: Entry[] = [];
  readonly #full = new StageMeter("waiting for room"); // time in which no stage works: not reported
  #fullFor = 0; // milliseconds
  #fullSince: number | null = null; // null while there is room
  #items = 0;
  readonly #begun = Promise.withResolvers<void>();
  #over = false; // `drive` has finished, so barriers bypass the queue
  #room: PromiseWithResolvers<void> | null = null; // resolved when the queue has room for an item
  #arrival: PromiseWithResolvers<void> | null = null; // resolved when an entry arrives

  constructor(options: ReadAheadQueueOptions) {
    this.#options = options;
    const { before, after } = options;
    before.signal.addEventListener("abort", () => this.#room?.reject(before.signal.reason));
    after.signal.addEventListener("abort", () => this.#arrival?.reject(after.signal.reason));
  }

  /** Maximum number of items in the queue. */
  get ahead(): number {
    return this.#options.ahead;
  }

  /** Number of items in the queue. */
  get items(): number {
    return this.#items;
  }

  /** Milliseconds for which the stages before the queue have waited for room in it. */
  get fullFor(): number {
    return this.#fullFor + (this.#fullSince === null ? 0 : performance.now() - this.#fullSince);
  }

  /** Waits until the stages after the queue have begun in `drive`. */
  async begin(): Promise<void> {
    await this.#begun.promise;
    this.#throwIfOver();
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
    const { downstream, after } = this.#options;
    if (this.#over || downstream.ended || pending.flushing >= after.index) return downstream.barrier(pending);
    this.#entries.push({ kind: "barrier", pending });
    this.#arrival?.resolve();
  }

  end(): Wait {
    this.#entries.push({ kind: "end" });
    this.#arrival?.resolve();
  }

  /** Runs the stages after the queue until the end. */
  async drive(): Promise<void> {
    const { downstream } = this.#options;
    try {
      try {
        await downstream.begin();
      } finally {
        this.#begun.resolve();
      }
      while (!downstream.ended && await this.#step());
    } catch (thrown) {
      await downstream.stop(thrown); // the segment was stopped while it waited for an entry
    }
    this.#over = true;
    for (const entry of this.#entries.splice(0)) {
      if (entry.kind === "barrier") await downstream.barrier(entry.pending);
    }
    this.#room?.reject(new StopUpstream(null));
  }

  /** Passes one entry on. Returns false after the end. */
  async #step(): Promise<boolean> {
    const { after, downstream } = this.#options;
    const entry = this.#entries.shift() ?? await this.#nextEntry();
    switch (entry.kind) {
      case "item": {
        if (--this.#items < this.#options.ahead) this.#room?.resolve();
        const wait = downstream.item(entry.item);
        if (wait !== undefined) await wait;
        break;
      }
      case "barrier":
        await downstream.barrier(entry.pending);
        break;
      case "end":
        await downstream.end();
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
    this.#fullSince = performance.now();
    try {
      await room;
    } finally {
      this.#fullFor += performance.now() - this.#fullSince;
      this.#fullSince = null;
    }
    clock.enter(owner);
  }

  #throwIfOver(): void {
    this.#options.before.signal.throwIfAborted();
    if (this.#options.downstream.ended) throw new StopUpstream(null);
  }
}
