/**
 * Tests which inputs the dropout ops reject, and their graphs at rate 0 and in the backward pass.
 *
 * @module
 */
import { strictEqual, throws } from "node:assert/strict";
import { gradients } from "../../../../kernels/core/gradients.ts";
import { Graph } from "../../../../kernels/core/graph.ts";
import { ShapeError } from "../../../../kernels/core/tensor.ts";
import { attention } from "../../../../kernels/ops/attention/attention.ts";
import { dropout, dropoutAdd } from "../../../../kernels/ops/dropout/dropout.ts";
import { sum } from "../../../../kernels/ops/reduce/reduce.ts";

function leaves() {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [2, 4, 6], dtype: "f32" }, "input");
  const key = graph.leaf("key", { shape: [2], dtype: "u32" }, "input");
  const draw = graph.leaf("draw", { shape: [1], dtype: "u32" }, "input");
  return { graph, x, key, draw };
}

Deno.test("dropout() and attention() at rate 0 are the same as without dropout", () => {
  const { graph, x, key, draw } = leaves();
  strictEqual(dropout(x, { rate: 0, key, draw }), x);
  const y = attention(x, { heads: 2, dropout: { rate: 0, key, draw } });
  strictEqual(y.call!.inputs.length, 1);
  strictEqual("dropout" in y.call!.attrs, false);
  strictEqual(graph.calls.length, 1);
});

Deno.test("dropoutAdd() passes the whole gradient to its residual, and stores no mask", () => {
  const { graph, x, key, draw } = leaves();
  const residual = graph.leaf("residual", { shape: x.shape, dtype: "f32" }, "input");
  const y = dropoutAdd(x, { rate: 0.5, key, draw, residual });
  strictEqual(y.call!.outputs.length, 1);
  const before = graph.calls.length, [dx, dresidual] = gradients(sum(y), [x, residual]);
  strictEqual(dx!.call!.op.name, "dropout");
  strictEqual(dx!.call!.inputs[0], dresidual);
  strictEqual(graph.calls.slice(before).filter((c) => c.op.name === "dropout").length, 1);
});

Deno.test("dropout's ops refuse rates outside [0, 1) and keys and draws of the wrong shape", () => {
  const { graph, x, key, draw } = leaves();
  const residual = graph.leaf("residual", { shape: [2, 4, 5], dtype: "f32" }, "input");
  throws(() => dropout(x, { rate: 1, key, draw }), RangeError);
  throws(() => attention(x, { heads: 2, dropout: { rate: -1, key, draw } }), RangeError);
  throws(() => dropout(x, { rate: 0.5, key: draw, draw }), ShapeError);
  throws(() => dropout(x, { rate: 0.5, key, draw: key }), ShapeError);
  throws(() => attention(x, { heads: 2, dropout: { rate: 0.5, key, draw: key } }), ShapeError);
  throws(() => dropout(key, { rate: 0.5, key, draw }), ShapeError);
  throws(() => dropoutAdd(x, { rate: 0.5, key, draw, residual }), ShapeError);
});
