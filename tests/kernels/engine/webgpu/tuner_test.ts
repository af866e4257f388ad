/**
 * Choosing kernels by timing: what is timed and chosen, what the cache keeps, and a run with it.
 *
 * @module
 */
import { deepStrictEqual, match, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { callKey, leastGpu } from "../../../../kernels/core/gpu.ts";
import { Graph } from "../../../../kernels/core/graph.ts";
import type { Op } from "../../../../kernels/core/op.ts";
import { normals } from "../../../../kernels/random/philox.ts";
import { compile, type Program } from "../../../../kernels/core/program.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { findAdapter, WebgpuDevice } from "../../../../kernels/engine/webgpu/device.ts";
import { timeVariants } from "../../../../kernels/engine/webgpu/timing.ts";
import { tuneKernels } from "../../../../kernels/engine/webgpu/tuner.ts";
import { TuningCache } from "../../../../kernels/engine/webgpu/tuning_cache.ts";
import { matmul } from "../../../../kernels/ops/matmul/matmul.ts";
import { relu } from "../../../../kernels/ops/elementwise/relu.ts";

/** Two products of one shape, one of another, one too small to time, and an op with one kernel. */
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

/** As if timed, counted: the variant that holds `fast` is faster. */
function clock(fast: string) {
  const timed: string[] = [];
  const time = (call: Program["calls"][0], names: readonly string[]) => {
    timed.push(callKey(call));
    return Promise.resolve(new Map(names.map((name) => [name, name.startsWith(fast) ? 1 : 2])));
  };
  return { timed, time };
}

Deno.test("tuneKernels() times each shape once and takes the fastest, of equals the first", async () => {
  const { timed, time } = clock("registers 8x16");
  const told: string[] = [];
  const tell = (text: string) => void told.push(text);
  const choices = await tuneKernels([program()], { gpu: leastGpu, known: new Map(), time, tell });
  match(told.join("; "), /^timing \d+ kernels for 2 shapes of products, once; timed 2 shapes in [\d.]+ s$/);
  await tuneKernels([program()], { gpu: leastGpu, known: choices, time, tell });
  strictEqual(told.length, 2); // all known: nothing to tell
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

Deno.test("tuneKernels() keeps what is known, and times again what is no variant here", async () => {
  const { timed, time } = clock("registers 8x16");
  const known = new Map([[same, "registers 4x4 by 8x8"], [transposed, "half 4x4 by 8x8"]]);
  const choices = await tuneKernels([program()], { gpu: leastGpu, known, time });
  deepStrictEqual(timed, [transposed]);
  strictEqual(choices.get(same), "registers 4x4 by 8x8");
  match(choices.get(transposed)!, /^registers 8x16/);
});

Deno.test("TuningCache keeps adapters apart, and other runs' choices", async () => {
  const path = `${await Deno.makeTempDir()}/tuning.json`;
  const one = await TuningCache.open(path, "one"), two = await TuningCache.open(path, "two");
  await one.add(new Map([["a", "x"]]));
  await two.add(new Map([["a", "y"]]));
  await one.add(new Map([["b", "z"]]));
  deepStrictEqual([...(await TuningCache.open(path, "one")).choices], [["a", "x"], ["b", "z"]]);
  deepStrictEqual([...(await TuningCache.open(path, "two")).choices], [["a", "y"]]);
  deepStrictEqual([...(await TuningCache.open(path, "three")).choices], []);
  deepStrictEqual([...Deno.readDirSync(path.replace(/\/[^/]*$/, ""))].map(({ name }) => name), [
    "tuning.json",
  ]);
});

Deno.test("TuningCache does not write what is not new, and says where it cannot", async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/tuning.json`;
  const cache = await TuningCache.open(path, "one");
  await cache.add(new Map([["a", "x"]]));
  await Deno.remove(path);
  await cache.add(new Map([["a", "x"]]));
  deepStrictEqual([...Deno.readDirSync(folder)], []);
  const nowhere = await TuningCache.open(`${folder}/none/tuning.json`, "one");
  await rejects(nowhere.add(new Map([["a", "x"]])), { message: /none\/tuning\.json: is its folder there/ });
});

Deno.test("TuningCache refuses another file, and leaves it as it is", async () => {
  const path = await Deno.makeTempFile();
  const kind = "kernels chosen by timing, 1";
  for (
    const text of [
      "",
      "{",
      "[]",
      '{"layers":2}',
      `{"kind":"${kind}"}`,
      `{"kind":"${kind}","adapters":{"a":{"b":3}}}`,
    ]
  ) {
    await Deno.writeTextFile(path, text);
    await rejects(TuningCache.open(path, "one"), {
      name: "InvalidData",
      message: /another file, or damaged/,
    });
    await rejects(openWebgpu({ tune: { cache: path } }), { name: "InvalidData" });
    strictEqual(await Deno.readTextFile(path), text);
  }
});

Deno.test("webgpu engine with a cache times its kernels once; the same file gives the same bits", async () => {
  const cache = `${await Deno.makeTempDir()}/tuning.json`;
  const weights = {
    w: { shape: [96, 96], data: normals(1, "w", 96 * 96) },
    x: { shape: [32, 96], data: normals(1, "x", 32 * 96) },
  };
  const run = async () => {
    const engine = await openWebgpu({ tune: { cache } });
    await using session = await engine.open([program()], weights);
    await session.run(["p"]);
    return {
      ...(await session.read(["y"])),
      choices: [...session.gpu.choices!],
      file: await Deno.readTextFile(cache),
    };
  };
  const first = await run();
  deepStrictEqual(first.choices.map(([key]) => key), [same, transposed]);
  const { key } = (await findAdapter())!;
  const { adapters } = JSON.parse(first.file);
  deepStrictEqual(adapters[key], Object.fromEntries(first.choices));
  deepStrictEqual(await run(), first);
  // Another choice in the file is another kernel.
  const other = program().calls[0].op.variants!(program().calls[0], leastGpu).find((name) =>
    name !== adapters[key][same]
  )!;
  adapters[key][same] = other;
  await Deno.writeTextFile(cache, JSON.stringify({ ...JSON.parse(first.file), adapters }));
  strictEqual(new Map((await run()).choices).get(same), other);
});

Deno.test("timeVariants() leaves out kernels that do not compile, or compute something else", async () => {
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
