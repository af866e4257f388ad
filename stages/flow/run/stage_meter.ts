/**
 * What each stage has counted.
 *
 * @module
 */
import { addLength, joinLengths, type Lengths, type Measure } from "../lengths.ts";
import type { StageCounts } from "../checkpoint/types.ts";

/** Items in, out and dropped by reason; milliseconds at work. */
export class StageMeter {
  in = 0;
  out = 0;
  busy = 0;
  /** Milliseconds of the item being timed, not yet in `busy`. */
  sample = 0;
  readonly dropped: Map<string, number> = new Map();
  lengths: Lengths | undefined;

  constructor(readonly name: string, saved?: StageCounts, readonly measure: Measure | null = null) {
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
  add(counts: StageCounts): void {
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
  counts(): StageCounts {
    const { lengths } = this;
    return {
      in: this.in,
      out: this.out,
      dropped: Object.fromEntries(this.dropped),
      ...(lengths && { lengths }),
    };
  }

  /** What was counted since the last time, milliseconds at work with it; counting begins anew. */
  take(): StageCounts & { readonly busy: number } {
    const taken = { ...this.counts(), busy: this.busy };
    this.in = this.out = this.busy = 0;
    this.dropped.clear();
    this.lengths = undefined;
    return taken;
  }
}
