/**
 * Graphs that turn summed gradients into an update: clip, optimize, record the loss and the gradient norm.
 *
 * @module
 */
import { Graph, type Tensor } from "../../kernels/core/graph.ts";
import { type Parameter, RootScope } from "../../kernels/core/scope.ts";
import { scale } from "../../kernels/ops/elementwise/scale.ts";
import { putRows } from "../../kernels/ops/loss/row_blocks.ts";
import { globalNorm } from "../../kernels/ops/update/global_norm.ts";
import { assign, clear, count } from "../../kernels/ops/update/state.ts";
import { inputLeaf, lossSum, outputLeaf } from "./leaves.ts";
import { type ParameterPack, parameterPacks, updatePacks } from "./parameter_packs.ts";
import { historyLength, type TrainingPlan } from "./training_plan.ts";

/** The program of an update, or one of the three programs of a deferred update. */
export type UpdateProgram = "update" | "measure" | "commit" | "discard";

/** Returns the update programs that a plan needs. */
export function updatePrograms({ deferred = false }: TrainingPlan): readonly UpdateProgram[] {
  return deferred ? ["measure", "commit", "discard"] : ["update"];
}

/**
 * Returns the graph of an update program. `update` does everything at once. For a deferred update, `measure`
 * records the loss and the gradient norm and keeps the clipping factor; `commit` then applies the gradients,
 * or `discard` drops them.
 */
export function updateGraph(
  parameters: ReadonlyMap<string, Parameter>,
  training: TrainingPlan & { readonly packBytes: number; readonly program: UpdateProgram },
): Graph {
  const { optimizer, program } = training;
  const graph = new Graph();
  const scope = new RootScope(graph);
  const packs = parameterPacks(graph, [...parameters.values()].map((p) => p.tensor), training);
  const apply = (factor: Tensor) =>
    updatePacks(scope, packs, {
      optimizer,
      learningRate: inputLeaf(graph, "learningRate", [1], "f32"),
      step: inputLeaf(graph, "step", [1], "f32"),
      scale: factor,
    });
  const keptFactor = () => outputLeaf(graph, "factor", [1]);
  switch (program) {
    case "update": {
      const { norm, factor } = gradientNorm(packs, training);
      apply(factor);
      record(norm, training);
      break;
    }
    case "measure": {
      const { norm, factor } = gradientNorm(packs, training);
      assign(keptFactor(), factor);
      record(norm, training);
      return graph;
    }
    case "commit":
      apply(keptFactor());
      break;
    case "discard":
      for (const { gradients } of packs) clear(gradients.tensor);
  }
  clear(lossSum(graph));
  return graph;
}

/** Returns the norm of the unscaled gradients, and the factor that unscales and clips them. */
function gradientNorm(
  packs: readonly ParameterPack[],
  { clip, gradientScale = 1 }: TrainingPlan,
): { norm: Tensor; factor: Tensor } {
  const scaled = globalNorm(packs.map(({ gradients }) => gradients.tensor), { clip: clip * gradientScale });
  const unscaled = (x: Tensor) => gradientScale === 1 ? x : scale(x, 1 / gradientScale);
  return { norm: unscaled(scaled.norm), factor: unscaled(scaled.scale) };
}

/** Writes the loss and the norm into the history, a ring buffer that the host reads. */
function record(norm: Tensor, training: TrainingPlan): void {
  const { graph } = norm, history = historyLength(training), slot = inputLeaf(graph, "slot", [1]);
  // Under DiLoCo, each process has divided by the number of its own targets.
  const { outer, ranks = 1 } = training, sum = lossSum(graph);
  const loss = outer === undefined || ranks === 1 ? sum : scale(sum, 1 / ranks);
  for (const [label, part] of [["history/loss", loss], ["history/gradNorm", norm]] as const) {
    putRows(outputLeaf(graph, label, [history, 1]), { block: slot, part });
  }
  count(slot, { by: 1, wrap: history });
}
