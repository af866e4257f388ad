/**
 * Runs llama.cpp, by npm `node-llama-cpp`, in a process of its own: about 700 MB are fetched from the
 * registry at the first use. Nothing of the project imports the package.
 *
 * @module
 */
import { withFolder } from "../../../../temporary.ts";

/** What llama.cpp does with a file. */
export interface LlamaCppJob {
  readonly path: string;
  /** Texts to encode, with special tokens as text and as tokens. */
  readonly texts: readonly string[];
  /** Tokens to continue. */
  readonly ids: readonly number[];
  /** Number of tokens to generate. */
  readonly count: number;
}

/** What llama.cpp answers. */
export interface LlamaCppAnswer {
  /** Ids of each text, special tokens as text. */
  readonly plain: readonly (readonly number[])[];
  /** Ids of each text, special tokens as tokens. */
  readonly special: readonly (readonly number[])[];
  /** The most likely continuation. */
  readonly greedy: readonly number[];
  readonly bos: number | null;
  readonly eos: number | null;
  readonly addsBos: boolean;
  readonly template: string | null;
}

/** Fetched by the script alone, so it is in neither .imports.json nor deno.lock. */
const PACKAGE = "npm:node-llama-cpp@3.21.1";

const SCRIPT = `
import { getLlama, LlamaLogLevel } from "${PACKAGE}";
const jobs = JSON.parse(await Deno.readTextFile(Deno.args[0]));
const quiet = { logLevel: LlamaLogLevel.error, progressLogs: false };
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, ...quiet });
for (const { path, texts, ids, count } of jobs) {
  const model = await llama.loadModel({ modelPath: path, useMmap: false });
  // Keys and values of 32 bits, as in the project.
  const types = { experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" };
  const context = await model.createContext({ contextSize: ids.length + count + 8, threads: 1, ...types });
  const greedy = [];
  for await (const token of context.getSequence().evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (greedy.push(token) === count) break;
  }
  console.log(JSON.stringify({
    plain: texts.map((text) => model.tokenize(text, false)),
    special: texts.map((text) => model.tokenize(text, true)),
    greedy,
    bos: model.tokens.bos,
    eos: model.tokens.eos,
    addsBos: model.tokens.shouldPrependBosToken,
    template: model.fileInfo.metadata.tokenizer?.chat_template ?? null,
  }));
  await context.dispose();
  await model.dispose();
}
Deno.exit(0);
`;

/** Returns the answers to jobs. Throws if the package cannot be fetched or a file is refused. */
export async function runLlamaCpp(jobs: readonly LlamaCppJob[]): Promise<readonly LlamaCppAnswer[]> {
  let answers: LlamaCppAnswer[] = [];
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/script.ts`, SCRIPT);
    await Deno.writeTextFile(`${dir}/jobs.json`, JSON.stringify(jobs));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-config", "--no-lock", "--allow-all", "script.ts", "jobs.json"],
      cwd: dir,
      env: { NO_COLOR: "1" },
      stdin: "null",
      signal: AbortSignal.timeout(600_000), // a slow network, and 700 MB
    }).output();
    const text = new TextDecoder(),
      lines = text.decode(stdout).split("\n").filter((line) => line.startsWith("{"));
    if (code !== 0 || lines.length !== jobs.length) {
      throw new Error(`llama.cpp ended with ${code} after ${lines.length} files: ${text.decode(stderr)}`);
    }
    answers = lines.map((line) => JSON.parse(line));
  });
  return answers;
}
