/**
 * Tests the sessions of the CPU engine: tensors with the same label share memory, runs keep their order,
 * failures are reported, and the event loop stays free. The parity tests check the kernels.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { gradients } from "../../../../kernels/core/gradients.ts";
import { Graph, type Op } from "../../../../kernels/core/graph.ts";
import { define } from "../../../../kernels/core/op.ts";
import { normals } from "../../../../kernels/random/philox.ts";
import { compile, type Program } from "../../../../kernels/core/program.ts";
import type { Shape, TensorMap } from "../../../../kernels/core/tensor.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { hasBoundsChecks } from "../../../../kernels/engine/cpu/tiles.ts";
import { attention } from "../../../../kernels/ops/attention/attention.ts";
import { crossEntropyGradOp } from "../../../../kernels/ops/loss/cross_entropy.ts";
import { matmul } from "../../../../kernels/ops/matmul/matmul.ts";
import { mean } from "../../../../kernels/ops/reduce/reduce.ts";
import { assign, clear, count } from "../../../../kernels/ops/update/state.ts";
import { tanh } from "../../../../kernels/ops/elementwise/tanh.ts";

const f32 = (values: readonly number[], shape: Shape = [values.length]) => ({
  shape,
  data: Float32Array.from(values),
});

/**
 * Returns three programs: "forward" computes `y = a·b`, "set" copies `x` to `a`, and "tick" increments
 * `steps` modulo 5.
 */
function sharing(): readonly Program[] {
  const forward = new Graph();
  const a = forward.leaf("a", { shape: [2, 2], dtype: "f32" }, "parameter");
  const b = forward.leaf("b", { shape: [2, 2], dtype: "f32" }, "parameter");
  forward.output("y", matmul(a, b));
  const set = new Graph();
  assign(
    set.leaf("a", { shape: [2, 2], dtype: "f32" }, "parameter"),
    set.leaf("x", { shape: [2, 2], dtype: "f32" }, "input"),
  );
  const tick = new Graph();
  count(tick.leaf("steps", { shape: [1], dtype: "u32" }, "input"), { by: 1, wrap: 5 });
  return [compile("forward", forward), compile("set", set), compile("tick", tick)];
}

Deno.test("openCpu() describes itself and refuses thread counts out of range", async () => {
  const engine = await openCpu({ threads: 1, wideTile: false });
  deepStrictEqual([engine.name, engine.device], ["cpu", "WASM SIMD, 1 thread"]);
  const { device } = await openCpu({ threads: 2, wideTile: true });
  deepStrictEqual(device, "WASM SIMD, 2 threads, fast kernels");
  deepStrictEqual(
    (await openCpu({ threads: 0, wideTile: false })).device,
    "WASM SIMD, the calling thread",
  );
  for (const threads of [-1, 1.5, 65]) await rejects(openCpu({ threads }), RangeError);
});

Deno.test("a session shares memory by label between programs, and memory starts as zeros", async () => {
  const engine = await openCpu({ threads: 2 });
  await using session = await engine.open(sharing(), { b: f32([1, 2, 3, 4], [2, 2]), elsewhere: f32([1]) });
  await session.run(["forward"]);
  deepStrictEqual([...(await session.read(["y"])).y.data], [0, 0, 0, 0]);
  session.write({ x: f32([1, 0, 0, 2]) });
  await session.run(["set", "forward"]);
  const { a, y } = await session.read(["a", "y"]);
  deepStrictEqual([...a.data], [1, 0, 0, 2]);
  deepStrictEqual(y, f32([1, 2, 6, 8], [2, 2]));
});

Deno.test("a thread that leaves a run late does not execute the next run's programs in it", async () => {
  const engine = await openCpu({ threads: 4 }); // more threads than cores, so that some are late
  await using session = await engine.open(sharing(), { b: f32([1, 0, 0, 1], [2, 2]) });
  let wrong = 0;
  for (let i = 1; i <= 600; i++) {
    session.write({ x: f32([i, 0, 0, i]) });
    await session.run(["forward"]); // one program; the next run has two
    await session.run(["set", "forward"]);
    if ((await session.read(["y"])).y.data[3] !== i) wrong++;
  }
  deepStrictEqual(wrong, 0);
});

