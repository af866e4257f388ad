/**
 * Tests the cut of runs into submits: the limits of each submit, the rate that is learned, and that any cut
 * gives the same bits.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { compile } from "../../../../kernels/core/program.ts";
import { Graph } from "../../../../kernels/core/graph.ts";
import { type SubmitLimits, SubmitPace, workOf } from "../../../../kernels/engine/webgpu/submit_pace.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { matmul } from "../../../../kernels/ops/matmul/matmul.ts";
import { relu } from "../../../../kernels/ops/elementwise/relu.ts";
import { normals } from "../../../../kernels/random/philox.ts";

/** A clock that the test sets, in seconds. */
const clock = { time: 0 };
const pace = (limits: Partial<SubmitLimits> = {}) => new SubmitPace(limits, () => clock.time);

/** Returns the number of dispatches of each submit of a run. */
function sizes(each: SubmitPace, works: readonly number[]): number[] {
  const dispatches = works.map((work) => ({ work })), found: number[] = [];
  for (let first = 0; first < works.length; first += found[found.length - 1]) {
    found.push(each.cut(dispatches, first) - first);
  }
  return found;
}

Deno.test("SubmitPace cuts at 64 dispatches and, before a rate is known, at 5 GFLOP", () => {
  deepStrictEqual(sizes(pace(), Array(150).fill(1)), [64, 64, 22]);
  deepStrictEqual(sizes(pace(), [2e9, 3e9, 1, 6e9, 1e9, 4e9, 1]), [2, 1, 1, 2, 1]);
});

Deno.test("SubmitPace learns the rate while the host waits, and then cuts at 50 ms", () => {
  const learning = pace();
  clock.time = 100; // the GPU idles until the first submit, so this time does not count
  learning.submit(30e9);
  clock.time = 101;
  learning.submit(10e9);
  const ended = learning.wait();
  clock.time = 104;
  learning.submit(20e9); // submitted during the wait, so it belongs to the next measurement
  ended();
  strictEqual(learning.budget, 40e9 / 4 * 0.05);
  const again = learning.wait();
  clock.time = 110; // 20 GFLOP in 6 s: a lower rate
  again();
  strictEqual(learning.budget, 0.5e9, "the highest rate counts, because a GPU may have idled");
  learning.submit(4e9);
  clock.time = 110.01;
  learning.wait()();
  strictEqual(learning.budget, 0.5e9, "4 GFLOP are too little for a measurement");
  learning.submit(50e9);
  clock.time = 111.01;
  learning.wait()();
  deepStrictEqual(sizes(learning, Array(7).fill(0.8e9)), [3, 3, 1], "50 GFLOP/s allow 2.5 GFLOP");
});

/** Returns a program of 12 products and activations, and its weights. */
function chain() {
  const graph = new Graph(), spec = { shape: [48, 48], dtype: "f32" } as const;
  const w = graph.leaf("w", spec, "parameter");
  let x = graph.leaf("x", spec, "input");
  for (let i = 0; i < 12; i++) x = relu(matmul(x, w, { transposeB: i % 2 === 0 }));
  graph.output("y", x);
  const weights = Object.fromEntries(["w", "x"].map((name) => [name, {
    shape: spec.shape,
    data: normals(1, name, 48 * 48).map((v) => v / 4),
  }]));
  return { program: compile("chain", graph), weights };
}

Deno.test("webgpu run() keeps within its limits in every submit; any cut gives the same bits", async () => {
  const { program, weights } = chain();
  const works = program.calls.map(workOf), largest = Math.max(...works);
  const run = async (submitLimits: Partial<SubmitLimits>, timed = false) => {
    await using session = await (await openWebgpu({ submitLimits })).open([program], weights);
    const { device: { queue } } = session, submit = queue.submit.bind(queue), buffers: number[] = [];
    queue.submit = (commands) => {
      const list = [...commands];
      buffers.push(list.length);
      submit(list);
    };
    const before = session.counters;
    await session.run(["chain"], { timed });
    const { submits, runs, dispatches } = session.counters;
    deepStrictEqual(buffers, Array(submits - before.submits).fill(1), "one command buffer per submit");
    deepStrictEqual([runs - before.runs, dispatches - before.dispatches], [1, works.length]);
    const made = buffers.length;
    const timings = timed ? await session.timings() : null;
    if (timings !== null) deepStrictEqual(timings.map(({ call }) => call), works.map((_, i) => i));
    return { submits: made, y: (await session.read(["y"])).y.data };
  };
  const whole = await run({});
  strictEqual(whole.submits, 1);
  ok(whole.y.some((value) => value > 0));
  for (
    const [limits, submits] of [
      [{ dispatches: 1 }, 24],
      [{ dispatches: 7 }, 4],
      [{ firstWork: largest - 1 }, 24],
      [{ firstWork: works[0] + works[1] }, 12],
    ] as const
  ) {
    const { y, submits: made } = await run(limits);
    strictEqual(made, submits, JSON.stringify(limits));
    deepStrictEqual(y, whole.y, JSON.stringify(limits));
  }
  const timed = await run({ dispatches: 5 }, true);
  strictEqual(timed.submits, 5);
  deepStrictEqual(timed.y, whole.y);
});
