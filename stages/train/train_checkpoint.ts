/**
 * The training part of a checkpoint: weights, optimizer state and counters.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import { isRecord } from "../disk/json.ts";
import { type SavedState, TensorFile } from "../flow/checkpoint/checkpoint.ts";
import type { DivergenceState } from "./divergence.ts";
import { skipReasonOrThrow } from "./divergence_response.ts";
import type { ObservedUpdate, TrainedAdapters, TrainOptions, TrainState } from "./train_state.ts";

/** The training part of a checkpoint. */
export interface SavedTrainState {
  /** Number of updates. */
  readonly step: number;
  /** Number of tokens trained on. */
  readonly tokens: number;
  /** Seconds of training. */
  readonly elapsed: number;
  /**
   * Number of batches taken, skipped ones included; absent in old checkpoints, when runs could not skip
   * batches.
   */
  readonly batches?: number;
  /** Length of the schedule, if the run has determined it. */
  readonly scheduleSteps?: number;
  /** State of the divergence detector. */
  readonly watch?: DivergenceState;
  /** The latest update, if the stages after training had not all had it: see `savedUpdate`. */
  readonly unobserved?: SavedState;
  /** The parameters. */
  readonly model: TensorFile;
  /** The optimizer state. */
  readonly optimizer: TensorFile;
}

/**
 * Reads the model from the device for a checkpoint. Throws if a weight is NaN or infinite: an update can
 * cause this although its own loss was finite, and such weights must not become the last checkpoint.
 */
export async function saveTraining(
  { divergence: { onNan } = {}, adapters }: TrainOptions<any>,
  state: TrainState,
): Promise<SavedState> {
  const { model, step, tokens, elapsed, batches, origins, detector, unobserved, scheduleSteps } = state;
  const weights = adapters === undefined ? await model.weights() : await model.trainedWeights();
  const reason = notFinite(weights);
  if (reason !== null) {
    const action = onNan === "rollback" ? "rollback" : "stop";
    const { training } = model.plan;
    skipReasonOrThrow({ action, reason }, { step: step - 1, batch: batches - 1, origins, training });
  }
  return {
    step,
    tokens,
    elapsed,
    batches,
    ...(scheduleSteps !== null && { scheduleSteps }),
    watch: { ...detector.save() },
    ...(unobserved !== null && { unobserved: savedUpdate(unobserved) }),
    // Readers of the checkpoint need to know which model the weights belong to.
    config: JSON.parse(JSON.stringify(model.plan.model.config)),
    ...(adapters !== undefined && { adapters: JSON.parse(JSON.stringify(adapters)) }),
    model: new TensorFile("model", weights, { transfer: true }),
    optimizer: new TensorFile("optimizer", await model.optimizer(), { transfer: true }),
  };
}

/**
 * Checks that a saved state is the training part of a checkpoint, and returns it. Throws RangeError if not,
 * and if it holds the adapters of another model than those that are trained.
 */
export function savedTraining(saved: unknown, adapters?: TrainedAdapters): SavedTrainState {
  if (isSavedTrainState(saved)) {
    const own = isRecord(saved) && isRecord(saved.adapters) ? saved.adapters.baseHash : undefined;
    if (own === adapters?.baseHash) return saved;
    throw new RangeError(
      own === undefined || adapters === undefined
        ? `Cannot resume: the checkpoint holds ${
          own === undefined ? "a whole model" : "adapters"
        }, and the run trains ${
          adapters === undefined ? "a whole model" : "adapters"
        }: start a new run with another --out`
        : `Cannot resume: ${adapters.base} is not the model that the checkpoint's adapters belong to: put that one back, or start a new run with another --out`,
    );
  }
  throw new RangeError(
    "Cannot resume: the checkpoint does not hold the state of this version's train stage: resume with the version that wrote it, or start again with --resume never",
  );
}

/** Returns an update as a checkpoint keeps it. */
function savedUpdate({ batch: { inputs, targets, shape }, learningRate }: ObservedUpdate): SavedState {
  return {
    learningRate,
    batch: new TensorFile("update", {
      inputs: { shape, data: inputs },
      targets: { shape, data: targets },
    }),
  };
}

/** Returns the update that `savedUpdate` saved. */
export function restoredUpdate(saved: SavedState): ObservedUpdate | null {
  if (!isRecord(saved) || !(saved.batch instanceof TensorFile)) return null;
  const { inputs, targets } = saved.batch.tensors, [a, b, t] = inputs.shape;
  const ids = ({ data }: { readonly data: ArrayLike<number> }) => Uint32Array.from(data);
  return {
    learningRate: Number(saved.learningRate),
    batch: { inputs: ids(inputs), targets: ids(targets), shape: [a, b, t] },
  };
}

/** Returns the name of the first weight that is NaN or infinite, or null if all are finite. */
function notFinite(weights: TensorMap): string | null {
  for (const [name, { data }] of Object.entries(weights)) {
    const at = data.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) return `${name} holds ${data[at]}`;
  }
  return null;
}

function isSavedTrainState(saved: unknown): saved is SavedTrainState {
  if (!isRecord(saved)) return false;
  const { step, tokens, elapsed, model, optimizer } = saved;
  return [step, tokens, elapsed].every((n) => typeof n === "number" && n >= 0) &&
    [model, optimizer].every((file) => file instanceof TensorFile);
}
