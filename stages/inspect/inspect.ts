/**
 * A look inside the model as training goes on: activations, gradients, how much updates change. Source: what Karpathy's
 * lecture on activations and gradients plots.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { InspectEvent, TensorStats } from "../flow/events.ts";
import type { Context, Stage } from "../flow/stage.ts";
import { principalAxes } from "./principal_axes.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { normOf, valueStats, type ValueStatsOptions } from "./value_stats.ts";

/** What `inspect` takes. */
export interface InspectOptions extends ValueStatsOptions {
  /** Updates between looks; 0: never. The last update is always looked at. */
  readonly every: number;
  /** Name of the embedding [rows, C] to be drawn, and what its rows are called; absent: none is. */
  readonly embedding?: { readonly name: string; label(row: number): string };
}

interface InspectState {
  /** Weights before the update that is looked at next. */
  before: { readonly step: number; readonly weights: TensorMap } | null;
}

const MOST_ROWS = 300; // of an embedding: more letters than fit a picture

/**
 * Looks inside the model every N updates and after the last, emits what it finds, passes the model on. A look costs about
 * a step and reads weights and gradients; what an update changed is known where the update before it was also this run's.
 */
export function inspect(options: InspectOptions): Stage<ModelUpdate, ModelUpdate> {
  const { every } = options;
  const looks = ({ step, last }: Pick<ModelUpdate, "step" | "last">) =>
    every > 0 && (last || step % every === 0);
  return {
    name: "inspect",
    open: (_ctx: Context): InspectState => ({ before: null }),
    async *push(trained: ModelUpdate, state: InspectState, ctx: Context) {
      if (looks(trained)) await look(options, { trained, state, ctx });
      state.before = looks({ step: trained.step + 1, last: false })
        ? { step: trained.step, weights: await trained.model.weights() }
        : null;
      yield trained;
    },
    save: () => null,
  };
}

async function look(
  options: InspectOptions,
  { trained, state: { before }, ctx }: {
    readonly trained: ModelUpdate;
    readonly state: InspectState;
    readonly ctx: Context;
  },
): Promise<void> {
  const { step, model, batch } = trained;
  await trained.reported();
  const weights = await model.weights();
  const { gradients, probes } = await model.inspect(batch);
  const stats = (name: string, { data }: TensorMap[string]): TensorStats => {
    const { mean, std, saturated, dead, histogram } = valueStats(data, options);
    return { name, mean, std, norm: normOf(data), saturated, dead, histogram };
  };
  const of = (name: string): boolean => !name.endsWith("/grad");
  const event: InspectEvent = {
    type: "inspect",
    step,
    activations: Object.keys(probes).filter(of).map((name) => {
      const gradient = probes[`${name}/grad`];
      return { ...stats(name, probes[name]), ...(gradient && { gradient: stats(name, gradient) }) };
    }),
    parameters: Object.entries(weights).map(([name, tensor]) => ({
      ...stats(name, tensor),
      gradient: stats(name, gradients[name]),
      ...(before?.step === step - 1 && { updateRatio: changed(tensor, before.weights[name]) }),
    })),
    ...(options.embedding && { embedding: drawn(weights, { ...options.embedding, batch }) }),
  };
  ctx.emit(event);
}

/** Std of the change by std of the values; of constant values by their size, so that biases and gains have one too. */
function changed({ data: now }: TensorMap[string], { data: before }: TensorMap[string]): number {
  const change = Float64Array.from(now, (x, i) => x - before[i]);
  const { std, mean } = valueStats(before, { bins: 1 });
  return valueStats(change, { bins: 1 }).std / (std || Math.abs(mean) || 1);
}

/** Rows that the batch holds, the most frequent ones first, on their two main axes. */
function drawn(
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
  const rows = [...counts].sort(([a, n], [b, m]) => m - n || a - b).slice(0, MOST_ROWS).map(([id]) => id);
  const points = principalAxes(rows.map((id) => data.subarray(id * width, (id + 1) * width)));
  return rows.map((id, i) => ({ label: label(id), x: points[i][0], y: points[i][1] }));
}
