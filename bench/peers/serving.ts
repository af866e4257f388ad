/**
 * Compares how fast `serve` and llama.cpp answer many requests at once, with the quantised weights of a GGUF
 * file. `serve` runs as a process and is asked over HTTP; llama.cpp is the library of npm `node-llama-cpp`,
 * which decodes its sequences in batches, without HTTP. Each request has a prompt of 64 tokens of its own and
 * an answer of 32. Rounds alternate. Prints medians of requests and generated tokens per second, and the
 * median of the ratios to the faster llama.cpp.
 *
 *     deno run -A bench/peers/serving.ts --model FILE.gguf [--rounds 5] [--requests 16] [--clients 8]
 *         [--threads 2]
 *
 * No other work should run on the machine meanwhile.
 *
 * @module
 */
import { parseArgs } from "node:util";
import config from "../../deno.json" with { type: "json" };
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { llamaCppServing } from "./llama_cpp.ts";
import { median } from "./median.ts";
import type { Peer } from "./peer.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "16" },
    clients: { type: "string", default: "8" },
    threads: { type: "string", default: String(navigator.hardwareConcurrency) },
  },
});
if (values.model === undefined) throw new Error("Cannot measure without a model: give --model FILE.gguf");
const model = values.model, threads = Number(values.threads), clients = Number(values.clients);
const requests = Number(values.requests), PROMPT = 64, ANSWER = 32;

const peers: Peer[] = [];
for (const count of new Set([1, threads])) {
  peers.push(await llamaCppServing(model, { threads: count, clients, prompt: PROMPT, answer: ANSWER }));
}
const others = peers.length;
for (const task of ["pipeline", "fast"] as const) {
  for (const activations of ["f32", "i8"]) peers.push(await ours(task, activations));
}
const times = peers.map((): number[] => []);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [i, peer] of peers.entries()) times[i].push(await peer.measure(requests));
}
const [best] = times.slice(0, others).sort((a, b) => median(a) - median(b));
for (const [i, { name }] of peers.entries()) {
  const seconds = median(times[i]), ratio = median(times[i].map((time, round) => best[round] / time));
  console.log(
    `${name.padEnd(44)} ${(1 / seconds).toFixed(2)} requests/s  ${(ANSWER / seconds).toFixed(1)} tokens/s  ${
      ratio.toFixed(2)
    }×`,
  );
}
for (const peer of peers) await peer[Symbol.asyncDispose]();

/** Starts `serve` by one of the tasks. `measure` returns the seconds per request. */
async function ours(task: "pipeline" | "fast", activations: string): Promise<Peer> {
  const root = pathOfUrl(new URL("../../", import.meta.url));
  const args = config.tasks[task].command.replace(/^.*&& deno /, "").replaceAll("$ROOT/", root)
    .replaceAll('"', "").split(" ");
  const options = [
    "--port",
    "0",
    "--parallel",
    String(clients),
    "--context",
    "128",
    "--activations",
    activations,
  ];
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...args,
      "serve",
      "--checkpoint",
      model,
      "--device",
      "cpu",
      "--workers",
      String(threads),
      ...options,
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let out = "", address = "";
  for await (
    const piece of process.stdout.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })
  ) {
    out += piece;
    address = /http:\/\/[\d.:]+/.exec(out)?.[0] ?? "";
    if (out.includes("Ctrl-C")) break;
  }
  let asked = 0;
  const ask = async () => {
    const first = 1000 + 31 * asked++;
    const body = {
      prompt: Array.from({ length: PROMPT }, (_, i) => (first + i * 7) % 40_000),
      max_tokens: ANSWER,
      temperature: 0,
      logit_bias: { 0: -100, 2: -100 }, // the tokens that end a text
    };
    const response = await fetch(`${address}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { usage } = await response.json();
    if (usage.completion_tokens !== ANSWER) {
      throw new Error(`${usage.completion_tokens} tokens, wanted ${ANSWER}`);
    }
  };
  await ask();
  return {
    name: `${task === "fast" ? "serve, deno task fast" : "serve"}, activations ${activations}`,
    async measure(count) {
      const before = performance.now(), left = Array.from({ length: count }).values();
      await Promise.all(Array.from({ length: clients }, async () => {
        for (const _ of left) await ask();
      }));
      return (performance.now() - before) / 1000 / count;
    },
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}
