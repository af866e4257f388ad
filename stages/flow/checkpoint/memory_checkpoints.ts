/**
 * Checkpoints kept in memory: for laws and for flows that are run twice in one process.
 *
 * @module
 */
import type { Barrier, Checkpoints, Part } from "./types.ts";

/** Keeps every barrier, in order; `latest` gives the last, or what it was made with. */
export class MemoryCheckpoints implements Checkpoints {
  /** Every barrier committed, in order. */
  readonly all: ReadonlyMap<string, Part>[] = [];
  readonly #begin: ReadonlyMap<string, Part> | null;

  /** `begin`: what `latest` gives before the first commit. */
  constructor(begin: ReadonlyMap<string, Part> | null = null) {
    this.#begin = begin;
  }

  /** Keeps it. */
  commit(barrier: Barrier): Promise<void> {
    this.all.push(new Map(barrier.parts));
    return Promise.resolve();
  }

  /** The last one kept. */
  latest(): Promise<ReadonlyMap<string, Part> | null> {
    return Promise.resolve(this.all.at(-1) ?? this.#begin);
  }
}
