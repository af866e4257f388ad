/**
 * Where the time of a segment goes.
 *
 * Reading the clock costs more than passing an item, so of quick items only one in SAMPLE is timed and stands for
 * the rest.
 *
 * @module
 */
import type { StageMeter } from "./stage_meter.ts";

const SAMPLE = 16;
const QUICK = 0.02; // milliseconds for an item through the whole segment: below it, timing would cost more than the work
const TURN = 10; // milliseconds of work after which timers and signals get their turn

/** Says whose time it is in one segment of a flow, where only one stage works at a time. */
export class SegmentClock {
  #owner: StageMeter;
  #touched: StageMeter[] = [];
  #timing = true;
  #since = performance.now(); // the last reading
  #began = this.#since; // when this item, or this row of untimed ones, began
  #sampled = 0; // milliseconds of the timed item that stands for the row
  #untimed = 0;
  #asked = 0;
  #turnedAt = this.#since;

  constructor(owner: StageMeter) {
    this.#owner = owner;
  }

  /** It is `owner`'s time from now on; returns whose it was. */
  enter(owner: StageMeter): StageMeter {
    const before = this.#owner;
    this.#owner = owner;
    if (this.#timing) this.#read(before);
    return before;
  }

  /** One more item has gone through the segment. */
  lap(): void {
    if (this.#timing) {
      this.#read(this.#owner);
      this.#sampled = this.#since - this.#began;
      this.#began = this.#since;
      if (this.#sampled < QUICK) this.#timing = false;
      else this.#settle(1);
    } else if (++this.#untimed === SAMPLE - 1) {
      this.resume();
    }
  }

  /** Times from here on: before a wait, which would else be shared out among the stages. */
  resume(): void {
    if (this.#timing) return;
    this.#since = performance.now();
    this.#settle(1 + (this.#since - this.#began) / Math.max(this.#sampled, 1e-6));
    this.#began = this.#since;
    this.#timing = true;
    this.#untimed = 0;
  }

  /** The owner begins to wait; give what this returns to `waited`. */
  wait(): number {
    return this.#timing ? 0 : performance.now();
  }

  /** The wait is over. A long one is the owner's alone: the item timed before knows nothing of it. */
  waited(since: number): void {
    if (this.#timing) return;
    const waited = performance.now() - since;
    if (waited < QUICK) return;
    this.#owner.busy += waited;
    this.#began += waited;
  }

  /** Whether timers, signals and messages have waited long enough for their turn. */
  due(): boolean {
    // The last reading is too old in a push that gives a great many items: so every so often a fresh one.
    const fresh = (++this.#asked & 15) === 0;
    const now = fresh ? performance.now() : this.#timing ? this.#since : this.#turnedAt;
    return now - this.#turnedAt > TURN;
  }

  /** Gives them their turn. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#turnedAt = performance.now();
  }

  #read(owner: StageMeter): void {
    const now = performance.now();
    if (owner.sample === 0) this.#touched.push(owner);
    owner.sample += now - this.#since;
    this.#since = now;
  }

  /** What was timed counts `times` over. */
  #settle(times: number): void {
    for (const meter of this.#touched) {
      meter.busy += meter.sample * times;
      meter.sample = 0;
    }
    this.#touched.length = 0;
  }
}
