import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { recompute } from "../../../kernels/core/recompute.ts";
import { accumulate } from "../../../kernels/core/gradient_ops.ts";
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { compile, type Program } from "../../../kernels/core/program.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { gather } from "../../../kernels/ops/indexing/gather.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";
import { clear } from "../../../kernels/ops/update/state.ts";
import { tanh } from "../../../kernels/ops/elementwise/tanh.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { plan } from "../../../stages/model/plan.ts";

type Part = (x: Tensor, f: (x: Tensor) => Tensor) => Tensor;
const plain: Part = (x, f) => f(x);

/**
 * Computes a loss and the gradients of `x` and `w`. The model has `blocks` blocks; each applies `tanh(w · x)`
 * `depth` times and is wrapped by `part`.
 */
function program(part: Part, { blocks = 3, depth = 4, nested = false } = {}): Program {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [64], dtype: "f32" }, "input");
  const w = graph.leaf("w", { shape: [64], dtype: "f32" }, "parameter");
  const block = (from: Tensor) => {
    let y = from;
    for (let i = 0; i < depth; i++) y = nested ? part(y, (y) => tanh(mul(w, y))) : tanh(mul(w, y));
    return y;
  };
  let y = x;
  for (let i = 0; i < blocks; i++) y = part(y, block);
  const loss = sum(mul(y, y));
  gradients(loss, [x, w]).forEach((g, i) => graph.output(`grad ${i}`, g!));
  graph.output("loss", loss);
  return compile("p", graph);
}

async function run(p: Program): Promise<Record<string, number[]>> {
  await using session = await openReference().open([p], {
    x: { shape: [64], data: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i + 1)) },
    w: { shape: [64], data: Float32Array.from({ length: 64 }, (_, i) => 1 + Math.cos(i) / 2) },
  });
  await session.run(["p"]);
  const read = await session.read(["loss", "grad 0", "grad 1"]);
  return Object.fromEntries(Object.entries(read).map(([label, { data }]) => [label, [...data]]));
}

Deno.test("recompute() changes neither values nor gradients, for its input and for other tensors that it reads", async () => {
  const expected = await run(program(plain, { blocks: 1 }));
  deepStrictEqual(await run(program(recompute, { blocks: 1 })), expected);
  ok([...expected["grad 0"], ...expected["grad 1"]].every((g) => g !== 0));
});

Deno.test("recompute() several times and nested gives the same gradients up to rounding", async () => {
  // With recomputation, the gradients of `w` are first added up within each block. This changes the order of
  // additions, so the last bit may differ.
  const expected = await run(program(plain));
  for (const actual of [program(recompute), program(recompute, { nested: true })]) {
    for (const [label, values] of Object.entries(await run(actual))) {
      values.forEach((v, i) =>
        ok(Math.abs(v - expected[label][i]) <= 1e-6 * Math.abs(expected[label][i]), label)
      );
    }
  }
});

Deno.test("recompute() stores only the input of each block, and the values of the one block being recomputed", () => {
  const sizes = { blocks: 30, depth: 10 };
  const stored = (p: Program) => p.arenaBytes / 256;
  const [whole, part] = [stored(program(plain, sizes)), stored(program(recompute, sizes))];
  ok(whole >= 30 * 10 * 2, `${whole} tensors`); // each step stores two tensors
  ok(
    part >= 29 + 20 && part <= 29 + 20 + 6,
    `${part} tensors, expected 29 inputs, the 20 of one block and up to 6 temporary ones`,
  );
});

Deno.test("recompute() recomputes only values that gradients need", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [64], dtype: "f32" }, "input");
  const y = recompute(x, (x) => sum(scale(mul(x, x), 3))); // the gradient needs only `x` itself
  graph.output("g", gradients(y, [x])[0]!);
  graph.output("y", y);
  const names = compile("p", graph).calls.map((call) => call.op.name);
  deepStrictEqual([names.filter((n) => n === "sum").length, names.includes("fill")], [1, true]);
  strictEqual(names.filter((n) => n === "mul").length, 1 + 2, "x · x once, and x times its gradient twice");
});

Deno.test("recompute() accepts inputs of whole numbers, and leaves independent gradients null", () => {
  const graph = new Graph();
  const table = graph.leaf("table", { shape: [9, 4], dtype: "f32" }, "parameter");
  const other = graph.leaf("other", { shape: [4], dtype: "f32" }, "parameter");
  const ids = graph.leaf("ids", { shape: [5], dtype: "u32" }, "input");
  const loss = sum(recompute(table, (table) => gather(table, ids)));
  const [ofTable, ofOther] = gradients(loss, [table, other]);
  deepStrictEqual([ofTable?.shape, ofOther], [[9, 4], null]);
  strictEqual(recompute(table, (x) => x), table);
});

Deno.test("recompute() refuses a part that overwrites a tensor from outside of it", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [64], dtype: "f32" }, "input");
  const total = graph.leaf("total", { shape: [64], dtype: "f32" }, "gradient");
  throws(() => recompute(x, (x) => accumulate(total, x)), {
    message:
      "Cannot recompute a part with accumulate: it overwrites total, which was created outside of it: " +
      "move accumulate out of recompute()",
  });
  recompute(x, (x) => accumulate(clear(scale(x, 2)), x)); // allowed: the part overwrites a tensor of its own
});

Deno.test("recompute() adds gradients to their buffers during the backward pass, as without recomputation", () => {
  const model = gpt({ layers: 2, heads: 2, channels: 16, seqLen: 8, vocabSize: 65 });
  const adding = (recompute: "none" | "block") => {
    const { programs: [micro] } = plan({
      model,
      training: { optimizer: adamw(), shape: [1, 2, 8], clip: 1, recompute },
    });
    return micro.calls.filter(({ op, outputs }) => op.inPlace !== undefined && outputs[0].kind === "gradient")
      .map(({ op, outputs }) => `${op.name} ${outputs[0].label}`);
  };
  deepStrictEqual(adding("block"), adding("none"));
  strictEqual(adding("block").filter((name) => name.startsWith("matmul_add")).length, 2 * 4 + 1);
});
