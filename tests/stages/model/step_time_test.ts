import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { leastGpu } from "../../../kernels/core/gpu.ts";
import type { Call } from "../../../kernels/core/graph.ts";
import { Graph } from "../../../kernels/core/graph.ts";
import { dispatchesOf } from "../../../kernels/core/wgsl.ts";
import type { MachineProfile, Quantity } from "../../../kernels/engine/machine_profile.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { plan } from "../../../stages/model/plan.ts";
import { planCost } from "../../../stages/model/plan_cost.ts";
import { callTime, secondsOf, sumOfTimes, timeOfPlan } from "../../../stages/model/step_time.ts";

const estimate = (value: number): Quantity => ({ value, source: "estimate: of this test" });
const machine: MachineProfile = {
  name: "a GPU",
  measured: false,
  software: false,
  limits: {},
  features: new Set(),
  memory: null,
  peak: { gflops: estimate(1000), gigabytes: estimate(100) },
  floors: {
    dispatchMicroseconds: estimate(5),
    submitMicroseconds: estimate(20),
    readMilliseconds: estimate(10),
  },
  invocations: estimate(4096),
  efficiencies: {
    products: { of: "flops", ...estimate(0.5) },
    attention: { of: "flops", ...estimate(0.25) },
    attentionGrad: { of: "flops", ...estimate(0.2) },
    memory: { of: "memory", ...estimate(0.8) },
  },
  ofOps: new Map(),
  band: 0.4,
};
const gpu = leastGpu;

const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 65, vocabPad: 64 });
const planned = plan({
  model,
  training: { optimizer: adamw(), shape: [3, 2, 8], clip: 1, history: 4 },
  evaluation: { batch: 2, seqLen: 8 },
  sampling: true,
});

/** Returns the call that computes a tensor from leaves of the given shapes. */
function callOf(op: "relu" | "matmul", ...shapes: readonly (readonly number[])[]): Call {
  const graph = new Graph();
  const [a, b] = shapes.map((shape, i) => graph.leaf(`in${i}`, { shape, dtype: "f32" }, "input"));
  return (op === "relu" ? relu(a) : matmul(a, b)).call!;
}

Deno.test("callTime(): an elementwise call takes the time of its bytes, and that of a dispatch", () => {
  // 8 MB at 80 of 100 GB/s are 100 us; one dispatch of 2^20 invocations, which are enough.
  const { parts, flops, bytes, dispatches } = callTime(callOf("relu", [1_000_000]), { machine, gpu });
  deepStrictEqual([bytes, dispatches], [8e6, 1]);
  ok(flops / 500e9 < 100e-6, "it is bound by memory");
  near(parts, { flops: 0, memory: 100e-6, smallGrid: 0, launches: 5e-6 });
});

Deno.test("callTime(): a product takes the time of its FLOPs at the share of the peak that products reach", () => {
  // 2 · 4096^2 · 128 FLOPs at 500 GFLOPS are 8.6 ms; 71 MB at 80 GB/s are 0.9 ms.
  const call = callOf("matmul", [4096, 128], [128, 4096]);
  const { parts } = callTime(call, { machine, gpu });
  near(parts, { flops: 2 * 4096 ** 2 * 128 / 500e9, memory: 0, smallGrid: 0, launches: 5e-6 });
});

Deno.test("callTime(): a product of few workgroups takes longer by the share of the GPU that is idle", () => {
  const call = callOf("matmul", [16, 256], [256, 16]);
  const dispatches = dispatchesOf(call.op.wgsl(call, gpu));
  const launched = Math.max(...dispatches.map(({ workgroups: [x, y, z], code }) =>
    x * y * z *
    /@workgroup_size\(([^)]*)\)/.exec(code)![1].split(",").reduce((n, size) => n * Number.parseInt(size), 1)
  ));
  ok(launched < 4096, `${launched}`);
  const full = 2 * 16 * 16 * 256 / 500e9, { parts } = callTime(call, { machine, gpu });
  near(parts, {
    flops: full,
    memory: 0,
    smallGrid: full * (4096 / launched - 1),
    launches: 5e-6 * dispatches.length,
  });
});

Deno.test("callTime(): a measured share of an op takes precedence over that of its class", () => {
  const ofOps = new Map([["matmul", { of: "flops" as const, value: 0.25, source: "doctor: 2026" }]]);
  const call = callOf("matmul", [4096, 128], [128, 4096]);
  const slow = callTime(call, { machine: { ...machine, ofOps }, gpu });
  near(slow.parts, { flops: 2 * 4096 ** 2 * 128 / 250e9, memory: 0, smallGrid: 0, launches: 5e-6 });
  strictEqual(slow.measured, secondsOf(slow));
  strictEqual(callTime(call, { machine, gpu }).measured, 0);
});

