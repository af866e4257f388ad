/**
 * Compares kernels and training steps of this project with those of jax-js and tfjs. They run in alternating
 * rounds, on WebGPU or in WASM. Prints medians over the rounds: the speed, and the ratio to this project's
 * time in the same round. The results of jax-js and tfjs are first compared with this project's. Every
 * measurement includes waiting for the results. There are seven rounds, or three for slow comparisons, unless
 * --rounds sets the number.
 *
 *     deno run -A --no-lock --node-modules-dir=none bench/npm_peers.ts
 *         [--backend webgpu|wasm] [--rounds N]
 *         [--only matmul,attention,layer-norm,cross-entropy,adamw,embedding,step]
 *         [--steps small] [--software]
 *         [--sizes 256x768x768,512x512x512] [--tune FILE]
 *
 * `--steps small,middle,124M` selects model sizes from training_step.ts, and `--sizes` sets the sizes of
 * matrix products. `--tune FILE` chooses this project's WebGPU kernels for matrix products by timing them,
 * and stores the choices in FILE. `--software` runs on SwiftShader (Linux x64). tfjs is fetched when the
 * script runs; it is too large to be a dependency of the project.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { openWebgpu } from "../kernels/engine/webgpu/webgpu_engine.ts";
import { tuningFile } from "../pipelines/cli/run/tuning_file.ts";
import { softwareAdapter } from "../tests/software_adapter.ts";
import type { Work } from "./measure.ts";
import { median } from "./peers/median.ts";
import { comparisons } from "./peers/comparisons.ts";
import { type Comparison, type Contender, expectSame, workText } from "./peers/comparison.ts";
import { openTfjs, type Tfjs } from "./peers/tfjs.ts";

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "webgpu" },
    rounds: { type: "string" },
    only: { type: "string", default: "matmul,attention,layer-norm,cross-entropy,adamw,embedding,step" },
    steps: { type: "string", default: "small" },
    sizes: { type: "string", default: "256x768x768,512x512x512" },
    tune: { type: "string" },
    software: { type: "boolean", default: false },
  },
});

if (values.software) {
  const args = Deno.args.filter((arg) => arg !== "--software");
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--node-modules-dir=none", import.meta.filename!, ...args],
    env: await softwareAdapter(),
  }).spawn().status;
  Deno.exit(code);
}

const wanted = comparisons({
  only: values.only.split(","),
  sizes: values.sizes.split(",").map((size) => size.split("x").map(Number)),
  steps: values.steps.split(","),
});
const backend = deviceOf(values.backend);
// Without --rounds, a slow comparison (for example on a software adapter) gets fewer rounds, so that the
// whole run takes only minutes.
const maxRounds = Number(values.rounds ?? 7), minRounds = values.rounds === undefined ? 3 : maxRounds;
const BUDGET = 10_000; // milliseconds per comparison, after which no more rounds are started
if (!Number.isInteger(maxRounds) || maxRounds < 1) {
  throw new RangeError(`Cannot measure ${values.rounds} rounds: wanted a whole number of at least 1`);
}
const engine: Engine = backend === "wasm"
  ? await openCpu()
  : await openWebgpu(values.tune === undefined ? {} : { tune: { store: tuningFile(values.tune) } });
console.log(`${engine.device}, Deno ${Deno.version.deno}`);
const tf = await orNull("tfjs", () => openTfjs(backend));
for (const comparison of wanted) await compare(comparison, tf);
Deno.exit(0); // tfjs and jax-js never release their devices, so the process would not end by itself

/** Prints the table of one comparison. */
async function compare(comparison: Comparison, tf: Tfjs | null): Promise<void> {
  console.log(`\n${comparison.name}: ${workText(comparison.work)}`);
  const ours = await comparison.ours(engine), wanted = await ours.results(), contenders = [ours];
  const { tolerance } = comparison;
  const addContender = async (who: string, open: () => Promise<Contender>): Promise<void> => {
    const peer = await orNull(who, async () => {
      const contender = await open();
      expectSame(await contender.results(), { wanted, tolerance, who: contender.name });
      return contender;
    });
    if (peer !== null) contenders.push(peer);
  };
  await addContender("jax-js", () => comparison.jaxjs(backend));
  if (tf !== null) await addContender("tfjs", () => comparison.tfjs(tf));

  // A measurement repeats the work for about 0.3 s, because waiting for the device once costs 10 ms.
  const times: number[] = [];
  for (const { measure } of contenders) {
    times.push(Math.max(1, Math.min(1000, Math.round(0.3 / await measure(1)))));
  }
  const seconds = contenders.map((): number[] => []), start = performance.now();
  for (let round = 0; round < maxRounds; round++) {
    if (round >= minRounds && performance.now() - start > BUDGET) break;
    for (const [i, { measure }] of contenders.entries()) seconds[i].push(await measure(times[i]));
  }
  console.log(`  medians of ${seconds[0].length} rounds`);
  contenders.forEach(({ name }, i) => {
    const ratio = median(seconds[i].map((s, round) => s / seconds[0][round]));
    console.log(
      `  ${name.padEnd(64)} ${(1000 * median(seconds[i])).toFixed(2).padStart(9)} ms${
        speeds(comparison.work, median(seconds[i]))
      }${i === 0 ? "" : `; this project is ${ratio.toFixed(2)}× as fast`}`,
    );
  });
  for (const contender of contenders) await contender[Symbol.asyncDispose]();
}

/** Returns the rates of the work, such as ", 12.3 GFLOPS, 4.56 GB/s". */
function speeds({ GFLOP = 0, MB = 0, tokens = 0 }: Work, seconds: number): string {
  return [
    GFLOP / seconds >= 0.05 ? `, ${(GFLOP / seconds).toFixed(1)} GFLOPS` : "",
    MB > 0 ? `, ${(MB / seconds / 1000).toFixed(2)} GB/s` : "",
    tokens > 0 ? `, ${(tokens / seconds).toFixed(0)} tokens/s` : "",
  ].join("");
}

/**
 * Returns the result of `make`. If it throws, prints the reason and returns null, so that the other peers are
 * still measured.
 */
async function orNull<T>(who: string, make: () => Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const lines = message.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    console.log(`  ${who} is left out: ${lines.slice(0, 2).join(" ")}`); // a whole shader may follow
    return null;
  }
}

function deviceOf(name: string): "wasm" | "webgpu" {
  if (name === "wasm" || name === "webgpu") return name;
  throw new RangeError(`Cannot measure on ${name}: wanted wasm or webgpu`);
}
