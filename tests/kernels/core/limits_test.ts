import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { leastLimits } from "../../../kernels/core/gpu.ts";
import { arenaChunkBytes, checkLimits, largestSlot } from "../../../kernels/core/limits.ts";
import { Graph } from "../../../kernels/core/graph.ts";
import { compile, type Program } from "../../../kernels/core/program.ts";
import type { MemoryKind, Shape } from "../../../kernels/core/tensor.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";

/** Returns the sum of a leaf's squares; the squares are an activation of the same size. */
function squares(shape: Shape, kind: MemoryKind): Program {
  const graph = new Graph();
  const x = graph.leaf("x", { shape, dtype: "f32" }, kind);
  graph.output("y", sum(mul(x, x)));
  return compile("squares", graph);
}

Deno.test("checkLimits() accepts tensors up to the exact limit in bytes", () => {
  const program = squares([1024, 64], "parameter"), bytes = 1024 * 64 * 4;
  for (const limits of [{ maxBufferSize: bytes }, { maxStorageBufferBindingSize: bytes }]) {
    checkLimits([program], { ...leastLimits, ...limits });
    const [[name, most]] = Object.entries(limits);
    throws(() => checkLimits([program], { ...leastLimits, ...limits, [name]: most - 4 }), RangeError);
  }
});

Deno.test("checkLimits() suggests fewer rows for weights and a smaller batch for other tensors", () => {
  const limits = { ...leastLimits, maxStorageBufferBindingSize: 1000 * 256 };
  throws(() => checkLimits([squares([1024, 64], "parameter")], limits, { device: "this GPU" }), {
    name: "RangeError",
    message:
      "Cannot place x of squares on this GPU: f32 [1024,64] is 262144 bytes, the largest tensor there is " +
      "256000, which holds 896 of its 1024 rows: use a smaller vocabulary or model (--tokenizer train --vocab-size " +
      "896, or fewer --channels), a driver with larger limits, or --device cpu",
  });
  throws(() => checkLimits([squares([65536], "gradient")], limits), {
    message: /is \d+: use a smaller model, a driver with larger limits, or --device cpu$/,
  });
  throws(() => checkLimits([squares([1024, 64], "input")], limits), {
    message:
      "Cannot place x of squares on a device with these limits: f32 [1024,64] is 262144 bytes, the largest tensor " +
      "there is 256000: use a smaller --batch-size or --seq-len, or --device cpu",
  });
});

Deno.test("checkLimits() counts the distinct bindings of a call", () => {
  const program = squares([8], "input"); // mul binds its two inputs, here the same tensor, and its result
  checkLimits([program], { ...leastLimits, maxStorageBuffersPerShaderStage: 3 });
  throws(() => checkLimits([program], { ...leastLimits, maxStorageBuffersPerShaderStage: 2 }), {
    message:
      "Cannot run mul on a device with these limits: it needs 3 buffers, the adapter can bind 2: use another adapter " +
      "or --device cpu",
  });
});

Deno.test("largestSlot() names the largest tensor that has to be bound", () => {
  deepStrictEqual(largestSlot([squares([8], "input"), squares([9, 100], "input")]), {
    label: "mul#0.0", // in the arena, where sizes are multiples of 256 bytes
    bytes: 3840,
  });
  strictEqual(largestSlot([]), null);
});

Deno.test("largestSlot() ignores packs, whose size the plan chooses, and checkLimits() still checks them", () => {
  const graph = new Graph();
  const spec = (label: string) => ({ label, shape: [64], dtype: "f32" }) as const;
  graph.output("y", sum(graph.pack("parameters/0", [spec("a"), spec("b")], "parameter").tensor));
  const program = compile("update", graph);
  deepStrictEqual(largestSlot([program]), { label: "y", bytes: 4 });
  throws(() => checkLimits([program], { ...leastLimits, maxStorageBufferBindingSize: 256 }), {
    message:
      "Cannot place parameters/0 of update on a device with these limits: f32 [128] is 512 bytes, the largest " +
      "tensor there is 256: plan with packBytes of at most 256, or use --device cpu",
  });
});

Deno.test("arenaChunkBytes() is the largest buffer up to 2 GiB, or the largest tensor", () => {
  const small = squares([8], "input"), large = squares([3 * 2 ** 28], "input"); // 3 GiB
  strictEqual(arenaChunkBytes([small], { maxBufferSize: 2 ** 28 + 100 }), 2 ** 28);
  strictEqual(arenaChunkBytes([small], { maxBufferSize: 2 ** 40 }), 2 ** 31 - 256);
  strictEqual(arenaChunkBytes([small, large], { maxBufferSize: 2 ** 40 }), 3 * 2 ** 30);
});
