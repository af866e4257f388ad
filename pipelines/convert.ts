/**
 * Convert a model between llm.c, llama2.c and GGUF files, Hugging Face folders and checkpoints.
 *
 * @module
 */
import { sizeOf } from "../kernels/core/tensor.ts";
import { architectureOf, isLlama } from "../kernels/models/model_config.ts";
import { modelOf } from "../kernels/models/model_of.ts";
import type { OptionRow } from "../kernels/models/model_options.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { type GgufDtype, ggufDtypes } from "../stages/format/model/gguf/quantize.ts";
import type { Llama2cVersion } from "../stages/format/model/llama2c/layout.ts";
import { llamaPartReader } from "../stages/format/model/llama_tensors.ts";
import type { NamedShape, WeightFile } from "../stages/format/model/weight_file.ts";
import { ggufTokenizerFields } from "../stages/token/gguf/gguf_fields.ts";
import { loadTokenizer } from "../stages/token/load_tokenizer.ts";
import { requireLocal } from "../stages/run/own_folder.ts";
import { aboutAddress } from "../stages/run/store/inputs/fetch_input.ts";
import { copyPath, withAddresses } from "../stages/run/store/inputs/local_copy.ts";
import { requireFree } from "../stages/run/store/inputs/upload_copy.ts";
import { isStore } from "../stages/run/store/store_place.ts";
import { integer, oneOf, path } from "./cli/option_types.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { optionText } from "../stages/report/option_text.ts";
import { shellWord } from "./cli/shell_word.ts";
import { runTokenizer } from "./parts/run_files.ts";
import { type ModelFile, openModelFile } from "./parts/starting_weights.ts";
import { writeStoredModel } from "./parts/model/stored_model.ts";
import {
  checkPathIsFree,
  formatOfPath,
  type ModelTarget,
  type ModelWriter,
  orderOf,
  targetConfig,
  type TargetFormat,
  whyNoTokenizerBin,
  writeModel,
} from "./parts/write_model.ts";

const group = "Conversion";
const isGguf = (path: unknown): boolean => String(path).endsWith(".gguf");
const isBin = (path: unknown): boolean => String(path).endsWith(".bin");

/** GPT-2's vocabulary size in tokens. A model of this size is assumed to use GPT-2's tokenizer. */
const GPT2_VOCABULARY = 50257;

const options = {
  from: path(
    "model to read: a .bin of llm.c or llama2.c, a .gguf, a .pt, a Hugging Face folder, a checkpoint or a run's folder",
    {
      value: null,
      group,
      stored: "model",
    },
  ),
  to: path(
    "model to write: NAME.bin for llm.c (GPT-2) or llama2.c (Llama), NAME.gguf for GGUF, checkpoints/step-NUMBER for a checkpoint, another folder for Hugging Face",
    {
      value: null,
      group,
      takesAddress: true,
    },
  ),
  dtype: oneOf(
    "type of the weights in the files; bf16 rounds to nearest; f16 and q8_0 (8 bits) in .gguf files only; default: bf16 for a bf16 model, f32 for any other",
    {
      value: null,
      group,
      choices: ggufDtypes,
      requires: {
        option: "to",
        accepts: (to, { own }) => to === null || isGguf(to) || own !== "f16" && own !== "q8_0",
        typed: "--to NAME.gguf",
      },
    },
  ),
  vocabPad: integer(
    "llm.c only: pad the embedding to a multiple of this many rows; default: as in the llm.c file that is read, or 128 for other formats",
    {
      value: null,
      min: 1,
      max: 65536,
      group,
      requires: { option: "to", accepts: (to) => to === null || isBin(to), typed: "--to NAME.bin" },
    },
  ),
  llama2cVersion: integer(
    "llama2.c only: version of the file: 0, which run.c reads, 1, or 2 with 8 bits, which runq.c reads; default 0",
    {
      value: null,
      min: 0,
      max: 2,
      group,
      requires: { option: "to", accepts: (to) => to === null || isBin(to), typed: "--to NAME.bin" },
    },
  ),
  tokenizer: path(
    "tokenizer to write into a folder or .gguf; default: the one beside --from; if there is none, gpt2 for a model of 50257 tokens",
    {
      value: null,
      group,
      placeholder: "NAME|PATH",
      stored: "tokenizer",
      requires: {
        option: "to",
        accepts: (to) => to === null || !isBin(to),
        typed: "a folder or a .gguf as --to",
      },
    },
  ),
};

