/**
 * Tests that long dispatches are split: at which limit, into which parts, and that any split gives the same
 * bits.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { boundKernel } from "../../../../kernels/core/bound_kernel.ts";
import { leastGpu } from "../../../../kernels/core/gpu.ts";
import type { Shape } from "../../../../kernels/core/tensor.ts";
import { countOf, type Extent, partsOf, splittable } from "../../../../kernels/engine/webgpu/split.ts";
import { SubmitPace, workOf } from "../../../../kernels/engine/webgpu/submit_pace.ts";
import { ops } from "../../../../kernels/ops/list.ts";
import { caseGraph } from "../../../../kernels/parity/run_cases.ts";
import { sameBitsForAnySplit, splitsAboveTheLimit } from "./split_cases.ts";
import { range } from "../../../../kernels/ops/matmul/matmul_body.ts";

Deno.test("partsOf() covers each workgroup once, in parts of at most the given number", () => {
  const grids: readonly Extent[] = [[1, 1, 1], [7, 1, 1], [5, 4, 1], [3, 2, 6], [1, 1, 9], [16, 12, 3]];
  for (const workgroups of grids) {
    for (const most of [0.2, 1, 2, 3, 4.9, 5, 6, 7, 19, 20, 35, 36, 1e9]) {
      const seen = new Set<string>(), where = `${workgroups} at most ${most}`;
      for (const part of partsOf(workgroups, most)) {
        ok(countOf(part.workgroups) <= Math.max(1, most), where);
        const axes = range(3).map((axis) => range(part.workgroups[axis]).map((i) => part.first[axis] + i));
        for (const z of axes[2]) {
          for (const y of axes[1]) {
            for (const x of axes[0]) {
              ok(!seen.has(`${x} ${y} ${z}`), where);
              ok(x < workgroups[0] && y < workgroups[1] && z < workgroups[2], where);
              seen.add(`${x} ${y} ${z}`);
            }
          }
        }
      }
      strictEqual(seen.size, countOf(workgroups), where);
    }
  }
  deepStrictEqual(partsOf([2, 3, 8], 47).map(({ workgroups }) => workgroups), [[2, 3, 4], [2, 3, 4]]);
});

Deno.test("SubmitPace splits above 0.5 s of the learned rate, and above 50 GFLOP while there is none", () => {
  const clock = { time: 0 }, pace = new SubmitPace({}, () => clock.time), workgroups: Extent = [64, 4, 2];
  const parts = (work: number) => pace.split({ work, workgroups }).length;
  deepStrictEqual([parts(50e9 - 1), parts(50e9), parts(50e9 + 1e3)], [1, 1, 2]);
  pace.submit(20e9);
  const ended = pace.wait();
  clock.time = 2; // 10 GFLOPS
  ended();
  deepStrictEqual([parts(5e9 - 1), parts(5e9), parts(5e9 + 1e3), parts(10e9), parts(11e9)], [1, 1, 2, 2, 4]);
  strictEqual(parts(1e15), 512, "no more parts than workgroups");
  const may = (work: number, grid: Extent = workgroups) => pace.maySplit({ work, workgroups: grid });
  deepStrictEqual([may(0.5e9), may(0.5e9 + 1), may(1e12, [1, 1, 1])], [false, true, false]);
});

Deno.test("splittable() adds the first workgroup to both kinds of ids, after all directives", () => {
  const code = splittable(`enable f16;
@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  x[id.x] = group.x;
}`);
  match(code, /^enable f16;\n/);
  match(code, /\{\n {2}let id = idInPart \+ firstWorkgroup \* vec3u\(8u, 4u, 1u\);/);
  match(code, /let group = groupInPart \+ firstWorkgroup;\n {2}x\[id\.x\] = group\.x;/);
  match(code, /@builtin\(global_invocation_id\) idInPart: vec3u, @builtin\(workgroup_id\) groupInPart/);
  throws(() => splittable("@compute @workgroup_size(1) fn main(@builtin(num_workgroups) n: vec3u) {}"), {
    name: "TypeError",
    message: /Cannot split/,
  });
});

Deno.test("splittable() reads the ids of every op's kernels through the first workgroup", () => {
  let count = 0;
  for (const op of ops) {
    for (const c of op.cases) {
      const [call] = caseGraph(op, c).graph.calls;
      for (const { code, workgroups } of boundKernel(call, leastGpu).dispatches) {
        if (countOf(workgroups) === 1) continue;
        count++;
        ok(/let \w+ = \w+InPart \+ firstWorkgroup/.test(splittable(code)), `${op.name}: ${code}`);
      }
    }
  }
  ok(count > 300, `${count} dispatches`);
});

Deno.test("SubmitPace splits what takes an integrated GPU more than half a second, and leaves it whole on a large one", () => {
  const calls: Readonly<Record<string, readonly [inputs: readonly Shape[], attrs: unknown]>> = {
    attention: [[[16, 1024, 2304]], { heads: 12 }],
    attention_grad: [
      [[16, 1024, 2304], [16, 1024, 768], [16, 12, 1024], [16, 1024, 768]],
      { heads: 12 },
    ],
    matmul: [[[2368, 768], [50304, 768]], { transposeB: true }], // a block of the head
    affine_gelu: [[[16, 1024, 768], [768, 3072], [3072]], null],
  };
  const paceAt = (rate: number) => {
    const clock = { time: 0 }, pace = new SubmitPace({}, () => clock.time);
    pace.submit(10e9);
    const ended = pace.wait();
    clock.time = 10e9 / rate;
    ended();
    return pace;
  };
  for (const [name, [inputs, attrs]] of Object.entries(calls)) {
    const op = ops.find((each) => each.name === name)!;
    const [call] = caseGraph(op, { inputs, attrs }).graph.calls, work = workOf(call);
    for (const { workgroups } of boundKernel(call, leastGpu).dispatches) {
      strictEqual(paceAt(40e12).split({ work, workgroups }).length, 1, `${name} on a large GPU`);
      const parts = paceAt(50e9).split({ work, workgroups });
      ok(
        parts.length >= Math.min(countOf(workgroups), work / 25e9),
        `${name}: ${parts.length} parts of ${work}`,
      );
      for (const part of parts) {
        const seconds = work * countOf(part.workgroups) / countOf(workgroups) / 50e9;
        ok(seconds <= 0.5 || countOf(part.workgroups) === 1, `${name}: ${seconds} s`);
      }
    }
  }
});

Deno.test("webgpu engine gives the same bits for any split of its dispatches", () =>
  sameBitsForAnySplit({ relu: 2, sum: 5, softmax: 0, layer_norm: 2, matmul: 9 }));

Deno.test("webgpu run() splits a product one step above the limit, and neither at it nor below", () =>
  splitsAboveTheLimit("matmul", 9));
