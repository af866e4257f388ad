/**
 * Runs the cases of ops on an engine.
 *
 * @module
 */
import { type Case, caseSpecs, type InputFill } from "../core/case.ts";
import { Graph, type Op, type Tensor } from "../core/graph.ts";
import { compile } from "../core/program.ts";
import { sizeOf, type TensorMap } from "../core/tensor.ts";
import type { Engine } from "../engine/engine.ts";
import { randomBlocks } from "./random_blocks.ts";
import { normals, uniformAt } from "../random/philox.ts";

/** Data of a case's inputs or outputs: one array per tensor. */
export type CaseData = readonly (Float32Array | Uint32Array)[];

/** A case and its op. */
export interface OpCase {
  /** The op to call. */
  readonly op: Op<any>;
  /** Inputs and attributes of the op. */
  readonly case: Case<any>;
}

/** A graph of one call. */
export interface CaseGraph {
  /** The graph. */
  readonly graph: Graph;
  /** Inputs of the call, leaves of the graph. */
  readonly inputs: readonly Tensor[];
  /** Outputs of the call. */
  readonly outputs: readonly Tensor[];
}

/** Returns all cases of `ops` except those for benches. */
export function smallCases(ops: readonly Op<any>[]): readonly OpCase[] {
  return ops.flatMap((op) => op.cases.filter((c) => c.bench !== true).map((c) => ({ op, case: c })));
}

/**
 * Builds a graph of one call. Leaves are named `in0`, `in1`, … and outputs `out0`, `out1`, …; `prefix` stands
 * before each name.
 */
export function caseGraph<A>(op: Op<A>, c: Case<A>, prefix = ""): CaseGraph {
  const graph = new Graph();
  const inputs = caseSpecs(c).map((spec, i) => graph.leaf(`${prefix}in${i}`, spec, "input"));
  const outputs = graph.call(op, inputs, c.attrs);
  outputs.forEach((t, i) => graph.output(`${prefix}out${i}`, t));
  return { graph, inputs, outputs };
}

/** Returns input data of a case, determined by the seed. */
export function caseInputs(c: Case<any>, seed: number): CaseData {
  return caseSpecs(c).map((spec, i) =>
    filled(c.fill?.[i] ?? "normal", { seed, name: `in${i}`, count: sizeOf(spec.shape) })
  );
}

/**
 * Runs cases in one session, `times` times, each time from the same inputs. Returns, for each case and each
 * run, the data of all outputs, in-place ones included.
 */
export async function runCases(
  engine: Engine,
  cases: readonly OpCase[],
  options: { readonly seed: number; readonly times: number },
): Promise<readonly (readonly CaseData[])[]> {
  const built = cases.map(({ op, case: c }, i) => {
    const name = `${op.name}, case ${i}`;
    return { ...caseGraph(op, c, `${name}/`), name, data: caseInputs(c, options.seed) };
  });
  await using session = await engine.open(built.map(({ name, graph }) => compile(name, graph)), {});
  const results: CaseData[][] = built.map(() => []);
  for (let time = 0; time < options.times; time++) {
    for (const { inputs, data } of built) {
      session.write(Object.fromEntries(inputs.map((t, i) => [t.label, { shape: t.shape, data: data[i] }])));
    }
    await session.run(built.map(({ name }) => name));
    const labels = built.map(({ graph }) => [...graph.outputs.keys()]);
    const read = await session.read(labels.flat());
    labels.forEach((own, i) => results[i].push(own.map((label) => numbersOf(read, label))));
  }
  return results;
}

/** Returns the outputs of a case, computed by the op's float64 reference. */
export function referenceOutputs({ op, case: c }: OpCase, seed: number): readonly Float64Array[] {
  const { graph } = caseGraph(op, c);
  return op.reference(caseInputs(c, seed).map((data) => Float64Array.from(data)), graph.calls[0]);
}

function numbersOf(read: TensorMap, label: string): Float32Array | Uint32Array {
  const { data } = read[label];
  if (data instanceof Uint16Array) throw new TypeError(`Cannot compare ${label}: f16 has no reference`);
  return data;
}

function filled(
  fill: InputFill,
  { seed, name, count }: { readonly seed: number; readonly name: string; readonly count: number },
): Float32Array | Uint32Array {
  if (fill === "zeros") return new Float32Array(count);
  if (fill === "normal") return normals(seed, name, count);
  // 0.25 keeps the inputs away from the pole of `1 / x`.
  if (fill === "positive") return normals(seed, name, count).map((x) => Math.abs(x) + 0.25);
  if ("words" in fill) return fill.words;
  if ("blocks" in fill) return randomBlocks(fill.blocks, (i) => uniformAt(seed, name, i));
  return Uint32Array.from({ length: count }, (_, i) => Math.floor(uniformAt(seed, name, i) * fill.below));
}
