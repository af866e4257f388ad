/**
 * Writes models to disk for `convert --to`, one tensor at a time. A model has a temporary name until it is
 * complete.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { isLlama, isNanochat, type ModelConfig } from "../../kernels/models/model_config.ts";
import { encodeCheckpoint, writeCheckpoint } from "../../stages/flow/checkpoint/checkpoint_files.ts";
import type { FloatType } from "../../stages/format/model/float_types.ts";
import {
  gpt2Config,
  gpt2GenerationConfig,
  gpt2TokenizerConfig,
  type TextBounds,
} from "../../stages/format/model/gpt2_config.ts";
import { llamaConfigText } from "../../stages/format/model/llama_config_text.ts";
import { llamaTensors, partsOf } from "../../stages/format/model/llama_tensors.ts";
import {
  nanochatConfigText,
  nanochatName,
  nanochatTensors,
} from "../../stages/format/model/nanochat_format.ts";
import { gpt2Tensors } from "../../stages/format/model/gpt2_tensors.ts";
import {
  llama2cMisfit,
  llama2cOrder,
  type Llama2cVersion,
} from "../../stages/format/model/llama2c/layout.ts";
import { createLlama2cModel } from "../../stages/format/model/llama2c/llama2c_model.ts";
import { createLlmcModel, llmcOrder } from "../../stages/format/model/llmc_model.ts";
import { createGgufModel, ggufOrder } from "../../stages/format/model/gguf/gguf_writer.ts";
import type { GgufDtype } from "../../stages/format/model/gguf/quantize.ts";
import { createSafetensors } from "../../stages/format/model/safetensors.ts";
import type { NamedShape, WeightWriter } from "../../stages/format/model/weight_file.ts";
import {
  type StoredConfig,
  storedConfig,
  type WeightFormat,
} from "../../stages/format/model/weight_formats.ts";
import { saveTokenizer } from "../../stages/token/files/folder.ts";
import { endOfTextIfAny } from "../../stages/token/end_of_text.ts";
import { llama2cTokenizer } from "../../stages/token/files/llama2c_tokenizer.ts";
import { oneOrList, roleNames } from "../../stages/token/files/role_files.ts";
import { ggufTokenizerFields } from "../../stages/token/gguf/gguf_fields.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { Vocabulary } from "../../stages/token/vocabulary.ts";
import { disk } from "../../stages/disk/disk.ts";
import { syncFolder } from "../../stages/disk/folder_sync.ts";
import { writeAll } from "../../stages/disk/exact_io.ts";
import { exists, removeIfThere, replaceWhole, writeSynced } from "../../stages/disk/whole_files.ts";
import { checkWritable, fileInfo, makeFolder, openFile, readBytes } from "../../stages/disk/files.ts";
import { withoutEndSlash } from "../../stages/disk/paths.ts";

/** The model file or folder to write. */
export interface ModelTarget {
  /** Format of the model. */
  readonly format: TargetFormat;
  /** Version of a llama2.c file; default 0. */
  readonly llama2cVersion?: Llama2cVersion;
  /** Path to write to, at which nothing may exist. */
  readonly path: string;
  /** The model's options as the format stores them: see `storedConfig`. */
  readonly config: ModelConfig;
  /** Type of the weights in the file; F16 and Q8_0 in GGUF files only. */
  readonly dtype: GgufDtype;
  /**
   * For llm.c: the number of rows of the embedding in the file, and how many of these rows come from the
   * model. The other rows are zeros.
   */
  readonly padding: { readonly paddedVocabSize: number; readonly rows: number };
  /** Tokenizer to write beside the model; null if none should be written. */
  readonly tokenizer: Tokenizer | null;
}

/** A format in which models are written. */
export type TargetFormat = WeightFormat | "llama2.c";

/**
 * Returns the format that a path selects for a model: `.bin` is llama2.c for the Llama family and llm.c for
 * others, `.gguf` GGUF, `checkpoints/step-…` a checkpoint, any other name a Hugging Face folder.
 */
export function formatOfPath(path: string, config: ModelConfig): TargetFormat {
  const name = basename(path);
  if (name.endsWith(".bin")) return isLlama(config) ? "llama2.c" : "llm.c";
  if (name.endsWith(".gguf")) return "GGUF";
  if (/^step-\d+$/.test(name) && basename(dirname(resolve(path))) === "checkpoints") return "checkpoint";
  const ending = /\.(pt|pth|ckpt|safetensors|json|npz)$/.exec(name)?.[0];
  if (ending === undefined) return "Hugging Face";
  throw new RangeError(
    `Cannot write ${path}: the format ${ending} is not supported: give NAME.bin for llm.c, NAME.gguf for GGUF, or a folder for Hugging Face`,
  );
}

