/**
 * Tests profiles of a run: which updates are timed, and how times are added up.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { CallTiming } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { plan } from "../../../stages/model/plan.ts";
import { programsOfStep } from "../../../stages/model/training_plan.ts";
import { opTimes } from "../../../stages/train/op_times.ts";
import { type Profile, Profiler } from "../../../stages/train/profile.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { train, type TrainOptions } from "../../../stages/train/train.ts";

Deno.test("opTimes() adds up calls of the first thread and waiting of all threads, and divides work by time", () => {
  const graph = new Graph();
  const a = graph.leaf("a", { shape: [4, 8], dtype: "f32" }, "input");
  const b = graph.leaf("b", { shape: [8, 2], dtype: "f32" }, "parameter");
  graph.output("y", relu(matmul(a, b))); // 128 FLOPs, 4·(32 + 16 + 8) bytes; relu 4·(8 + 8) bytes
  const timing = (call: number, thread: number, times: [duration: number, wait: number]): CallTiming => (
    { program: "p", call, thread, start: 0, duration: times[0], wait: times[1] }
  );
  const rows = opTimes([compile("p", graph)], [
    timing(0, 0, [2, 0]),
    timing(1, 0, [1, 0]),
    timing(0, 0, [4, 1]),
    timing(1, 0, [1, 0]),
    timing(0, 1, [6, 2]),
    timing(1, 1, [1, 1]),
  ]);
  deepStrictEqual(rows, [
    {
      op: "matmul",
      calls: 2,
      seconds: 0.006,
      share: 6 / 8,
      waiting: 3 / 12,
      gflops: 256 / 6e6,
      gigabytes: 2 * 224 / 6e6,
    },
    {
      op: "relu",
      calls: 2,
      seconds: 0.002,
      share: 2 / 8,
      waiting: 1 / 3,
      gflops: rows[1].gflops,
      gigabytes: 2 * 64 / 2e6,
    },
  ]);
});

const shape = [2, 1, 4] as const;
const model = gpt({ layers: 1, heads: 1, channels: 4, seqLen: 4, vocabSize: 16, vocabPad: 1 });
const programs = plan({
  model,
  training: { optimizer: adamw(), shape, clip: 1 },
});

/** Returns the profiles and losses of a run of `steps` updates. */
async function profiled(
  steps: number,
  options: Partial<TrainOptions> = {},
): Promise<{ profiles: Profile[]; losses: number[] }> {
  const profiles: Profile[] = [], losses: number[] = [];
  const ids = (i: number) => Uint32Array.from({ length: 8 }, (_, t) => (3 * i + t) % 16);
  await from(asSource("batches", () => Array.from({ length: 20 }, (_, i) => i)))
    .pipe({
      name: "batch",
      open: () => null,
      push: (i: number) => [{ inputs: ids(i), targets: ids(i + 1), shape }],
    })
    .pipe(train({
      engine: await openCpu({ threads: 2 }),
      plan: programs,
      schedule: () => 1e-3,
      steps,
      profile: (profile) => void profiles.push(profile),
      ...options,
    }))
    .run({ onEvent: (e) => void (e.type === "step" && losses.push(e.loss)) });
  return { profiles, losses };
}

Deno.test("train() times the 5th to the 9th update, every call of them, on every thread", async () => {
  const { profiles: [profile, ...more], losses } = await profiled(12);
  deepStrictEqual(more, []);
  deepStrictEqual(profile.steps, [4, 5, 6, 7, 8]);
  strictEqual(losses.length, 12);
  const callsOf = (name: string) => programs.programs.find((each) => each.name === name)!.calls.length;
  const step = programsOfStep(programs.training).reduce((sum, name) => sum + callsOf(name), 0);
  const calls = profile.ops?.reduce((sum, op) => sum + op.calls, 0);
  strictEqual(calls, 5 * step);
  const tracks = [...new Set(profile.spans.map(({ track }) => track))];
  deepStrictEqual(tracks, ["host", "device, thread 0", "device, thread 1"]);
  strictEqual(profile.spans.filter(({ track }) => track === "device, thread 1").length, calls);
  ok(profile.spans.some(({ name }) => name === "upload and submit"));
});

Deno.test("train() that ends early reports the updates that were timed, or none", async () => {
  deepStrictEqual((await profiled(6)).profiles.map(({ steps }) => steps), [[4, 5]]);
  deepStrictEqual((await profiled(3)).profiles.map(({ steps, ops }) => [steps, ops]), [[[], []]]);
});

Deno.test("Profiler times fewer updates if they have many micro-batches, but at least one", async () => {
  const timed = async (accum: number) => {
    const long = plan({ model, training: { optimizer: adamw(), shape: [accum, 1, 4], clip: 1 } });
    await using session = await openModel(openReference(), { plan: long, weights: initialWeights(model, 1) });
    const profiler = new Profiler(session, () => {});
    return Array.from({ length: 20 }, (_, step) => step).filter((step) => profiler.startUpdate(step));
  };
  const [{ calls: { length } }] = programs.programs; // number of calls per micro-batch
  deepStrictEqual(await timed(Math.floor(40_000 / length)), [4, 5]);
  deepStrictEqual(await timed(Math.ceil(200_000 / length)), [4]);
});

Deno.test("train() on a device that cannot time calls reports only the host's times", async () => {
  const { profiles: [{ ops, spans, steps }] } = await profiled(9, { engine: openReference() });
  deepStrictEqual([ops, steps.length], [null, 5]);
  deepStrictEqual([...new Set(spans.map(({ track }) => track))], ["host"]);
});