export default pipeline({
  about: "convert a model between llm.c, llama2.c, Hugging Face, GGUF and checkpoint formats",
  writes: false,
  options,
  examples: [
    { does: "write a Hugging Face folder", typed: "--from runs/fineweb-gpt2 --to model" },
    { does: "write a file for llama.cpp and Ollama", typed: "--from model --to model.gguf --dtype q8_0" },
    {
      does: "write a Hugging Face folder with GPT-2's tokenizer",
      typed: "--from gpt2.bin --to gpt2 --tokenizer gpt2",
    },
  ],
  often: ["from", "to", "dtype", "tokenizer"],
  spares: ["out", "seed", "device", "workers", "blas", "tune", "logEvery"],
  async build(o) {
    const target = await targetOf(o);
    const { from: source, to } = pathsOf(o);
    return from(asSource("tensors", () => tensorsOf(source, orderOf(target)))).pipe({
      name: "write",
      open: ({ signal }) =>
        isStore(to) ? writeStoredModel(target, { address: to, signal }) : writeModel(target),
      async *push(data: Float32Array, model: ModelWriter): AsyncGenerator<never> {
        await model.write(data);
      },
      async *flush(model): AsyncGenerator<never> {
        await model.end();
      },
      close: (model) => model.close(),
    });
  },
  async finish(o) {
    const { from: source, to } = pathsOf(o);
    const path = pathOf(to), before = await describe(source), after = await describe(path);
    const format = formatOfPath(path, before.file.config);
    const { changes } = targetConfig(before.file.config, { format, path });
    const left = await leftOut(await targetOf(o, { written: true }));
    return {
      results: [
        `Read:    ${withAddresses(before.text)}`,
        `Wrote:   ${withAddresses(after.text)}`,
        ...[...changes, ...left].map((change) => `Changed: ${change}`),
      ],
      hints: [
        `Next:    deno task pipeline sample --checkpoint ${shellWord(to)}${await sampleWords(source, path)}`,
      ],
    };
  },
});

/**
 * Returns the options with which `sample` continues a text with the model that was written: its tokenizer, if
 * `sample` does not find it, and a prompt, if the tokenizer can encode it.
 */
async function sampleWords(source: string, to: string): Promise<string> {
  const beside = await runTokenizer(to), name = beside ?? await runTokenizer(source);
  const tokenizer = name === null ? null : await loadTokenizer(name);
  const words = beside === null && name !== null ? ` --tokenizer ${shellWord(name)}` : "";
  const prompt = "Once upon a time";
  try {
    tokenizer?.encodeOrdinary(prompt);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return words; // the model has no token for a letter of the prompt
  }
  return `${words} --prompt ${shellWord(prompt)}`;
}

/**
 * Reads a model's tensors in the given order, one at a time: the next tensor is read when the previous tensor
 * has been written.
 */
async function* tensorsOf(
  path: string,
  order: readonly NamedShape[],
): AsyncGenerator<Float32Array> {
  const file = await openModelFile(path);
  try {
    const { config } = file, part = isLlama(config) ? llamaPartReader(file, config) : null;
    for (const tensor of order) {
      const isPart = part !== null && !file.shapes.has(tensor.name);
      yield isPart ? await part(tensor.name) : await tensorOf(file, tensor);
    }
  } finally {
    file.close();
  }
}

async function tensorOf(file: WeightFile, { name, shape }: NamedShape): Promise<Float32Array> {
  if (!file.shapes.has(name)) return new Float32Array(sizeOf(shape)); // a bias that the model lacks
  const data = await file.read(name), count = sizeOf(shape);
  const { embedding, head, others = [] } = modelOf(file.config).tables ?? { embedding: null, head: null };
  const isTable = name === embedding || name === head || others.includes(name);
  if (!isTable || data.length === count) return data;
  if (data.length > count) return data.subarray(0, count); // drops padding rows
  const padded = new Float32Array(count);
  padded.set(data);
  return padded;
}

/** Returns the paths to read and to write. Throws RangeError if --from or --to is missing. */
function pathsOf(
  { from: source, to }: Values<typeof options>,
): { readonly from: string; readonly to: string } {
  if (source !== null && to !== null) return { from: source, to };
  throw new RangeError(
    `Cannot convert without ${source === null ? "--from" : "--to"}: give --from PATH and --to PATH`,
  );
}

/** Path on this machine at which the model is written. Throws UsageError for addresses but s3://. */
function pathOf(to: string): string {
  if (isStore(to)) return copyPath(to);
  requireLocal(to, "--to");
  return to;
}

