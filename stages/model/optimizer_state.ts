/**
 * The state of a plan's optimizer, and of processes that train apart: checked, loaded, read.
 *
 * @module
 */
import { regionsOf } from "../../kernels/core/regions.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Session } from "../../kernels/engine/engine.ts";
import { anchorSuffix, isShared } from "./outer_graph.ts";
import type { Plan } from "./plan.ts";

/** Ending of the names under which a checkpoint keeps the parameters of processes that train apart. */
const ownSuffix = "/of each process";

/** Throws RangeError unless the state is empty or has exactly the plan's labels. */
export function checkOptimizerState(plan: Plan, optimizer: TensorMap): void {
  const apart = plan.training?.outer === undefined || (plan.training.ranks ?? 1) === 1
    ? []
    : [...plan.trained.keys()];
  const wanted = [...optimizerLabels(plan), ...apart.map((name) => `${name}${ownSuffix}`)],
    found = Object.keys(optimizer);
  if (found.length === 0) return;
  const extra = found.find((label) => !wanted.includes(label));
  if (extra !== undefined) {
    throw new RangeError(`Cannot load the optimizer's state: ${extra} is not part of this run`);
  }
  const missing = wanted.find((label) => !found.includes(label));
  if (missing !== undefined) throw new RangeError(`Cannot load the optimizer's state: ${missing} is missing`);
}

/**
 * Returns what a session starts from beside its parameters: the state, and the parameters from which
 * processes begin to train apart. Where the state holds parameters of each process, they replace `weights`.
 */
export function optimizerStart(
  { trained, training }: Plan,
  { weights, optimizer }: { readonly weights: TensorMap; readonly optimizer: TensorMap },
): TensorMap {
  const apart = training?.outer === undefined ? [] : [...trained.keys()];
  return Object.fromEntries([
    ...apart.map((name) => [`${name}${anchorSuffix}`, weights[name]]),
    ...Object.entries(optimizer).map(([label, tensor]) => [label.replace(ownSuffix, ""), tensor]),
  ]);
}

/** Reads the optimizer's state: see `ModelSession.optimizer`. */
export async function readOptimizer(plan: Plan, session: Session): Promise<TensorMap> {
  const labels = optimizerLabels(plan), { ranks } = session;
  if (ranks === undefined || plan.training?.outer === undefined) return await session.read(labels);
  const all: Record<string, TensorMap[string]> = { ...await session.read(labels.filter(isShared)) };
  const gather = async (label: string) => {
    const data = await ranks.gather(label);
    return { shape: [data.length], data };
  };
  for (const label of labels) all[label] ??= await gather(label);
  for (const name of plan.trained.keys()) all[`${name}${ownSuffix}`] = await gather(name);
  return all;
}

function optimizerLabels(plan: Plan): readonly string[] {
  const regions = regionsOf(plan.programs).filter(({ kind }) => kind === "optimizer");
  return regions.flatMap(({ members }) => members.map(({ label }) => label));
}
