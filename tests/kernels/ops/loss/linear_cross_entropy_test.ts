/**
 * Tests that losses computed from blocks of logits, and their gradients, are the same as those computed from
 * all logits at once. Every engine and several block sizes are tested.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { gradients } from "../../../../kernels/core/gradients.ts";
import { Graph } from "../../../../kernels/core/graph.ts";
import { normals, uniformAt } from "../../../../kernels/random/philox.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { ShapeError, type TensorMap } from "../../../../kernels/core/tensor.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { gpt } from "../../../../kernels/models/gpt.ts";
import { mul } from "../../../../kernels/ops/elementwise/arith.ts";
import { ignoredTarget } from "../../../../kernels/ops/loss/cross_entropy.ts";
import { linearCrossEntropy } from "../../../../kernels/ops/loss/linear_cross_entropy.ts";
import { sum } from "../../../../kernels/ops/reduce/reduce.ts";
import { adamw } from "../../../../kernels/optim/adamw.ts";
import { plan } from "../../../../stages/model/plan.ts";

const B = 2, T = 7, C = 5, V = 12, VALID = 11;
const labels = ["losses", "dx", "dweight"];
const values: TensorMap = {
  x: { shape: [B, T, C], data: normals(1, "x", B * T * C) },
  weight: { shape: [V, C], data: normals(1, "weight", V * C) },
  factors: { shape: [B, T], data: normals(1, "factors", B * T) },
  targets: {
    shape: [B, T],
    data: Uint32Array.from(
      { length: B * T },
      (_, i) => i === 3 ? ignoredTarget : Math.floor(uniformAt(1, "targets", i) * VALID),
    ),
  },
};

/**
 * Computes the losses with the logits of `rows` rows at a time, and the gradients of the losses' sum,
 * weighted by `factors`.
 */
function graphOf(rows: number): Graph {
  const graph = new Graph();
  const leaf = (label: string) =>
    graph.leaf(
      label,
      { shape: values[label].shape, dtype: label === "targets" ? "u32" : "f32" },
      "input",
    );
  const x = leaf("x"), weight = leaf("weight");
  const losses = linearCrossEntropy(x, {
    weight,
    targets: leaf("targets"),
    valid: VALID,
    blockBytes: rows * V * 4,
  });
  graph.output("losses", losses);
  gradients(sum(mul(losses, leaf("factors"))), [x, weight]).forEach((g, i) =>
    graph.output(labels[i + 1], g!)
  );
  return graph;
}

async function run(engine: Engine, rows: number, given = values): Promise<TensorMap> {
  await using session = await engine.open([compile("losses", graphOf(rows))], {});
  session.write(given);
  await session.run(["losses"]);
  return await session.read(labels);
}

function checkClose(actual: TensorMap, expected: TensorMap, where: string): void {
  for (const label of labels) {
    deepStrictEqual(actual[label].shape, expected[label].shape);
    expected[label].data.forEach((exact, i) => {
      const value = actual[label].data[i];
      ok(Math.abs(value - exact) <= 1e-5, `${where}: ${label}[${i}] is ${value}, expected ${exact}`);
    });
  }
}

const engines: Record<string, () => Promise<Engine>> = {
  reference: () => Promise.resolve(openReference()),
  cpu: () => openCpu({ threads: 2 }),
  webgpu: () => openWebgpu(),
};

for (const [name, open] of Object.entries(engines)) {
  Deno.test(`linearCrossEntropy() in blocks of any size gives the losses and gradients of all logits at once, on ${name}`, async () => {
    const engine = await open();
    const expected = await run(openReference(), B * T);
    // 14 computes all rows at once. 13 is rounded down to blocks of 7 rows. 7, 4 and 1 give blocks of this
    // many rows; the last block of 4 is incomplete.
    for (const rows of [14, 13, 7, 4, 1]) {
      const actual = await run(engine, rows);
      checkClose(actual, expected, `${rows} rows on ${name}`);
      deepStrictEqual(await run(engine, rows), actual, "a second run must give the same bits");
    }
  });
}

Deno.test("linearCrossEntropy() in blocks has the gradient that finite differences give", async () => {
  const found = await run(openReference(), 4);
  const graph = graphOf(4);
  const program = compile("losses", graph);
  const lossOf = (given: Record<string, Float64Array>) => {
    const inputs = new Map(Object.entries(given));
    const known = new Map([...graph.leaves].map(([label, t]) => [t, inputs.get(label)!]));
    for (const call of program.calls) {
      const results = call.op.reference(call.inputs.map((t) => known.get(t)!), call);
      call.outputs.forEach((t, i) => known.set(t, results[i]));
    }
    return known.get(graph.outputs.get("losses")!)!.reduce((s, l, i) => s + l * given.factors[i], 0);
  };
  const exact = Object.fromEntries(
    Object.entries(values).map(([label, { data }]) => [label, Float64Array.from(data)]),
  );
  for (const label of ["x", "weight"]) {
    exact[label].forEach((before, i) => {
      exact[label][i] = before + 1e-4;
      const above = lossOf(exact);
      exact[label][i] = before - 1e-4;
      const difference = (above - lossOf(exact)) / 2e-4;
      exact[label][i] = before;
      const value = found[`d${label}`].data[i];
      ok(
        Math.abs(value - difference) < 1e-6,
        `d${label}[${i}] is ${value}, finite differences give ${difference}`,
      );
    });
  }
});

