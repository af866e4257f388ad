/**
 * Measures the floors and peaks of a GPU.
 *
 * @module
 */
import { trafficOf } from "../../kernels/core/cost.ts";
import { Graph } from "../../kernels/core/graph.ts";
import { compile, flopsOf, type Program } from "../../kernels/core/program.ts";
import type { WebgpuEngine, WebgpuOptions } from "../../kernels/engine/webgpu/webgpu_engine.ts";
import { openWebgpu } from "../../kernels/engine/webgpu/webgpu_engine.ts";
import { secondsAbove } from "../../kernels/engine/webgpu/trial_clock.ts";
import { relu } from "../../kernels/ops/elementwise/relu.ts";
import type { DoctorReport } from "./report.ts";
import { copy, FLOPS_PER_ELEMENT, multiplyAdd } from "./peak_ops.ts";

/** Number of dispatches over which the cost of one is averaged. */
const DISPATCHES = 1000;
const REPEATS = 5;
/** Number of reads whose median is the cost of one. */
const READS = 20;
/** Length of each dispatch of a long submit, in seconds. */
const DISPATCH_SECONDS = 0.01;

/** Returns a program with a chain of `count` small dispatches. */
function chain(count: number): Program {
  const graph = new Graph();
  let x = graph.leaf("x", { shape: [64], dtype: "f32" }, "input");
  for (let i = 0; i < count; i++) x = relu(x);
  graph.output("y", x);
  return compile("chain", graph);
}

/** Returns the times in seconds of runs of a program and reads of an output of 64 numbers, in order. */
async function times(engine: WebgpuEngine, program: Program, repeats = REPEATS): Promise<readonly number[]> {
  await using session = await engine.open([program], {});
  const found: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await session.run([program.name]);
    await session.read(["y"]);
    found.push((performance.now() - start) / 1000);
  }
  return found.sort((a, b) => a - b);
}

/**
 * Measures gigabytes per second of a write to the GPU and of a read from it, of `elements` numbers, without
 * the `floor` of seconds that any read takes.
 */
async function transferRates(
  engine: WebgpuEngine,
  { elements, floor }: { readonly elements: number; readonly floor: number },
): Promise<Pick<DoctorReport["floors"], "uploadGigabytes" | "downloadGigabytes">> {
  const shape = [elements], graph = new Graph();
  graph.output("y", relu(graph.leaf("x", { shape: [64], dtype: "f32" }, "input")));
  graph.output("kept", relu(graph.leaf("data", { shape, dtype: "f32" }, "input")));
  await using session = await engine.open([compile("transfer", graph)], {});
  const data = new Float32Array(elements).fill(1), rates = { up: 0, down: 0 };
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    session.write({ data: { shape, data } });
    await session.read(["x"]); // waits until the data has arrived
    const written = performance.now();
    await session.read(["data"]);
    const rate = (milliseconds: number) => 4 * elements / 1e9 / secondsAbove(milliseconds / 1000, floor);
    rates.up = Math.max(rates.up, rate(written - start));
    rates.down = Math.max(rates.down, rate(performance.now() - written));
  }
  return { uploadGigabytes: rates.up, downloadGigabytes: rates.down };
}

/** Measures what a read, a submit and a dispatch cost, and transfers of `elements` numbers. */
export async function measureFloors(
  options: WebgpuOptions,
  elements: number,
): Promise<DoctorReport["floors"]> {
  const engine = await openWebgpu({ ...options, submitLimits: { dispatches: Infinity } });
  const single = await openWebgpu({ ...options, submitLimits: { dispatches: 1 } });
  const reads = await times(engine, chain(1), READS), [read] = reads;
  const [together] = await times(engine, chain(DISPATCHES)), [apart] = await times(single, chain(DISPATCHES));
  return {
    ...await transferRates(engine, { elements, floor: read }),
    readMilliseconds: 1000 * reads[READS / 2],
    dispatchMicroseconds: Math.max(0, 1e6 * (together - read) / DISPATCHES),
    submitMicroseconds: Math.max(0, 1e6 * (apart - together) / DISPATCHES),
  };
}

/** Measures the peaks: a copy of `elements` numbers, and multiply-adds on a quarter as many. */
export async function measurePeak(engine: WebgpuEngine, elements: number): Promise<DoctorReport["peak"]> {
  const seconds = async (op: typeof copy, size: number) => {
    const graph = new Graph(), x = graph.leaf("x", { shape: [size], dtype: "f32" }, "input");
    graph.output("y", op([x], null)[0]);
    const program = compile("peak", graph);
    await using session = await engine.open([program], {});
    const times: number[] = [];
    for (let i = 0; i < REPEATS; i++) {
      const start = performance.now();
      await session.run(["peak"], { timed: true });
      const timed = await session.timings();
      times.push(timed === null ? performance.now() - start : timed[0].duration);
    }
    return { program, seconds: Math.min(...times.filter((time) => time > 0)) / 1000 };
  };
  const busy = await seconds(multiplyAdd, elements / 4), copied = await seconds(copy, elements);
  const { read, written } = trafficOf(copied.program.calls[0]);
  return {
    gflops: flopsOf(busy.program) / busy.seconds / 1e9,
    gigabytes: (read + written) / copied.seconds / 1e9,
  };
}

/**
 * Runs multiply-adds for about `seconds` in one submit and compares the result with that of short submits.
 * Throws Error if they differ, and RangeError unless `gflops` is a number above 0.
 */
export async function trySubmit(seconds: number, gflops: number): Promise<void> {
  if (!(gflops > 0)) throw new RangeError(`Cannot plan a submit for a GPU of ${gflops} GFLOPS`);
  const count = Math.max(1, Math.round(seconds / DISPATCH_SECONDS));
  const elements = gflops * 1e9 * Math.min(seconds, DISPATCH_SECONDS) / FLOPS_PER_ELEMENT;
  const size = Math.min(1 << 22, 64 * Math.ceil(elements / 64)), graph = new Graph();
  let x = graph.leaf("x", { shape: [size], dtype: "f32" }, "input");
  for (let i = 0; i < count; i++) x = multiplyAdd([x], null)[0];
  graph.output("y", x);
  const program = compile("long", graph);
  const weights = { x: { shape: [size], data: Float32Array.from({ length: size }, (_, i) => i / size) } };
  const result = async (submitLimits: WebgpuOptions["submitLimits"]) => {
    await using session = await (await openWebgpu({ submitLimits: submitLimits ?? {} })).open(
      [program],
      weights,
    );
    await session.run(["long"]);
    return (await session.read(["y"])).y.data;
  };
  const short = await result({ dispatches: 1 });
  const long = await result({ dispatches: Infinity, firstWork: Infinity });
  if (!short.every((value, i) => value === long[i] && Number.isFinite(value) && value > 0)) {
    throw new Error("the results are wrong");
  }
}
