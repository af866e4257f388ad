/**
 * Tests the choice of kernels by timing: which calls are timed, which kernel is chosen, and that a session
 * runs the chosen kernels.
 *
 * @module
 */
import { deepStrictEqual, match, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { callKey } from "../../../../kernels/core/op.ts";
import { leastGpu } from "../../../../kernels/core/gpu.ts";
import { Graph, type Op } from "../../../../kernels/core/graph.ts";
import { normals } from "../../../../kernels/random/philox.ts";
import { compile, type Program } from "../../../../kernels/core/program.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { findAdapter, WebgpuDevice } from "../../../../kernels/engine/webgpu/device.ts";
import { timeVariants } from "../../../../kernels/engine/webgpu/timing.ts";
import { secondsAbove, TrialClock } from "../../../../kernels/engine/webgpu/trial_clock.ts";
import { tuneKernels } from "../../../../kernels/engine/webgpu/tuner.ts";
import type { KernelChoices } from "../../../../kernels/engine/webgpu/tuning.ts";
import { matmul } from "../../../../kernels/ops/matmul/matmul.ts";
import { relu } from "../../../../kernels/ops/elementwise/relu.ts";

/**
 * Returns four matrix products (two of one shape, one of another shape, and one too small to time) and an op
 * that has only one kernel.
 */
function program(): Program {
  const graph = new Graph();
  const w = graph.leaf("w", { shape: [96, 96], dtype: "f32" }, "parameter");
  const x = graph.leaf("x", { shape: [32, 96], dtype: "f32" }, "input");
  graph.output("y", matmul(relu(matmul(matmul(x, w), w)), w, { transposeB: true }));
  const few = graph.leaf("few", { shape: [16, 16], dtype: "f32" }, "input");
  graph.output("z", matmul(few, few));
  return compile("p", graph);
}
const same = callKey(program().calls[0]), transposed = callKey(program().calls[3]);

/**
 * Returns a `time` function that does not measure: variants whose name starts with `fast` take 1, all others
 * 2. `timed` lists the calls that it was asked to time.
 */
function clock(fast: string) {
  const timed: string[] = [];
  const time = (call: Program["calls"][0], names: readonly string[]) => {
    timed.push(callKey(call));
    return Promise.resolve(new Map(names.map((name) => [name, name.startsWith(fast) ? 1 : 2])));
  };
  return { timed, time };
}

Deno.test("tuneKernels() times each shape once and chooses the fastest variant, the first of equally fast ones", async () => {
  const { timed, time } = clock("registers 8x16");
  const lines: string[] = [];
  const report = (text: string) => void lines.push(text);
  const choices = await tuneKernels([program()], { gpu: leastGpu, known: new Map(), time, report });
  match(lines.join("; "), /^timing \d+ kernels for 2 shapes of products, once; timed 2 shapes in [\d.]+ s$/);
  await tuneKernels([program()], { gpu: leastGpu, known: choices, time, report });
  strictEqual(lines.length, 2); // all choices are known: nothing more is reported
  deepStrictEqual(timed, [same, transposed]);
  deepStrictEqual([...choices], [[same, "registers 8x16 by 4x4"], [transposed, "registers 8x16 by 4x4"]]);
  const first = program().calls[0].op.variants!(program().calls[0], leastGpu)[0];
  const equal = await tuneKernels([program()], { gpu: leastGpu, known: new Map(), time: clock("none").time });
  strictEqual(equal.get(same), first);
  const none = await tuneKernels([program()], {
    gpu: leastGpu,
    known: new Map(),
    time: () => Promise.resolve(new Map()),
  });
  strictEqual(none.get(same), first);
});

Deno.test("tuneKernels() keeps known choices, and times a call whose known choice is not a variant here", async () => {
  const { timed, time } = clock("registers 8x16");
  const known = new Map([[same, "registers 4x4 by 8x8"], [transposed, "half 4x4 by 8x8"]]);
  const choices = await tuneKernels([program()], { gpu: leastGpu, known, time });
  deepStrictEqual(timed, [transposed]);
  strictEqual(choices.get(same), "registers 4x4 by 8x8");
  match(choices.get(transposed)!, /^registers 8x16/);
});

/** Returns a store that keeps choices in memory, keyed by adapter; `adds` counts the calls of `add`. */
function memoryStore() {
  const kept = new Map<string, KernelChoices>();
  const store = {
    location: "memory",
    adds: 0,
    kept,
    read: (adapter: string) => Promise.resolve(kept.get(adapter) ?? new Map<string, string>()),
    add(adapter: string, choices: KernelChoices) {
      store.adds++;
      kept.set(adapter, new Map([...kept.get(adapter) ?? [], ...choices]));
      return Promise.resolve();
    },
  };
  return store;
}

Deno.test("openWebgpu() rejects if its tuning store cannot be read", async () => {
  const store = { ...memoryStore(), read: () => Promise.reject(new Deno.errors.InvalidData("damaged")) };
  await rejects(openWebgpu({ tune: { store } }), { name: "InvalidData", message: "damaged" });
});

Deno.test("openWebgpu() with a tuning store times kernels once; the same choices give the same bits", async () => {
  const store = memoryStore();
  const weights = {
    w: { shape: [96, 96], data: normals(1, "w", 96 * 96) },
    x: { shape: [32, 96], data: normals(1, "x", 32 * 96) },
  };
  const run = async () => {
    const engine = await openWebgpu({ tune: { store } });
    const results = [];
    for (let opened = 0; opened < 2; opened++) {
      await using session = await engine.open([program()], weights);
      await session.run(["p"]);
      results.push({ ...(await session.read(["y"])), choices: [...session.gpu.choices!] });
    }
    deepStrictEqual(results[1], results[0]);
    return results[0];
  };
  const first = await run();
  deepStrictEqual(first.choices.map(([key]) => key), [same, transposed]);
  const { key } = (await findAdapter())!;
  deepStrictEqual([...store.kept], [[key, new Map(first.choices)]]);
  deepStrictEqual(await run(), first);
  strictEqual(store.adds, 1);
  // If the store has a different choice, a different kernel runs.
  const variants = program().calls[0].op.variants!(program().calls[0], leastGpu);
  const other = variants.find((name) => name !== store.kept.get(key)!.get(same))!;
  await store.add(key, new Map([[same, other]]));
  strictEqual(new Map((await run()).choices).get(same), other);
});

Deno.test("timeVariants() leaves out kernels that do not compile or that compute something else", async () => {
  const body = (text: string) => ({
    code: `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { ${text} }`,
    workgroups: [1, 1, 1] as const,
  });
  const kernels: Readonly<Record<string, string>> = {
    right: "y[id.x] = x[id.x] * 2.0;",
    same: "y[id.x] = x[id.x] + x[id.x];",
    broken: "y[id.x] = nothing;",
    wrong: "y[id.x] = x[id.x] * 2.1;",
    lazy: "",
  };
  const op: Op<null> = {
    name: "doubled",
    infer: ([x]) => [x],
    reference: ([x]) => [x.map((v) => 2 * v)],
    wgsl: (call, { choices }) => body(kernels[choices?.get(callKey(call)) ?? "right"]),
    variants: () => Object.keys(kernels),
    wasm: () => [],
    cases: [],
  };
  const graph = new Graph();
  graph.call(op, [graph.leaf("x", { shape: [4], dtype: "f32" }, "input")], null);
  const device = await WebgpuDevice.request((await findAdapter())!);
  try {
    const seconds = await timeVariants(device, graph.calls[0], Object.keys(kernels));
    deepStrictEqual([...seconds.keys()], ["right", "same"]);
    for (const time of seconds.values()) ok(time > 0 && Number.isFinite(time));
    notStrictEqual(seconds.size, 0);
  } finally {
    await device.destroy();
  }
});

Deno.test("TrialClock measures by the GPU's clock, and without one by the host's without the cost of waiting", async () => {
  const adapter = (await findAdapter())!;
  for (const hasClock of [true, false]) {
    const features = new Set(
      [...adapter.adapter.features].filter((name) => hasClock || name !== "timestamp-query"),
    );
    const found = (await findAdapter())!.adapter;
    const limited = Object.create(found, {
      features: { value: features },
      limits: { value: found.limits },
      requestDevice: { value: found.requestDevice.bind(found) },
    });
    const device = await WebgpuDevice.request({ ...adapter, adapter: limited });
    try {
      strictEqual(device.device.features.has("timestamp-query"), hasClock);
      const { queue } = device.device, submit = queue.submit.bind(queue);
      let submits = 0;
      queue.submit = (commands) => {
        submits++;
        submit(commands);
      };
      using clock = await TrialClock.open(device);
      const before = submits, stamped: boolean[] = [];
      const seconds = await clock.seconds(async (stamps) => {
        for (const [first, last] of [[true, false], [false, false], [false, true]]) {
          const encoder = device.device.createCommandEncoder(), descriptor = stamps?.pass({ first, last });
          stamped.push(descriptor?.timestampWrites !== undefined);
          encoder.beginComputePass(descriptor).end();
          queue.submit([encoder.finish()]);
        }
        await queue.onSubmittedWorkDone();
      });
      ok(seconds > 0 && Number.isFinite(seconds));
      deepStrictEqual(stamped, hasClock ? [true, false, true] : [false, false, false]);
      strictEqual(submits - before, hasClock ? 4 : 3, "the timestamps are read once");
      ok(before >= 5, "the clock or the cost of waiting is measured first");
    } finally {
      await device.destroy();
    }
  }
});

Deno.test("secondsAbove() takes the floor off, and leaves at least a hundredth", () => {
  strictEqual(secondsAbove(0.03, 0.01), 0.03 - 0.01);
  for (const elapsed of [0.01, 0.01005, 0.009]) strictEqual(secondsAbove(elapsed, 0.01), elapsed / 100);
  strictEqual(secondsAbove(0.5, 0), 0.5);
});
