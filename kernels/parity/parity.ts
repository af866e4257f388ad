/**
 * Compares an engine's results with the float64 reference of each op.
 *
 * @module
 */
import type { Case } from "../core/case.ts";
import { gradients } from "../core/gradients.ts";
import { Graph, type Op } from "../core/graph.ts";
import { inPlaceOf } from "../core/op.ts";
import { compile } from "../core/program.ts";
import type { Engine } from "../engine/engine.ts";
import { openReference } from "../engine/reference.ts";
import { gelu } from "../ops/elementwise/gelu.ts";
import { geluErf } from "../ops/elementwise/gelu_erf.ts";
import { relu } from "../ops/elementwise/relu.ts";
import { reluSquared } from "../ops/elementwise/relu_squared.ts";
import { tanh } from "../ops/elementwise/tanh.ts";
import { sum } from "../ops/reduce/reduce.ts";
import { type CaseData, type OpCase, referenceOutputs, runCases, smallCases } from "./run_cases.ts";

/**
 * Largest allowed error, divided by the element's absolute value plus the root mean square of the whole
 * output. It allows for the errors of float32:
 * - One rounding has an error of 6e-8.
 * - A sum of a few hundred terms of both signs has an error of a few dozen roundings. The root mean square
 *   estimates the size of a term.
 * - exp in WGSL may be wrong by 3 + 2·|x| units in the last place, which is 3e-6 for x = 10.
 */
const TOLERANCE = 1e-5;

/**
 * Runs all small cases of `ops` twice in one session. Returns a list of messages for each op, keyed by op
 * name: one message for each output that differs from the reference by more than `TOLERANCE`, or that differs
 * in at least one bit between the two runs. The list is empty if there is no such output. Each message names
 * the op, the case and the first element that differs.
 */
export async function compareOps(
  engine: Engine,
  ops: readonly Op<any>[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const cases = smallCases(ops), seed = 1;
  const results = await runCases(engine, cases, { seed, times: 2 });
  const messages = new Map<string, string[]>(ops.map(({ name }) => [name, []]));
  cases.forEach((c, i) =>
    messages.get(c.op.name)!.push(...compareRuns(engine.name, { ...c, seed, runs: results[i] }))
  );
  return messages;
}

/** Runs one case of an op as `compareOps` does, and returns the messages for its outputs. */
export async function compareCase<A>(
  engine: Engine,
  op: Op<A>,
  { case: c, seed }: { readonly case: Case<A>; readonly seed: number },
): Promise<readonly string[]> {
  const [runs] = await runCases(engine, [{ op, case: c }], { seed, times: 2 });
  return compareRuns(engine.name, { op, case: c, seed, runs });
}

/**
 * Compares activations and their gradients with the reference at inputs from 0 to ±10,000, where the
 * exponentials of a careless formula would overflow. Returns a message for each value that differs.
 */
export async function compareFarFromZero(engine: Engine): Promise<readonly string[]> {
  const graph = new Graph();
  const data = Float32Array.from([1e4, 300, 50, 20, 11, 9, 8, 6, 4, 1e-3, 1e-20, 0].flatMap((v) => [v, -v]));
  const shape = [data.length];
  const x = graph.leaf("x", { shape, dtype: "f32" }, "input");
  for (const [name, activation] of Object.entries({ relu, reluSquared, tanh, gelu, geluErf })) {
    const y = activation(x);
    graph.output(name, y);
    graph.output(`gradient of ${name}`, gradients(sum(y), [x])[0]!);
  }
  const labels = [...graph.outputs.keys()];
  const evaluate = async (on: Engine) => {
    await using session = await on.open([compile("far from zero", graph)], { x: { shape, data } });
    await session.run(["far from zero"]);
    return await session.read(labels);
  };
  const [actual, expected] = [await evaluate(engine), await evaluate(openReference())];
  return labels.flatMap((label) =>
    Array.from(data, (input, i) => {
      const value = actual[label].data[i], exact = expected[label].data[i];
      return Math.abs(value - exact) <= TOLERANCE * Math.max(1, Math.abs(exact))
        ? []
        : [`${label} at ${input} on ${engine.name}: ${value}, expected ${exact}`];
    }).flat()
  );
}

/** A case, with the outputs of its two runs. */
type CaseRuns = OpCase & {
  readonly seed: number;
  readonly runs: readonly CaseData[];
};

function compareRuns(engine: string, c: CaseRuns): readonly string[] {
  const expected = referenceOutputs(c, c.seed), [first, second] = c.runs;
  return first.flatMap((data, i) => {
    const where = `${c.op.name} on ${engine}, inputs ${JSON.stringify(c.case.inputs)}, output ${i}${
      inPlaceOf(c.op, i) >= 0 ? " (in place)" : ""
    }`;
    if (data.length !== expected[i].length) {
      return [`${where}: ${data.length} elements, expected ${expected[i].length}`];
    }
    const allowed = allowedError(expected[i]);
    for (const [at, value] of data.entries()) {
      const exact = expected[i][at];
      if (!(Math.abs(value - exact) <= allowed(exact))) {
        return [`${where}, element ${at}: ${value}, expected ${exact} within ${allowed(exact)}`];
      }
      if (!Object.is(value, second[i][at])) {
        return [`${where}, element ${at}: ${value} in the first run, ${second[i][at]} in the second`];
      }
    }
    return [];
  });
}

function allowedError(expected: Float64Array): (value: number) => number {
  const root = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / expected.length);
  return (value) => TOLERANCE * (Math.abs(value) + root) + 1e-30; // 1e-30 for outputs that are all zeros
}
