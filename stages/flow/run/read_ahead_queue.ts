/**
 * A joint that reads ahead: what is before it works while what follows is still busy, up to `ahead` items further.
 * Barriers stay in line with the items.
 *
 * @module
 */
import type { PendingBarrier } from "./pending_barrier.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { Wait } from "./wait.ts";
import { StageMeter } from "./stage_meter.ts";
import type { Downstream } from "./downstream.ts";
import type { Segment } from "./stage_node.ts";

type Mark =
  | { readonly kind: "item"; readonly item: unknown }
  | { readonly kind: "barrier"; readonly gathering: PendingBarrier }
  | { readonly kind: "end" };

/** Two segments, a bounded queue between them, and the meter of the time that the second waits. */
export interface ReadAheadQueueOptions {
  readonly before: Segment;
  readonly after: Segment;
  readonly outlet: Downstream;
  readonly waiting: StageMeter;
  readonly ahead: number;
  readonly saves: boolean;
  /** What follows wants no more: stop what is before. */
  ended(): void;
}

/** The inlet of a queue of at most `ahead` items; `drive` is its other side. */
export class ReadAheadQueue implements Inlet {
  readonly #parts: ReadAheadQueueOptions;
  readonly #queue: Mark[] = [];
  readonly #full = new StageMeter("waiting for room"); // nobody's work, so nobody's time
  #items = 0;
  #ending = false; // nothing is queued any more
  #room: PromiseWithResolvers<void> | null = null;
  #news: PromiseWithResolvers<void> | null = null;

  constructor(parts: ReadAheadQueueOptions) {
    this.#parts = parts;
    parts.before.signal.addEventListener("abort", () => this.#room?.reject(parts.before.signal.reason));
    parts.after.signal.addEventListener("abort", () => this.#news?.reject(parts.after.signal.reason));
  }

  item(item: unknown): Wait {
    this.#check();
    this.#queue.push({ kind: "item", item });
    this.#items++;
    this.#news?.resolve();
    if (this.#items < this.#parts.ahead) return;
    this.#room = Promise.withResolvers();
    return this.#waitForRoom(this.#room.promise);
  }

  barrier(gathering: PendingBarrier): Wait {
    if (this.#ending || this.#parts.outlet.ended) return this.#parts.outlet.barrier(gathering);
    this.#queue.push({ kind: "barrier", gathering });
    this.#news?.resolve();
  }

  end(): Wait {
    this.#queue.push({ kind: "end" });
    this.#news?.resolve();
  }

  /** Runs what follows until the end. */
  async drive(): Promise<void> {
    const { after, outlet, saves } = this.#parts;
    try {
      while (await this.#step());
    } catch (thrown) {
      if (!(thrown instanceof StopUpstream) || after.signal.aborted) throw thrown;
      await outlet.end(thrown, saves);
      for (const mark of this.#queue.splice(0)) {
        if (mark.kind === "barrier") await outlet.barrier(mark.gathering);
      }
      this.#room?.reject(new StopUpstream(null));
      this.#parts.ended();
    }
  }

  async #step(): Promise<boolean> {
    const { after, outlet } = this.#parts;
    const mark = this.#queue.shift() ?? await this.#wait();
    switch (mark.kind) {
      case "item": {
        if (--this.#items < this.#parts.ahead) this.#room?.resolve();
        const wait = outlet.inlet.item(mark.item);
        if (wait !== undefined) await wait;
        break;
      }
      case "barrier":
        await outlet.inlet.barrier(mark.gathering);
        break;
      case "end":
        this.#ending = true;
        await outlet.inlet.end();
        return false;
    }
    after.clock.lap();
    if (after.clock.due()) await after.clock.turn();
    return true;
  }

  async #wait(): Promise<Mark> {
    const { clock, signal } = this.#parts.after;
    clock.resume();
    const owner = clock.enter(this.#parts.waiting);
    for (;;) {
      signal.throwIfAborted();
      this.#news = Promise.withResolvers();
      await this.#news.promise;
      const mark = this.#queue.shift();
      if (mark === undefined) continue;
      clock.enter(owner);
      return mark;
    }
  }

  async #waitForRoom(room: Promise<void>): Promise<void> {
    const { clock } = this.#parts.before;
    clock.resume();
    const owner = clock.enter(this.#full);
    await room;
    clock.enter(owner);
  }

  #check(): void {
    this.#parts.before.signal.throwIfAborted();
    if (this.#parts.outlet.ended) throw new StopUpstream(null);
  }
}
