/**
 * Tests the WebGPU engine: what it requires of a device, and its errors if the device fails or its limits are
 * too small.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { accumulate } from "../../../../kernels/core/gradient_ops.ts";
import { Graph, type Op } from "../../../../kernels/core/graph.ts";
import { compile, type Program } from "../../../../kernels/core/program.ts";
import { normals } from "../../../../kernels/random/philox.ts";
import { largestPack, openEngine } from "../../../../kernels/engine/open.ts";
import { openWebgpu, type WebgpuEngine } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { mul } from "../../../../kernels/ops/elementwise/arith.ts";
import { matmul } from "../../../../kernels/ops/matmul/matmul.ts";
import { relu } from "../../../../kernels/ops/elementwise/relu.ts";

const vector = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

/** Returns two programs: "add" computes `sum += relu(x)`, and "show" computes `y = relu(relu(sum))`. */
function twoPrograms(): Program[] {
  const adding = new Graph();
  const spec = { shape: [3], dtype: "f32" } as const;
  accumulate(adding.leaf("sum", spec, "parameter"), relu(adding.leaf("x", spec, "input")));
  const showing = new Graph();
  showing.output("y", relu(relu(showing.leaf("sum", spec, "parameter"))));
  return [compile("add", adding), compile("show", showing)];
}

Deno.test("webgpu run() is one submit for several programs, which share weights by label", async () => {
  await using session = await (await openWebgpu()).open(twoPrograms(), { sum: vector(1, 2, 3) });
  session.write({ x: vector(10, -10, 1) });
  const before = session.counters;
  await session.run(["add", "add", "show"]);
  const after = session.counters;
  strictEqual(after.runs - before.runs, 1);
  strictEqual(after.submits - before.submits, 1);
  strictEqual(after.dispatches - before.dispatches, 2 + 2 + 2);
  strictEqual(after.readBacks, 0);
  strictEqual(after.pipelines, 2, "relu and accumulate are compiled once each");
  strictEqual(after.bytes, before.bytes, "a run allocates nothing");
  deepStrictEqual(await session.read(["y"]), { y: vector(21, 2, 5) });
});

Deno.test("webgpu session binds a tensor below 16 bytes after a product that binds vec4f", async () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [5, 12], dtype: "f32" }, "input");
  const small = graph.leaf("small", { shape: [3], dtype: "f32" }, "parameter");
  graph.output("product", matmul(x, graph.leaf("w", { shape: [12, 9], dtype: "f32" }, "parameter")));
  graph.output("doubled", mul(small, small));
  await using session = await (await openWebgpu()).open([compile("small", graph)], {
    small: vector(1, 2, 3),
  });
  await session.run(["small"]);
  deepStrictEqual(await session.read(["doubled"]), { doubled: vector(1, 4, 9) });
});

Deno.test("webgpu read() of several labels maps one buffer, after all runs and writes so far", async () => {
  await using session = await (await openWebgpu()).open(twoPrograms(), {});
  deepStrictEqual(await session.read(["sum"]), { sum: vector(0, 0, 0) }); // without initial values: zeros
  session.write({ x: vector(1, 1, 1) });
  await session.run(["add", "show"]);
  session.write({ x: vector(2, 2, 2) });
  await session.run(["add"]);
  const before = session.counters.readBacks;
  deepStrictEqual(await session.read(["y", "sum", "x"]), {
    y: vector(1, 1, 1),
    sum: vector(3, 3, 3),
    x: vector(2, 2, 2),
  });
  strictEqual(session.counters.readBacks - before, 1);
});

Deno.test("webgpu run() waits for earlier runs once 16 are in flight, and then continues", async () => {
  await using session = await (await openWebgpu()).open(twoPrograms(), { x: vector(1, 1, 1) });
  for (let i = 0; i < 40; i++) await session.run(["add"]);
  deepStrictEqual(await session.read(["sum"]), { sum: vector(40, 40, 40) });
});

