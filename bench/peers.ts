/**
 * Training steps of this project's CPU engine and of peers that are not on npm, alternating in one run; medians of
 * tokens a second over rounds, and of each round's ratio to PyTorch with one thread or all, whichever is faster.
 *
 *     deno run -A bench/peers.ts [--rounds 7] [--threads 2] [--sizes small,middle,124M] [--python python3] [--llmc DIR]
 *
 * PyTorch: `apt-get install python3-torch` (then --python /usr/bin/python3), or `pip install torch`. llm.c, at 124M: clone
 * github.com/karpathy/llm.c, make train_gpt2, and get its starter pack as its README says; DIR is that folder. The
 * machine should do nothing else meanwhile.
 *
 * @module
 */
import { TextLineStream } from "../stages/flow/std.ts";
import { parseArgs } from "node:util";
import { findBlas } from "../kernels/engine/blas.ts";
import { openCpu } from "../kernels/engine/cpu.ts";
import { gpt } from "../kernels/models/gpt.ts";
import { openTrainingStep, type StepSize, stepSizes } from "./training_step.ts";

/** Somebody who trains: seconds a step. */
interface Peer extends AsyncDisposable {
  readonly name: string;
  measure(steps: number): Promise<number>;
}

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

for (const size of stepSizes.filter(({ name }) => wanted.includes(name))) {
  await compare(size);
}

/** Prints the table of one size. */
async function compare(size: StepSize): Promise<void> {
  // Its threads do not always help PyTorch: the better of the two is what ratios are to.
  const torches = threads === 1 ? [1] : [1, threads];
  const peers: Peer[] = [];
  for (const count of torches) peers.push(await pytorch(size, count));
  peers.push(await ours(size, "off"));
  if (blas !== null) peers.push(await ours(size, blas.path));
  if (values.llmc !== undefined && size.name === "124M") peers.push(llmc(values.llmc));
  const tokens = size.batch * size.seqLen, seconds = peers.map((): number[] => []);
  const steps = peers.map(() => 1);
  for (const [i, peer] of peers.entries()) steps[i] = Math.max(1, Math.round(1 / await peer.measure(1)));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, peer] of peers.entries()) seconds[i].push(await peer.measure(steps[i]));
  }
  const medians = seconds.slice(0, torches.length).map(median);
  const best = seconds[medians.indexOf(Math.min(...medians))];
  console.log(`\n${size.name}: ${tokens} tokens a step, ${threads} threads, ${values.rounds} rounds`);
  peers.forEach(({ name }, i) => {
    const speed = tokens / median(seconds[i]);
    const ratio = median(seconds[i].map((s, round) => best[round] / s));
    console.log(
      `${name.padEnd(48)} ${speed.toFixed(0).padStart(7)} tokens/s ${ratio.toFixed(2).padStart(6)}×`,
    );
  });
  for (const peer of peers) await peer[Symbol.asyncDispose]();
}

async function ours(size: StepSize, which: string): Promise<Peer> {
  const engine = await openCpu({ threads, blas: which });
  const training = await openTrainingStep(engine, size);
  await training.step();
  return {
    name: engine.device,
    measure: (steps) => timed(steps, () => training.step()),
    [Symbol.asyncDispose]: () => training[Symbol.asyncDispose](),
  };
}

async function pytorch(size: StepSize, count: number): Promise<Peer> {
  const script = decodeURIComponent(new URL("peers/torch_steps.py", import.meta.url).pathname);
  const { paddedVocabSize } = gpt(size);
  const child = new Deno.Command(values.python, {
    args: [script, JSON.stringify({ ...size, paddedVocabSize }), String(count)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .getReader();
  const writer = child.stdin.getWriter();
  const next = async () => {
    const { value } = await lines.read();
    if (value === undefined) {
      throw new Error(
        `Cannot measure PyTorch: ${values.python} ended: install it: apt-get install python3-torch`,
      );
    }
    return value;
  };
  return {
    name: `PyTorch ${await next()}, ${count} ${count === 1 ? "thread" : "threads"}`,
    async measure(steps) {
      await writer.write(new TextEncoder().encode(`${steps}\n`));
      return Number(await next());
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await child.status;
    },
  };
}

/** A run of its program at B 4, T 64; it says how long each step took. */
function llmc(folder: string): Peer {
  return {
    name: "llm.c, C with OpenMP",
    async measure(steps) {
      const child = new Deno.Command("./train_gpt2", {
        cwd: folder,
        env: { OMP_NUM_THREADS: String(threads) },
        stdout: "piped",
      }).spawn();
      const times: number[] = [];
      for await (
        const line of child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
      ) {
        const took = /took ([\d.]+) ms/.exec(line)?.[1];
        if (took !== undefined) times.push(Number(took) / 1000);
        if (times.length > steps) {
          child.kill();
          break;
        }
      }
      await child.status;
      return median(times.slice(1)); // the first touches its memory
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function timed(steps: number, step: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  for (let i = 0; i < steps; i++) await step();
  return (performance.now() - before) / 1000 / steps;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
