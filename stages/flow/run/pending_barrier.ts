/**
 * A barrier on its way: it collects each stage's part and is complete once it has reached every leaf of the flow.
 *
 * @module
 */
import { Barrier } from "../checkpoint/types.ts";
import type { Wait } from "./wait.ts";

/** A barrier that still has to reach `leaves` leaves; `completed` then makes it durable. */
export class PendingBarrier {
  readonly barrier: Barrier = new Barrier();
  /** Settles when it is complete and `completed` is done. */
  readonly done: Promise<void>;
  #resolve: () => void;
  #reject: (reason: unknown) => void;
  #leaves: number;
  #completed: (barrier: Barrier) => Wait;

  constructor(leaves: number, completed: (barrier: Barrier) => Wait) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {}); // the run itself reports what failed
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#leaves = leaves;
    this.#completed = completed;
  }

  /** It has reached `count` more leaves. */
  arrive(count = 1): Wait {
    this.#leaves -= count;
    if (this.#leaves > 0) return;
    const wait = this.#completed(this.barrier);
    if (wait === undefined) return this.#resolve();
    return wait.then(this.#resolve);
  }

  /** It will never be complete: the run has ended. */
  fail(reason: unknown): void {
    this.#reject(reason);
  }
}
