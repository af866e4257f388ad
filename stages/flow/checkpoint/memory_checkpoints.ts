/**
 * Checkpoints in memory, for tests and for flows that run several times in one process.
 *
 * @module
 */
import type { Barrier, Checkpoints, StageSnapshot } from "./types.ts";

/**
 * Keeps the snapshots of every barrier, in order.
 *
 * @example
 * ```ts
 * import { from, MemoryCheckpoints } from "@stagewise/gpt";
 *
 * const checkpoints = new MemoryCheckpoints();
 * await from(["a", "b", "c"]).run({ checkpoints, barrierEvery: 1 });
 * const afterFirst = new MemoryCheckpoints(checkpoints.all[0]);
 * const rest = from(["a", "b", "c"]).stream({ checkpoints: afterFirst });
 * console.log(await Array.fromAsync(rest)); // [ "b", "c" ]
 * ```
 */
export class MemoryCheckpoints implements Checkpoints {
  /** The snapshots of each committed barrier, the oldest first. */
  readonly all: ReadonlyMap<string, StageSnapshot>[] = [];
  readonly #initial: ReadonlyMap<string, StageSnapshot> | null;

  /** `initial` is what `latest` returns before the first commit. */
  constructor(initial: ReadonlyMap<string, StageSnapshot> | null = null) {
    this.#initial = initial;
  }

  /** Keeps the barrier's snapshots. */
  commit(barrier: Barrier): Promise<void> {
    this.all.push(new Map(barrier.snapshots));
    return Promise.resolve();
  }

  /** Returns the snapshots of the latest commit. */
  latest(): Promise<ReadonlyMap<string, StageSnapshot> | null> {
    return Promise.resolve(this.all.at(-1) ?? this.#initial);
  }
}
