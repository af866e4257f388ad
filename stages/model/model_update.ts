/**
 * The items that flow from a training stage to the stages after it.
 *
 * @module
 */
import type { Batch } from "../items.ts";
import type { ModelSession } from "./model_session.ts";

/**
 * A model after an optimizer update. The device may still be computing the update; reading from the model
 * waits for it. The next update changes the model, so use the model before requesting the next item.
 */
export type ModelUpdate = Readonly<{
  /** Number of updates made so far, this one included. */
  step: number;
  /** The model being trained. */
  model: ModelSession;
  /** The batch that the update was made from. */
  batch: Batch;
  /** The update's learning rate. */
  learningRate: number;
  /** Whether this is the last update of the run. */
  last: boolean;
  /**
   * Resolves once the events of this and all earlier updates have been emitted: await it before emitting your
   * own.
   */
  reported(): Promise<void>;
}>;
