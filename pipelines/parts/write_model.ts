/**
 * Models to disk: what `convert --to` writes, a tensor at a time, there whole or not at all.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import type { GptConfig } from "../../kernels/models/gpt_options.ts";
import { encodeCheckpoint, writeCheckpoint } from "../../stages/flow/checkpoint/checkpoint_files.ts";
import type { FloatType } from "../../stages/format/model/float_types.ts";
import {
  gpt2Config,
  gpt2GenerationConfig,
  gpt2TokenizerConfig,
} from "../../stages/format/model/gpt2_config.ts";
import { gpt2Tensors } from "../../stages/format/model/gpt2_tensors.ts";
import { type LlmcSizes } from "../../stages/format/model/llmc_layout.ts";
import { createLlmcModel, llmcOrder } from "../../stages/format/model/llmc_model.ts";
import { createSafetensors } from "../../stages/format/model/safetensors.ts";
import type { NamedShape, WeightWriter } from "../../stages/format/model/weight_file.ts";
import type { WeightFormat } from "../../stages/format/model/weight_formats.ts";
import { CharTokenizer } from "../../stages/token/char.ts";
import { saveTokenizer } from "../../stages/token/files/folder.ts";
import { END_OF_TEXT } from "../../stages/token/end_of_text.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { exists, removeIfThere, writeSynced } from "../../stages/disk/whole_files.ts";
import { checkWritable, makeFolder } from "../../stages/disk/files.ts";

/** What to write, and where. */
export interface ModelTarget {
  readonly format: WeightFormat;
  /** Where it will be; nothing may be there. */
  readonly path: string;
  /** The model's options as the format stores them: see `storedConfig`. */
  readonly config: GptConfig;
  readonly dtype: FloatType;
  /** Of an llm.c file: rows of its embedding, and how many of them are given, the others being zeros. */
  readonly padding: { readonly paddedVocabSize: number; readonly rows: number };
  /** Goes with a folder; null: none. */
  readonly tokenizer: Tokenizer | null;
}

/**
 * The format that a path asks for: `.bin` llm.c, `checkpoints/step-…` a checkpoint, any other folder Hugging
 * Face.
 */
export function formatOfPath(path: string): WeightFormat {
  const name = basename(path);
  if (name.endsWith(".bin")) return "llm.c";
  if (/^step-\d+$/.test(name) && basename(dirname(resolve(path))) === "checkpoints") return "checkpoint";
  const ending = /\.(pt|pth|ckpt|safetensors|json|gguf|npz)$/.exec(name)?.[0];
  if (ending === undefined) return "Hugging Face";
  throw new RangeError(
    `Cannot write ${path}: no model is written as ${ending}: expected NAME.bin for llm.c, or a folder for safetensors`,
  );
}

/** Throws RangeError where something is there already, and what `checkWritable` throws. */
export async function checkPathIsFree(path: string): Promise<void> {
  if (await exists(path)) {
    throw new RangeError(`Cannot write ${path}: something is there: give another --to, or move it away`);
  }
  await checkWritable(path);
}

/** What a target is written from, in its order. */
export function orderOf({ format, config, padding }: ModelTarget): readonly NamedShape[] {
  return format === "llm.c" ? llmcOrder(llmcSizes(config, padding), padding.rows) : [...gpt2Tensors(config)];
}

/** A model that is being written. */
export interface ModelWriting {
  /** Writes the next tensor of `orderOf`. */
  write(data: Float32Array): Promise<void>;
  /** After the last: gives the model its place, synced. */
  end(): Promise<void>;
  /** Closes the file; removes what is not whole. */
  close(): Promise<void>;
}

/** Begins to write beside the place. Throws what the disk says. */
export async function writeModel(target: ModelTarget): Promise<ModelWriting> {
  const { format, path } = target;
  const place = path.replace(/(?<=.)\/+$/, "");
  const fresh = `${place}.writing`;
  await makeFolder(dirname(place));
  await removeIfThere(fresh);
  const writer = await begun(target, fresh).catch(async (error) => {
    await removeIfThere(fresh);
    throw error;
  });
  let ended = false;
  return {
    write: (data) => writer.write(data),
    async end() {
      await writer.end();
      if (format === "Hugging Face") await writeFolder(fresh, target);
      if (format === "checkpoint") await writeStream(fresh, target);
      if (await exists(place)) throw new Error(`Cannot write ${place}: something has come there meanwhile`);
      await Deno.rename(fresh, place);
      ended = true;
    },
    async close() {
      writer.close();
      if (!ended) await removeIfThere(fresh);
    },
  };
}

async function begun(target: ModelTarget, fresh: string): Promise<WeightWriter> {
  const { format, config, padding, dtype } = target;
  if (format === "llm.c") {
    return await createLlmcModel(fresh, { sizes: llmcSizes(config, padding), dtype, rows: padding.rows });
  }
  await Deno.mkdir(fresh);
  return await createSafetensors(`${fresh}/model.safetensors`, {
    tensors: orderOf(target).map(({ name, shape }) => ({ name: nameIn(format, name), shape })),
    dtype,
    ...(format === "Hugging Face" && { metadata: { format: "pt" } }), // transformers asks for it
  });
}

function nameIn(format: WeightFormat, name: string): string {
  return format === "checkpoint" || name.startsWith("lm_head.") ? name : `transformer.${name}`;
}

function llmcSizes(config: GptConfig, { paddedVocabSize }: ModelTarget["padding"]): LlmcSizes {
  const { layers, heads, channels, seqLen, vocabSize } = config;
  return { layers, heads, channels, seqLen, vocabSize, paddedVocabSize };
}

async function writeFolder(folder: string, { config, dtype, tokenizer }: ModelTarget): Promise<void> {
  const endOfText = tokenizer?.special.get(END_OF_TEXT) ?? null;
  if (tokenizer !== null) {
    await saveTokenizer(tokenizer, { dir: folder });
    // Hugging Face's tools know no others, and one of them takes a tokenizer.model for another format's.
    for (const name of ["report.json", "tokenizer.model", "tokenizer.tiktoken", "tokenizer.vocab"]) {
      await removeIfThere(`${folder}/${name}`);
    }
    if (!(tokenizer instanceof CharTokenizer)) {
      const special = endOfText === null ? null : END_OF_TEXT;
      const text = gpt2TokenizerConfig({ seqLen: config.seqLen, special });
      await writeSynced(`${folder}/tokenizer_config.json`, text);
    }
  }
  await writeSynced(`${folder}/generation_config.json`, gpt2GenerationConfig({ endOfText }));
  await writeSynced(`${folder}/config.json`, gpt2Config(config, { dtype, endOfText }));
}

/**
 * What makes it a checkpoint to begin from: it has no optimizer and no place in any data, so it cannot be
 * resumed.
 */
async function writeStream(folder: string, { config, tokenizer }: ModelTarget): Promise<void> {
  const { stream } = encodeCheckpoint(new Map([["train", { state: { step: 0, config: { ...config } } }]]));
  await writeCheckpoint(folder, { stream, tensors: new Map() }, { valLoss: null });
  if (tokenizer !== null) await saveTokenizer(tokenizer, { dir: `${folder}/tokenizer` });
}