Deno.test("linearCrossEntropy() in blocks stores logits of one block only", () => {
  const logits = compile("losses", graphOf(4)).slots.filter((s) => s.tensor.shape.at(-1) === V);
  deepStrictEqual([...new Set(logits.map((s) => s.tensor.shape.join()))], [`4,${V}`]);
  throws(() => {
    const graph = new Graph();
    const [x, weight] = [[3, C], [V, C]].map((shape, i) =>
      graph.leaf(`in${i}`, { shape, dtype: "f32" }, "input")
    );
    linearCrossEntropy(x, { weight, targets: graph.leaf("t", { shape: [2], dtype: "u32" }, "input") });
  }, ShapeError);
});

Deno.test("plan() of GPT-2 124M at batch size 8 has no tensor as large as all logits", () => {
  const model = gpt({ layers: 12, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257 });
  const { programs, memory } = plan({
    model,
    training: { optimizer: adamw(), shape: [1, 8, 1024], clip: 1 },
    evaluation: { batch: 8, seqLen: 1024 },
  });
  const all = 8 * 1024 * 50304 * 4;
  const weights = 50304 * 768 * 4; // the embedding table, the largest tensor: 154.5 MB
  for (const { label, bytes } of programs.flatMap((p) => p.slots)) {
    ok(bytes <= weights, `${label} is ${bytes} bytes`);
  }
  strictEqual(Math.max(...programs.flatMap((p) => p.slots).map((s) => s.bytes)), weights);
  const arena = Math.max(...programs.map((p) => p.arenaBytes));
  strictEqual(memory.activation, arena);
  // The logits of all rows take 1.65 GB, those of a block of 640 rows 129 MB.
  ok(all > 1.6e9 && arena < 5.6e9, `${arena} bytes of activations`);
});

Deno.test("plan() of GPT-2 124M computes each block of logits once in training, with loss and gradient", () => {
  const model = gpt({ layers: 1, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257 });
  const { programs: [micro] } = plan({
    model,
    training: { optimizer: adamw(), shape: [1, 8, 1024], clip: 1 },
  });
  const logits = micro.calls.filter(({ outputs: [y] }) => String(y.shape) === "640,50304");
  const names = logits.map((call) => call.op.name);
  // 13 blocks of 640 rows hold the 8192 rows.
  deepStrictEqual(
    names,
    Array.from({ length: 13 }, () => ["matmul", "cross_entropy_rows_grad"]).flat(),
  );
  strictEqual(micro.calls.filter(({ op }) => op.name === "cross_entropy_rows").length, 13);
});

Deno.test("plan() divides logits in training by what the device binds: 128 MiB by default, at most 512 MiB", () => {
  const model = gpt({ layers: 1, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257 });
  const training = { optimizer: adamw(), shape: [1, 8, 1024], clip: 1 } as const;
  const blocks = (packBytes: number) =>
    plan({ model, training, packBytes }).programs[0].calls.filter(({ op }) =>
      op.name === "cross_entropy_rows"
    );
  const rows = (mebibytes: number) => {
    const all = blocks(mebibytes * 1024 ** 2);
    return [all.length, all[0].inputs[2].shape[0]];
  };
  deepStrictEqual(rows(128), [13, 640]);
  deepStrictEqual(rows(256), [7, 1216]);
  deepStrictEqual(rows(512), [4, 2048]);
  deepStrictEqual(rows(2047), [4, 2048]);
  deepStrictEqual(rows(Infinity), [13, 640]); // the CPU
});

Deno.test("plan() of a small model computes all logits at once: one product forward, two backward", () => {
  const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 300 });
  const { programs } = plan({ model, training: { optimizer: adamw(), shape: [1, 2, 8], clip: 1 } });
  const names = programs[0].calls.map((call) => call.op.name);
  const count = (op: string) => names.filter((name) => name === op).length;
  // The head and four linear layers use matrix products. The products that compute gradients of weights add
  // them to the gradient buffers.
  deepStrictEqual([count("matmul"), count("matmul_add"), count("cross_entropy_rows")], [2 + 4, 1 + 4, 0]);
  ok(names.includes("cross_entropy") && !names.includes("take_rows"));
});
