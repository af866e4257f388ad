/**
 * What each stage has counted, and where the time of a segment goes.
 *
 * Reading the clock costs more than passing an item, so of quick items only one in SAMPLE is timed and stands for
 * the rest.
 *
 * @module
 */
import { addLength, joinLengths, type Lengths, type Measure } from "../lengths.ts";
import type { Counts } from "../checkpoint/types.ts";

const SAMPLE = 16;
const QUICK = 0.02; // milliseconds for an item through the whole segment: below it, timing would cost more than the work
const TURN = 10; // milliseconds of work after which timers and signals get their turn

/** Items in, out and dropped by reason; milliseconds at work. */
export class Meter {
  in = 0;
  out = 0;
  busy = 0;
  /** Milliseconds of the item being timed, not yet in `busy`. */
  sample = 0;
  readonly dropped: Map<string, number> = new Map();
  lengths: Lengths | undefined;

  constructor(readonly name: string, saved?: Counts, readonly measure: Measure | null = null) {
    if (saved !== undefined) this.add(saved);
  }

  /** Counts an item passed on. */
  gave(item: unknown): void {
    this.out++;
    if (this.measure === null) return;
    const length = this.measure(item);
    if (length !== undefined) this.lengths = addLength(this.lengths, length);
  }

  /** Adds what was counted elsewhere. */
  add(counts: Counts): void {
    this.in += counts.in;
    this.out += counts.out;
    for (const [reason, count] of Object.entries(counts.dropped)) this.drop(reason, count);
    this.lengths = joinLengths(this.lengths, counts.lengths);
  }

  /** Counts dropped items. */
  drop(reason: string, count = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count);
  }

  /** A copy, to be saved or shown. */
  counts(): Counts {
    const { lengths } = this;
    return {
      in: this.in,
      out: this.out,
      dropped: Object.fromEntries(this.dropped),
      ...(lengths && { lengths }),
    };
  }

  /** What was counted since the last time, milliseconds at work with it; counting begins anew. */
  take(): Counts & { readonly busy: number } {
    const taken = { ...this.counts(), busy: this.busy };
    this.in = this.out = this.busy = 0;
    this.dropped.clear();
    this.lengths = undefined;
    return taken;
  }
}

/** Says whose time it is in one segment of a flow, where only one stage works at a time. */
export class Clock {
  #owner: Meter;
  #touched: Meter[] = [];
  #timing = true;
  #since = performance.now(); // the last reading
  #began = this.#since; // when this item, or this row of untimed ones, began
  #sampled = 0; // milliseconds of the timed item that stands for the row
  #untimed = 0;
  #asked = 0;
  #turnedAt = this.#since;

  constructor(owner: Meter) {
    this.#owner = owner;
  }

  /** It is `owner`'s time from now on; returns whose it was. */
  enter(owner: Meter): Meter {
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

  #read(owner: Meter): void {
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