/** Returns what is not written of the tokenizer. */
async function leftOut(target: ModelTarget): Promise<readonly string[]> {
  const { format, tokenizer, config } = target;
  if (format === "GGUF") return ggufTokenizerFields(tokenizer, config.vocabSize).changes;
  const why = format === "llama2.c" ? await whyNoTokenizerBin(target) : null;
  return why === null ? [] : [`no tokenizer.bin is written: ${why}`];
}

/** Returns what to write; `written` says that it has been written, so that its path is not free. */
async function targetOf(
  o: Values<typeof options>,
  { written = false }: { readonly written?: boolean } = {},
): Promise<ModelTarget> {
  const { from: source, to } = pathsOf(o);
  const path = pathOf(to), file = await openModelFile(source);
  file.close();
  const format = formatOfPath(path, file.config);
  if (!written) await (isStore(to) ? aboutAddress(() => requireFree(to)) : checkPathIsFree(to));
  const { config } = targetConfig(file.config, { format, path }), { vocabSize } = config;
  const [[sourceRows]] = file.shapes.values(); // the embedding is the first tensor
  const multiple = o.vocabPad ?? 128;
  const paddedVocabSize = o.vocabPad === null && file.format === "llm.c"
    ? sourceRows
    : Math.ceil(vocabSize / multiple) * multiple;
  const rows = file.format === "llm.c" && paddedVocabSize === sourceRows ? sourceRows : vocabSize;
  const name = o.tokenizer ?? await runTokenizer(source) ??
    (vocabSize === GPT2_VOCABULARY ? "gpt2" : null);
  const tokenizer = format === "llm.c" || name === null ? null : await loadTokenizer(name);
  if (tokenizer !== null && tokenizer.vocabSize > vocabSize) {
    throw new RangeError(
      `Cannot write tokenizer ${name} with the model of ${source}: it has ${tokenizer.vocabSize} tokens, the model ` +
        `${vocabSize}: give --tokenizer NAME|PATH with the tokenizer that the model was trained with`,
    );
  }
  return {
    format,
    path,
    config,
    dtype: dtypeOf(o.dtype, { format, file }),
    ...(o.llama2cVersion !== null && { llama2cVersion: versionOf(o.llama2cVersion, format) }),
    padding: { paddedVocabSize, rows },
    tokenizer,
  };
}

/** Returns the type to write. Throws RangeError for one that llama2.c's files do not have. */
function dtypeOf(
  given: GgufDtype | null,
  { format, file }: { readonly format: TargetFormat; readonly file: WeightFile },
): GgufDtype {
  if (format !== "llama2.c") return given ?? (file.dtype === "bf16" ? "bf16" : "f32");
  if (given === null || given === "f32") return "f32";
  throw new RangeError(
    `Cannot write --dtype ${given} to a llama2.c file: leave it out, or give --llama2c-version 2 for 8 bits`,
  );
}

function versionOf(given: number, format: TargetFormat): Llama2cVersion {
  if (format !== "llama2.c") {
    throw new RangeError(
      `Cannot write --llama2c-version ${given}: this model is written for llm.c: leave it out`,
    );
  }
  return given === 2 ? 2 : given === 1 ? 1 : 0;
}

const formatText: Readonly<Record<ModelFile["format"], string>> = {
  "GGUF": "GGUF model",
  "llm.c": "llm.c model",
  "llama2.c": "llama2.c model",
  "PyTorch": "PyTorch file",
  "Hugging Face": "Hugging Face folder",
  checkpoint: "checkpoint to start from",
};

/**
 * Describes a model in one line: "gpt2.bin: llm.c model, f32: 12 layers, 12 heads, 768 channels, 1024
 * positions, 50257 tokens in 50304 rows".
 */
async function describe(path: string): Promise<{ readonly file: ModelFile; readonly text: string }> {
  const file = await openModelFile(path);
  file.close();
  const { config, format, dtype } = file, values: Readonly<Record<string, unknown>> = { ...config };
  const tableRows: readonly (readonly [string, OptionRow])[] = Object.entries(architectureOf(config).options);
  const [[rows]] = file.shapes.values(); // the embedding is the first tensor
  const parts = tableRows.flatMap(([name, row]) => {
    const value = values[name];
    const isRequired = row.kind === "size" && row.required === true;
    if (value === undefined || !isRequired && value === row.value) return [];
    if (row.kind !== "size") return [optionText(name, value)];
    return [`${value} ${row.unit}${name === "vocabSize" && rows !== value ? ` in ${rows} rows` : ""}`];
  });
  return { file, text: `${path}: ${formatText[format]}, ${dtype}: ${parts.join(", ")}` };
}
