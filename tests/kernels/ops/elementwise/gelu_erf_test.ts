import { ok } from "node:assert/strict";
import { gradients } from "../../../../kernels/core/gradients.ts";
import { Graph } from "../../../../kernels/core/graph.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { geluErf } from "../../../../kernels/ops/elementwise/gelu_erf.ts";
import { sum } from "../../../../kernels/ops/reduce/reduce.ts";

/** Returns GELU and its derivative at `xs` on an engine. */
async function evaluate(engine: Engine, xs: readonly number[]) {
  const graph = new Graph(), shape = [xs.length];
  const x = graph.leaf("x", { shape, dtype: "f32" }, "input"), y = geluErf(x);
  graph.output("y", y);
  graph.output("derivative", gradients(sum(y), [x])[0]!);
  await using session = await engine.open([compile("test", graph)], {
    x: { shape, data: Float32Array.from(xs) },
  });
  await session.run(["test"]);
  return await session.read(["y", "derivative"]);
}

Deno.test("geluErf() has a reference of x times the normal distribution function to 12 digits", () => {
  const golden: readonly (readonly [x: number, y: number, derivative: number])[] = [ // mpmath with 40 digits
    [1, 0.841344746068542949, 1.0833154705876863],
    [-1, -0.158655253931457051, -0.0833154705876862984],
    [0.5, 0.345731230637006552, 0.867495124656162843],
    [3, 2.99595030590510972, 1.01194564720418393],
    [-3, -0.00404969409489028358, -0.011945647204183927],
    [-6, -5.91952587022618884e-9, -3.54687094539020148e-8],
    [-8, -4.9767684594174273e-15, -3.97960726108679599e-14],
  ];
  for (const [x, y, derivative] of golden) {
    const { reference } = geluErf.op, call = { op: geluErf.op, inputs: [], outputs: [], attrs: null };
    const [[value]] = reference([Float64Array.of(x)], call);
    ok(Math.abs(value / y - 1) < 1e-12, `${x}: ${value}`);
    const [[grad]] = geluErf.gradOp.reference([Float64Array.of(x), Float64Array.of(1)], call);
    ok(Math.abs(grad / derivative - 1) < 1e-12, `derivative at ${x}: ${grad}`);
  }
});

Deno.test("geluErf() and its derivative are within 1e-6 of the reference from -10 to 10, on both engines", async () => {
  const xs = Array.from({ length: 4001 }, (_, i) => Math.fround((i - 2000) / 200)); // -10 to 10
  const expected = await evaluate(openReference(), xs);
  for (const engine of [await openCpu({ threads: 1 }), await openWebgpu()]) {
    const actual = await evaluate(engine, xs);
    for (const label of ["y", "derivative"]) {
      xs.forEach((x, i) => {
        const error = Math.abs(actual[label].data[i] - expected[label].data[i]);
        ok(error <= 1e-6 * Math.max(1, Math.abs(x)), `${engine.name}: ${label} at ${x} is off by ${error}`);
      });
    }
  }
});
