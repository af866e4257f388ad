/**
 * Tests that no dispatch of any plan binds overlapping ranges, which WebGPU forbids for writable bindings.
 * Deno's WebGPU accepts them, browsers refuse them.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { boundKernel } from "../../../kernels/core/bound_kernel.ts";
import { leastGpu } from "../../../kernels/core/gpu.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { compile, isPersistent, type Program } from "../../../kernels/core/program.ts";
import { regionsOf } from "../../../kernels/core/regions.ts";
import { bytesOf } from "../../../kernels/core/tensor.ts";
import { reshape } from "../../../kernels/core/view.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { muon } from "../../../kernels/optim/muon.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { caseGraph, smallCases } from "../../../kernels/parity/run_cases.ts";
import { plan } from "../../../stages/model/plan.ts";

/** Bytes of a buffer that a binding covers. */
interface BoundRange {
  readonly buffer: string;
  readonly start: number;
  readonly end: number;
}

/** Returns a message for each pair of bindings of one dispatch that overlap. */
function overlaps(programs: readonly Program[]): { readonly messages: string[]; readonly calls: number } {
  const places = new Map(
    regionsOf(programs).flatMap((region) =>
      [{ label: region.label, offset: 0 }, ...region.members].map(({ label, offset }) =>
        [
          label,
          { buffer: region.label, offset },
        ] as const
      )
    ),
  );
  const rangeOf = (program: Program, tensor: Tensor): BoundRange => {
    const slot = program.slotOf.get(tensor)!;
    const { buffer, offset } = isPersistent(slot.kind)
      ? places.get(slot.label)!
      : { buffer: "arena", offset: slot.offset };
    return { buffer, start: offset, end: offset + Math.max(16, bytesOf(slot.tensor)) }; // see boundBytes()
  };
  const messages: string[] = [];
  let calls = 0;
  for (const program of programs) {
    for (const call of program.calls) {
      calls++;
      const ranges = boundKernel(call, leastGpu).tensors.map((tensor) => rangeOf(program, tensor));
      ranges.forEach((a, i) =>
        ranges.slice(0, i).forEach((b, j) => {
          if (a.buffer !== b.buffer || a.end <= b.start || b.end <= a.start) return;
          messages.push(`${call.op.name} of ${program.name}: bindings ${j} and ${i} in ${a.buffer}`);
        })
      );
    }
  }
  return { messages, calls };
}

const sizes = { layers: 2, heads: 2, channels: 16, seqLen: 8, vocabSize: 65, vocabPad: 64 };
const shape = [2, 2, 8] as const;

Deno.test("no dispatch of any plan binds overlapping ranges", () => {
  const models = [
    gpt(sizes),
    gpt({ ...sizes, dropout: 0.1 }),
    gpt({ ...sizes, layers: 1, heads: 1, channels: 1, vocabSize: 2, vocabPad: 1 }),
  ];
  let calls = 0;
  for (const model of models) {
    for (const optimizer of [adamw(), muon(), sgd()]) {
      for (const deferred of [false, true]) {
        const recompute = deferred ? "block" : "none";
        const { programs } = plan({
          model,
          training: { optimizer, shape, clip: 1, deferred, recompute, inspection: true },
          evaluation: { batch: 2, seqLen: 8 },
          scoring: { tokens: 16 },
          sampling: { texts: 2 },
        });
        const found = overlaps(programs);
        ok(found.messages.length === 0, found.messages.join("\n"));
        calls += found.calls;
      }
    }
  }
  for (const c of smallCases(ops)) {
    const found = overlaps([compile("case", caseGraph(c.op, c.case).graph)]);
    ok(found.messages.length === 0, found.messages.join("\n"));
  }
  ok(calls > 5000, `${calls} calls`);
});

Deno.test("no dispatch binds overlapping ranges where several inputs are the same memory", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [3, 4], dtype: "f32" }, "parameter"), y = relu(x);
  graph.output("square", mul(x, x));
  graph.output("gram", matmul(y, y, { transposeB: true }));
  graph.output("view", matmul(y, reshape(y, [4, 3])));
  const { messages } = overlaps([compile("squares", graph)]);
  ok(messages.length === 0, messages.join("\n"));
});

Deno.test("a call on a pack and one of its members would bind overlapping ranges", () => {
  const graph = new Graph(), spec = { shape: [64], dtype: "f32" } as const;
  const { tensor } = graph.pack("pack", [{ label: "member", ...spec }], "parameter");
  graph.output("y", mul(tensor, graph.leaf("member", spec, "parameter")));
  const { messages } = overlaps([compile("p", graph)]);
  ok(messages.length === 1 && messages[0] === "mul of p: bindings 0 and 1 in pack", messages.join("\n"));
});
