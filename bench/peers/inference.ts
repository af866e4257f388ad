/**
 * Compares how fast this project's CPU engine and llama.cpp read a prompt of 512 tokens and generate 64, with
 * the quantised weights of a GGUF file. Rounds alternate. The engine is measured in plain WASM and under the
 * V8 flags of `deno task fast`, with exact activations and with activations of 8 bits, which llama.cpp has.
 * Prints medians in tokens per second; the median of the ratios to the fastest llama.cpp; and for generated
 * tokens the share of the bandwidth of a memory copy that reading each weight once takes.
 *
 *     deno run -A bench/peers/inference.ts --model FILE.gguf [--rounds 7] [--threads 2] [--peers yes|no]
 *
 * No other work should run on the machine meanwhile.
 *
 * @module
 */
import { parseArgs } from "node:util";
import config from "../../deno.json" with { type: "json" };
import { openCpu } from "../../kernels/engine/cpu/cpu_engine.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { openCopy } from "../decoding.ts";
import { median } from "./median.ts";
import { llamaCpp } from "./llama_cpp.ts";
import { type Peer, startPeer } from "./peer.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: String(navigator.hardwareConcurrency) },
    peers: { type: "string", default: "yes" },
  },
});
if (values.model === undefined) throw new Error("Cannot measure without a model: give --model FILE.gguf");
const model = values.model, threads = Number(values.threads), GENERATED = 64;
const weightBytes = (await Deno.stat(model)).size;

const peers: Peer[] = [];
for (const count of values.peers === "yes" ? new Set([1, threads]) : []) {
  peers.push(await llamaCpp(model, { threads: count }));
}
const others = peers.length;
for (const flags of ["plain", "fast"] as const) {
  for (const activations of ["f32", "i8"]) peers.push(await ours(flags, activations));
}
await using copy = await openCopy(await openCpu({ threads }));

const prompts = peers.map((): number[] => []), tokens = peers.map((): number[] => []), copies: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  await copy.run();
  const before = performance.now();
  await copy.run();
  copies.push(copy.bytes / (performance.now() - before) / 1e6);
  for (const [i, peer] of peers.entries()) {
    prompts[i].push(await peer.measure(0));
    tokens[i].push(await peer.measure(GENERATED));
  }
}
console.log(`${values.rounds} rounds; a memory copy reads and writes ${median(copies).toFixed(1)} GB/s`);
const [bestPrompt, bestToken] = [prompts, tokens].map((all) => {
  const medians = all.slice(0, Math.max(1, others)).map(median);
  return all[medians.indexOf(Math.min(...medians))];
});
peers.forEach(({ name }, i) => {
  const rate = (seconds: readonly number[]) => (1 / median(seconds)).toFixed(1).padStart(7);
  const ratio = (seconds: readonly number[], best: readonly number[]) =>
    median(seconds.map((s, round) => best[round] / s)).toFixed(2).padStart(5);
  const share = 100 * median(tokens[i].map((s, round) => weightBytes / s / 1e9 / copies[round]));
  console.log(
    `${name.padEnd(44)} prompt ${rate(prompts[i])} tokens/s ${ratio(prompts[i], bestPrompt)}×  generated ${
      rate(tokens[i])
    } ${ratio(tokens[i], bestToken)}× ${share.toFixed(0).padStart(3)} % of the copy`,
  );
});
for (const peer of peers) await peer[Symbol.asyncDispose]();

function ours(how: "plain" | "fast", activations: string): Promise<Peer> {
  const [script, lock] = ["./generation.ts", "../../deno.lock"].map((path) =>
    pathOfUrl(new URL(path, import.meta.url))
  );
  const flags = how === "fast" ? /--v8-flags=\S+/.exec(config.tasks.fast.command) ?? [] : [];
  const options = ["run", "--quiet", `--lock=${lock}`, "--frozen", "--allow-read", "--allow-write"];
  return startPeer([Deno.execPath(), ...options, ...flags, script, model, activations, String(threads)], {
    ready: /./,
    nameOf: (device) => `${device}${how === "fast" ? ", fast" : ""}, ${activations}`,
    hint: "see its messages above",
  });
}
