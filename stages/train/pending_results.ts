/**
 * Losses that come late: an update is begun while the one before it still runs, so what came of it is known afterwards.
 * Here stands who is waited for, and when.
 *
 * @module
 */
import type { Batch } from "../items.ts";
import type { ModelSession, StepResult } from "../model/model_session.ts";

/** An update that was begun. */
export interface PendingUpdate {
  /** Counts from 0. */
  readonly step: number;
  /** Number of its batch in the run, from 0: as `step`, and those left out before it. */
  readonly batch: number;
  /** Where the batch stands. */
  readonly origins: Batch["origins"];
  /** Of this update. */
  readonly learningRate: number;
  /** Trained on so far, this update's included. */
  readonly tokens: number;
  /** `performance.now()` when it was handed to the device. */
  readonly at: number;
}

/** An update, what came of it, and from when to when the device was at it, by `performance.now()`. */
export type CompletedUpdate = PendingUpdate & StepResult & { readonly from: number; readonly to: number };

/**
 * Updates whose results are still to come. They are asked for after every `model.readEvery` updates and told of, in
 * order, when the next update has been begun: so the device has work while the host hears of what it did before.
 */
export class PendingResults {
  readonly #model: ModelSession;
  readonly #tell: (ended: CompletedUpdate) => void;
  #begun: PendingUpdate[] = [];
  #asked: Promise<readonly CompletedUpdate[]> | null = null;
  /** When the device was done with all that has been told of. */
  #free = -Infinity;

  /** `tell` hears of each update once; what it throws ends the training. */
  constructor(model: ModelSession, tell: (ended: CompletedUpdate) => void) {
    this.#model = model;
    this.#tell = tell;
  }

  /** An update has just been begun: tells of those asked for before it, asks anew if it is time. */
  async add(begun: PendingUpdate): Promise<void> {
    this.#begun.push(begun);
    if (this.#asked !== null) await this.#hear();
    if (this.#begun.length >= this.#model.readEvery) this.#ask();
  }

  /** Waits for all updates begun so far and tells of them. */
  async drain(): Promise<void> {
    if (this.#asked !== null) await this.#hear();
    if (this.#begun.length === 0) return;
    this.#ask();
    await this.#hear();
  }

  #ask(): void {
    const updates = this.#begun.splice(0);
    this.#asked = this.#model.results().then((results) => this.#timed(updates, results));
    this.#asked.catch(() => {}); // heard of with the next update
  }

  async #hear(): Promise<void> {
    const ended = await this.#asked!;
    this.#asked = null;
    ended.forEach(this.#tell);
  }

  /** Updates read together share their time evenly: when each of them ended is not known. */
  #timed(updates: readonly PendingUpdate[], results: readonly StepResult[]): readonly CompletedUpdate[] {
    const from = Math.max(this.#free, updates[0].at), to = performance.now();
    this.#free = to;
    const at = (i: number) => from + (to - from) * i / updates.length;
    return updates.map((begun, i) => ({ ...begun, ...results[i], from: at(i), to: at(i + 1) }));
  }
}
