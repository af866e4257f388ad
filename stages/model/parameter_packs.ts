/**
 * Packs parameters and their gradients end to end, so that an optimizer updates all of them in a few calls.
 *
 * @module
 */
import type { Graph, Pack, Tensor } from "../../kernels/core/graph.ts";
import type { NamedSpec } from "../../kernels/core/pack.ts";
import type { RootScope } from "../../kernels/core/scope.ts";
import { clear } from "../../kernels/ops/update/state.ts";
import { type Optimizer, parameterGroups } from "../../kernels/optim/optimizer.ts";
import { gradientLabel } from "./leaves.ts";

/** A pack of parameters and the pack of their gradients, with members in the same order. */
export interface ParameterPack {
  /** The parameters. */
  readonly params: Pack;
  /** Gradients of these parameters. */
  readonly gradients: Pack;
}

/**
 * Returns the parameters of a model in packs of at most `packBytes` bytes, grouped as the optimizer requires.
 */
export function parameterPacks(
  graph: Graph,
  parameters: readonly NamedSpec[],
  { optimizer, packBytes }: { readonly optimizer: Optimizer; readonly packBytes: number },
): readonly ParameterPack[] {
  const separate = optimizer.separate?.bind(optimizer);
  return parameterGroups(parameters, { packBytes, separate }).map((group, i) => ({
    params: graph.pack(`parameters/${i}`, group, "parameter"),
    gradients: graph.pack(
      `gradients/${i}`,
      group.map((spec) => ({ ...spec, label: gradientLabel(spec) })),
      "gradient",
    ),
  }));
}

/** Updates all packs with the optimizer, and clears their gradients for the next update. */
export function updatePacks(
  scope: RootScope,
  packs: readonly ParameterPack[],
  { optimizer, ...inputs }: {
    readonly optimizer: Optimizer;
    readonly learningRate: Tensor;
    readonly step: Tensor;
    readonly scale: Tensor;
  },
): void {
  for (const { params, gradients } of packs) {
    optimizer.update(scope, params, { gradients, ...inputs });
    clear(gradients.tensor);
  }
}
