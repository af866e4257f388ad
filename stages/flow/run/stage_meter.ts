/**
 * Counters of one stage.
 *
 * @module
 */
import type { StageCounts } from "../checkpoint/types.ts";
import { addLength, joinLengths, type Lengths, type Measure } from "../lengths.ts";

/** Items in, out and dropped by reason, lengths of the output, and milliseconds at work. */
export class StageMeter {
  in = 0;
  out = 0;
  /** Milliseconds at work. */
  busy = 0;
  /** Milliseconds of the item that is being timed, not yet part of `busy`. */
  sample = 0;
  readonly dropped: Map<string, number> = new Map();
  lengths: Lengths | undefined;

  /** `saved`: counts of an earlier run to continue from. */
  constructor(readonly name: string, saved?: StageCounts, readonly measure: Measure | null = null) {
    if (saved !== undefined) this.add(saved);
  }

  /** Counts an item that the stage has passed on. */
  countOutput(item: unknown): void {
    this.out++;
    if (this.measure === null) return;
    const length = this.measure(item);
    if (length !== undefined) this.lengths = addLength(this.lengths, length);
  }

  /** Adds counts that were made elsewhere. */
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

  /** A copy of the counts, to be saved or reported. */
  counts(): StageCounts {
    const { lengths } = this;
    return {
      in: this.in,
      out: this.out,
      dropped: Object.fromEntries(this.dropped),
      ...(lengths && { lengths }),
    };
  }

  /** Returns the counts and the milliseconds at work since the last call, and resets them. */
  take(): StageCounts & { readonly busy: number } {
    const taken = { ...this.counts(), busy: this.busy };
    this.in = this.out = this.busy = 0;
    this.dropped.clear();
    this.lengths = undefined;
    return taken;
  }
}
