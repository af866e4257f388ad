/**
 * Checks that an engine does not lose NaN: every result that depends on NaN must be NaN or infinite, and so
 * must the loss and the gradient norm. Compilers of GPU kernels may assume that NaN does not occur.
 *
 * @module
 */
import type { Op } from "../core/graph.ts";
import { compile } from "../core/program.ts";
import type { Engine } from "../engine/engine.ts";
import { caseGraph, caseInputs, type OpCase, smallCases } from "./run_cases.ts";

/**
 * Values of an input that tell which results depend on it. They are larger than the normally distributed
 * numbers around them, so that they are maxima.
 */
const PROBES = [4.7, 5.9, 6.6] as const;
/** Number of cases of each op in which NaN is tried. */
const CASES = 3;

/** A place in an f32 input, with the results that depend on it by the reference: output and element. */
interface Place {
  readonly input: number;
  readonly element: number;
  readonly dependent: readonly (readonly [output: number, element: number])[];
}

/** Returns the first and the last element of each f32 input that a result depends on. */
function placesOf({ op, case: c }: OpCase): readonly Place[] {
  const { graph, inputs } = caseGraph(op, c), data = caseInputs(c, 1);
  return inputs.flatMap(({ dtype }, input) => {
    if (dtype !== "f32") return [];
    return [...new Set([0, data[input].length - 1])].flatMap((element) => {
      const results = PROBES.map((probe) => {
        const changed = data.map((each) => Float64Array.from(each));
        changed[input][element] = probe;
        return op.reference(changed, graph.calls[0]);
      });
      const dependent = results[0].flatMap((values, output) =>
        Array.from(values, (value, at) => {
          return results.slice(1).every((other) => other[output][at] !== value)
            ? [[output, at] as const]
            : [];
        }).flat()
      );
      return dependent.length === 0 ? [] : [{ input, element, dependent }];
    });
  });
}

/**
 * Sets one number of each f32 input to NaN, runs the op, and returns a message for each result that depends
 * on that number and is finite. The list is empty if there is none.
 */
export async function compareNan(engine: Engine, ops: readonly Op<any>[]): Promise<readonly string[]> {
  const chosen = ops.flatMap((op) => smallCases([op]).slice(0, CASES));
  const cases = chosen.map((c, i) => {
    const name = `${c.op.name}, case ${i}`;
    const { graph, inputs, outputs } = caseGraph(c.op, c.case, `${name}/`);
    return { ...c, name, graph, inputs, outputs, places: placesOf(c), data: caseInputs(c.case, 1) };
  });
  const messages: string[] = [];
  await using session = await engine.open(cases.map(({ name, graph }) => compile(name, graph)), {});
  const most = Math.max(...cases.map(({ places }) => places.length));
  for (let index = 0; index < most; index++) {
    const tried = cases.filter(({ places }) => index < places.length);
    for (const { inputs, data, places } of tried) {
      const { input, element } = places[index];
      session.write(Object.fromEntries(inputs.map((tensor, i) => {
        const values = data[i].slice();
        if (i === input) values[element] = NaN;
        return [tensor.label, { shape: tensor.shape, data: values }];
      })));
    }
    await session.run(tried.map(({ name }) => name));
    const read = await session.read(tried.flatMap(({ graph }) => [...graph.outputs.keys()]));
    for (const { op, case: c, graph, places } of tried) {
      const { input, element, dependent } = places[index], labels = [...graph.outputs.keys()];
      const lost = dependent.find(([output, at]) => Number.isFinite(Number(read[labels[output]].data[at])));
      if (lost === undefined) continue;
      messages.push(
        `${op.name} on ${engine.name}, inputs ${
          JSON.stringify(c.inputs)
        }: element ${element} of input ${input} ` +
          `is NaN, and element ${lost[1]} of output ${lost[0]} is ${read[labels[lost[0]]].data[lost[1]]}`,
      );
    }
  }
  return messages;
}
