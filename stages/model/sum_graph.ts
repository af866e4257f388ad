/**
 * Graphs that add the gradients and losses of a step's micro-batches in the order of a binary tree: see
 * kernels/dist/tree.ts. Each micro-batch has its own gradients, so that other processes can compute some of
 * them without changing a bit of the sum.
 *
 * @module
 */
import { addInPlace } from "../../kernels/core/gradient_ops.ts";
import { Graph, type Pack } from "../../kernels/core/graph.ts";
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
  const levels = packs.map(({ gradients }) => levelPack(graph, gradients, level));
  const loss = lossSum(graph);
  const pairs = [
    ...packs.map(({ gradients }, i) => [gradients.tensor, levels[i].tensor] as const),
    [loss, graph.leaf(levelLabel(loss.label, level), loss, "gradient")] as const,
  ];
  for (const [sum, waiting] of pairs) {
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
  const packs = programs.filter(({ name }) => name === "update" || name === "measure")
    .flatMap((program) => program.packs).filter(({ tensor }) => tensor.kind === "gradient");
  return [...new Set(packs.map(({ tensor }) => tensor.label)), lossSumLabel];
}

/** Returns the label of the memory in which a sum waits on a level. */
export function levelLabel(sum: string, level: number): string {
  return `${sum}/level ${level}`;
}

/** Returns the memory in which the sum of a pack waits on a level: a pack whose members have labels too. */
function levelPack(graph: Graph, { tensor, members }: Pack, level: number): Pack {
  const waiting = members.map((member) => ({ ...member, label: levelLabel(member.label, level) }));
  return graph.pack(levelLabel(tensor.label, level), waiting, "gradient");
}
