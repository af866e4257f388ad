/**
 * Tests that a pack shares memory with its members on every engine, even if a program uses only the pack or
 * only some members.
 *
 * @module
 */
import { deepStrictEqual, throws } from "node:assert/strict";
import { accumulate } from "../../../kernels/core/gradient_ops.ts";
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import { memoryByKind, regionsOf } from "../../../kernels/core/regions.ts";
import type { Shape } from "../../../kernels/core/tensor.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { clear } from "../../../kernels/ops/update/state.ts";

const f32 = (label: string, shape: Shape) => ({ label, shape, dtype: "f32" }) as const;
const a = f32("a", [2, 35]), b = f32("b", [3]), c = f32("c", [64]);
const values = (from: number, shape: Shape) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => from + i),
});

/** Uses only the members `a` and `b`: `b += b`. */
function members() {
  const graph = new Graph();
  const leaf = graph.leaf("b", b, "parameter");
  graph.output("square", mul(graph.leaf("a", a, "parameter"), graph.leaf("a", a, "parameter")));
  accumulate(leaf, leaf);
  return compile("members", graph);
}

/** Uses the pack: adds it to itself. */
function whole(specs = [a, b, c]) {
  const graph = new Graph();
  const { tensor } = graph.pack("pack", specs, "parameter");
  graph.output("squares", mul(tensor, tensor));
  accumulate(tensor, tensor);
  return compile("whole", graph);
}

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: () => Promise.resolve(openReference()),
  cpu: () => openCpu({ threads: 2 }),
  webgpu: () => openWebgpu(),
};
for (const [name, openEngine] of Object.entries(engines)) {
  Deno.test(`${name} session finds members inside their pack, also for programs that use only members`, async () => {
    await using session = await (await openEngine()).open([members(), whole()], {
      a: values(1, a.shape),
      b: values(100, b.shape),
    });
    session.write({ c: values(200, c.shape) });
    await session.run(["members", "whole"]);
    const read = await session.read(["a", "b", "c", "pack", "squares", "square"]);
    deepStrictEqual([...read.a.data.subarray(0, 3)], [2, 4, 6]);
    deepStrictEqual(read.a.shape, [2, 35]);
    deepStrictEqual([...read.b.data], [400, 404, 408]);
    deepStrictEqual([...read.c.data.subarray(0, 2)], [400, 402]);
    deepStrictEqual(read.square.data[69], 70 * 70);
    // Member `a` is padded with zeros to 2 · 64 elements, and `b` to 64 elements.
    const zeros = (count: number) => Array<number>(count).fill(0);
    deepStrictEqual([...read.pack.data], [
      ...[...read.a.data, ...zeros(58)],
      ...[...read.b.data, ...zeros(61)],
      ...read.c.data,
    ]);
    deepStrictEqual(read.squares.data[128], 200 * 200);
  });
}

Deno.test("regionsOf() returns each pack once and every other tensor; memoryByKind() adds up the same sizes", () => {
  const alone = new Graph();
  clear(alone.leaf("d", f32("d", [5]), "gradient"));
  const programs = [members(), whole(), compile("alone", alone)];
  deepStrictEqual(
    regionsOf(programs).map(({ label, shape, members }) => [
      label,
      shape,
      members.map((m) => `${m.label} ${m.offset}`),
    ]),
    [
      ["pack", [256], ["a 0", "b 512", "c 768"]],
      ["square", [2, 35], ["square 0"]],
      ["squares", [256], ["squares 0"]],
      ["d", [5], ["d 0"]],
    ],
  );
  const { parameter, gradient, output } = memoryByKind(programs);
  deepStrictEqual({ parameter, gradient, output }, { parameter: 1024, gradient: 256, output: 512 + 1024 });
});

Deno.test("regionsOf() refuses a label that names different tensors or packs", () => {
  const other = new Graph();
  clear(other.pack("other", [f32("e", [1]), b], "parameter").tensor);
  throws(() => regionsOf([whole(), compile("p", other)]), {
    name: "ShapeError",
    message: "Cannot place b: it is in two packs, one of them other",
  });
  throws(() => regionsOf([whole([a, b]), whole([b, a])]), {
    message:
      "Cannot share pack pack between programs: it holds a [2,35], b [3] in one, b [3], a [2,35] in another",
  });
  const longer = new Graph();
  clear(longer.leaf("b", f32("b", [4]), "parameter"));
  throws(() => regionsOf([whole(), compile("p", longer)]), {
    message: "Cannot share b between programs: it is f32 [3] in one, f32 [4] in another",
  });
});

Deno.test("pack() refuses a label that is taken, no members, a member twice and other types", () => {
  const graph = new Graph();
  graph.leaf("taken", f32("taken", [1]), "parameter");
  throws(() => graph.pack("taken", [a], "parameter"), {
    message: "Cannot make pack taken: the label is taken",
  });
  throws(() => graph.pack("p", [], "parameter"), { message: /of no tensors: it needs at least one/ });
  throws(() => graph.pack("p", [a, b, a], "parameter"), { message: "Cannot make pack p: a is in it twice" });
  throws(() => graph.pack("p", [{ ...a, dtype: "u32" }], "input"), {
    message: "Cannot make pack p: a is u32, wanted f32",
  });
});
