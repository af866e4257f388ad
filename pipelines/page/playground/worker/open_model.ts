/**
 * Opens a trained model from files that a person gave: a checkpoint of a run, or a Hugging Face folder.
 *
 * @module
 */
import type { TensorMap } from "../../../../kernels/core/tensor.ts";
import { modelOf } from "../../../../kernels/models/model_of.ts";
import type { ModelConfig } from "../../../../kernels/models/model_config.ts";
import { isRecord } from "../../../../stages/disk/json.ts";
import { blobBytes } from "../../../../stages/format/model/byte_source.ts";
import { checkpointConfig } from "../../../../stages/format/model/checkpoint_config.ts";
import { huggingFaceConfig, openModelTensors } from "../../../../stages/format/model/safetensors_model.ts";
import { readWeights } from "../../../../stages/format/model/weight_file.ts";
import { parseJson } from "../../../../stages/format/text/parse_json.ts";
import { type Plan, plan } from "../../../../stages/model/plan.ts";
import { parseCharMeta } from "../../../../stages/token/char.ts";
import { parseHuggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";
import { rolesOf, roleSources } from "../../../../stages/token/files/roles.ts";
import type { Tokenizer } from "../../../../stages/token/tokenizer.ts";
import { checkFits } from "../training/memory.ts";

const largestText = 1 << 26; // bytes; the files of the largest published tokenizers are half as large
const longestText = 1024; // tokens of a text that is generated: a longer cache takes memory for nothing here
const mostTraced = 48;

/** A model from files. */
export interface OpenedModel {
  readonly plan: Plan;
  readonly weights: TensorMap;
  readonly tokenizer: Tokenizer;
  /** The model in words: "llama of checkpoint, 12,345 parameters". */
  readonly name: string;
}

/**
 * Opens a model. Throws Error for people if a file is missing, damaged or of another kind, or if the model
 * needs more than `limit` bytes; the message says which files to give.
 */
export async function openModelFiles(files: readonly File[], limit: number): Promise<OpenedModel> {
  const named = new Map(files.map((file) => [file.name, file]));
  const weights = files.filter(({ name }) =>
    name.endsWith(".safetensors") && name !== "optimizer.safetensors"
  );
  if (weights.length === 0) {
    throw new Error(
      `There is no file with weights among ${
        listOf(files)
      }: give model.safetensors, or all files of a model in parts`,
    );
  }
  const tokenizer = await tokenizerOf(named);
  const { config, joined, kind } = await configOf(named);
  const model = modelOf(config);
  if (tokenizer.vocabSize > model.vocabSize) {
    throw new Error(
      `The tokenizer has ${tokenizer.vocabSize} tokens and the model ${model.vocabSize}: give the tokenizer that the model was trained with`,
    );
  }
  const seqLen = Math.min(longestText, model.seqLen);
  const planned = plan({
    model,
    sampling: { texts: 1, seqLen },
    tracing: { seqLen: Math.min(seqLen, mostTraced) },
  });
  checkFits(planned, limit);
  const sources = weights.map((file) => blobBytes(file.name, file));
  const file = await openModelTensors(sources, { path: weights[0].name, config, joined });
  // The files may say that the head is not the embedding.
  const isSame = JSON.stringify(file.config) === JSON.stringify(config);
  return {
    plan: isSame ? planned : plan({ ...planned, model: modelOf(file.config) }),
    weights: await readWeights(file),
    tokenizer,
    name: `A ${model.name} of ${kind}: ${planned.parameterCount.toLocaleString("en-US")} parameters`,
  };
}

async function tokenizerOf(files: ReadonlyMap<string, File>): Promise<Tokenizer> {
  const [json, meta] = await Promise.all(["tokenizer.json", "meta.json"].map((name) => textOf(files, name)));
  if (json === null && meta === null) {
    throw new Error(
      `There is no tokenizer among ${
        listOf([...files.values()])
      }: give tokenizer.json as well; of a run, it is in the folder tokenizer`,
    );
  }
  const tokenizer = json !== null
    ? parseHuggingFaceJson(json, "tokenizer.json")
    : parseCharMeta(meta ?? "", "meta.json");
  const roles = await Promise.all(
    roleSources.map(async (name) => [name, objectOf(await textOf(files, name), name)] as const),
  );
  tokenizer.roles = rolesOf(new Map(roles), tokenizer);
  return tokenizer;
}

async function configOf(
  files: ReadonlyMap<string, File>,
): Promise<{ readonly config: ModelConfig; readonly joined: boolean; readonly kind: string }> {
  const stream = await textOf(files, "stream.json");
  if (stream !== null) {
    const { train } = record(objectOf(stream, "stream.json").parts), { state } = record(train);
    if (record(state).adapters !== undefined) {
      throw new Error(
        "This checkpoint has adapters without the model that they belong to: merge them with deno task pipeline " +
          "convert, and give the folder that it writes",
      );
    }
    return {
      config: checkpointConfig(record(state).config, "stream.json"),
      joined: true,
      kind: "a checkpoint",
    };
  }
  const config = await textOf(files, "config.json");
  if (config === null || "pipeline" in objectOf(config, "config.json")) {
    throw new Error(
      "The model's sizes are missing: give stream.json of the checkpoint as well, or config.json of a Hugging Face folder",
    );
  }
  return { config: huggingFaceConfig(config, "config.json"), joined: false, kind: "a Hugging Face folder" };
}

/** Returns the text of a file, or null if it was not given. Throws Error if it is too long. */
async function textOf(files: ReadonlyMap<string, File>, name: string): Promise<string | null> {
  const file = files.get(name);
  if (file === undefined) return null;
  if (file.size <= largestText) return await file.text();
  throw new Error(
    `${name} has ${file.size.toLocaleString("en-US")} bytes, and at most ${largestText} are read`,
  );
}

function objectOf(text: string | null, name: string): Readonly<Record<string, unknown>> {
  if (text === null) return {};
  try {
    return record(parseJson(text));
  } catch (cause) {
    throw new Error(`${name} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function listOf(files: readonly File[]): string {
  const names = files.slice(0, 5).map(({ name }) => name.slice(0, 60));
  if (names.length === 0) return "no files";
  return `${names.join(", ")}${files.length > names.length ? " …" : ""}`;
}
