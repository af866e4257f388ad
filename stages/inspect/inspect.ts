/**
 * Inspects the model during training: activations, gradients, and how much each update changes the
 * parameters. Source: the plots of Karpathy's lecture on activations and gradients (makemore part 3).
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { InspectEvent, TensorStats } from "../flow/events.ts";
import { isDue } from "../flow/periodic.ts";
import type { Context, Stage } from "../flow/stage.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { principalAxes } from "./principal_axes.ts";
import { normOf, valueStats, type ValueStatsOptions } from "./value_stats.ts";

/** Options of `inspect`. */
export interface InspectOptions extends ValueStatsOptions {
  /**
   * Number of updates between inspections; the last update is inspected too. 0 means that no update is
   * inspected.
   */
  readonly every: number;
  /**
   * Name of an embedding [rows, C] to draw as points, and the label of each row. If absent, no embedding is
   * drawn.
   */
  readonly embedding?: { readonly name: string; label(row: number): string };
}

interface InspectState {
  /** Weights before the next update, if that update will be inspected. */
  before: { readonly step: number; readonly weights: TensorMap } | null;
}

const MAX_POINTS = 300; // points of an embedding: more labels would not fit into a picture

/**
 * Inspects the model every N updates and after the last update, emits the statistics, and passes the model
 * on. An inspection takes about as long as an update, and reads all trained weights and their gradients. How
 * much an update changes the weights is known only if the weights were also read before the update. This is
 * done before every Nth update, unless the run was resumed just before it.
 *
 * @example
 * ```ts
 * import { adamw, from, gpt, inspect, openEngine, plan, schedule, train } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const training = { optimizer: adamw(), shape: [1, 2, 8] as const, clip: 1, inspection: true };
 * const planned = plan({ model, training });
 * const { engine } = await openEngine("cpu");
 * const ids = Uint32Array.from({ length: 16 }, (_, i) => i);
 * const batch = { inputs: ids, targets: ids, shape: training.shape };
 * const rate = schedule({ kind: "constant", lr: 1e-3, steps: 2 });
 * const steps: number[] = [];
 * await from([batch, batch])
 *   .pipe(train({ engine, plan: planned, steps: 2, schedule: rate }))
 *   .pipe(inspect({ every: 2 }))
 *   .run({ onEvent: (event) => event.type === "inspect" && steps.push(event.step) });
 * console.log(steps); // [ 2 ]
 * ```
 */
export function inspect(options: InspectOptions): Stage<ModelUpdate, ModelUpdate> {
  return {
    name: "inspect",
    open: (_ctx: Context): InspectState => ({ before: null }),
    async *push(update: ModelUpdate, state: InspectState, ctx: Context) {
      if (isDue(update, options)) await emitInspection(options, { update, state, ctx });
      state.before = isDue({ step: update.step + 1, last: false }, options)
        ? { step: update.step, weights: await update.model.trainedWeights() }
        : null;
      yield update;
    },
    save: () => null,
  };
}

async function emitInspection(
  options: InspectOptions,
  { update, state: { before }, ctx }: {
    readonly update: ModelUpdate;
    readonly state: InspectState;
    readonly ctx: Context;
  },
): Promise<void> {
  const { step, model, batch } = update;
  await update.reported();
  const weights = await model.trainedWeights();
  const { gradients, probes } = await model.inspect(batch);
  const stats = (name: string, { data }: TensorMap[string]): TensorStats => {
    const { mean, std, saturated, dead, histogram } = valueStats(data, options);
    return { name, mean, std, norm: normOf(data), saturated, dead, histogram };
  };
  const activations = Object.keys(probes).filter((name) => !name.endsWith("/grad"));
  const event: InspectEvent = {
    type: "inspect",
    step,
    activations: activations.map((name) => {
      const gradient = probes[`${name}/grad`];
      return { ...stats(name, probes[name]), ...(gradient && { gradient: stats(name, gradient) }) };
    }),
    parameters: Object.entries(weights).map(([name, tensor]) => ({
      ...stats(name, tensor),
      gradient: stats(name, gradients[name]),
      ...(before?.step === step - 1 && { updateRatio: updateRatio(tensor, before.weights[name]) }),
    })),
    ...(options.embedding && { embedding: embeddingPoints(weights, { ...options.embedding, batch }) }),
  };
  ctx.emit(event);
}

/**
 * Returns the standard deviation of the change divided by the standard deviation of the values. If all values
 * are equal, as in new biases and gains, the divisor is their absolute value instead.
 */
function updateRatio({ data: after }: TensorMap[string], { data: before }: TensorMap[string]): number {
  const change = Float64Array.from(after, (x, i) => x - before[i]);
  const { std, mean } = valueStats(before, { bins: 1 });
  return valueStats(change, { bins: 1 }).std / (std || Math.abs(mean) || 1);
}

/**
 * Returns the rows of an embedding whose tokens are in the batch, most frequent first, projected onto their
 * two principal axes.
 */
function embeddingPoints(
  weights: TensorMap,
  { name, label, batch }: {
    readonly name: string;
    label(row: number): string;
    readonly batch: ModelUpdate["batch"];
  },
): InspectEvent["embedding"] & object {
  const { shape: [, width], data } = weights[name];
  const counts = new Map<number, number>();
  for (const id of batch.inputs) counts.set(id, (counts.get(id) ?? 0) + 1);
  const rows = [...counts].sort(([a, n], [b, m]) => m - n || a - b).slice(0, MAX_POINTS).map(([id]) => id);
  const points = principalAxes(rows.map((id) => data.subarray(id * width, (id + 1) * width)));
  return rows.map((id, i) => ({ label: label(id), x: points[i][0], y: points[i][1] }));
}
