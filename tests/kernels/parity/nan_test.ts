/**
 * Tests that NaN and infinite numbers show in losses and gradient norms, on each engine.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { crossEntropy } from "../../../kernels/ops/loss/cross_entropy.ts";
import { globalNorm } from "../../../kernels/ops/update/global_norm.ts";
import { compareNan } from "../../../kernels/parity/nan.ts";

Deno.test("cpu engine shows NaN in every result of every op that depends on it", async () => {
  deepStrictEqual(await compareNan(await openCpu({ threads: 2 }), ops), []);
});

Deno.test("webgpu engine shows NaN in every result that depends on it, of ops that compile quickly", async () => {
  const quick = ops.filter(({ name }) => !/attention|batch_norm|matmul|affine/.test(name));
  deepStrictEqual(await compareNan(await openWebgpu(), quick), []);
});

Deno.test("compareNan() names the op, the input and the result that lost NaN", async () => {
  const [relu] = ops.filter(({ name }) => name === "relu");
  const careless = {
    ...relu,
    wgsl: (...args: Parameters<typeof relu.wgsl>) => {
      const kernel = relu.wgsl(...args);
      return {
        ...kernel,
        code: kernel.code.replace(/out0\[i\] = .*;/, "out0[i] = select(0.0, x, x > 0.0);"),
      };
    },
  };
  const messages = await compareNan(await openWebgpu(), [careless]);
  match(
    messages[0],
    /^relu on webgpu, inputs \[\[\]\]: element 0 of input 0 is NaN, and element 0 of output 0 is 0$/,
  );
});

/** Returns the norm and scale of a gradient [2] clipped at `clip`, and the loss of logits [1, 3]. */
async function evaluated(
  engine: Engine,
  { gradient, logits, clip }: {
    readonly gradient: number[];
    readonly logits: number[];
    readonly clip: number;
  },
): Promise<Readonly<Record<"norm" | "scale" | "loss", number>>> {
  const graph = new Graph();
  const { norm, scale } = globalNorm([graph.leaf("g", { shape: [2], dtype: "f32" }, "input")], { clip });
  const targets = graph.leaf("t", { shape: [1], dtype: "u32" }, "input");
  const loss = crossEntropy(graph.leaf("x", { shape: [1, 3], dtype: "f32" }, "input"), targets);
  for (const [name, tensor] of Object.entries({ norm, scale, loss })) graph.output(name, tensor);
  await using session = await engine.open([compile("p", graph)], {});
  session.write({
    g: { shape: [2], data: Float32Array.from(gradient) },
    x: { shape: [1, 3], data: Float32Array.from(logits) },
    t: { shape: [1], data: Uint32Array.of(0) },
  });
  await session.run(["p"]);
  const read = await session.read(["norm", "scale", "loss"]);
  const number = (name: string) => Number(read[name].data[0]);
  return { norm: number("norm"), scale: number("scale"), loss: number("loss") };
}

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: () => Promise.resolve(openReference()),
  cpu: () => openCpu({ threads: 1 }),
  webgpu: () => openWebgpu(),
};

for (const [name, open] of Object.entries(engines)) {
  Deno.test(`${name} engine gives a NaN or infinite norm and loss for NaN, infinite and overflowing inputs`, async () => {
    const logits = [1, 2, 3];
    for (const gradient of [[NaN, 1], [1, NaN]]) {
      const { norm, scale, loss } = await evaluated(await open(), { gradient, logits, clip: 1 });
      deepStrictEqual([norm, scale], [NaN, NaN], "so that a clipped update is NaN as well");
      ok(Number.isFinite(loss));
    }
    const overflowing = name === "reference" ? [Infinity, 1] : [3e38, 3e38]; // squares overflow in float32
    for (const gradient of [[Infinity, 1], [-Infinity, 1], overflowing]) {
      const { norm, scale } = await evaluated(await open(), { gradient, logits, clip: 1 });
      deepStrictEqual([norm, scale], [Infinity, 0]);
    }
    strictEqual(
      (await evaluated(await open(), { gradient: [NaN, 0], logits, clip: 0 })).scale,
      1,
      "no clipping",
    );
    for (const wrong of [[NaN, 2, 3], [1, NaN, 3], [1, 2, NaN], [1, Infinity, 3], [Infinity, 2, 3]]) {
      const { loss } = await evaluated(await open(), { gradient: [1, 2], logits: wrong, clip: 1 });
      ok(!Number.isFinite(loss), `logits ${wrong}: loss ${loss}`);
    }
  });

  Deno.test(`${name} engine clips a norm above the limit, and neither at it nor below`, async () => {
    const step = 2 ** -23;
    for (const [length, clipped] of [[1 - step, false], [1, false], [1 + step, true]] as const) {
      const { norm, scale } = await evaluated(await open(), {
        gradient: [0, length],
        logits: [0, 0, 0],
        clip: 1,
      });
      strictEqual(norm, length);
      strictEqual(scale < 1, clipped, `norm ${norm}: scale ${scale}`);
    }
  });
}