Deno.test("a run does not end with a late notification of the run before", async () => {
  const engine = await openCpu({ threads: 1 });
  await using session = await engine.open(sharing(), { b: f32([1, 0, 0, 1], [2, 2]) });
  const { waitAsync } = Atomics;
  let notified = 0;
  // As a worker does that is interrupted between the end of a run and its notification.
  Atomics.waitAsync = ((words: Int32Array<SharedArrayBuffer>, index: number, value: number) => {
    const change = waitAsync(words, index, value);
    notified += Atomics.notify(words, index);
    return change;
  }) as typeof waitAsync;
  try {
    for (let i = 1; i <= 100; i++) {
      session.write({ x: f32([i, 0, 0, i]) });
      await session.run(["set", ...Array<string>(100).fill("forward")]);
      deepStrictEqual([...(await session.read(["y"])).y.data], [i, 0, 0, i]);
    }
  } finally {
    Atomics.waitAsync = waitAsync;
  }
  ok(notified > 0);
});

Deno.test("a session keeps the order of runs, writes and reads that are not awaited", async () => {
  const engine = await openCpu({ threads: 2 });
  await using session = await engine.open(sharing(), { b: f32([1, 0, 0, 1], [2, 2]) });
  const values = new Float32Array([1, 1, 1, 1]), done: Promise<unknown>[] = [];
  const reads: Promise<TensorMap>[] = [];
  for (const value of [3, 4, 5]) {
    values.fill(value); // write() copies, so that the array may be reused
    session.write({ x: { shape: [2, 2], data: values } });
    done.push(session.run(["set", "forward"]));
    reads.push(session.read(["y"]));
  }
  await Promise.all(done);
  deepStrictEqual((await Promise.all(reads)).map(({ y }) => y.data[3]), [3, 4, 5]);
});

Deno.test("a session runs lists of programs of any length", async () => {
  const engine = await openCpu({ threads: 2 });
  await using session = await engine.open(sharing(), {});
  await session.run(Array.from({ length: 9003 }, () => "tick"));
  deepStrictEqual([...(await session.read(["steps"])).steps.data], [9003 % 5]);
});

Deno.test("a session names the label, program or size that it refuses", async () => {
  const engine = await openCpu({ threads: 1 });
  await using session = await engine.open(sharing(), {});
  throws(() => session.write({ c: f32([1]) }), /Cannot write c: no program has it/);
  throws(() => session.write({ x: f32([1]) }), /Cannot write x: got 1 values, wanted 4/);
  throws(() => session.run(["backward"]), /Cannot run backward: known are forward, set, tick/);
  await rejects(session.read(["z"]), /Cannot read z: no program has it/);
});

/** An op whose kernel reads far outside of the memory. */
const wild = define<null>({
  name: "slice",
  infer: ([x]) => [x],
  reference: ([x]) => [x],
  wgsl: () => ({ code: "", workgroups: [1, 1, 1] }),
  wasm: () => [2 ** 29, 2 ** 29],
  cases: [],
});

const traps = "a kernel that traps fails its run and every later one, naming op, place and program";
Deno.test({
  name: traps,
  ignore: !hasBoundsChecks(),
  /* without checks the process would crash */ fn: kernelTraps,
});
async function kernelTraps(): Promise<void> {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [8], dtype: "f32" }, "input");
  graph.where = "h.0";
  graph.output("y", wild([clear(x)], null)[0]);
  for (const threads of [0, 3]) {
    const engine = await openCpu({ threads });
    await using session = await engine.open([compile("broken", graph)], {});
    const message =
      /failed at .* \(op slice, call 1 of program broken\): RuntimeError: memory access out of bounds/;
    await rejects(session.run(["broken"]), message);
    await rejects(session.run(["broken"]), message);
    await rejects(session.read(["y"]), message);
  }
}

