import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { accumulate } from "../../../kernels/core/gradient_ops.ts";
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { bindings } from "../../../kernels/core/op.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { compile, flopsOf, isPersistent, type Program } from "../../../kernels/core/program.ts";
import { sizeOf, slotAlignment } from "../../../kernels/core/tensor.ts";
import { memoryByKind } from "../../../kernels/core/regions.ts";
import { add, mul } from "../../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { broadcast, sum } from "../../../kernels/ops/reduce/reduce.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { slice } from "../../../kernels/ops/indexing/slice.ts";
import { clear } from "../../../kernels/ops/update/state.ts";

Deno.test("compile() never overlaps slots that are in use: random graphs give the same results in the planned arena as without", () => {
  for (let seed = 0; seed < 60; seed++) {
    const program = compile("random", randomGraph(seed));
    slotsDoNotOverlap(program);
    deepStrictEqual(runInArena(program), runApart(program), `seed ${seed}`);
  }
});

Deno.test("compile() reuses memory: a chain of a hundred activations needs memory for two", () => {
  const graph = new Graph();
  let x = graph.leaf("x", { shape: [64], dtype: "f32" }, "input");
  for (let i = 0; i < 100; i++) x = relu(x);
  graph.output("y", x);
  deepStrictEqual(compile("chain", graph).arenaBytes, 2 * 256);
});

Deno.test("compile() aligns slots and gives outputs memory of their own", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [3], dtype: "f32" }, "input");
  const y = relu(x), z = sum(scale(y, 2));
  graph.output("y", y);
  graph.output("loss", z);
  const program = compile("aligned", graph);
  ok(program.slots.every((s) => s.offset % slotAlignment === 0 && s.bytes % slotAlignment === 0));
  deepStrictEqual([...program.outputs].map(([label, slot]) => [label, slot.label, slot.kind]), [
    ["y", "y", "output"],
    ["loss", "loss", "output"],
  ]);
});

Deno.test("compile() drops calls that affect neither an output nor persistent memory", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [3], dtype: "f32" }, "input");
  const total = graph.leaf("total", { shape: [3], dtype: "f32" }, "gradient");
  const used = relu(x);
  relu(relu(x)); // dead
  clear(scale(x, 2)); // dead too: it overwrites an activation that no call reads
  accumulate(total, used);
  const program = compile("live", graph);
  deepStrictEqual(program.calls.map((c) => c.op.name), ["relu", "accumulate"]);
  deepStrictEqual(program.slots.map((s) => s.label), ["x", "relu#0.0", "total"]);
});

Deno.test("compile() refuses to read a tensor after it was overwritten in place", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [3], dtype: "f32" }, "input");
  const total = graph.leaf("total", { shape: [3], dtype: "f32" }, "gradient");
  const updated = accumulate(total, x);
  graph.output("before", scale(total, 2));
  throws(() => compile("late", graph), {
    message: "Cannot compile late: scale reads total after accumulate overwrote it: use accumulate's output",
  });
  const good = new Graph();
  Object.assign(good, { calls: [updated.call] });
  good.output("after", updated);
  deepStrictEqual(compile("good", good).outputs.get("after")?.label, "total");
});

Deno.test("compile() refuses an output that is overwritten in place, unless it is a leaf, whose latest value is read", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [3], dtype: "f32" }, "input");
  const total = graph.leaf("total", { shape: [3], dtype: "f32" }, "gradient");
  const y = relu(x);
  graph.output("latest", total);
  accumulate(total, x);
  deepStrictEqual(compile("leaf", graph).outputs.get("latest")?.label, "total");
  graph.output("y", y);
  graph.output("z", accumulate(y, x));
  throws(() => compile("lost", graph), {
    message: "Cannot compile lost: output y is overwritten by accumulate: mark accumulate's output instead",
  });
});

Deno.test("compile() refuses an output that is a leaf and that no call uses", () => {
  const graph = new Graph();
  graph.output("x", graph.leaf("x", { shape: [3], dtype: "f32" }, "input"));
  throws(() => compile("bare", graph), {
    message: "Cannot compile bare: output x is a leaf that no call uses",
  });
});

Deno.test("memoryByKind() counts each label and the arena once; flopsOf() adds up calls", () => {
  const build = (name: string, times: number) => {
    const graph = new Graph();
    const w = graph.leaf("w", { shape: [100], dtype: "f32" }, "parameter");
    const g = graph.leaf("w/grad", { shape: [100], dtype: "f32" }, "gradient");
    let y = mul(w, w);
    for (let i = 1; i < times; i++) y = add(mul(y, y), y);
    accumulate(g, gradients(sum(y), [w])[0]!);
    return compile(name, graph);
  };
  const programs = [build("a", 1), build("b", 3)];
  const memory = memoryByKind(programs);
  deepStrictEqual([memory.parameter, memory.gradient], [512, 512]); // 400 bytes, rounded up to 2 · 256
  deepStrictEqual(memory.activation, Math.max(...programs.map((p) => p.arenaBytes)));
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [5, 2], dtype: "f32" }, "input");
  graph.output("y", add(mul(x, x), x));
  deepStrictEqual(flopsOf(compile("c", graph)), 20);
});