Deno.test("webgpu timings() returns each call of the timed runs once, in order", async () => {
  await using session = await (await openWebgpu()).open(twoPrograms(), { x: vector(1, 1, 1) });
  await session.run(["add"]);
  const before = performance.timeOrigin + performance.now();
  await session.run(["add", "show"], { timed: true });
  await session.run(["add"], { timed: true });
  const timings = await session.timings();
  ok(timings !== null, "SwiftShader and GPUs have timestamp-query");
  deepStrictEqual(timings.map(({ program, call, thread }) => [program, call, thread]), [
    ["add", 0, 0],
    ["add", 1, 0],
    ["show", 0, 0],
    ["show", 1, 0],
    ["add", 0, 0],
    ["add", 1, 0],
  ]);
  ok(timings.every(({ duration, wait }) => duration >= 0 && wait === 0));
  ok(timings.every(({ start }, i) => start >= (timings[i - 1]?.start ?? before)), JSON.stringify(timings));
  deepStrictEqual(await session.timings(), []);
  deepStrictEqual(await session.read(["sum"]), { sum: vector(3, 3, 3) });
});

Deno.test("webgpu write() accepts a view of shared memory", async () => {
  await using session = await (await openWebgpu()).open(twoPrograms(), {});
  const shared = new Float32Array(new SharedArrayBuffer(20), 4, 3);
  shared.set([7, 8, 9]);
  session.write({ x: { shape: [3], data: shared } });
  deepStrictEqual(await session.read(["x"]), { x: vector(7, 8, 9) });
});

Deno.test("webgpu session names unknown labels and programs, and values of a wrong type or size", async () => {
  await using session = await (await openWebgpu()).open(twoPrograms(), { unused: vector(1) });
  throws(() => session.write({ z: vector(1) }), {
    name: "RangeError",
    message: /Cannot write z: no program/,
  });
  throws(() => session.write({ x: vector(1) }), { name: "RangeError", message: /x: got 1 values, wanted 3/ });
  throws(
    () => session.write({ x: { shape: [3], data: new Uint32Array(3) } }),
    { name: "TypeError", message: /x: got a Uint32Array, wanted a Float32Array/ },
  );
  await rejects(session.read(["z"]), { name: "RangeError", message: /Cannot read z/ });
  await rejects(session.run(["train"]), {
    name: "RangeError",
    message: /Cannot run train: known are add, show/,
  });
});

Deno.test("webgpu session says that the device was lost, why, and how to resume", async () => {
  const session = await (await openWebgpu()).open(twoPrograms(), {});
  await session.run(["add"]);
  const pending = session.read(["sum"]);
  session.device.destroy(); // the closest that a test can get to a reset by the driver
  const lost = {
    message: /Lost the device .* \(destroyed: .*\): checkpoints on disk are intact: .*--resume/,
  };
  await rejects(pending, lost);
  await rejects(session.run(["add"]), lost);
  await rejects(session.read(["sum"]), lost);
  await session[Symbol.asyncDispose]();
});

Deno.test("webgpu session refuses use after its disposal", async () => {
  const session = await (await openWebgpu()).open(twoPrograms(), {});
  await session[Symbol.asyncDispose]();
  await rejects(session.run(["add"]), { message: /session: it is closed/ });
  await rejects(session.read(["sum"]), { message: /session: it is closed/ });
});

Deno.test("webgpu open() names the tensor that is larger than the device's limit", async () => {
  const engine = await openWebgpu();
  const graph = new Graph();
  const rows = 1 << 21; // rows of 1024 floats take 8 GiB, more than any adapter can bind
  graph.output("y", relu(graph.leaf("wte.weight", { shape: [rows, 1024], dtype: "f32" }, "parameter")));
  await rejects(engine.open([compile("eval", graph)], {}), {
    name: "RangeError",
    message:
      /Cannot place wte\.weight of eval on .*: f32 \[2097152,1024\] is 8589934592 bytes, the largest tensor there is .*: use a smaller vocabulary/,
  });
});

Deno.test("webgpu open() says which op's WGSL does not compile, and where", async () => {
  const broken: Op<null> = {
    name: "broken",
    infer: ([x]) => [x],
    reference: ([x]) => [x],
    wgsl: () => ({ code: "@compute @workgroup_size(1)\nfn main() { nothing(); }", workgroups: [1, 1, 1] }),
    wasm: () => [],
    cases: [],
  };
  const graph = new Graph();
  graph.output("y", graph.call(broken, [graph.leaf("x", { shape: [1], dtype: "f32" }, "input")], null)[0]);
  await rejects((await openWebgpu()).open([compile("p", graph)], {}), {
    name: "SyntaxError",
    message: /Cannot compile broken .* of p for .*: line 2: .*nothing/s,
  });
});

