/** Tests that the reference engine can return its results in float64, not only rounded to float32. */
import { deepStrictEqual, throws } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";

Deno.test("readFloat64() returns an unrounded copy of an output, read() one rounded to float32", async () => {
  const graph = new Graph(), x = graph.leaf("x", { shape: [2], dtype: "f32" }, "input");
  graph.output("third", scale(x, 1 / 3));
  await using session = await openReference().open([compile("thirds", graph)], {
    x: { shape: [2], data: Float32Array.of(1, 2) },
  });
  await session.run(["thirds"]);
  const third = session.readFloat64("third");
  deepStrictEqual([...third], [1 / 3, 2 / 3]);
  third.fill(0);
  deepStrictEqual([...session.readFloat64("third")], [1 / 3, 2 / 3]);
  deepStrictEqual([...(await session.read(["third"])).third.data], [Math.fround(1 / 3), Math.fround(2 / 3)]);
  throws(() => session.readFloat64("fourth"), /Cannot read fourth/);
});
