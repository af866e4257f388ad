/**
 * Runs the cases of an op on an engine, and compares them with the float64 reference.
 *
 * @module
 */
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Op, type Tensor } from "../../../kernels/core/graph.ts";
import { type Case, caseSpecs, type InputFill } from "../../../kernels/core/case.ts";
import { inPlaceOf } from "../../../kernels/core/op.ts";
import { normals, uniformAt } from "../../../kernels/random/philox.ts";
import { compile } from "../../../kernels/core/program.ts";
import { sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { gelu } from "../../../kernels/ops/elementwise/gelu.ts";
import { geluErf } from "../../../kernels/ops/elementwise/gelu_erf.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { tanh } from "../../../kernels/ops/elementwise/tanh.ts";

/** One array an input, or an output. */
export type Values = readonly (Float32Array | Uint32Array)[];

/** A case and the op that it tries. */
export interface OpCase {
  readonly op: Op<any>;
  readonly case: Case<any>;
}

/** A graph of one call. */
export interface CaseGraph {
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** What a case's inputs hold: a function of the seed. "positive" is |normal| + 0.25, away from the pole of 1 / x. */
export function caseValues(c: Case<any>, seed: number): Values {
  return caseSpecs(c).map((spec, i) =>
    fillValues(c.fill?.[i] ?? "normal", { seed, name: `in${i}`, count: sizeOf(spec.shape) })
  );
}

/** A graph of one call: leaves `in0`, `in1`, … of kind "input"; outputs are readable as `out0`, `out1`, … */
export function caseGraph<A>(op: Op<A>, c: Case<A>, prefix = ""): CaseGraph {
  const graph = new Graph();
  const inputs = caseSpecs(c).map((spec, i) => graph.leaf(`${prefix}in${i}`, spec, "input"));
  const outputs = graph.call(op, inputs, c.attrs);
  outputs.forEach((t, i) => graph.output(`${prefix}out${i}`, t));
  return { graph, inputs, outputs };
}

/** Outputs of one case on an engine, in-place ones included. */
export async function runCase<A>(
  engine: Engine,
  op: Op<A>,
  options: { case: Case<A>; seed: number },
): Promise<Values> {
  return (await runCases(engine, [{ op, case: options.case }], { seed: options.seed, times: 1 }))[0][0];
}

/** Outputs of some cases in one session, for each case as often as `times` says, each time from fresh inputs. */
export async function runCases(
  engine: Engine,
  cases: readonly OpCase[],
  options: { seed: number; times: number },
): Promise<readonly (readonly Values[])[]> {
  const built = cases.map(({ op, case: c }, i) => {
    const name = `${op.name}, case ${i}`;
    return { ...caseGraph(op, c, `${name}/`), name, values: caseValues(c, options.seed) };
  });
  await using session = await engine.open(built.map(({ name, graph }) => compile(name, graph)), {});
  const results: Values[][] = built.map(() => []);
  for (let time = 0; time < options.times; time++) {
    for (const { inputs, values } of built) {
      session.write(
        Object.fromEntries(inputs.map((t, i) => [t.label, { shape: t.shape, data: values[i] }])),
      );
    }
    await session.run(built.map(({ name }) => name));
    const labels = built.map(({ graph }) => [...graph.outputs.keys()]);
    const read = await session.read(labels.flat());
    labels.forEach((own, i) => results[i].push(own.map((label) => numbersOf(read, label))));
  }
  return results;
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

/** Cases of `ops` that are not for benches. */
export function smallCases(ops: readonly Op<any>[]): readonly OpCase[] {
  return ops.flatMap((op) => op.cases.filter((c) => c.bench !== true).map((c) => ({ op, case: c })));
}

/**
 * Runs all small cases of all ops twice in one session of an engine, and gives a check for each op: every output
 * against the reference to `within` (see `tolerance`), and the second run against the first, bit for bit. A check throws Error naming op, case,
 * output and element.
 */
export async function parityChecks(
  engine: Engine,
  ops: readonly Op<any>[],
  { within = 1e-5 }: { readonly within?: number | undefined } = {},
): Promise<ReadonlyMap<string, () => void>> {
  const seed = 1, cases = smallCases(ops);
  const results = await runCases(engine, cases, { seed, times: 2 });
  return new Map(ops.map((op) => [op.name, () => {
    cases.forEach((c, i) => {
      if (c.op === op) checkCase(`${op.name} on ${engine.name}`, { ...c, seed, within, runs: results[i] });
    });
  }]));
}

/** Throws Error unless activations and their slopes far from 0 are what the reference says, on an engine. */
export async function checkFarOut(engine: Engine): Promise<void> {
  const graph = new Graph();
  const data = Float32Array.from([1e4, 300, 50, 20, 11, 9, 8, 6, 4, 1e-3, 1e-20, 0].flatMap((v) => [v, -v]));
  const shape = [data.length];
  const x = graph.leaf("x", { shape, dtype: "f32" }, "input");
  for (const [name, activation] of Object.entries({ relu, tanh, gelu, geluErf })) {
    const y = activation(x);
    graph.output(name, y);
    graph.output(`${name} slope`, gradients(sum(y), [x])[0]!);
  }
  const labels = [...graph.outputs.keys()];
  const evaluate = async (on: Engine) => {
    await using session = await on.open([compile("far out", graph)], { x: { shape, data } });
    await session.run(["far out"]);
    return await session.read(labels);
  };
  const [actual, wanted] = [await evaluate(engine), await evaluate(openReference())];
  for (const label of labels) {
    wanted[label].data.forEach((exact, i) => {
      const value = actual[label].data[i];
      if (Math.abs(value - exact) <= 1e-5 * Math.max(1, Math.abs(exact))) return;
      throw new Error(`${label} of ${data[i]} on ${engine.name}: ${value}, wanted ${exact}`);
    });
  }
}

/** Throws Error unless one case of an op is, on an engine, what the reference says. */
export async function checkOp<A>(
  engine: Engine,
  op: Op<A>,
  options: { case: Case<A>; seed: number },
): Promise<void> {
  const runs = (await runCases(engine, [{ op, case: options.case }], { seed: options.seed, times: 2 }))[0];
  checkCase(`${op.name} on ${engine.name}`, { op, ...options, within: 1e-5, runs });
}

function checkCase(
  where: string,
  now: OpCase & { seed: number; within: number; runs: readonly Values[] },
): void {
  const wanted = referenceCase(now.op, now), [first, second] = now.runs;
  for (const [i, values] of first.entries()) {
    const place = `${where}, inputs ${JSON.stringify(now.case.inputs)}, output ${i}${
      inPlaceOf(now.op, i) >= 0 ? " (in place)" : ""
    }`;
    if (values.length !== wanted[i].length) {
      throw new Error(`${place}: ${values.length} values, wanted ${wanted[i].length}`);
    }
    const allowed = tolerance(wanted[i], now.within);
    values.forEach((value, at) => {
      const exact = wanted[i][at];
      if (!(Math.abs(value - exact) <= allowed(exact))) {
        throw new Error(`${place}, element ${at}: ${value}, wanted ${exact} within ${allowed(exact)}`);
      }
      if (!Object.is(value, second[i][at])) {
        throw new Error(`${place}, element ${at}: ${value} at first, ${second[i][at]} when run again`);
      }
    });
  }
}

/**
 * What float32 may lose, `within` being 1e-5: 1e-5 of the element itself and 1e-5 of the output's root mean square. One rounding is 6e-8;
 * sums of some hundred terms of either sign lose a few dozen roundings of their TERMS, which the mean square stands
 * for, and WGSL allows exp 3 + 2·|x| units of the last place, 3e-6 at 10.
 */
function tolerance(wanted: Float64Array, within: number): (value: number) => number {
  const root = Math.sqrt(wanted.reduce((sum, x) => sum + x * x, 0) / wanted.length);
  return (value) => within * (Math.abs(value) + root) + 1e-30; // 1e-30: where all is zero, zero is wanted
}

function numbersOf(read: TensorMap, label: string): Float32Array | Uint32Array {
  const { data } = read[label];
  if (data instanceof Uint16Array) throw new TypeError(`Cannot compare ${label}: f16 has no reference`);
  return data;
}

function fillValues(
  fill: InputFill,
  { seed, name, count }: { seed: number; name: string; count: number },
): Float32Array | Uint32Array {
  if (fill === "zeros") return new Float32Array(count);
  if (fill === "normal") return normals(seed, name, count);
  if (fill === "positive") return normals(seed, name, count).map((x) => Math.abs(x) + 0.25);
  return Uint32Array.from({ length: count }, (_, i) => Math.floor(uniformAt(seed, name, i) * fill.below));
}
