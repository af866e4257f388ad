/**
 * A model to talk to, with its tokenizer and chat template.
 *
 * @module
 */
import { basename } from "node:path";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { chooseTemplate } from "../../../stages/chat/template/choose.ts";
import type { ChatTemplate } from "../../../stages/chat/template/template.ts";
import { fileInfo, readText } from "../../../stages/disk/files.ts";
import { isRecord, type Json } from "../../../stages/disk/json.ts";
import { folderOfModel } from "../../../stages/run/phases_file.ts";
import { withoutEndSlash } from "../../../stages/disk/paths.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { integer, path } from "../../cli/option_types.ts";
import type { Values } from "../../cli/pipeline.ts";
import { quantizedOptions } from "../options/inference_options.ts";
import { runFile, runTokenizer } from "../run_files.ts";
import { inferenceWeights } from "../starting_weights.ts";
import { ADDRESSABLE } from "../training_plan.ts";

/** Options that say which model answers, and how it is read. */
export const chatModelOptions = {
  tokenizer: path(
    "gpt2, p50k, p50k_edit, cl100k, o200k, o200k_harmony, byte or a tokenizer's folder; default: the one in the model's files",
    { value: null, placeholder: "NAME|PATH", stored: "tokenizer", group: "Model" },
  ),
  template: path(
    "chat template: model (that of the model's files), nanochat, chatml, or the file of a Jinja template; default: the model's, else the one that its special tokens fit",
    { value: null, placeholder: "NAME|FILE", stored: "files", group: "Model" },
  ),
  context: integer(
    "largest number of tokens of a conversation with its answer; default: 2048, or the model's sequence length if it is shorter",
    { value: null, min: 8, placeholder: "N", group: "Model" },
  ),
  ...quantizedOptions,
};

/** A model to talk to. */
export interface ChatModel {
  /** Name of the model: that of its run, folder or file. */
  readonly name: string;
  /** Path of its files. */
  readonly path: string;
  /** Time at which they were written, in milliseconds since 1970. */
  readonly written: number;
  readonly plan: Plan;
  readonly weights: TensorMap;
  readonly tokenizer: Tokenizer;
  /** The chat template; null if none fits. */
  readonly template: ChatTemplate | null;
  /** Why there is no template, and what to do; "" if there is one. */
  readonly noTemplate: string;
}

/** Longest default conversation in tokens: the KV cache of a longer one takes more memory than most need. */
const DEFAULT_CONTEXT = 2048;

/** Runs that leave a model to talk to. */
const RUNS = ["assistant", "rl", "dpo", "sft"] as const;

/** Returns the newest model to talk to in `runs/`. Throws Deno.errors.NotFound if there is none. */
export async function newestChatModel(): Promise<string> {
  const found: { readonly path: string; readonly time: number }[] = [];
  for (const run of RUNS) {
    const path = `runs/${run}`, latest = `${await folderOfModel(path)}/checkpoints/latest`;
    if (await exists(latest)) found.push({ path, time: await writtenAt(latest) });
  }
  const [newest] = found.sort((a, b) => b.time - a.time);
  if (newest !== undefined) return newest.path;
  throw new Deno.errors.NotFound(
    `No model to talk to: there is no run in ${
      RUNS.map((run) => `runs/${run}`).join(", ")
    }: give --checkpoint PATH, or first train one: deno task pipeline assistant`,
  );
}

/**
 * Reads a model for `texts` conversations at once, and with `scores` for log probabilities of prompts. Throws
 * the errors of `openModelFile`, and RangeError where its parts do not fit together. A model that has no chat
 * template is read as well.
 */
export async function chatModel(
  path: string,
  o: Values<typeof chatModelOptions>,
  { texts, scores = false }: { readonly texts: number; readonly scores?: boolean },
): Promise<ChatModel> {
  const { config, weights, quantized } = await inferenceWeights(path, o);
  const own = o.tokenizer ?? await runTokenizer(path);
  if (own === null) {
    throw new RangeError(`Cannot find the tokenizer of ${path}: give --tokenizer NAME|PATH`);
  }
  const tokenizer = await loadTokenizer(own);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new RangeError(
      `Cannot use tokenizer ${own} for ${path}: it has ${tokenizer.vocabSize} tokens, the model ${config.vocabSize}: ` +
        "give --tokenizer NAME|PATH, the one that the model was trained with",
    );
  }
  const longest = config.seqLen, context = o.context ?? Math.min(longest, DEFAULT_CONTEXT);
  if (context > longest) {
    throw new RangeError(
      `Cannot use --context ${context}: the sequence length of ${path} is ${longest}: give at most ${longest}`,
    );
  }
  return {
    name: nameOf(path),
    path,
    written: await writtenAt(path),
    plan: plan({ model: modelOf(config), sampling: { texts, seqLen: context, scores }, quantized }),
    weights,
    tokenizer,
    ...await templateOf(tokenizer, o.template ?? await trainedTemplate(path)),
  };
}

/** Returns the template that a run of post-training was given; null if its folder names none. */
async function trainedTemplate(path: string): Promise<string | null> {
  const file = await runFile(path, "config.json");
  if (file === null) return null;
  const record: Json = JSON.parse(await readText(file));
  const options = isRecord(record) ? record.options : undefined;
  return isRecord(options) && typeof options.template === "string" ? options.template : null;
}

async function templateOf(
  tokenizer: Tokenizer,
  name: string | null,
): Promise<Pick<ChatModel, "template" | "noTemplate">> {
  try {
    return { template: await chooseTemplate(tokenizer, { name, read: readText }), noTemplate: "" };
  } catch (error) {
    if (name !== null || !(error instanceof RangeError)) throw error;
    return {
      template: null,
      noTemplate:
        "This model has no chat template: use /v1/completions, or start the server with --template nanochat, chatml or the file of a Jinja template",
    };
  }
}

/** Returns the last part of a model's path that names it: "sft" of runs/sft/checkpoints/step-000100. */
function nameOf(path: string): string {
  const folder = withoutEndSlash(path).replace(/\/checkpoints(\/[^/]+)?$/, "");
  return basename(folder).replace(/\.(gguf|bin|pt)$/i, "") || "model";
}

async function writtenAt(path: string): Promise<number> {
  return (await fileInfo(path)).mtime?.getTime() ?? 0;
}

/** Throws RangeError if a plan for inference needs more memory than the CPU engine can address. */
export function checkInferenceMemory({ memory }: Plan, { name }: Pick<Engine, "name">): void {
  const bytes = Object.values(memory).reduce((sum, n) => sum + n, 0);
  if (name !== "cpu" || bytes <= ADDRESSABLE) return;
  const mb = (n: number) => `${Math.ceil(n / 1e6)} MB`;
  throw new RangeError(
    `Cannot run this model on the CPU engine: it takes ${mb(bytes)}, of which ${
      mb(memory.cache)
    } are the KV cache, and ${
      mb(ADDRESSABLE)
    } can be addressed: use a smaller --context or fewer conversations at once, or a GPU with --device webgpu`,
  );
}
