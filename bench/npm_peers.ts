/**
 * Kernels and the training step of this project, jax-js and tfjs, on WebGPU or in WASM, in one run, taking turns; medians
 * over rounds of the speed, and of each round's ratio to this project's time. What a peer computes is compared with this
 * project's first, and waited for when it is measured. Seven rounds, or three of what is slow, unless --rounds says how many.
 *
 *     deno run -A --no-lock --node-modules-dir=none bench/npm_peers.ts [--backend webgpu|wasm] [--rounds N]
 *         [--only matmul,attention,layer-norm,cross-entropy,adamw,embedding,step] [--steps small] [--software]
 *         [--sizes 256x768x768,512x512x512] [--tune FILE]
 *
 * `--steps small,middle,124M` are sizes of training_step.ts, `--sizes` of matrix products; `--tune FILE` lets this
 * project's WebGPU try its variants of products first. On an adapter in software, too: `--software` takes SwiftShader
 * (Linux x64). tfjs is fetched when the script runs, and is no part of the project: it is large.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { openWebgpu } from "../kernels/engine/webgpu/webgpu_engine.ts";
import { tuningFile } from "../pipelines/cli/run/webgpu_tuning_cache.ts";
import { softwareAdapter } from "../tests/software_adapter.ts";
import type { Work } from "./measure.ts";
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
// Unless a number is asked for: what takes a software adapter seconds gets fewer, and all of it a few minutes.
const most = Number(values.rounds ?? 7), least = values.rounds === undefined ? 3 : most;
const BUDGET = 10_000; // milliseconds of rounds a comparison
if (!Number.isInteger(most) || most < 1) {
  throw new RangeError(`Cannot measure ${values.rounds} rounds: wanted a whole number from 1`);
}
const engine: Engine = backend === "wasm"
  ? await openCpu()
  : await openWebgpu(values.tune === undefined ? {} : { tune: { store: tuningFile(values.tune) } });
console.log(`${engine.device}, Deno ${Deno.version.deno}`);
const tf = await unlessItCannot("tfjs", () => openTfjs(backend));
for (const comparison of wanted) await compare(comparison, tf);
Deno.exit(0); // tfjs and jax-js keep their devices

/** Prints the table of one comparison. */
async function compare(comparison: Comparison, tf: Tfjs | null): Promise<void> {
  console.log(`\n${comparison.name}: ${workText(comparison.work)}`);
  const ours = await comparison.ours(engine), wanted = await ours.results(), contenders = [ours];
  const { tolerance } = comparison;
  const enter = async (who: string, open: () => Promise<Contender>): Promise<void> => {
    const peer = await unlessItCannot(who, async () => {
      const contender = await open();
      expectSame(await contender.results(), { wanted, tolerance, who: contender.name });
      return contender;
    });
    if (peer !== null) contenders.push(peer);
  };
  await enter("jax-js", () => comparison.jaxjs(backend));
  if (tf !== null) await enter("tfjs", () => comparison.tfjs(tf));

  // As many times each as take some 0.3 s: waiting for the device costs each of them 10 ms.
  const times: number[] = [];
  for (const { measure } of contenders) {
    times.push(Math.max(1, Math.min(1000, Math.round(0.3 / await measure(1)))));
  }
  const seconds = contenders.map((): number[] => []), start = performance.now();
  for (let round = 0; round < most; round++) {
    if (round >= least && performance.now() - start > BUDGET) break;
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

/** How fast that is. */
function speeds({ GFLOP = 0, MB = 0, tokens = 0 }: Work, seconds: number): string {
  return [
    GFLOP / seconds >= 0.05 ? `, ${(GFLOP / seconds).toFixed(1)} GFLOPS` : "",
    MB > 0 ? `, ${(MB / seconds / 1000).toFixed(2)} GB/s` : "",
    tokens > 0 ? `, ${(tokens / seconds).toFixed(0)} tokens/s` : "",
  ].join("");
}

/** What is made; or null where the peer cannot do it, having said why: the others go on. */
async function unlessItCannot<T>(who: string, make: () => Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const lines = message.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    console.log(`  ${who} is left out: ${lines.slice(0, 2).join(" ")}`); // shaders follow
    return null;
  }
}

function deviceOf(name: string): "wasm" | "webgpu" {
  if (name === "wasm" || name === "webgpu") return name;
  throw new RangeError(`Cannot measure on ${name}: wanted wasm or webgpu`);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