Deno.test("webgpu session with its arena in several buffers computes the same bits", async () => {
  const graph = new Graph();
  const spec = { shape: [64, 64], dtype: "f32" } as const;
  const w = graph.leaf("w", spec, "parameter");
  let x = graph.leaf("x", spec, "input");
  for (let i = 0; i < 4; i++) x = mul(relu(matmul(x, w)), matmul(x, w, { transposeB: true }));
  graph.output("y", x);
  const program = compile("p", graph);
  const weights = {
    w: { shape: spec.shape, data: normals(1, "w", 4096).map((v) => v / 8) },
    x: { shape: spec.shape, data: normals(1, "x", 4096) },
  };
  const run = async (engine: WebgpuEngine) => {
    await using session = await engine.open([program], weights);
    await session.run(["p"]);
    return { ...(await session.read(["y"])).y, bytes: session.counters.bytes };
  };
  const whole = await run(await openWebgpu());
  const most = 2 * 16384 + 256; // bytes; a buffer holds two tensors of 64 x 64 floats, not three
  ok(program.arenaBytes > most, `arena of ${program.arenaBytes} bytes`);
  const pieces = await run(await openWebgpu({ limits: { maxBufferSize: most } }));
  deepStrictEqual(pieces.data, whole.data);
  ok(pieces.bytes > whole.bytes, "pieces leave gaps");
  await rejects(
    (await openWebgpu({ limits: { maxStorageBufferBindingSize: 16000 } })).open([program], {}),
    {
      name: "RangeError",
      message: /Cannot place .* of p on .*: f32 \[64,64\] is 16384 bytes, the largest tensor there is 16000/,
    },
  );
});

Deno.test("openEngine() says why it chose an engine; only webgpu uses a software adapter", async () => {
  const adapter = await openWebgpu();
  const auto = await openEngine("auto", { threads: 1 });
  strictEqual(auto.engine.name, adapter.software ? "cpu" : "webgpu");
  match(auto.why, adapter.software ? /computes in software/ : /this machine has a GPU/);
  strictEqual((await openEngine("webgpu")).engine.name, "webgpu");
  strictEqual((await openEngine("cpu", { threads: 1 })).engine.name, "cpu");
  await rejects(openEngine("gpu"), { name: "TypeError", message: /wanted auto, webgpu or cpu/ });
  if (adapter.software) {
    await rejects(openWebgpu({ allowSoftware: false }), { name: "NotSupported", message: /is not a GPU/ });
  }
});

Deno.test("largestPack() is the largest binding of the device, at most 2 GiB, and Infinity on the CPU", async () => {
  await using session = await (await openWebgpu()).open(twoPrograms(), {});
  const { maxStorageBufferBindingSize, maxBufferSize } = session.device.limits;
  strictEqual(await largestPack("webgpu"), Math.min(maxStorageBufferBindingSize, maxBufferSize, 2 ** 31 - 1));
  strictEqual(
    await largestPack("auto"),
    Infinity,
    "the adapter here computes in software, so auto chooses the CPU",
  );
  strictEqual(await largestPack("cpu"), Infinity);
  await rejects(largestPack("gpu"), { name: "TypeError", message: /wanted auto, webgpu or cpu/ });
});

Deno.test("openEngine() without an adapter: auto computes on the CPU, webgpu says how to get one", async () => {
  const open = new URL("../../../../kernels/engine/open.ts", import.meta.url);
  const code = `import { openEngine } from "${open}";
    console.log((await openEngine("auto", { threads: 1 })).why);
    await openEngine("webgpu").catch((e) => console.log(e.name, e.message));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", code],
    cwd: new URL("../../../..", import.meta.url),
    // A backend of another operating system has no adapter.
    env: { DENO_WEBGPU_BACKEND: Deno.build.os === "darwin" ? "dx12" : "metal" },
  }).output();
  const output = new TextDecoder().decode(stdout);
  match(output, /this machine has no GPU/, new TextDecoder().decode(stderr));
  match(output, /NotSupported Cannot compute with WebGPU: this system has no adapter: .*--device cpu/);
});
