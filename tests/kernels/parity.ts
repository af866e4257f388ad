/**
 * Runs one case of an op on an engine, and compares engines with the float64 reference.
 *
 * @module
 */
import { Graph } from "../../kernels/core/graph.ts";
import { type Case, caseSpecs, type Fill, inPlaceOf, type Op } from "../../kernels/core/op.ts";
import { normals, uniformAt } from "../../kernels/core/philox.ts";
import { compile } from "../../kernels/core/program.ts";
import { sizeOf, type Tensor } from "../../kernels/core/tensor.ts";
import type { Engine } from "../../kernels/engine/engine.ts";

/** A case's number of test values, by input. */
export type Values = readonly (Float32Array | Uint32Array)[];

/** What a case's inputs hold: a function of the seed. "positive" is |normal| + 0.25, away from the pole of 1 / x. */
export function caseValues(c: Case<any>, seed: number): Values {
  return caseSpecs(c).map((spec, i) =>
    fillValues(c.fill?.[i] ?? "normal", { seed, name: `in${i}`, count: sizeOf(spec.shape) })
  );
}

/** A graph of one call: leaves `in0`, `in1`, … of kind "input"; outputs are readable as `out0`, `out1`, … */
export function caseGraph<A>(
  op: Op<A>,
  c: Case<A>,
): { graph: Graph; inputs: readonly Tensor[]; outputs: readonly Tensor[] } {
  const graph = new Graph();
  const inputs = caseSpecs(c).map((spec, i) => graph.leaf(`in${i}`, spec, "input"));
  const outputs = graph.call(op, inputs, c.attrs);
  outputs.forEach((t, i) => graph.output(`out${i}`, t));
  return { graph, inputs, outputs };
}

/** Outputs of one case on an engine, in-place ones included. */
export async function runCase<A>(
  engine: Engine,
  op: Op<A>,
  options: { case: Case<A>; seed: number },
): Promise<Values> {
  const { graph, inputs, outputs } = caseGraph(op, options.case);
  const values = caseValues(options.case, options.seed);
  await using session = await engine.open([compile("case", graph)], {});
  session.write(Object.fromEntries(inputs.map((t, i) => [t.label, { shape: t.shape, data: values[i] }])));
  await session.run(["case"]);
  const labels = outputs.map((_, i) => `out${i}`);
  const read = await session.read(labels);
  return labels.map((label) => {
    const { data } = read[label];
    if (data instanceof Uint16Array) {
      throw new TypeError(`Cannot compare ${label} of ${op.name}: f16 has no reference`);
    }
    return data;
  });
}

/** The float64 truth of one case. */
export function referenceCase<A>(
  op: Op<A>,
  options: { case: Case<A>; seed: number },
): readonly Float64Array[] {
  const { graph } = caseGraph(op, options.case);
  const inputs = caseValues(options.case, options.seed).map((v) => Float64Array.from(v));
  return op.reference(inputs, graph.calls[0]);
}

/**
 * Compares every output of every case that is not a bench with the reference, and gives the largest error as a share
 * of what is allowed. Throws Error naming op, case, output and element where it is above 1.
 */
export async function checkParity<A>(engine: Engine, op: Op<A>, seed = 1): Promise<number> {
  let worst = 0;
  for (const [number, c] of op.cases.entries()) {
    if (c.bench === true) continue;
    const wanted = referenceCase(op, { case: c, seed });
    const actual = await runCase(engine, op, { case: c, seed });
    actual.forEach((values, i) => {
      const allowed = tolerance(wanted[i]);
      if (values.length !== wanted[i].length) {
        throw new Error(
          `${op.name}, case ${number}, output ${i}: ${values.length} values, wanted ${wanted[i].length}`,
        );
      }
      values.forEach((value, at) => {
        const error = Math.abs(value - wanted[i][at]) / allowed(wanted[i][at]);
        if (!(error <= 1)) {
          const place = inPlaceOf(op, i) >= 0 ? " (in place)" : "";
          throw new Error(
            `${op.name}, case ${number} ${
              JSON.stringify(c.inputs)
            }, output ${i}${place}, element ${at}: ${value}, wanted ${wanted[i][at]} within ${
              allowed(wanted[i][at])
            }`,
          );
        }
        worst = Math.max(worst, error);
      });
    });
  }
  return worst;
}

/**
 * What float32 may lose: 2e-5 of the element itself and 2e-5 of the output's root mean square. One rounding is 6e-8;
 * sums of some hundred terms of either sign lose a few hundred roundings of their TERMS, which the mean square stands
 * for, and GPU drivers compute exp and tanh with errors of some 1e-6.
 */
function tolerance(wanted: Float64Array): (value: number) => number {
  const root = Math.sqrt(wanted.reduce((sum, x) => sum + x * x, 0) / wanted.length);
  return (value) => 2e-5 * (Math.abs(value) + root) + 1e-30; // 1e-30: zeros are to be zeros
}

function fillValues(
  fill: Fill,
  { seed, name, count }: { seed: number; name: string; count: number },
): Float32Array | Uint32Array {
  if (fill === "zeros") return new Float32Array(count);
  if (fill === "normal") return normals(seed, name, count);
  if (fill === "positive") return normals(seed, name, count).map((x) => Math.abs(x) + 0.25);
  return Uint32Array.from({ length: count }, (_, i) => Math.floor(uniformAt(seed, name, i) * fill.below));
}