/** Returns the configuration that a file stores. Throws UnsupportedOptionError as `storedConfig`. */
export function targetConfig(
  config: ModelConfig,
  { format, path }: { readonly format: TargetFormat; readonly path: string },
): StoredConfig {
  if (format !== "llama2.c") return storedConfig(config, { format, path });
  const misfit = isLlama(config) ? llama2cMisfit(config) : null;
  if (misfit === null) return { config, changes: [] };
  const { option, only } = misfit, value = Object.entries(config).find(([name]) => name === option)?.[1];
  throw new RangeError(
    `Cannot write ${path}: in llama2.c files ${option} is always ${only}, in this model it is ${value}: give --to ` +
      `FOLDER (Hugging Face), --to NAME.gguf (GGUF) or --to checkpoints/step-NUMBER (checkpoint)`,
  );
}

/** Throws RangeError if something exists at the path, and the same errors as `checkWritable`. */
export async function checkPathIsFree(path: string): Promise<void> {
  if (await exists(path)) {
    throw new RangeError(`Cannot write ${path}: something exists there: give another --to, or move it away`);
  }
  await checkWritable(path);
}

/** Returns names and shapes of a target's tensors, in the order in which they are written. */
export function orderOf({ format, config, padding, llama2cVersion = 0 }: ModelTarget): readonly NamedShape[] {
  if (format === "llama2.c" && isLlama(config)) return [...llama2cOrder(config, llama2cVersion)];
  if (isNanochat(config)) return [...nanochatTensors(config)];
  if (format === "GGUF") return ggufOrder(config);
  if (isLlama(config)) {
    const tensors = [...llamaTensors(config)];
    return format === "checkpoint" ? tensors : tensors.flatMap((tensor) => partsOf(tensor, config));
  }
  const { paddedVocabSize, rows } = padding;
  return format === "llm.c" ? llmcOrder({ ...config, paddedVocabSize }, rows) : [...gpt2Tensors(config)];
}

/** A model that is being written. */
export interface ModelWriter {
  /** Writes the next tensor of `orderOf`. */
  write(data: Float32Array): Promise<void>;
  /** Completes the model after the last tensor: syncs it and renames it to its path. */
  end(): Promise<void>;
  /** Closes the file, and removes it if it is not complete. */
  close(): Promise<void>;
}

/** Starts writing under a temporary name beside the target's path. Throws file system errors. */
export async function writeModel(target: ModelTarget): Promise<ModelWriter> {
  const { format, path } = target;
  const final = withoutEndSlash(path);
  const unfinished = `${final}.writing`;
  await makeFolder(dirname(final));
  await removeIfThere(unfinished);
  const writer = await createWriter(target, unfinished).catch(async (error) => {
    await removeIfThere(unfinished);
    throw error;
  });
  let ended = false;
  return {
    write: (data) => writer.write(data),
    async end() {
      await writer.end();
      if (format === "Hugging Face") await writeFolder(unfinished, target);
      if (format === "checkpoint") await writeStream(unfinished, target);
      if (await exists(final)) {
        throw new Error(
          `Cannot write ${final}: another program has written something there: give another --to`,
        );
      }
      if ((await fileInfo(unfinished)).isDirectory) await syncFolder(unfinished);
      if (format === "llama2.c") await writeTokenizerBin(target);
      await disk.rename(unfinished, final);
      await syncFolder(dirname(final));
      ended = true;
    },
    async close() {
      writer.close();
      if (!ended) await removeIfThere(unfinished);
    },
  };
}

async function createWriter(target: ModelTarget, unfinished: string): Promise<WeightWriter> {
  const { format, config, padding, dtype } = target;
  if (format === "llm.c") {
    const { paddedVocabSize, rows } = padding;
    return await createLlmcModel(unfinished, {
      sizes: { ...config, paddedVocabSize },
      dtype: floatType(dtype),
      rows,
    });
  }
  if (format === "llama2.c" && isLlama(config)) {
    return await createLlama2cModel(unfinished, { config, version: target.llama2cVersion ?? 0 });
  }
  if (format === "GGUF") {
    const { fields } = ggufTokenizerFields(target.tokenizer, config.vocabSize);
    const name = basename(target.path).replace(/\.gguf$/, "");
    return await createGgufModel(unfinished, { config, dtype, name, tokenizer: fields });
  }
  await disk.mkdir(unfinished);
  return await createSafetensors(`${unfinished}/model.safetensors`, {
    tensors: orderOf(target).map(({ name, shape }) => ({ name: nameIn(target, name), shape })),
    dtype: floatType(dtype),
    ...(format === "Hugging Face" && { metadata: { format: "pt" } }), // transformers requires it
  });
}

