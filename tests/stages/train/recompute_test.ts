/**
 * Recomputation: what it saves, by formulas, and that it changes nothing else.
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
 * Bytes of activations where the memory is fullest: in the backward pass of the last block, when the gradient
 * of what GELU gave has been made. A token keeps, in floats:
 * - of a block its input C; both norms' results 2C, means and deviations 4; queries, keys and values 3C;
 *   attention's result C and a row's sum for each head H; the residual stream between the halves C; before
 *   and after GELU 8C
 * - in `gelu` mode, of all blocks but the last, nothing after GELU; in `block` mode, of all but the last, the
 *   input alone
 * - the gradient of the block's result C and the one of GELU's result 4C.
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
  Deno.test(`plan() with recompute ${recompute} takes the activations that a formula in B, T, C, L and H says`, () => {
    for (const sizes of several) {
      const { memory: { activation }, programs: [micro] } = planOf(sizes, recompute);
      const wanted = formula(sizes, recompute);
      strictEqual(activation, micro.arenaBytes);
      // Beside them the gradient of one weight [4C, C], and numbers for the loss of each token. No slack for
      // placement.
      const slack = 4 * (4 * sizes.C ** 2 + 4 * sizes.B * sizes.T) + 64 * 256;
      const said = `${activation} bytes for ${JSON.stringify(sizes)}, formula ${wanted}`;
      ok(activation >= wanted && activation <= wanted + slack, said);
    }
  });
}

/** Loss and gradients of two micro-batches in each mode. */
async function results(
  engine: Engine,
  { T, C, H }: Pick<Sizes, "T" | "C" | "H">,
): Promise<Readonly<Record<Recompute, TensorMap>>> {
  const shape = [2, 2, T] as const;
  const model = gpt({ layers: 2, heads: H, channels: C, seqLen: T, vocabSize: 61, vocabPad: 64 });
  const programs = modes.map((recompute) => ({
    ...plan({ model, training: { optimizer: adamw(), shape, clip: 1, recompute } }).programs[0],
    name: recompute, // all in one session: what they share is compiled once
  }));
  // Larger than initial ones, and biases that are not 0: GELU is then curved, and norms matter.
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
  // On a GPU a kernel of the same text is promised to be near, not equal; on the CPU bits are.
  const tolerance = name === "webgpu" ? 1e-5 : 0;
  // T and channels that fill no vector and no tile; on WebGPU few to compile in software.
  const sizes = name === "webgpu" ? { T: 8, C: 16, H: 2 } : { T: 19, C: 39, H: 3 };
  Deno.test(`recompute gelu and block change no loss and no gradient on ${name}`, async () => {
    const { none, ...others } = await results(await open(), sizes);
    for (const [mode, actual] of Object.entries(others)) {
      for (const [what, { data }] of Object.entries(none)) {
        ok(what !== "wpe.weight/grad" || data.every((x) => x !== 0), "gradients reach the bottom");
        const worst = Math.max(...Array.from(data, (x, i) => Math.abs(x - actual[what].data[i])));
        ok(worst <= tolerance, `${mode}: ${what} differs by ${worst}`);
      }
    }
  });
}
