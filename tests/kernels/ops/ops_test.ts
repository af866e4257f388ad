/**
 * Tests every op: it has cases and the reference engine runs them, its WGSL stays within the limits of every
 * WebGPU device, and its gradient agrees with finite differences.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { gradients } from "../../../kernels/core/gradients.ts";
import { leastGpu } from "../../../kernels/core/gpu.ts";
import { bindings } from "../../../kernels/core/op.ts";
import type { Case } from "../../../kernels/core/case.ts";
import type { Op } from "../../../kernels/core/graph.ts";
import { permutation } from "../../../kernels/random/philox.ts";
import { compile } from "../../../kernels/core/program.ts";
import { sizeOf } from "../../../kernels/core/tensor.ts";
import { dispatchesOf } from "../../../kernels/core/wgsl.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";
import { compareOps } from "../../../kernels/parity/parity.ts";
import { caseGraph, caseInputs } from "../../../kernels/parity/run_cases.ts";
import { expectNone } from "../parity/parity_steps.ts";

const STEP = 1e-4; // the error of a finite difference is `STEP² · f''' / 6`, about 1e-8
const MOST_ELEMENTS = 48; // elements checked per input, because the reference of attention is slow

for (const op of ops) {
  const small = op.cases.filter((c) => c.bench !== true);

  Deno.test(`${op.name} has cases, and the reference engine runs them`, async () => {
    ok(small.length > 0, "it needs a case that is not for benches");
    expectNone((await compareOps(openReference(), [op])).get(op.name)!);
  });

  Deno.test(`${op.name} stays within the limits that every WebGPU device has`, () => {
    for (const c of op.cases) {
      const call = caseGraph(op, c).graph.calls[0];
      ok(bindings(call).length <= 8, "more than 8 storage buffers");
      for (const { code, workgroups } of dispatchesOf(op.wgsl(call, leastGpu))) {
        ok(
          workgroups.every((n) => Number.isInteger(n) && n >= 1 && n <= 65535),
          `workgroups ${workgroups}`,
        );
        const sizes = code.match(/@workgroup_size\(([\d, ]+)\)/)![1].split(",").map(Number);
        ok(sizes.reduce((a, b) => a * b, 1) <= 256, `workgroup size ${sizes}`);
        ok(workgroupBytes(code) <= 16384, `${workgroupBytes(code)} bytes of workgroup memory`);
      }
    }
  });

  if (op.vjp !== undefined) {
    Deno.test(`${op.name} has the gradient that finite differences of its reference give`, async () => {
      for (const [number, c] of small.entries()) {
        if (caseGraph(op, c).outputs[0].dtype === "f32") await checkGradient(op, { case: c, number });
      }
    });
  }
}

Deno.test("ops have distinct names in lower_snake_case", () => {
  deepStrictEqual(new Set(ops.map((op) => op.name)).size, ops.length);
  for (const { name } of ops) ok(/^[a-z][a-z0-9_]*$/.test(name), name);
});

/**
 * Checks the gradient of a loss: the sum of the first output's elements times fixed random weights. Other
 * outputs are statistics for the backward op.
 */
async function checkGradient(op: Op<any>, options: { case: Case<any>; number: number }): Promise<void> {
  const c = options.case;
  const values = caseInputs(c, 3);
  const { graph, inputs, outputs: [out] } = caseGraph(op, c);
  const weight = graph.leaf("weight", { shape: out.shape, dtype: "f32" }, "input");
  const weights = caseInputs({ inputs: [out.shape], attrs: null }, 4)[0];
  const trainable = inputs.filter((t, i) => t.dtype === "f32" && !c.constants?.includes(i));
  if (trainable.length === 0) return;
  const found = gradients(sum(mul(out, weight)), trainable);
  found.forEach((g, i) => g !== null && graph.output(`gradient${i}`, g));

  await using session = await openReference().open([compile("gradient", graph)], {});
  session.write({
    weight: { shape: out.shape, data: weights },
    ...Object.fromEntries(inputs.map((t, i) => [t.label, { shape: t.shape, data: values[i] }])),
  });
  await session.run(["gradient"]);

  const call = graph.calls[0];
  const exact = values.map((v) => Float64Array.from(v));
  const loss = () => op.reference(exact, call)[0].reduce((sum, y, i) => sum + y * weights[i], 0);
  for (const [i, t] of trainable.entries()) {
    const where = `${op.name}, case ${options.number} ${JSON.stringify(c.inputs)}, ${t.label}`;
    ok(found[i] !== null, `${where}: no gradient`);
    deepStrictEqual(found[i].shape, t.shape, where);
    const data = Float64Array.from((await session.read([`gradient${i}`]))[`gradient${i}`].data);
    const x = exact[inputs.indexOf(t)];
    const scale = Math.hypot(...data) / Math.sqrt(data.length); // root mean square
    for (const at of permutation(5, t.label, sizeOf(t.shape)).subarray(0, MOST_ELEMENTS)) {
      const before = x[at];
      x[at] = before + STEP;
      const above = loss();
      x[at] = before - STEP;
      const difference = (above - loss()) / (2 * STEP);
      x[at] = before;
      // 1e-6 covers the error of the difference, and the rounding of the gradient to float32 (6e-8 of it).
      const allowed = 1e-6 * (Math.abs(difference) + scale + 0.01);
      ok(
        Math.abs(data[at] - difference) <= allowed,
        `${where}[${at}]: gradient ${data[at]}, finite differences give ${difference} within ${allowed}`,
      );
    }
  }
}

/** Returns the size of a kernel's workgroup arrays in bytes: 4 bytes per number, 16 per vec4f. */
function workgroupBytes(code: string): number {
  let bytes = 0;
  for (const [, type] of code.matchAll(/var<workgroup> \w+: (array<.+>);/g)) {
    const counts = [...type.matchAll(/, (\d+)>/g)].map(([, count]) => Number(count));
    bytes += counts.reduce((a, b) => a * b, 4) * Number(type.match(/vec(\d)/)?.[1] ?? 1);
  }
  return bytes;
}