Deno.test("timeOfPlan() counts the FLOPs, bytes and dispatches of planCost(), and puts every call into a group", () => {
  const { groups, programs, hostSeconds } = timeOfPlan(planned, { machine, gpu });
  const step = sumOfTimes(groups.values()), cost = planCost(planned, gpu);
  strictEqual(step.flops, planned.flopsPerStep);
  strictEqual(step.bytes, cost.step.read + cost.step.written);
  strictEqual(step.dispatches, cost.step.dispatches);
  deepStrictEqual([...groups.keys()], [
    "block products",
    "head",
    "attention",
    "attention grad",
    "norms",
    "loss",
    "update",
    "rest",
  ]);
  deepStrictEqual([...programs.keys()], planned.programs.map(({ name }) => name));
  const of = (name: string) => secondsOf(programs.get(name)!);
  const alone = 3 * of("micro") + of("keep/0") + of("merge/0") + of("keep/1") + of("merge/1") + of("update");
  ok(Math.abs(alone / secondsOf(step) - 1) < 1e-12, `${alone} ${secondsOf(step)}`);
  near({ hostSeconds }, { hostSeconds: Math.max(step.dispatches / 64, alone / 0.05) * 20e-6 + 0.01 / 4 });
});

Deno.test("timeOfPlan(): the head's products are those of its weight, tied to the embedding or not", () => {
  for (const tie of [true, false]) {
    const own = plan({
      model: gpt({ layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 65, vocabPad: 64, tie }),
      training: { optimizer: adamw(), shape: [1, 2, 8], clip: 1 },
    });
    const { groups } = timeOfPlan(own, { machine, gpu });
    // Logits, dX and dW, which is added to a gradient of 128 x 16.
    strictEqual(groups.get("head")!.flops, 3 * 2 * 16 * 16 * 128 + 128 * 16, `tie ${tie}`);
    const products = 3 * 2 * 16 * 12 * 16 ** 2, { flops } = groups.get("block products")!;
    ok(flops >= products && flops < 1.2 * products, `${flops}, products alone ${products}`);
  }
});

Deno.test("timeOfPlan(): a step gets faster with each peak and share, and never slower", () => {
  const seconds = (changed: Partial<MachineProfile>) => {
    const { groups, hostSeconds } = timeOfPlan(planned, { machine: { ...machine, ...changed }, gpu });
    return secondsOf(sumOfTimes(groups.values())) + hostSeconds;
  };
  const { peak, floors, efficiencies } = machine, before = seconds({});
  for (const factor of [1.5, 10, 1000]) {
    for (const name of ["gflops", "gigabytes"] as const) {
      const now = seconds({ peak: { ...peak, [name]: estimate(peak[name].value * factor) } });
      ok(now < before, `${name} × ${factor}: ${now} ${before}`);
    }
    for (const name of ["products", "attention", "attentionGrad", "memory"] as const) {
      const { of, value } = efficiencies[name], faster = { of, ...estimate(value * factor) };
      const now = seconds({ efficiencies: { ...efficiencies, [name]: faster } });
      ok(now <= before && (name === "attention" || now < before), `${name} × ${factor}: ${now} ${before}`);
    }
    for (const name of ["dispatchMicroseconds", "submitMicroseconds", "readMilliseconds"] as const) {
      const now = seconds({ floors: { ...floors, [name]: estimate(floors[name].value / factor) } });
      ok(now < before, `${name} / ${factor}: ${now} ${before}`);
    }
    const now = seconds({ invocations: estimate(machine.invocations.value / factor) });
    ok(now < before, `invocations / ${factor}: ${now} ${before}`);
  }
});

function near<T extends object>(found: T, wanted: T): void {
  deepStrictEqual(Object.keys(found), Object.keys(wanted));
  for (const [name, value] of Object.entries(wanted)) {
    const other: number = Object.entries(found).find(([key]) => key === name)?.[1];
    ok(Math.abs(other - value) <= 1e-12 * Math.max(1, value), `${name}: ${other}, wanted ${value}`);
    if (value > 0) ok(Math.abs(other / value - 1) < 1e-9, `${name}: ${other}, wanted ${value}`);
  }
}
