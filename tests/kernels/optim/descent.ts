/**
 * Runs an optimizer on a quadratic loss, `‖W - target‖² / 2`, whose gradient is `W - target`.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import type { NamedSpec } from "../../../kernels/core/pack.ts";
import { normals } from "../../../kernels/random/philox.ts";
import { compile } from "../../../kernels/core/program.ts";
import { type Shape, sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { type Optimizer, parameterGroups } from "../../../kernels/optim/optimizer.ts";

/** A descent towards the targets. */
export interface Descent {
  readonly optimizer: Optimizer;
  /** Shape of each parameter, by name. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly learningRate: number;
  readonly steps: number;
  /**
   * Loss scale: the gradients are multiplied by it before the update, and the update divides by it. Default
   * 1.
   */
  readonly scale?: number;
  /** Initial value of each parameter; default: random numbers of seed 1. */
  readonly start?: (name: string) => Float32Array;
  /** The value at which the loss is lowest; default: random numbers of seed 2. */
  readonly target?: (name: string) => Float32Array;
}

/**
 * Returns parameters and optimizer state after the steps, and each parameter's distance to its target
 * relative to its initial distance.
 */
export async function descend(
  engine: Engine,
  { optimizer, shapes, learningRate, steps, scale = 1, ...ends }: Descent,
): Promise<{ readonly tensors: TensorMap; readonly distance: Readonly<Record<string, number>> }> {
  const random = (seed: number) => (name: string) => normals(seed, name, sizeOf(shapes[name]));
  const { start = random(1), target = random(2) } = ends;
  const graph = new Graph(), scope = new RootScope(graph), state: string[] = [];
  const input = (label: string) => graph.leaf(label, { shape: [1], dtype: "f32" }, "input");
  const inputs = { learningRate: input("lr"), step: input("step"), scale: input("scale") };
  const specs = Object.entries(shapes).map(([label, shape]) => ({ label, shape, dtype: "f32" }) as const);
  const groups = parameterGroups(specs, { packBytes: Infinity, separate: optimizer.separate });
  const gradientOf = (spec: NamedSpec) => ({ ...spec, label: `${spec.label}/grad` });
  groups.forEach((group, i) => {
    const params = graph.pack(`parameters/${i}`, group, "parameter");
    const gradients = graph.pack(`gradients/${i}`, group.map(gradientOf), "gradient");
    optimizer.update(scope, params, { ...inputs, gradients });
  });
  for (const [, { tensor, members }] of graph.packs) {
    if (tensor.kind === "optimizer") state.push(...members.map(({ label }) => label));
  }
  const names = Object.keys(shapes);
  const weights = Object.fromEntries(names.map((n) => [n, { shape: shapes[n], data: start(n) }]));
  const program = compile("update", graph), counts = program.slots.some(({ label }) => label === "step");
  await using session = await engine.open([program], weights);
  const one = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
  const gap = (name: string, data: ArrayLike<number>) => target(name).map((t, i) => data[i] - t);
  for (let step = 0; step < steps; step++) {
    const at = await session.read(names);
    session.write({ lr: one(learningRate), scale: one(1 / scale), ...(counts && { step: one(step + 1) }) });
    session.write(Object.fromEntries(
      names.map((n) => [`${n}/grad`, { shape: shapes[n], data: gap(n, at[n].data).map((x) => x * scale) }]),
    ));
    await session.run(["update"]);
  }
  const tensors = await session.read([...names, ...state]);
  const distance = Object.fromEntries(names.map((n) => [
    n,
    Math.hypot(...gap(n, tensors[n].data)) / Math.hypot(...gap(n, start(n))),
  ]));
  return { tensors, distance };
}
