/**
 * Tests planned costs against the counters of a GPU session.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { costOf, countPipelines, scratchBytes } from "../../../kernels/core/cost.ts";
import { callKey } from "../../../kernels/core/op.ts";
import { Graph } from "../../../kernels/core/graph.ts";
import { slotBytes } from "../../../kernels/core/tensor.ts";
import { compile } from "../../../kernels/core/program.ts";
import { regionsOf } from "../../../kernels/core/regions.ts";
import { bytesOf } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import type { WebgpuSession } from "../../../kernels/engine/webgpu/session.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { gather } from "../../../kernels/ops/indexing/gather.ts";
import { linearCrossEntropy } from "../../../kernels/ops/loss/linear_cross_entropy.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { clear } from "../../../kernels/ops/update/state.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";
import { planCost } from "../../../stages/model/plan_cost.ts";
import { openModel } from "../../../stages/model/model_session.ts";

const shape = [2, 2, 8] as const;
const model = gpt({ layers: 2, heads: 2, channels: 16, seqLen: 8, vocabSize: 65, vocabPad: 64 });
const planned = plan({
  model,
  training: { optimizer: adamw(), shape, clip: 1, history: 2 },
  evaluation: { batch: 2, seqLen: 8 },
  sampling: true,
});

Deno.test("planCost() predicts a webgpu session's dispatches, runs, submits, read-backs, pipelines and bytes", async () => {
  const webgpu = await openWebgpu();
  const opened: WebgpuSession[] = [];
  const engine: Engine = {
    name: webgpu.name,
    device: webgpu.device,
    open: async (programs, weights) => {
      opened.push(await webgpu.open(programs, weights));
      return opened[0];
    },
  };
  await using trained = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
  const [session] = opened, cost = planCost(planned, session.gpu);
  const tokens = Uint32Array.from({ length: 32 }, (_, i) => i);
  const before = session.counters;
  strictEqual(before.pipelines, cost.pipelines);
  const steps = 4;
  for (let step = 0; step < steps; step++) {
    trained.begin({ inputs: tokens, targets: tokens, shape }, { learningRate: 1e-3, step });
    if (step % trained.readEvery === trained.readEvery - 1) await trained.results();
  }
  const after = session.counters;
  for (const name of ["runs", "submits", "readBacks", "dispatches"] as const) {
    strictEqual(after[name] - before[name], steps * cost.step[name], name);
  }
  strictEqual(cost.step.readBacks, 1 / 2, "two updates are read together");
  strictEqual(after.waits - before.waits, steps / 2, "Deno waits at each read");
  strictEqual(after.pipelines, cost.pipelines);

  await trained.losses(tokens.subarray(0, 16), tokens.subarray(0, 16));
  const evaluated = cost.programs.find(({ name }) => name === "eval")!;
  strictEqual(session.counters.dispatches - after.dispatches, evaluated.dispatches);

  // The plan rounds each region up to a multiple of 256 bytes.
  const bytes = Object.values(planned.memory).reduce((a, b) => a + b, cost.scratchBytes),
    regions = regionsOf(planned.programs);
  ok(after.bytes <= bytes && after.bytes > bytes - 256 * regions.length, `${after.bytes}, planned ${bytes}`);
});

Deno.test("planCost() of a step is the sum of its micro-batches, of their tree of sums and of one update", () => {
  const { step, programs } = planCost(planned);
  const [micro, update, keep, merge] = ["micro", "update", "keep/0", "merge/0"].map((name) =>
    programs.find((program) => program.name === name)!
  );
  for (const name of ["dispatches", "read", "written"] as const) {
    strictEqual(step[name], 2 * micro[name] + keep[name] + merge[name] + update[name], name);
  }
  const idle = planCost(plan({ model, sampling: true }));
  deepStrictEqual(idle.step, { runs: 0, submits: 0, readBacks: 0, dispatches: 0, read: 0, written: 0 });
});

Deno.test("planCost() of the update: eight dispatches that read gradients twice and everything else once", () => {
  const { calls } = planned.programs[1];
  deepStrictEqual(calls.map(({ op }) => op.name), [
    "sum_squares",
    "clip_scale",
    "adamw",
    "clear", // gradients
    ...["put_rows", "put_rows", "count"], // loss and norm in the history that the host reads
    "clear", // the sum of losses
  ]);
  const { programs: [, update] } = planCost(planned);
  // Members of a pack start at multiples of 256 bytes.
  const elements = packedElements(planned);
  ok(elements >= planned.parameterCount && elements < planned.parameterCount + 64 * planned.parameters.size);
  deepStrictEqual(update, {
    name: "update",
    dispatches: 8,
    // Five arrays: gradients for the norm; parameters, gradients and both moments for AdamW. Nine single
    // numbers: the sum of squares, learning rate, step, scale, loss, norm, the slot index (read twice), and
    // the slot counter.
    read: 4 * (5 * elements + 9),
    // Four arrays: parameters, both moments, and cleared gradients. Seven single numbers: the sum of squares,
    // norm, scale, loss and norm in the history, the slot counter, and the cleared loss.
    written: 4 * (4 * elements + 7),
  });
});

Deno.test("plan() of GPT-2 124M updates all parameters in nine dispatches, and in five more for each further pack", () => {
  const large = gpt({ layers: 12, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257 });
  const training = { optimizer: adamw(), shape: [1, 1, 64], clip: 1 } as const;
  const whole = plan({ model: large, training, packBytes: Infinity });
  const elements = packedElements(whole), blocks = Math.ceil(elements / 16384);
  deepStrictEqual(planCost(whole).programs[1], {
    name: "update",
    dispatches: 9, // one more than above, to add the sums of squares of all blocks
    read: 4 * (5 * elements + blocks + 9),
    written: 4 * (4 * elements + blocks + 7),
  });
  // The number of parameters, including those that pad the vocabulary: packs have no gaps.
  strictEqual(elements, 124475904);

  const split = plan({ model: large, training });
  const packs = split.programs[1].packs.filter(({ tensor }) => tensor.kind === "parameter");
  deepStrictEqual(packs.map(({ tensor }) => bytesOf(tensor) <= 128 * 2 ** 20), [false, true, true, true]);
  deepStrictEqual(packs[0].members.map(({ label }) => label), ["wte.weight"]); // 154 MB
  strictEqual(planCost(split).programs[1].dispatches, 9 + 3 * 5);
  deepStrictEqual(split.memory, whole.memory);
});

function packedElements({ parameters }: Plan): number {
  return [...parameters.values()].reduce((sum, { tensor }) => sum + slotBytes(tensor) / 4, 0);
}

Deno.test("costOf() counts the bytes that calls read and write, and only the part of tables and blocks that is used", () => {
  const graph = new Graph();
  const table = graph.leaf("table", { shape: [1000, 8], dtype: "f32" }, "parameter");
  const ids = graph.leaf("ids", { shape: [5], dtype: "u32" }, "input");
  const rows = gather(table, ids); // reads 5 ids and 40 numbers, writes 40 numbers
  const weight = graph.leaf("weight", { shape: [8, 3], dtype: "f32" }, "parameter");
  graph.output("y", matmul(rows, weight)); // reads 40 + 24 numbers, writes 15
  clear(weight); // writes 24 numbers
  deepStrictEqual(costOf(compile("p", graph)), {
    dispatches: 3,
    read: 4 * (45 + 64),
    written: 4 * (40 + 15 + 24),
  });

  const blocked = new Graph();
  const x = blocked.leaf("x", { shape: [6, 8], dtype: "f32" }, "input");
  const w = blocked.leaf("w", { shape: [10, 8], dtype: "f32" }, "parameter");
  const targets = blocked.leaf("targets", { shape: [6], dtype: "u32" }, "input");
  blocked.output("losses", linearCrossEntropy(x, { weight: w, targets, blockBytes: 3 * 10 * 4 }));
  deepStrictEqual(costOf(compile("p", blocked)), {
    dispatches: 3 + 1 + 2 * 3, // zeros (3), the second block's index (1), and three calls per block
    read: 4 * (1 + 2 * (24 + 1) + 2 * (24 + 80) + 2 * (30 + 1 + 3)),
    written: 4 * (6 + 6 + 1 + 1 + 2 * 24 + 2 * 30 + 2 * 6),
  });
});

Deno.test("costOf() of a matmul with split sums equals the counters of a webgpu session, partial sums included", async () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [264, 8], dtype: "f32" }, "input");
  const g = graph.leaf("g", { shape: [264, 12], dtype: "f32" }, "input");
  graph.output("dw", matmul(x, g, { transposeA: true }));
  const program = compile("p", graph), parts = 4 * 2 * 8 * 12;
  const choices = new Map([[callKey(program.calls[0]), "registers 4x4 by 8x8 in 2"]]);
  await using session = await (await openWebgpu({ choices })).open([program], {});
  const cost = costOf(program, session.gpu), tensors = 4 * 264 * (8 + 12), before = session.counters;
  deepStrictEqual(cost, { dispatches: 2, read: tensors + parts, written: 4 * 8 * 12 + parts });
  strictEqual(scratchBytes([program], session.gpu), parts);
  strictEqual(before.bytes, tensors + 4 * 8 * 12 + parts);
  strictEqual(before.pipelines, countPipelines([program], session.gpu));
  await session.run(["p"]);
  strictEqual(session.counters.dispatches, cost.dispatches);
});
