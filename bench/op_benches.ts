/**
 * Benches every op on every engine. The name of a bench contains the GFLOP and MB of one iteration: divide
 * them by the measured seconds to get GFLOPS and MB/s.
 *
 * @module
 */
import { trafficOf } from "../kernels/core/cost.ts";
import { Graph, type Op } from "../kernels/core/graph.ts";
import { caseSpecs } from "../kernels/core/case.ts";
import { compile } from "../kernels/core/program.ts";
import type { TensorMap } from "../kernels/core/tensor.ts";
import { caseInputs } from "../kernels/parity/run_cases.ts";
import { benchEngines, marker, openOnce, repeatsOn, runAndWait } from "./engines.ts";

/** Registers a group for each test case of `ops` that is marked with `bench`. */
export function benchOps(ops: readonly Op<any>[]): void {
  for (const op of ops) {
    op.cases.filter((c) => c.bench === true).forEach((c) => {
      const group = `${op.name} ${c.inputs.map((shape) => `[${shape}]`).join(" ")} ${
        JSON.stringify(c.attrs)
      }`;
      const graph = new Graph();
      const inputs = caseSpecs(c).map((spec, i) => graph.leaf(`in${i}`, spec, "input"));
      graph.call(op, inputs, c.attrs).forEach((t, i) => graph.output(`out${i}`, t));
      const [call] = graph.calls, program = compile("op", graph);
      const flops = op.flops?.(call) ?? 0, { read, written } = trafficOf(call);
      const data = caseInputs(c, 1);
      const values: TensorMap = Object.fromEntries(
        inputs.map(({ label, shape }, i) => [label, { shape, data: data[i] }]),
      );
      Object.entries(benchEngines).forEach(([name, open], i) => {
        const opened = openOnce(async () => await (await open()).open([program, marker], values));
        const repeats = repeatsOn(name);
        const gflop = repeats * flops / 1e9, megabytes = repeats * (read + written) / 1e6;
        Deno.bench({
          name: `${name}, ${gflop.toFixed(2)} GFLOP, ${megabytes.toFixed(0)} MB`,
          group,
          baseline: i === 0,
          fn: async (b) => {
            const session = await opened();
            b.start();
            await runAndWait(session, { program: "op", repeats });
            b.end();
          },
        });
      });
    });
  }
}
