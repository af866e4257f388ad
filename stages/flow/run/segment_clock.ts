/**
 * Splits the time of a segment among its stages. Only one of them works at a time.
 *
 * Reading the clock costs more than passing a quick item on. If items are quick, only one item in `SAMPLE` is
 * timed, and its times are scaled up to cover the others.
 *
 * @module
 */
import type { StageMeter } from "./stage_meter.ts";

const SAMPLE = 16; // items
const QUICK = 0.02; // milliseconds per item; below this, timing costs more than the work
const TURN = 10; // milliseconds of work after which timers and signals get their turn

/** The clock of one segment. */
export class SegmentClock {
  /** The stage that works now. */
  #owner: StageMeter;
  /** Meters with a `sample` that has not yet been added to `busy`. */
  #touched: StageMeter[] = [];
  #timing = true;
  #since = performance.now(); // time of the last reading
  #began = this.#since; // start of the timed item, or of the untimed items after it
  #sampled = 0; // milliseconds of the last timed item, which represents the untimed ones
  #untimed = 0; // number of untimed items since the last timed one
  #asked = 0; // number of calls of due()
  #turnedAt = this.#since;

  constructor(owner: StageMeter) {
    this.#owner = owner;
  }

  /** Makes `owner` the stage that works from now on; returns the one that worked until now. */
  enter(owner: StageMeter): StageMeter {
    const before = this.#owner;
    this.#owner = owner;
    if (this.#timing) this.#read(before);
    return before;
  }

  /** Returns the milliseconds of a stage's work, with what has not been added to `busy` yet. */
  busy(meter: StageMeter): number {
    const ongoing = this.#timing && meter === this.#owner ? performance.now() - this.#since : 0;
    return meter.busy + meter.sample + ongoing;
  }

  /** Records that one more item has passed through the segment. */
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

  /**
   * Starts timing again. Called before a wait, because the time of the wait must not be scaled up and divided
   * among all stages.
   */
  resume(): void {
    if (this.#timing) return;
    this.#since = performance.now();
    this.#settle(1 + (this.#since - this.#began) / Math.max(this.#sampled, 1e-6));
    this.#began = this.#since;
    this.#timing = true;
    this.#untimed = 0;
  }

  /** Called when the owner starts to wait. Returns the argument for `waited`. */
  wait(): number {
    return this.#timing ? 0 : performance.now();
  }

  /**
   * Called when the wait is over. A long wait counts for the owner alone, because the timed item did not
   * include it.
   */
  waited(since: number): void {
    if (this.#timing) return;
    const waited = performance.now() - since;
    if (waited < QUICK) return;
    this.#owner.busy += waited;
    this.#began += waited;
  }

  /** Returns whether timers, signals and messages have waited long enough for their turn. */
  due(): boolean {
    // While one push yields very many items, the last reading becomes outdated, so every 16th call reads the
    // clock again.
    const fresh = (++this.#asked & 15) === 0;
    const now = fresh ? performance.now() : this.#timing ? this.#since : this.#turnedAt;
    return now - this.#turnedAt > TURN;
  }

  /** Lets timers, signals and messages run. */
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

  /** Adds the sampled times, multiplied by `times`, to the `busy` times of the stages. */
  #settle(times: number): void {
    for (const meter of this.#touched) {
      meter.busy += meter.sample * times;
      meter.sample = 0;
    }
    this.#touched.length = 0;
  }
}
