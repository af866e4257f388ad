/**
 * Turn a model's files into another program's: llm.c, Hugging Face, and checkpoints of runs here, each from each.
 *
 * @module
 */
import { sizeOf } from "../kernels/core/tensor.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import type { FloatType } from "../stages/format/model/float_types.ts";
import { EMBEDDING, HEAD, type NamedShape } from "../stages/format/model/gpt2_form.ts";
import type { WeightFile } from "../stages/format/model/weight_file.ts";
import { loadTokenizer } from "../stages/token/load_tokenizer.ts";
import { runTokenizer } from "./parts/run_files.ts";
import { integer, oneOf, path, text } from "./cli/option_types.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { shellWord } from "./cli/shell_word.ts";
import { type ModelFile, type ModelKind, openModelFile } from "./parts/starting_weights.ts";
import {
  checkTarget,
  kindOfPath,
  type ModelTarget,
  type ModelWriting,
  orderOf,
  writeModel,
} from "./parts/write_model.ts";

const group = "Conversion";
const GPT2_VOCABULARY = 50257; // where nothing else is said, such a model's tokenizer is GPT-2's

const options = {
  from: path("an llm.c .bin, a Hugging Face folder, a checkpoint or a run's folder", { value: null, group }),
  to: path("NAME.bin: llm.c; checkpoints/step-NUMBER: a checkpoint; another folder: Hugging Face", {
    value: null,
    group,
  }),
  dtype: oneOf("floats in the files; bf16 is rounded to nearest; default: as they are, from f16 f32", {
    value: null,
    group,
    choices: ["f32", "bf16"],
  }),
  vocabPad: integer(
    "llm.c: pad the vocabulary to a multiple of this; default: an llm.c file's own, else 128",
    {
      value: null,
      min: 1,
      max: 65536,
      group,
    },
  ),
  tokenizer: text(
    "written into folders; default: the one beside --from, else gpt2 for 50257 tokens, else none",
    {
      value: null,
      group,
      placeholder: "NAME|PATH",
    },
  ),
};

export default pipeline({
  about: "turn a model's files into others': llm.c, Hugging Face, checkpoints",
  writes: false,
  options,
  async build(o) {
    const target = await targetOf(o);
    const { from: source } = given(o);
    return from(asSource("tensors", () => tensorsOf(source, orderOf(target)))).pipe({
      name: "write",
      open: () => writeModel(target),
      async *push(data: Float32Array, model: ModelWriting): AsyncGenerator<never> {
        await model.write(data);
      },
      async *flush(model): AsyncGenerator<never> {
        await model.end();
      },
      close: (model) => model.close(),
    });
  },
  async finish(o) {
    const { from: source, to } = given(o);
    const before = await described(source), after = await described(to);
    return [
      `Read:    ${before.text}`,
      `Wrote:   ${after.text}`,
      ...(before.file.form.bias === false && after.file.form.bias !== false
        ? ["Biases:  written as zeros: the format always has them, the model has none, it computes the same"]
        : []),
      `Next:    deno task pipeline sample --checkpoint ${shellWord(to)} --prompt ${
        shellWord("Once upon a time")
      }`,
    ];
  },
});

/** The tensors of a model in an order, one at a time: none is read before the one before it is written. */
async function* tensorsOf(
  path: string,
  order: readonly NamedShape[],
): AsyncGenerator<Float32Array> {
  const file = await openModelFile(path);
  try {
    for (const tensor of order) yield await tensorOf(file, tensor);
  } finally {
    file.close();
  }
}

async function tensorOf(file: WeightFile, { name, shape }: NamedShape): Promise<Float32Array> {
  if (!file.shapes.has(name)) return new Float32Array(sizeOf(shape)); // a bias of a model that has none
  const data = await file.read(name), wanted = sizeOf(shape);
  if (name !== EMBEDDING && name !== HEAD || data.length === wanted) return data;
  if (data.length > wanted) return data.subarray(0, wanted); // rows that only pad
  const padded = new Float32Array(wanted);
  padded.set(data);
  return padded;
}

/** Throws RangeError where --from or --to is not given. */
function given({ from: source, to }: Values<typeof options>): { readonly from: string; readonly to: string } {
  if (source !== null && to !== null) return { from: source, to };
  throw new RangeError(
    `Nothing to ${source === null ? "convert" : "write"}: give --from PATH and --to PATH`,
  );
}

async function targetOf(o: Values<typeof options>): Promise<ModelTarget> {
  const { from: source, to } = given(o);
  const kind = kindOfPath(to);
  const file = await openModelFile(source);
  file.close();
  const { form } = file;
  await checkTarget({ kind, path: to, form });
  const sourceRows = file.shapes.get(EMBEDDING)?.[0] ?? form.vocabSize;
  const multiple = o.vocabPad ?? 128;
  const paddedVocabSize = o.vocabPad === null && file.kind === "llm.c"
    ? sourceRows
    : Math.ceil(form.vocabSize / multiple) * multiple;
  const rows = file.kind === "llm.c" && paddedVocabSize === sourceRows ? sourceRows : form.vocabSize;
  const name = o.tokenizer ?? await runTokenizer(source) ??
    (form.vocabSize === GPT2_VOCABULARY ? "gpt2" : null);
  const tokenizer = kind === "llm.c" || name === null ? null : await loadTokenizer(name);
  if (tokenizer !== null && tokenizer.vocabSize > form.vocabSize) {
    throw new RangeError(
      `Cannot write tokenizer ${name} with ${source}: it has ${tokenizer.vocabSize} tokens, the model ` +
        `${form.vocabSize}: give --tokenizer NAME|PATH, the one that the model was trained with`,
    );
  }
  return {
    kind,
    path: to,
    form,
    dtype: o.dtype ?? typeOf(file),
    padding: { paddedVocabSize, rows },
    tokenizer,
  };
}

function typeOf({ dtype }: WeightFile): FloatType {
  return dtype === "bf16" ? "bf16" : "f32";
}

const kinds: Readonly<Record<ModelKind, string>> = {
  "llm.c": "llm.c's model",
  "Hugging Face": "Hugging Face's folder",
  checkpoint: "a checkpoint to begin from",
};

/** "gpt2.bin: llm.c's model, f32: 12 layers, 12 heads, 768 channels, 1024 positions, 50257 tokens of 50304 rows". */
async function described(path: string): Promise<{ readonly file: ModelFile; readonly text: string }> {
  const file = await openModelFile(path);
  file.close();
  const { layers, heads, channels, seqLen, vocabSize, bias = true, tie = true, gelu = "tanh" } = file.form;
  const rows = file.shapes.get(EMBEDDING)?.[0] ?? vocabSize;
  const parts = [
    `${layers} layers`,
    `${heads} heads`,
    `${channels} channels`,
    `${seqLen} positions`,
    `${vocabSize} tokens${rows === vocabSize ? "" : ` in ${rows} rows`}`,
    ...(bias ? [] : ["no biases"]),
    ...(tie ? [] : ["a head of its own"]),
    ...(gelu === "tanh" ? [] : ["GELU by erf"]),
  ];
  return { file, text: `${path}: ${kinds[file.kind]}, ${file.dtype}: ${parts.join(", ")}` };
}