Deno.test("open() refuses an op without a WASM kernel", async () => {
  const op: Op<null> = {
    name: "fancy",
    infer: ([x]) => [x],
    reference: ([x]) => [x],
    wgsl: () => ({ code: "", workgroups: [1, 1, 1] }),
    wasm: () => [],
    cases: [],
  };
  const graph = new Graph();
  graph.output("y", define(op)([graph.leaf("x", { shape: [1], dtype: "f32" }, "input")], null)[0]);
  const engine = await openCpu({ threads: 1 });
  await rejects(engine.open([compile("p", graph)], {}), {
    name: "TypeError",
    message: /op fancy has no WASM/,
  });
});

Deno.test("open() refuses a session above 4 GiB, and says how much memory each kind takes", async () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [2 ** 29], dtype: "f32" }, "input");
  const w = graph.leaf("w", { shape: [2 ** 29], dtype: "f32" }, "parameter");
  assign(w, x);
  const engine = await openCpu({ threads: 1 });
  await rejects(engine.open([compile("large", graph)], {}), {
    name: "RangeError",
    message:
      /needs 4\d\d\d MB \(input 2147 MB, parameter 2147 MB\), but .* only 4295 MB: use a smaller --batch-size or --seq-len, --recompute block/,
  });
});

Deno.test("a disposed session ends its threads and refuses more work", async () => {
  const engine = await openCpu({ threads: 2 }); // the test runner detects workers that were not ended
  const session = await engine.open(sharing(), {});
  const running = session.run(["forward"]);
  await session[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await running;
  throws(() => session.run(["forward"]), /it is closed/);
});

Deno.test("idle threads end, and the next run starts them again without repeating the last run", async () => {
  const Original = Worker;
  let alive = 0;
  globalThis.Worker = class extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      alive++;
    }
    override terminate(): void {
      alive--;
      super.terminate();
    }
  };
  using _restored = { [Symbol.dispose]: () => void (globalThis.Worker = Original) };
  const engine = await openCpu({ threads: 2 });
  await using session = await engine.open(sharing(), { steps: { shape: [1], data: Uint32Array.of(0) } });
  await session.run(["tick", "tick"]);
  for (const [wanted, pause] of [[3, 1500], [4, 0], [0, 1500]]) {
    await new Promise((resolve) => setTimeout(resolve, pause)); // threads end after a second
    strictEqual(alive > 0, pause === 0, `${alive} threads after ${pause} ms`);
    await session.run(["tick"], { timed: true });
    deepStrictEqual([...(await session.read(["steps"])).steps.data], [wanted]);
    deepStrictEqual((await session.timings())?.map(({ thread }) => thread).sort(), [0, 1]);
  }
});

Deno.test("run() leaves the event loop free", async () => {
  const graph = new Graph();
  const a = graph.leaf("a", { shape: [256, 256], dtype: "f32" }, "parameter");
  graph.output("y", matmul(a, a));
  const engine = await openCpu({ threads: 1 });
  await using session = await engine.open([compile("p", graph)], {});
  let ended = false, turns = 0;
  const run = session.run(Array.from({ length: 100 }, () => "p")).then(() => ended = true);
  while (!ended) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    turns++;
  }
  await run;
  ok(turns > 3, `the event loop turned ${turns} times`);
});

Deno.test("results have the same bits for any number of threads where work is split unevenly", async () => {
  const graph = new Graph();
  const qkv = graph.leaf("qkv", { shape: [2, 67, 3 * 40], dtype: "f32" }, "parameter");
  const w = graph.leaf("w", { shape: [40, 523], dtype: "f32" }, "parameter");
  const loss = mean(matmul(attention(qkv, { heads: 2 }), w));
  gradients(loss, [qkv, w]).forEach((g, i) => graph.output(`g${i}`, g!));
  graph.output("loss", loss);
  const program = compile("p", graph);
  const weights = {
    qkv: { shape: qkv.shape, data: normals(1, "qkv", 2 * 67 * 120) },
    w: { shape: w.shape, data: normals(1, "w", 40 * 523) },
  };
  const results: TensorMap[] = [];
  for (const threads of [0, 1, 2, 3, 5, 8]) {
    const engine = await openCpu({ threads });
    await using session = await engine.open([program], weights);
    await session.run(["p"]);
    results.push(await session.read(["loss", "g0", "g1"]));
  }
  for (const other of results.slice(1)) deepStrictEqual(other, results[0]);
});