/**
 * Writes tokenizer.bin beside a llama2.c model, unless there is one or the format cannot hold the tokenizer.
 */
async function writeTokenizerBin({ path, tokenizer, config }: ModelTarget): Promise<void> {
  const place = tokenizerBin(path);
  if (tokenizer === null || await exists(place)) return;
  const bytes = llama2cTokenizer(tokenizer, config.vocabSize);
  if (!(bytes instanceof Uint8Array)) return;
  await replaceWhole(place, async (temporary) => {
    using file = await openFile(temporary, { write: true, create: true, truncate: true });
    await writeAll(file, bytes);
    await file.sync();
  });
}

/** Returns why no tokenizer.bin is written beside a model; null if one is. */
export async function whyNoTokenizerBin({ path, tokenizer, config }: ModelTarget): Promise<string | null> {
  if (tokenizer === null) return "there is no tokenizer beside the model";
  const bytes = llama2cTokenizer(tokenizer, config.vocabSize);
  if (!(bytes instanceof Uint8Array)) return bytes.why;
  const place = tokenizerBin(path);
  if (!await exists(place)) return null;
  const there = (await fileInfo(place)).size === bytes.length ? await readBytes(place) : new Uint8Array();
  const isSame = there.length > 0 && bytes.every((byte, i) => byte === there[i]);
  return isSame ? null : "another one is there already";
}

function tokenizerBin(path: string): string {
  return `${dirname(path)}/tokenizer.bin`;
}

/** Returns a type of floats; the other types are those of GGUF files. */
function floatType(dtype: GgufDtype): FloatType {
  if (dtype === "f32" || dtype === "bf16") return dtype;
  throw new RangeError(`Cannot write --dtype ${dtype} but to a GGUF file: give --to NAME.gguf`);
}

function nameIn({ format, config }: ModelTarget, name: string): string {
  if (isNanochat(config)) return format === "checkpoint" ? name : nanochatName(name);
  const isOwn = format === "checkpoint" || isLlama(config) || name.startsWith("lm_head.");
  return isOwn ? name : `transformer.${name}`;
}

async function writeFolder(folder: string, { config, dtype, tokenizer, path }: ModelTarget): Promise<void> {
  const roles = tokenizer?.roles, end = tokenizer === null ? null : endOfTextIfAny(tokenizer);
  const bounds: TextBounds = roles !== undefined && roles.eos.length > 0
    ? { endOfText: oneOrList(roles.eos), beginOfText: roles.bos }
    : { endOfText: end, ...(roles?.bos != null && { beginOfText: roles.bos }) };
  if (tokenizer !== null) {
    await saveTokenizer(tokenizer, { dir: folder });
    // Hugging Face's tools do not read these files, and mistake tokenizer.model for a SentencePiece file.
    for (const name of ["report.json", "tokenizer.model", "tokenizer.tiktoken", "tokenizer.vocab"]) {
      await removeIfThere(`${folder}/${name}`);
    }
    const special = [...tokenizer.special].find(([, id]) => id === end)?.[0];
    // Without roles of its own, the tokenizer has only one token for all of them.
    const names = {
      ...(special !== undefined && roles?.eos.length === 0 &&
        { bos_token: special, eos_token: special, unk_token: special }),
      ...(tokenizer instanceof Vocabulary && roleNames(tokenizer)),
    };
    const text = gpt2TokenizerConfig({ seqLen: config.seqLen, names });
    await writeSynced(`${folder}/tokenizer_config.json`, text);
  }
  await writeSynced(`${folder}/generation_config.json`, gpt2GenerationConfig(bounds));
  const text = isNanochat(config)
    ? nanochatConfigText(config)
    : isLlama(config)
    ? llamaConfigText(config, { dtype: floatType(dtype), ...bounds, path })
    : gpt2Config(config, { dtype: floatType(dtype), ...bounds });
  await writeSynced(`${folder}/config.json`, text);
}

/**
 * Completes a checkpoint. It has no optimizer state and no position in the data, so training can start from
 * it with --init-from but cannot resume.
 */
async function writeStream(folder: string, { config, tokenizer }: ModelTarget): Promise<void> {
  const { stream } = encodeCheckpoint(new Map([["train", { state: { step: 0, config: { ...config } } }]]));
  await writeCheckpoint(folder, { stream, tensors: new Map() }, { valLoss: null });
  if (tokenizer !== null) await saveTokenizer(tokenizer, { dir: `${folder}/tokenizer` });
}
