/**
 * Results of updates that are still running on the device. Training begins an update while the previous one
 * is still running, so that the device never waits for the host. The loss of an update is therefore known
 * only after later updates have begun.
 *
 * @module
 */
import type { Batch } from "../items.ts";
import type { ModelSession, StepResult } from "../model/model_session.ts";

/** An update whose result has not been read yet. */
export interface PendingUpdate {
  /** Index of the update, starting at 0. */
  readonly step: number;
  /** Index of the update's batch in the run: `step` plus the number of batches skipped before it. */
  readonly batch: number;
  /** Origins of the batch's tokens. */
  readonly origins: Batch["origins"];
  /** Learning rate of the update. */
  readonly learningRate: number;
  /** Number of tokens trained on so far, this update included. */
  readonly tokens: number;
  /** Value of `performance.now()` when the update was submitted to the device. */
  readonly submitted: number;
}

/** An update with its result, and the values of `performance.now()` when the device began and ended it. */
export type CompletedUpdate = PendingUpdate & StepResult & { readonly from: number; readonly to: number };

/**
 * Updates whose results are pending. Results are requested after every `model.readEvery` updates, and are
 * reported when the next update has been submitted, so that the device has work while the host waits for the
 * results.
 */
export class PendingResults {
  readonly #model: ModelSession;
  readonly #report: (completed: CompletedUpdate) => void;
  #pending: PendingUpdate[] = [];
  #requested: Promise<readonly CompletedUpdate[]> | null = null;
  /** Time at which the device ended the last reported update. */
  #idleSince = -Infinity;

  /** `report` is called once for each update, in order; an error that it throws ends the training. */
  constructor(model: ModelSession, report: (completed: CompletedUpdate) => void) {
    this.#model = model;
    this.#report = report;
  }

  /**
   * Adds an update that was just submitted. Reports the results that were requested earlier, and requests the
   * pending results if there are `model.readEvery` of them.
   */
  async add(update: PendingUpdate): Promise<void> {
    this.#pending.push(update);
    if (this.#requested !== null) await this.#reportRequested();
    if (this.#pending.length >= this.#model.readEvery) this.#request();
  }

  /** Waits for all updates submitted so far, and reports them. */
  async drain(): Promise<void> {
    if (this.#requested !== null) await this.#reportRequested();
    if (this.#pending.length === 0) return;
    this.#request();
    await this.#reportRequested();
  }

  #request(): void {
    const updates = this.#pending.splice(0);
    this.#requested = this.#model.results().then((results) => this.#withTimes(updates, results));
    this.#requested.catch(() => {}); // `#reportRequested` rejects with the same error
  }

  async #reportRequested(): Promise<void> {
    const completed = await this.#requested!;
    this.#requested = null;
    completed.forEach(this.#report);
  }

  /**
   * Divides the time of the updates evenly among them: their results are read together, so it is not known
   * when each update ended.
   */
  #withTimes(updates: readonly PendingUpdate[], results: readonly StepResult[]): readonly CompletedUpdate[] {
    const from = Math.max(this.#idleSince, updates[0].submitted), to = performance.now();
    this.#idleSince = to;
    const at = (i: number) => from + (to - from) * i / updates.length;
    return updates.map((update, i) => ({ ...update, ...results[i], from: at(i), to: at(i + 1) }));
  }
}