Deno.test("exp and tanh of the WASM kernels have relative errors below 1.5e-7 and 2.5e-7, and keep NaN", async () => {
  const n = 40001, graph = new Graph();
  const x = graph.leaf("x", { shape: [n], dtype: "f32" }, "input");
  graph.output("tanh", tanh(x));
  // The gradient of cross entropy is `(softmax - 1 at the target) · dlosses`. If `lse = 0`, `dlosses = 1` and
  // the last column is the target, the gradient is `e^x` in all other columns.
  const logits = graph.leaf("logits", { shape: [1, n], dtype: "f32" }, "output");
  const target = graph.leaf("target", { shape: [1], dtype: "u32" }, "input");
  const lse = graph.leaf("lse", { shape: [1], dtype: "f32" }, "input");
  const one = graph.leaf("one", { shape: [1], dtype: "f32" }, "input");
  define(crossEntropyGradOp)([logits, target, lse, one], { valid: n });
  const wide = Float32Array.from({ length: n }, (_, i) => (i - 20000) * (87 / 20000));
  const narrow = wide.map((value) => value / 8); // in float32, `tanh(x)` is 1 for `x ≥ 9.1`
  narrow[7] = wide[7] = NaN;
  const engine = await openCpu({ threads: 1 });
  await using session = await engine.open([compile("p", graph)], {
    x: { shape: [n], data: narrow },
    logits: { shape: [1, n], data: wide },
    target: { shape: [1], data: Uint32Array.of(n - 1) },
    one: f32([1]),
  });
  await session.run(["p"]);
  const results = await session.read(["tanh", "logits"]);
  const worstError = (values: ArrayLike<number>, exact: (i: number) => number) => {
    let most = 0;
    for (let i = 0; i < n - 1; i++) {
      if (i === 7) ok(Number.isNaN(values[i]));
      else if (exact(i) !== 0) most = Math.max(most, Math.abs(values[i] / exact(i) - 1));
    }
    return most;
  };
  const ofTanh = worstError(results.tanh.data, (i) => Math.tanh(narrow[i]));
  const ofExp = worstError(results.logits.data, (i) => Math.exp(wide[i]));
  ok(ofTanh < 2.5e-7, `tanh: ${ofTanh}`);
  ok(ofExp < 1.5e-7, `exp: ${ofExp}`);
});

for (const threads of [0, 2]) {
  Deno.test(`cpu timings() returns each call of the timed runs once per thread, ${threads} threads`, async () => {
    await using session = await (await openCpu({ threads })).open(sharing(), {
      b: f32([1, 0, 0, 1], [2, 2]),
    });
    await session.run(["forward"]);
    const before = performance.timeOrigin + performance.now();
    session.run(["tick", "forward"], { timed: true });
    session.run(["set"]);
    session.run(["tick"], { timed: true });
    const timings = await session.timings();
    for (const thread of threads === 0 ? [0] : [0, 1]) {
      const own = timings?.filter((timing) => timing.thread === thread) ?? [];
      deepStrictEqual(own.map(({ program, call }) => [program, call]), [["tick", 0], ["forward", 0], [
        "tick",
        0,
      ]]);
      ok(own.every(({ start }, i) => start >= (own[i - 1]?.start ?? before)), "in order");
      ok(own.every(({ duration, wait }) => wait >= 0 && duration >= wait));
    }
    deepStrictEqual(timings?.length, 3 * Math.max(1, threads));
    deepStrictEqual(await session.timings(), []);
  });
}
