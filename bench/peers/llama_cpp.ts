/**
 * llama.cpp, by npm `node-llama-cpp`, as a peer that runs a GGUF model (see generation.ts). About 700 MB are
 * fetched from the registry at the first use; nothing of the project imports the package.
 *
 * @module
 */
import { type Peer, startPeer } from "./peer.ts";

/** Fetched by the script alone, so it is in neither .imports.json nor deno.lock. */
const PACKAGE = "npm:node-llama-cpp@3.21.1";

const SCRIPT = `
import { getLlama, LlamaLogLevel } from "${PACKAGE}";
import { createInterface } from "node:readline";
const [path, threads] = Deno.args;
const quiet = { logLevel: LlamaLogLevel.error, progressLogs: false };
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: Number(threads), ...quiet });
const model = await llama.loadModel({ modelPath: path, useMmap: false });
const context = await model.createContext({ contextSize: 1024, threads: Number(threads), batchSize: 512 });
const sequence = context.getSequence();
const prompt = Array.from({ length: 512 }, (_, i) => 1000 + i * 7);
// Seconds until the first token, and seconds of each token after it.
async function run(ids, count) {
  await sequence.clearHistory();
  const before = performance.now();
  let first = 0, n = 0;
  for await (const _ of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (n === 0) first = performance.now();
    if (n++ === count) break;
  }
  return { prompt: (first - before) / 1000 / ids.length, token: (performance.now() - first) / 1000 / count };
}
await run(prompt, 1);
console.log("ready llama.cpp " + llama.llamaCppRelease.release);
for await (const line of createInterface({ input: process.stdin })) {
  const count = Number(line);
  console.log(count === 0 ? (await run(prompt, 0)).prompt : (await run(prompt.slice(0, 32), count)).token);
}
Deno.exit(0);
`;

const SERVING = `
import { getLlama, LlamaLogLevel } from "${PACKAGE}";
import { createInterface } from "node:readline";
const [path, threads, clients, promptLength, answerLength] = Deno.args.map((arg, i) => i === 0 ? arg : Number(arg));
const quiet = { logLevel: LlamaLogLevel.error, progressLogs: false };
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: threads, ...quiet });
const model = await llama.loadModel({ modelPath: path, useMmap: false });
const context = await model.createContext({ contextSize: 128, sequences: clients, threads, batchSize: 512 });
const sequences = Array.from({ length: clients }, () => context.getSequence());
let asked = 0;
async function ask(sequence) {
  const first = 1000 + 31 * asked++;
  await sequence.clearHistory();
  let n = 0;
  const ids = Array.from({ length: promptLength }, (_, i) => (first + i * 7) % 40000);
  for await (const _ of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (++n === answerLength) break;
  }
}
await ask(sequences[0]);
console.log("ready llama.cpp " + llama.llamaCppRelease.release);
for await (const line of createInterface({ input: process.stdin })) {
  const count = Number(line), before = performance.now(), left = Array.from({ length: count }).values();
  await Promise.all(sequences.map(async (sequence) => {
    for (const _ of left) await ask(sequence);
  }));
  console.log((performance.now() - before) / 1000 / count);
}
Deno.exit(0);
`;

/** Starts llama.cpp with a model. */
export function llamaCpp(path: string, { threads }: { readonly threads: number }): Promise<Peer> {
  return startScript(SCRIPT, { args: [path, String(threads)], threads });
}

/**
 * Starts llama.cpp with a sequence for each of several clients. `measure` answers so many requests, as many
 * at once as there are clients, and returns the seconds per request.
 */
export function llamaCppServing(
  path: string,
  { threads, clients, prompt, answer }: {
    readonly threads: number;
    readonly clients: number;
    /** Number of tokens of a prompt. */
    readonly prompt: number;
    /** Number of tokens of an answer. */
    readonly answer: number;
  },
): Promise<Peer> {
  return startScript(SERVING, { args: [path, ...[threads, clients, prompt, answer].map(String)], threads });
}

async function startScript(
  source: string,
  { args, threads }: { readonly args: readonly string[]; readonly threads: number },
): Promise<Peer> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(script, source);
    const command = [Deno.execPath(), "run", "--quiet", "--no-config", "--no-lock", "--allow-all", script];
    return await startPeer([...command, ...args], {
      ready: /^ready /,
      nameOf: (line) => `${line.slice(6)}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
      hint: "it needs the npm registry and about 700 MB at the first use",
    });
  } finally {
    await Deno.remove(script); // the process has read it
  }
}
