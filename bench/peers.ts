/**
 * Compares the speed of training steps of this project's CPU engine, PyTorch and llm.c, which run in
 * alternating rounds. The engine is measured in plain WASM, with a BLAS if there is one, and under the V8
 * flags of `deno task fast`. PyTorch is measured in float32, eager and compiled (`torch.compile`), with one
 * thread and with all. Prints medians over the rounds: tokens per second, beside those of the fastest round
 * (on a shared machine, what it does undisturbed); the ratio to the fastest of these four; and the percentage
 * of the peak speed of the WASM matrix kernel on this machine. That peak is measured with 128-bit vectors. A
 * BLAS, and WASM under these flags, use wider vectors and can exceed 100 %.
 *
 *     deno run -A bench/peers.ts [--rounds 7] [--threads 2] [--sizes small,middle,llama-10M,124M]
 *         [--python python3] [--llmc DIR]
 *
 * To install PyTorch: `pip install torch`; --python names the Python that has it, and --python none leaves it
 * out. Compiling needs a C++ compiler such as g++. For llm.c: `git clone https://github.com/karpathy/llm.c`,
 * where DIR is that folder; nothing has to be built, but gcc must be installed. No other work should run on
 * the machine meanwhile.
 *
 * @module
 */
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { findBlas } from "../kernels/engine/cpu/blas.ts";
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import { isLlama } from "../kernels/models/model_config.ts";
import { modelOf } from "../kernels/models/model_of.ts";
import { median } from "./peers/median.ts";
import { llmc } from "./peers/llmc.ts";
import { type Peer, startPeer } from "./peers/peer.ts";
import { openTrainingStep, type StepSize, stepSizes } from "./training_step.ts";
import { openPeak } from "./wasm_peak.ts";
import { pathOfUrl } from "../stages/disk/paths.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: String(navigator.hardwareConcurrency) },
    sizes: { type: "string", default: stepSizes.map(({ name }) => name).join() },
    python: { type: "string", default: "python3" },
    llmc: { type: "string" },
  },
});
const threads = Number(values.threads), wanted = values.sizes.split(",");
const blas = await findBlas("auto");

using peak = await openPeak(threads);

for (const size of stepSizes.filter(({ name }) => wanted.includes(name))) {
  await compare(size);
}

/** Prints the table of one size. */
async function compare(size: StepSize): Promise<void> {
  // Neither more threads nor compiling always make PyTorch faster, so each is measured with and without.
  const peers: Peer[] = [];
  for (const count of values.python === "none" ? [] : new Set([1, threads])) {
    for (const mode of ["eager", "compiled"] as const) peers.push(await pytorch(size, { count, mode }));
  }
  const torches = peers.length;
  const { peer, flops } = await ours(size, "off");
  peers.push(peer, await fast(size));
  if (blas !== null) peers.push((await ours(size, blas.path)).peer);
  if (values.llmc !== undefined && !isLlama(size)) {
    peers.push(await llmc(size, { folder: values.llmc, threads }));
  }
  const tokens = size.batch * size.seqLen, seconds = peers.map((): number[] => []), peaks: number[] = [];
  const steps = peers.map(() => 1);
  for (const [i, peer] of peers.entries()) steps[i] = Math.max(1, Math.round(1 / await peer.measure(1)));
  for (let round = 0; round < Number(values.rounds); round++) {
    peaks.push(await peak.measure());
    for (const [i, peer] of peers.entries()) seconds[i].push(await peer.measure(steps[i]));
  }
  // Without PyTorch, ratios are relative to this project's WASM kernels.
  const medians = seconds.slice(0, Math.max(1, torches)).map(median);
  const best = seconds[medians.indexOf(Math.min(...medians))];
  console.log(
    `\n${size.name}: ${tokens} tokens and ${(flops / 1e9).toFixed(2)} GFLOP per step, ${threads} threads, \
${values.rounds} rounds; peak of WASM ${(median(peaks) / 1e9).toFixed(1)} GFLOPS`,
  );
  peers.forEach(({ name }, i) => {
    const speed = tokens / median(seconds[i]), most = tokens / Math.min(...seconds[i]);
    const ratio = median(seconds[i].map((s, round) => best[round] / s));
    const ofPeak = median(seconds[i].map((s, round) => flops / s / peaks[round]));
    console.log(
      `${name.padEnd(48)} ${speed.toFixed(0).padStart(7)} tokens/s (at most ${most.toFixed(0).padStart(6)}) ${
        ratio.toFixed(2).padStart(6)
      }× ${(100 * ofPeak).toFixed(0).padStart(4)} % of the peak`,
    );
  });
  for (const peer of peers) await peer[Symbol.asyncDispose]();
}

async function ours(size: StepSize, which: string): Promise<{ readonly peer: Peer; readonly flops: number }> {
  const engine = await openCpu({ threads, blas: which });
  const training = await openTrainingStep(engine, size);
  await training.step();
  const peer = {
    name: engine.device,
    measure: (steps: number) => timed(steps, () => training.step()),
    [Symbol.asyncDispose]: () => training[Symbol.asyncDispose](),
  };
  return { peer, flops: training.flops };
}

/** Returns the CPU engine under the V8 flags of `deno task fast`. */
function fast(size: StepSize): Promise<Peer> {
  const [script, lock] = ["./peers/steps.ts", "../deno.lock"].map((path) =>
    pathOfUrl(new URL(path, import.meta.url))
  );
  const flags = /--v8-flags=\S+/.exec(config.tasks.fast.command)?.[0] ?? "";
  const command = [
    Deno.execPath(),
    "run",
    "--quiet",
    `--lock=${lock}`,
    "--frozen",
    "--allow-read",
    flags,
    script,
  ];
  return startPeer([...command, JSON.stringify(size), String(threads)], {
    ready: /./,
    nameOf: (device) => device,
    hint: "see its messages above",
  });
}

function pytorch(
  size: StepSize,
  { count, mode }: { readonly count: number; readonly mode: "eager" | "compiled" },
): Promise<Peer> {
  const script = pathOfUrl(new URL("./peers/torch_steps.py", import.meta.url));
  const { paddedVocabSize } = modelOf(size), sizes = JSON.stringify({ ...size, paddedVocabSize });
  return startPeer([values.python, script, sizes, String(count), mode], {
    ready: /./,
    nameOf: (version) => `PyTorch ${version}, ${mode}, ${count} ${count === 1 ? "thread" : "threads"}`,
    hint: "pip install torch, and name that Python by --python; compiling needs a C++ compiler",
  });
}

async function timed(steps: number, step: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  for (let i = 0; i < steps; i++) await step();
  return (performance.now() - before) / 1000 / steps;
}
