/**
 * The layout of llm.c's model files, version 3 (float32) and 5 (bfloat16): a header of 256 int32 values, then
 * 16 kinds of tensors. For each kind, the tensors of all layers follow one after the other. Little-endian.
 * Source: llm.c train_gpt2.py `write_model`, train_gpt2.c `gpt2_build_from_checkpoint`, train_gpt2.cu
 * `gpt2_write_to_checkpoint`.
 *
 * @module
 */
import { sizeOf } from "../../../kernels/core/tensor.ts";
import { type GptConfig, gptFault } from "../../../kernels/models/gpt_options.ts";
import { readFull } from "../../disk/exact_io.ts";
import { floatBytes, type FloatType } from "./float_types.ts";
import { EMBEDDING } from "./gpt2_tensors.ts";
import type { NamedShape } from "./weight_file.ts";

/** The model options that the header stores, in the header's order. */
export const llmcOptions = ["seqLen", "vocabSize", "layers", "heads", "channels"] as const;

/** The sizes in the header. `paddedVocabSize` is the number of rows of the embedding in the file. */
export type LlmcSizes = Pick<GptConfig, typeof llmcOptions[number]> & { readonly paddedVocabSize: number };

/** A tensor of the file. `transposed` says whether a [rows, columns] tensor is stored as [columns, rows]. */
export type LlmcTensor = NamedShape & Readonly<{ transposed: boolean }>;

/** Size of the header in bytes. */
export const LLMC_HEADER_BYTES = 256 * 4;

const MAGIC = 20240326;
const TOKEN_SHARD_MAGICS = [20240520, 20240801]; // recognized for the error if a shard is given as a model
const VERSIONS: Readonly<Record<FloatType, number>> = { f32: 3, bf16: 5 };

/** The header of a file. */
export function llmcHeader(sizes: LlmcSizes, dtype: FloatType): Uint8Array<ArrayBuffer> {
  const header = new Int32Array(LLMC_HEADER_BYTES / 4);
  const values = llmcOptions.map((name) => sizes[name]);
  header.set([MAGIC, VERSIONS[dtype], ...values, sizes.paddedVocabSize]);
  return new Uint8Array(header.buffer);
}

/**
 * Reads and checks the header of an open file. Throws Deno.errors.InvalidData if the magic number, the
 * version, the sizes or the file's length are wrong.
 */
export async function readLlmcHeader(
  file: Deno.FsFile,
  path: string,
): Promise<{ readonly sizes: LlmcSizes; readonly dtype: FloatType }> {
  const { size } = await file.stat();
  const wrong = (why: string) =>
    new Deno.errors.InvalidData(
      `Cannot read ${path}: ${why}: expected an llm.c model, version 3 (float32) or 5 (bfloat16)`,
    );
  if (size < LLMC_HEADER_BYTES) {
    throw wrong(`it has ${size} bytes, fewer than the ${LLMC_HEADER_BYTES} of a header`);
  }
  const bytes = new Uint8Array(LLMC_HEADER_BYTES);
  await readFull(file, bytes, path);
  const header = new Int32Array(bytes.buffer);
  if (TOKEN_SHARD_MAGICS.includes(header[0])) throw wrong("it is a shard of tokens");
  if (header[0] !== MAGIC) throw wrong(`it begins with ${header[0]}, not with ${MAGIC}`);
  const dtype: FloatType | null = header[1] === VERSIONS.f32
    ? "f32"
    : header[1] === VERSIONS.bf16
    ? "bf16"
    : null;
  if (dtype === null) throw wrong(`its version is ${header[1]}`);
  const [seqLen, vocabSize, layers, heads, channels, paddedVocabSize] = header.subarray(2, 8);
  const sizes: LlmcSizes = { seqLen, vocabSize, layers, heads, channels, paddedVocabSize };
  const fault = llmcFault(sizes);
  if (fault !== null) throw wrong(fault);
  const expected = llmcModelBytes(sizes, dtype);
  if (size !== expected) throw wrong(`it has ${size} bytes, but the sizes in its header need ${expected}`);
  return { sizes, dtype };
}

/** Describes what is wrong with a file's sizes; null if nothing is wrong. */
export function llmcFault(sizes: LlmcSizes): string | null {
  const { vocabSize, paddedVocabSize } = sizes;
  const fault = gptFault(sizes);
  if (fault !== null) return fault;
  return Number.isInteger(paddedVocabSize) && paddedVocabSize >= vocabSize && paddedVocabSize < 2 ** 31
    ? null
    : `paddedVocabSize is ${paddedVocabSize}, expected a whole number of at least ${vocabSize} (vocabSize)`;
}

/** Returns the number of bytes in a model file with these sizes. */
export function llmcModelBytes(sizes: LlmcSizes, dtype: FloatType): number {
  const floats = kindsOf(sizes).reduce(
    (sum, { name, shape }) => sum + sizeOf(shape) * (name.includes("*") ? sizes.layers : 1),
    0,
  );
  return LLMC_HEADER_BYTES + floatBytes(dtype) * floats;
}

/** Yields every tensor of a file, in order. */
export function* llmcTensors(sizes: LlmcSizes): Generator<LlmcTensor> {
  for (const kind of kindsOf(sizes)) {
    const count = kind.name.includes("*") ? sizes.layers : 1;
    for (let i = 0; i < count; i++) yield { ...kind, name: kind.name.replace("*", String(i)) };
  }
}

/** Returns the kinds of tensors in the file's order; a star in the name stands for the layer's index. */
function kindsOf({ seqLen, channels: c, paddedVocabSize }: LlmcSizes): readonly LlmcTensor[] {
  const plain = (name: string, ...shape: number[]): LlmcTensor => ({ name, shape, transposed: false });
  const linear = (name: string, ...shape: number[]): LlmcTensor => ({ name, shape, transposed: true });
  return [
    plain(EMBEDDING, paddedVocabSize, c),
    plain("wpe.weight", seqLen, c),
    plain("h.*.ln_1.weight", c),
    plain("h.*.ln_1.bias", c),
    linear("h.*.attn.c_attn.weight", c, 3 * c),
    plain("h.*.attn.c_attn.bias", 3 * c),
    linear("h.*.attn.c_proj.weight", c, c),
    plain("h.*.attn.c_proj.bias", c),
    plain("h.*.ln_2.weight", c),
    plain("h.*.ln_2.bias", c),
    linear("h.*.mlp.c_fc.weight", c, 4 * c),
    plain("h.*.mlp.c_fc.bias", 4 * c),
    linear("h.*.mlp.c_proj.weight", 4 * c, c),
    plain("h.*.mlp.c_proj.bias", c),
    plain("ln_f.weight", c),
    plain("ln_f.bias", c),
  ];
}
