/**
 * A barrier on its way through a flow. It collects a snapshot of each stage that it passes, and is complete
 * once it has reached every leaf: the end of the flow, of each branch and of each sink for dropped items.
 *
 * @module
 */
import { Barrier } from "../checkpoint/types.ts";
import type { Wait } from "./wait.ts";

/** A barrier that has not yet reached all leaves. */
export class PendingBarrier {
  readonly barrier: Barrier = new Barrier();
  /**
   * Resolves once the barrier is complete and `onComplete` has finished; rejects if the run ends before that.
   */
  readonly done: Promise<void>;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  readonly #onComplete: (barrier: Barrier) => Wait;
  #leaves: number;

  /**
   * `leaves` is the number of leaves that the barrier must reach. `flushing` is the index of the segment in
   * which a stage waits for the barrier during its flush; this segment and those before it take no more
   * items, so the barrier bypasses their queues; it is -1 if there is none.
   */
  constructor(leaves: number, onComplete: (barrier: Barrier) => Wait, readonly flushing = -1) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {}); // the run reports the failure, even if nothing waits for this barrier
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#leaves = leaves;
    this.#onComplete = onComplete;
  }

  /** Records that the barrier has reached `count` more leaves. */
  arrive(count = 1): Wait {
    this.#leaves -= count;
    if (this.#leaves > 0) return;
    const wait = this.#onComplete(this.barrier);
    if (wait === undefined) return this.#resolve();
    return wait.then(this.#resolve);
  }

  /** Rejects `done`, because the run has ended before the barrier was complete. */
  fail(reason: unknown): void {
    this.#reject(reason);
  }
}
