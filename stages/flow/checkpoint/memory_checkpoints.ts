/**
 * Checkpoints kept in memory: for laws and for flows that are run twice in one process.
 *
 * @module
 */
import type { Barrier, Checkpoints, StageSnapshot } from "./types.ts";

/** Keeps every barrier, in order; `latest` gives the last, or what it was made with. */
export class MemoryCheckpoints implements Checkpoints {
  /** Every barrier committed, in order. */
  readonly all: ReadonlyMap<string, StageSnapshot>[] = [];
  readonly #begin: ReadonlyMap<string, StageSnapshot> | null;

  /** `begin`: what `latest` gives before the first commit. */
  constructor(begin: ReadonlyMap<string, StageSnapshot> | null = null) {
    this.#begin = begin;
  }

  /** Keeps it. */
  commit(barrier: Barrier): Promise<void> {
    this.all.push(new Map(barrier.snapshots));
    return Promise.resolve();
  }

  /** The last one kept. */
  latest(): Promise<ReadonlyMap<string, StageSnapshot> | null> {
    return Promise.resolve(this.all.at(-1) ?? this.#begin);
  }
}
