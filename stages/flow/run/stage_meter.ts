/**
 * Counters of one stage.
 *
 * @module
 */
import type { StageCounts } from "../checkpoint/types.ts";
import { addLength, joinLengths, type Lengths, type Measure } from "../lengths.ts";

/**
 * Number of items in, items out and items dropped for each reason; lengths of the output; milliseconds of
 * work.
 */
export class StageMeter {
  in = 0;
  out = 0;
  /** Milliseconds of work. */
  busy = 0;
  /** Milliseconds of work on the item that is being timed, not yet added to `busy`. */
  sample = 0;
  readonly dropped: Map<string, number> = new Map();
  lengths: Lengths | undefined;

  /** `saved` holds the counts of an earlier run to continue from. */
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

  /** Adds the counts of a stage that runs elsewhere, for example in a worker. */
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

  /** Returns a copy of the counts, to be saved or reported. */
  counts(): StageCounts {
    const { lengths } = this;
    return {
      in: this.in,
      out: this.out,
      dropped: Object.fromEntries(this.dropped),
      ...(lengths && { lengths }),
    };
  }

  /** Returns the counts and the milliseconds of work since the last call, and resets them. */
  take(): StageCounts & { readonly busy: number } {
    const taken = { ...this.counts(), busy: this.busy };
    this.in = this.out = this.busy = 0;
    this.dropped.clear();
    this.lengths = undefined;
    return taken;
  }
}
