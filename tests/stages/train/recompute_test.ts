/**
 * Tests recomputation: it saves as much memory as formulas say, and changes nothing else.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { normals, uniformAt } from "../../../kernels/random/philox.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights, type Recompute } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";
import { engines } from "./engines.ts";

const modes: readonly Recompute[] = ["none", "gelu", "block"];

interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly C: number;
  readonly L: number;
  readonly H: number;
}

function planOf({ B, T, C, L, H }: Sizes, recompute: Recompute): Plan {
  return plan({
    model: gpt({ layers: L, heads: H, channels: C, seqLen: T, vocabSize: 16, vocabPad: 16 }),
    training: { optimizer: adamw(), shape: [1, B, T], clip: 1, recompute },
  });
}

/**
 * Returns the bytes of activations at the peak, which is in the backward pass of the last block, when the
 * gradient of GELU's output exists. Floats kept per token:
 *
 * - for a block: its input C; outputs of both norms 2C, their means and deviations 4; queries, keys and
 *   values 3C; output of attention C and a row sum for each head H; the residual stream between the two
 *   halves C; input and output of GELU 8C
 * - in `gelu` mode, all blocks but the last do not keep the output of GELU; in `block` mode, they keep only
 *   their input
 * - the gradient of the block's output C, and that of GELU's output 4C
 */
function formula({ B, T, C, L, H }: Sizes, recompute: Recompute): number {
  const whole = 16 * C + H + 4;
  const kept = { none: whole, gelu: whole - 4 * C, block: C }[recompute];
  return 4 * B * T * ((L - 1) * kept + whole + 5 * C);
}

const several: readonly Sizes[] = [
  { B: 4, T: 256, C: 64, L: 4, H: 4 },
  { B: 1, T: 1024, C: 48, L: 7, H: 2 },
  { B: 8, T: 512, C: 96, L: 12, H: 12 },
];
for (const recompute of modes) {
  Deno.test(`plan() with recompute ${recompute} needs the bytes of activations that a formula in B, T, C, L and H gives`, () => {
    for (const sizes of several) {
      const { memory: { activation }, programs: [micro] } = planOf(sizes, recompute);
      const wanted = formula(sizes, recompute);
      strictEqual(activation, micro.arenaBytes);
      // Besides the formula's bytes, the peak includes the gradient of one weight [4C, C] and a few numbers
      // per token for its loss. Placement wastes no bytes.
      const slack = 4 * (4 * sizes.C ** 2 + 4 * sizes.B * sizes.T) + 64 * 256;
      const said = `${activation} bytes for ${JSON.stringify(sizes)}, formula ${wanted}`;
      ok(activation >= wanted && activation <= wanted + slack, said);
    }
  });
}

/** Returns, for each mode, the loss and gradients of two micro-batches. */
async function results(
  engine: Engine,
  { T, C, H }: Pick<Sizes, "T" | "C" | "H">,
): Promise<Readonly<Record<Recompute, TensorMap>>> {
  const shape = [2, 2, T] as const;
  const model = gpt({ layers: 2, heads: H, channels: C, seqLen: T, vocabSize: 61, vocabPad: 64 });
  const programs = modes.map((recompute) => ({
    ...plan({ model, training: { optimizer: adamw(), shape, clip: 1, recompute } }).programs[0],
    name: recompute, // distinct names, so that one session can hold all three
  }));
  // Weights are larger than initial weights and biases are not 0, so that GELU and the norms are far from
  // linear.
  const weights = Object.entries(initialWeights(model, 3)).map(([name, { shape, data }]) =>
    [name, { shape, data: normals(4, name, data.length).map((x, i) => data[i] * 4 + x * 0.1) }] as const
  );
  await using session = await engine.open(programs, Object.fromEntries(weights));
  const tokens = (name: string) => Uint32Array.from({ length: 4 * T }, (_, i) => uniformAt(5, name, i) * 61);
  session.write({
    inputs: { shape, data: tokens("inputs") },
    targets: { shape, data: tokens("targets") },
    lossWeight: { shape: [1], data: Float32Array.of(1 / (4 * T)) },
  });
  const zeros = Object.fromEntries([
    ["loss/sum", { shape: [1], data: new Float32Array(1) }] as const,
    ...weights.map(([name, { shape, data }]) =>
      [`${name}/grad`, { shape, data: new Float32Array(data.length) }] as const
    ),
  ]);
  const resultsOf = async (mode: Recompute) => {
    session.write(zeros);
    await session.run([mode, mode]);
    return await session.read(Object.keys(zeros));
  };
  return { none: await resultsOf("none"), gelu: await resultsOf("gelu"), block: await resultsOf("block") };
}

for (const [name, open] of Object.entries(engines)) {
  // WebGPU does not promise equal bits for equal kernels in different programs; the CPU engine does.
  const tolerance = name === "webgpu" ? 1e-5 : 0;
  // Sizes that are not multiples of vector or tile sizes; small on WebGPU, because it may run in software.
  const sizes = name === "webgpu" ? { T: 8, C: 16, H: 2 } : { T: 19, C: 39, H: 3 };
  Deno.test(`recompute gelu and block change no loss and no gradient on ${name}`, async () => {
    const { none, ...others } = await results(await open(), sizes);
    for (const [mode, actual] of Object.entries(others)) {
      for (const [what, { data }] of Object.entries(none)) {
        ok(what !== "wpe.weight/grad" || data.every((x) => x !== 0), "gradients reach the first layer");
        const worst = Math.max(...Array.from(data, (x, i) => Math.abs(x - actual[what].data[i])));
        ok(worst <= tolerance, `${mode}: ${what} differs by ${worst}`);
      }
    }
  });
}
