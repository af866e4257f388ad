/**
 * Graphs that add the gradients and losses of a step's micro-batches in the order of a binary tree: see
 * kernels/dist/tree.ts. Each micro-batch has its own gradients, so that other processes can compute some of
 * them without changing a bit of the sum.
 *
 * @module
 */
import { addInPlace } from "../../kernels/core/gradient_ops.ts";
import { Graph, type Tensor } from "../../kernels/core/graph.ts";
import type { Program } from "../../kernels/core/program.ts";
import type { Parameter } from "../../kernels/core/scope.ts";
import { assign, clear } from "../../kernels/ops/update/state.ts";
import { lossSum, lossSumLabel } from "./leaves.ts";
import { parameterPacks } from "./parameter_packs.ts";
import type { SumProgram, TrainingPlan } from "./training_plan.ts";

/** Returns the graph of a program. */
export function sumGraph(
  parameters: ReadonlyMap<string, Parameter>,
  { verb, level, ...training }: TrainingPlan & SumProgram & { readonly packBytes: number },
): Graph {
  const graph = new Graph();
  const packs = parameterPacks(graph, [...parameters.values()].map(({ tensor }) => tensor), training);
  for (const sum of [...packs.map(({ gradients }) => gradients.tensor), lossSum(graph)]) {
    const waiting = levelLeaf(sum, level);
    if (verb === "merge") {
      addInPlace(sum, waiting);
    } else {
      assign(waiting, sum);
      clear(sum);
    }
  }
  return graph;
}

/** Returns the labels of the sums of programs: the gradients in packs, and the loss. */
export function sumLabels(programs: readonly Program[]): readonly string[] {
  const packs = programs.flatMap((program) => program.packs).filter(({ tensor }) =>
    tensor.kind === "gradient"
  );
  return [...new Set(packs.map(({ tensor }) => tensor.label)), lossSumLabel];
}

/** Returns the memory in which the sum `of` waits on a level. */
function levelLeaf(of: Tensor, level: number): Tensor {
  return of.graph.leaf(`${of.label}/level ${level}`, of, "gradient");
}
