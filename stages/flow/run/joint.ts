/**
 * A joint that reads ahead: what is before it works while what follows is still busy, up to `ahead` items further.
 * Barriers stay in line with the items.
 *
 * @module
 */
import type { Gathering } from "./pending_barrier.ts";
import { End, type Inlet, type Wait } from "./inlet.ts";
import { Meter } from "./stage_meter.ts";
import type { Outlet } from "./outlet.ts";
import type { Segment } from "./stage_node.ts";

type Mark =
  | { readonly kind: "item"; readonly item: unknown }
  | { readonly kind: "barrier"; readonly gathering: Gathering }
  | { readonly kind: "end" };

/** Two segments, a bounded queue between them, and the meter of the time that the second waits. */
export interface JointParts {
  readonly before: Segment;
  readonly after: Segment;
  readonly outlet: Outlet;
  readonly waiting: Meter;
  readonly ahead: number;
  readonly saves: boolean;
  /** What follows wants no more: stop what is before. */
  ended(): void;
}

/** The inlet of a queue of at most `ahead` items; `drive` is its other side. */
export class Joint implements Inlet {
  readonly #parts: JointParts;
  readonly #queue: Mark[] = [];
  readonly #full = new Meter("waiting for room"); // nobody's work, so nobody's time
  #items = 0;
  #ending = false; // nothing is queued any more
  #room: PromiseWithResolvers<void> | null = null;
  #news: PromiseWithResolvers<void> | null = null;

  constructor(parts: JointParts) {
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

  barrier(gathering: Gathering): Wait {
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
      if (!(thrown instanceof End) || after.signal.aborted) throw thrown;
      await outlet.end(thrown, saves);
      for (const mark of this.#queue.splice(0)) {
        if (mark.kind === "barrier") await outlet.barrier(mark.gathering);
      }
      this.#room?.reject(new End(null));
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
    if (this.#parts.outlet.ended) throw new End(null);
  }
}
