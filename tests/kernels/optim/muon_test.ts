import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import { normals } from "../../../kernels/random/philox.ts";
import { compile } from "../../../kernels/core/program.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { isHiddenMatrix, muon } from "../../../kernels/optim/muon.ts";
import { orthogonalize } from "../../../kernels/optim/orthogonalize.ts";
import { descend } from "./descent.ts";

/**
 * Returns the singular values, largest first. They are computed by rotating pairs of rows until all are
 * orthogonal (one-sided Jacobi).
 */
function singularValues(data: ArrayLike<number>, [m, n]: readonly number[]): number[] {
  const wide = m <= n, [count, length] = wide ? [m, n] : [n, m];
  const rows = Array.from(
    { length: count },
    (_, i) => Float64Array.from({ length }, (_, j) => data[wide ? i * n + j : j * n + i]),
  );
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [rows[i], rows[j]], turn = 0.5 * Math.atan2(2 * dot(a, b), dot(a, a) - dot(b, b));
        const [c, s] = [Math.cos(turn), Math.sin(turn)];
        rows[i] = a.map((x, k) => c * x + s * b[k]);
        rows[j] = a.map((x, k) => c * b[k] - s * x);
      }
    }
  }
  return rows.map((row) => Math.sqrt(dot(row, row))).sort((x, y) => y - x);
}

/** Applies `orthogonalize` on an engine to several random matrices, which are first multiplied by `size`. */
async function orthogonal(engine: Engine, matrices: Readonly<Record<string, readonly number[]>>, size = 1) {
  const graph = new Graph();
  const inputs = Object.fromEntries(
    Object.entries(matrices).map(([name, shape]) => {
      graph.output(`${name}/out`, orthogonalize(graph.leaf(name, { shape, dtype: "f32" }, "input")));
      return [name, { shape, data: normals(3, name, shape[0] * shape[1]).map((x) => size * x) }];
    }),
  );
  await using session = await engine.open([compile("test", graph)], inputs);
  await session.run(["test"]);
  return await session.read(Object.keys(matrices).map((name) => `${name}/out`));
}

const matrices = { wide: [6, 20], tall: [33, 12], square: [12, 12], row: [1, 9] };

Deno.test("orthogonalize() brings singular values within a factor of 4 of each other on all engines, for inputs of any size", async () => {
  const wanted = await orthogonal(openReference(), matrices);
  for (const engine of [openReference(), await openCpu({ threads: 2 }), await openWebgpu()]) {
    for (const size of engine.name === "cpu" ? [1, 1e-4, 1e4] : [1]) {
      const found = await orthogonal(engine, matrices, size);
      for (const [name, shape] of Object.entries(matrices)) {
        const { data } = found[`${name}/out`], values = singularValues(data, shape);
        ok(values[0] < 1.3 && values[0] / values.at(-1)! < 4, `${name} on ${engine.name}: ${values}`);
        data.forEach((x, i) =>
          ok(Math.abs(x - wanted[`${name}/out`].data[i]) < 2e-3, `${name} on ${engine.name}: ${x} at ${i}`)
        );
      }
    }
  }
});

Deno.test("orthogonalize() of a zero matrix is zero", async () => {
  const { "wide/out": { data } } = await orthogonal(openReference(), { wide: [6, 20] }, 0);
  ok(data.every((x) => x === 0));
});

const shapes = {
  "wte.weight": [10, 4],
  "h.0.c_fc.weight": [4, 16],
  "h.0.c_proj.weight": [16, 4],
  "ln_f.bias": [5],
};

Deno.test("muon() updates hidden matrices by its own rule and other parameters as adamw() does, and halves the distance to the optimum", async () => {
  const options = { shapes, learningRate: 0.05, steps: 60 };
  const optimizer = muon({ rate: 2, weightDecay: 0 });
  const wanted = await descend(openReference(), { ...options, optimizer });
  const hidden = Object.entries(shapes).filter(([label, shape]) =>
    isHiddenMatrix({ label, shape, dtype: "f32" })
  );
  deepStrictEqual(hidden.map(([label]) => label), ["h.0.c_fc.weight", "h.0.c_proj.weight"]);
  const memory = Object.keys(wanted.tensors).filter((label) => label.includes("/")).sort();
  deepStrictEqual(memory, [
    "h.0.c_fc.weight/velocity",
    "h.0.c_proj.weight/velocity",
    "ln_f.bias/m",
    "ln_f.bias/v",
    "wte.weight/m",
    "wte.weight/v",
  ]);
  for (const [label, distance] of Object.entries(wanted.distance)) {
    ok(distance < 0.5, `${label}: ${distance}`);
  }
  const plain = await descend(openReference(), { ...options, optimizer: adamw({ weightDecay: 0 }) });
  for (const label of ["wte.weight", "ln_f.bias"]) {
    deepStrictEqual(wanted.tensors[label], plain.tensors[label]);
  }

  for (const open of [() => openCpu({ threads: 2 }), () => openWebgpu()]) {
    const engine = await open(), short = { ...options, optimizer, steps: 5 };
    const [once, twice] = [await descend(engine, short), await descend(await open(), short)];
    deepStrictEqual(once.tensors, twice.tensors); // bit for bit
    const truth = await descend(openReference(), short);
    for (const [label, { data }] of Object.entries(once.tensors)) {
      data.forEach((x, i) =>
        ok(Math.abs(x - truth.tensors[label].data[i]) < 1e-4, `${label} on ${engine.name}: ${x} at ${i}`)
      );
    }
  }
});

for (
  const [rows, shape, root] of [
    ["inputs", [4, 16], 2],
    ["inputs", [16, 4], 1],
    ["outputs", [16, 4], 2],
    ["outputs", [4, 16], 1],
  ] as const
) {
  Deno.test(`muon() takes an orthogonal first step of rate · √max(1, outputs / inputs) where the rows of [${shape}] are ${rows}, and decays by the rate`, async () => {
    const start = () => new Float32Array(64).fill(1);
    const { tensors: { w } } = await descend(openReference(), {
      optimizer: muon({ rate: 3, weightDecay: 0.5, rows }),
      shapes: { w: shape },
      learningRate: 0.1,
      steps: 1,
      start,
    });
    const step = w.data.map((x) => (1 - 0.3 * 0.5 - x) / (0.3 * root)); // rate 0.1 · 3 = 0.3
    const values = singularValues(step, shape);
    ok(values[0] < 1.3 && values[3] > 0.5, `${values}`);
  });
}

Deno.test("muon() refuses constants out of range", () => {
  throws(() => muon({ momentum: 1 }), /Muon with momentum 1: wanted at least 0 and less than 1/);
  throws(() => muon({ rate: 0 }), /at 0 times the learning rate/);
  throws(() => muon({ beta1: 2 }), /beta1 2/);
});

Deno.test("isHiddenMatrix() holds for no table of tokens or positions, of any architecture", () => {
  const labels = [
    "wte.weight",
    "wpe.weight",
    "lm_head.weight",
    "model.embed_tokens.weight",
    "value_embeds.1.weight",
    "h.0.mlp.c_fc.weight",
    "model.layers.0.mlp.down_proj.weight",
  ];
  const shape = [8, 4], hidden = labels.filter((label) => isHiddenMatrix({ label, shape, dtype: "f32" }));
  deepStrictEqual(hidden, ["h.0.mlp.c_fc.weight", "model.layers.0.mlp.down_proj.weight"]);
});
