/**
 * Checkpoints in memory that take time to write.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import type { Barrier, StageSnapshot } from "../../../stages/flow/checkpoint/types.ts";

/**
 * Refuses a commit during another one, and a commit whose position in the source named `source` is before
 * that of the last one.
 */
export class SlowCheckpoints extends MemoryCheckpoints {
  #writing = false;
  #position = 0; // number of items that the source had given

  /** `turns` is the number of turns of the event loop that a commit takes. */
  constructor(readonly turns: number, initial: ReadonlyMap<string, StageSnapshot> | null = null) {
    super(initial);
  }

  override async commit(barrier: Barrier): Promise<void> {
    strictEqual(this.#writing, false, "two checkpoints are written at once");
    const position = barrier.snapshots.get("source")?.counts?.out ?? 0;
    ok(position >= this.#position, `a checkpoint at item ${position} comes after that at ${this.#position}`);
    this.#position = position;
    this.#writing = true;
    for (let i = 0; i < this.turns; i++) await new Promise((resolve) => setImmediate(resolve));
    await super.commit(barrier);
    this.#writing = false;
  }
}