/** Returns a graph of 24 calls on random earlier tensors, some in place, with a few outputs. */
function randomGraph(seed: number): Graph {
  const graph = new Graph();
  let drawn = 0;
  const below = (n: number) => Math.floor(uniformAt(seed, "graph", drawn++) * n);
  const leaves = [1, 2, 3].map((rows) =>
    graph.leaf(`x${rows}`, { shape: [rows * 50], dtype: "f32" }, "input")
  );
  const usable: Tensor[] = [...leaves];
  for (let i = 0; i < 24; i++) {
    const at = below(usable.length), x = usable[at], size = x.shape[0];
    const partners = usable.filter((t) => t.shape[0] === size && t !== x);
    switch (below(6)) {
      case 0:
        usable.push(relu(x));
        break;
      case 1:
        usable.push(scale(x, 1.5));
        break;
      case 2:
        usable.push(partners.length > 0 ? add(x, partners[below(partners.length)]) : add(x, x));
        break;
      case 3:
        if (size > 1) usable.push(slice(x, { start: below(size - 1), length: 1 + below(2) }));
        break;
      case 4:
        usable.push(slice(broadcast(x, { shape: [2, size], from: 0, to: 1 }), { start: 1, length: 1 }));
        usable[usable.length - 1] = sum(usable[usable.length - 1], { from: 0, to: 1 });
        break;
      default:
        // The op overwrites `x`, an activation, which must not be read afterwards.
        if (x.call !== null && partners.length > 0) {
          usable[at] = accumulate(x, partners[below(partners.length)]);
        }
    }
  }
  for (let k = 0; k < 3; k++) graph.output(`out${k}`, usable[3 + below(usable.length - 3)]);
  return graph;
}

function slotsDoNotOverlap(program: Program): void {
  const lives = program.slots.filter((s) => !isPersistent(s.kind)).map((slot) => {
    const uses = program.calls.flatMap((call, index) =>
      bindings(call).some((t) => program.slotOf.get(t) === slot) ? [index] : []
    );
    return { slot, first: Math.min(...uses), last: Math.max(...uses) };
  });
  for (const a of lives) {
    ok(a.slot.offset + a.slot.bytes <= program.arenaBytes);
    for (const b of lives) {
      if (a === b || a.last < b.first || b.last < a.first) continue;
      ok(
        a.slot.offset + a.slot.bytes <= b.slot.offset || b.slot.offset + b.slot.bytes <= a.slot.offset,
        `${a.slot.label} and ${b.slot.label} overlap`,
      );
    }
  }
}

/**
 * Returns the outputs of a run in which every tensor is at its planned offset in an arena that initially
 * holds NaN.
 */
function runInArena(program: Program): Record<string, number[]> {
  const arena = new Float64Array(program.arenaBytes / 4).fill(NaN);
  const own = new Map(
    program.slots.filter((s) => isPersistent(s.kind)).map((s) => [s, initialValues(s.tensor)]),
  );
  const view = (t: Tensor) => {
    const slot = program.slotOf.get(t)!;
    return own.get(slot) ?? arena.subarray(slot.offset / 4, slot.offset / 4 + sizeOf(t.shape));
  };
  for (const call of program.calls) {
    const results = call.op.reference(call.inputs.map(view), call);
    call.outputs.forEach((t, i) => view(t).set(results[i]));
  }
  return Object.fromEntries([...program.outputs].map(([label, slot]) => [label, [...own.get(slot)!]]));
}

/** Returns the outputs of a run in which no tensors share memory. */
function runApart(program: Program): Record<string, number[]> {
  const values = new Map<Tensor, Float64Array>();
  const latest = new Map<unknown, Float64Array>();
  for (const call of program.calls) {
    const inputs = call.inputs.map((t) => values.get(t) ?? initialValues(t));
    call.op.reference(inputs, call).forEach((result, i) => {
      values.set(call.outputs[i], result);
      latest.set(program.slotOf.get(call.outputs[i]), result);
    });
  }
  return Object.fromEntries([...program.outputs].map(([label, slot]) => [label, [...latest.get(slot)!]]));
}

function initialValues(t: Tensor): Float64Array {
  return Float64Array.from({ length: sizeOf(t.shape) }, (_, i) => uniformAt(7, t.label, i) - 0.5);
}
