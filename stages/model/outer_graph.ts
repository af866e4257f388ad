/**
 * Graphs of DiLoCo's outer step: the processes train apart for some updates, and then move together by the
 * mean of how far they have come. Source: Douillard et al. 2023, "DiLoCo: Distributed low-communication
 * training of language models".
 *
 * @module
 */
import { fill } from "../../kernels/core/gradient_ops.ts";
import { Graph } from "../../kernels/core/graph.ts";
import { type Parameter, RootScope } from "../../kernels/core/scope.ts";
import { sub } from "../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../kernels/ops/elementwise/scale.ts";
import { nesterov } from "../../kernels/ops/update/nesterov.ts";
import { assign, clear } from "../../kernels/ops/update/state.ts";
import { lossSum } from "./leaves.ts";
import { parameterPacks } from "./parameter_packs.ts";
import type { OuterStep, TrainingPlan } from "./training_plan.ts";

/**
 * A program of the outer step: `outer/difference` puts how far the parameters have come, divided by the
 * number of processes, where the gradients are; `outer/step` takes the sum of these over the processes as a
 * gradient.
 */
export type OuterProgram = "outer/difference" | "outer/step";

/** The programs of the outer step. */
export const outerPrograms: readonly OuterProgram[] = ["outer/difference", "outer/step"];

/** Ending of the labels of the parameters after the last outer step. */
export const anchorSuffix = "/outer";

/** Ending of the labels of the velocities. */
const velocitySuffix = "/outerVelocity";

/** Returns whether all processes have the same value of an optimizer's tensor, by its label. */
export function isShared(label: string): boolean {
  return label.endsWith(anchorSuffix) || label.endsWith(velocitySuffix);
}

/** Returns the graph of a program. */
export function outerGraph(
  parameters: ReadonlyMap<string, Parameter>,
  training: TrainingPlan & {
    readonly packBytes: number;
    readonly program: OuterProgram;
    readonly outer: OuterStep;
  },
): Graph {
  const { ranks = 1, program, outer: { rate, momentum } } = training;
  const graph = new Graph(), scope = new RootScope(graph);
  const packs = parameterPacks(graph, [...parameters.values()].map(({ tensor }) => tensor), training);
  for (const { params, gradients } of packs) {
    const anchor = scope.state(anchorSuffix.slice(1), params);
    if (program === "outer/difference") {
      assign(gradients.tensor, scale(sub(anchor.tensor, params.tensor), 1 / ranks));
      continue;
    }
    const velocity = scope.state(velocitySuffix.slice(1), params), one = fill(lossSum(graph), 1);
    const step = nesterov(velocity.tensor, { grad: gradients.tensor, scale: one, momentum });
    const moved = sub(anchor.tensor, scale(step, rate));
    assign(anchor.tensor, moved);
    assign(params.tensor, moved);
    clear(gradients.tensor);
  }
  return graph;
}
