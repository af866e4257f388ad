/**
 * The layout of llama2.c's model files, versions 0 to 2: header, then each kind of tensor for all layers.
 * Source: karpathy/llama2.c, export.py and run.c.
 *
 * @module
 */
import { type LlamaConfig, llamaFault, llamaOptions } from "../../../../kernels/models/llama_options.ts";
import { withDefaults } from "../../../../kernels/models/model_options.ts";
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import { readFull } from "../../../disk/exact_io.ts";
import { EMBEDDING, HEAD } from "../llama_tensors.ts";
import type { NamedShape } from "../weight_file.ts";

/** Versions of the format: 0 without a magic number, for run.c; 1 in float32; 2 with 8 bits, for runq.c. */
export type Llama2cVersion = 0 | 1 | 2;

/** First four bytes of versions 1 and 2: "ak42". */
export const LLAMA2C_MAGIC = 0x616B3432;

/** What a header says. */
export interface Llama2cHeader {
  readonly version: Llama2cVersion;
  readonly config: LlamaConfig;
  /** Values of a tensor that share a scale, in version 2. */
  readonly groupSize: number;
  /** First byte of the tensors. */
  readonly begin: number;
}

/** A tensor's place in a file. */
export interface Llama2cTensor extends NamedShape {
  readonly begin: number;
  readonly bytes: number;
  /** Whether the tensor is int8 values and their scales. */
  readonly isQuantized: boolean;
}

const V0_BYTES = 28, LATER_BYTES = 256;
const LARGEST_GROUP = 64;

/** What all models of the format share: run.c has these numbers in its code. */
const fixed = { normEps: 1e-5, ropeBase: 10_000 } as const;

/** Returns the bytes of a header. */
export function llama2cHead({ version, config, groupSize }: Llama2cHeader): Uint8Array<ArrayBuffer> {
  const { channels, hidden, layers, heads, keyHeads, vocabSize, seqLen, tie } = withDefaults(
    llamaOptions,
    config,
  );
  // The sign of the vocabulary's size says in version 0 whether the head has weights of its own.
  const vocabulary = version === 0 && !tie ? -vocabSize : vocabSize;
  const sizes = [channels, hidden, layers, heads, keyHeads, vocabulary, seqLen];
  const view = new DataView(new ArrayBuffer(version === 0 ? V0_BYTES : LATER_BYTES));
  const at = version === 0 ? 0 : 8;
  sizes.forEach((size, i) => view.setInt32(at + 4 * i, size, true));
  if (version > 0) {
    view.setUint32(0, LLAMA2C_MAGIC, true);
    view.setInt32(4, version, true);
    view.setUint8(at + V0_BYTES, tie ? 1 : 0);
    if (version === 2) view.setInt32(at + V0_BYTES + 1, groupSize, true);
  }
  return new Uint8Array(view.buffer);
}

/** Returns the number of values that share a scale: 64, halved until it divides the width. */
export function groupSizeOf({ channels, hidden }: Pick<LlamaConfig, "channels" | "hidden">): number {
  let size = LARGEST_GROUP;
  while (channels % size !== 0 || hidden % size !== 0) size /= 2;
  return size;
}

/** Returns whether a file begins as one of llama2.c does; version 0 is known by its size alone. */
export async function isLlama2c(file: Deno.FsFile, size: number): Promise<boolean> {
  try {
    await readLlama2cHeader(file, { path: "", size });
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    return error instanceof DamagedError;
  }
}

/** A file with the magic number whose header is damaged. */
class DamagedError extends Deno.errors.InvalidData {}

/** Reads a header and checks the file's size. Throws Deno.errors.InvalidData. */
export async function readLlama2cHeader(
  file: Deno.FsFile,
  { path, size }: { readonly path: string; readonly size: number },
): Promise<Llama2cHeader> {
  const bytes = new Uint8Array(Math.min(LATER_BYTES, size)), view = new DataView(bytes.buffer);
  await file.seek(0, Deno.SeekMode.Start);
  await readFull(file, bytes, path);
  const hasMagic = size >= 4 && view.getUint32(0, true) === LLAMA2C_MAGIC;
  const refused = (why: string): Error =>
    new (hasMagic ? DamagedError : Deno.errors.InvalidData)(
      `Cannot read ${path} as a llama2.c model: ${why}`,
    );
  const begin = hasMagic ? LATER_BYTES : V0_BYTES;
  if (size < begin) throw refused(`it has ${size} bytes, fewer than a header`);
  const number = hasMagic ? view.getInt32(4, true) : 0;
  const version = ([0, 1, 2] as const).find((known) => known === number);
  if (version === undefined || hasMagic && version === 0) {
    throw refused(`its version is ${number}, expected 1 or 2`);
  }
  const at = hasMagic ? 8 : 0;
  const [channels, hidden, layers, heads, keyHeads, vocabulary, seqLen] = Array.from(
    { length: 7 },
    (_, i) => view.getInt32(at + 4 * i, true),
  );
  const tie = hasMagic ? view.getUint8(at + V0_BYTES) !== 0 : vocabulary > 0;
  const config: LlamaConfig = {
    layers,
    heads,
    keyHeads,
    headWidth: channels / heads,
    channels,
    hidden,
    seqLen,
    vocabSize: Math.abs(vocabulary),
    ...(!tie && { tie }),
  };
  const fault = llamaFault(config);
  if (fault !== null) throw refused(fault);
  const groupSize = version === 2 ? view.getInt32(at + V0_BYTES + 1, true) : 1;
  const header: Llama2cHeader = { version, config, groupSize, begin };
  const odd = groupSize < 1 ? EMBEDDING : oddTensor(header);
  if (odd !== undefined) throw refused(`its group size is ${groupSize}, which does not divide ${odd}`);
  const expected = llama2cBytes(header);
  if (size === expected) return header;
  throw refused(`it has ${size} bytes, but the sizes in its header need ${expected}`);
}

/** Returns the name of a quantised tensor that is no whole number of groups; undefined if there is none. */
function oddTensor({ version, config, groupSize }: Llama2cHeader): string | undefined {
  return [...llama2cOrder(config, version)].find(({ shape }) =>
    version === 2 && shape.length > 1 && sizeOf(shape) % groupSize !== 0
  )?.name;
}

/** Returns the number of bytes of a file. */
export function llama2cBytes(header: Llama2cHeader): number {
  let end = header.begin;
  for (const { begin, bytes } of llama2cTensors(header)) end = Math.max(end, begin + bytes);
  return end + (header.version === 0 && header.config.tie !== false ? tableBytes(header.config) : 0);
}

/** Returns the number of bytes of the cosines and sines in version 0, which readers skip. */
export function tableBytes({ seqLen, headWidth }: LlamaConfig): number {
  return 4 * seqLen * headWidth;
}

/** Yields the tensors of a file in order, with their places. */
export function* llama2cTensors(
  { version, config, groupSize, begin }: Llama2cHeader,
): Generator<Llama2cTensor> {
  let at = begin;
  for (const tensor of llama2cOrder(config, version)) {
    const count = sizeOf(tensor.shape), isQuantized = version === 2 && tensor.shape.length > 1;
    const bytes = isQuantized ? count + 4 * count / groupSize : 4 * count;
    if (version === 0 && tensor.name === HEAD) at += tableBytes(config);
    yield { ...tensor, begin: at, bytes, isQuantized };
    at += bytes;
  }
}

/** Yields the tensors of a file in order, with the names of Hugging Face. */
export function* llama2cOrder(config: LlamaConfig, version: Llama2cVersion): Generator<NamedShape> {
  const { channels: c, hidden, layers, heads, keyHeads, headWidth, vocabSize, tie } = withDefaults(
    llamaOptions,
    config,
  );
  const [queries, keys] = [heads * headWidth, keyHeads * headWidth];
  const all = function* (name: string, ...shape: number[]): Generator<NamedShape> {
    for (let i = 0; i < layers; i++) yield { name: `model.layers.${i}.${name}.weight`, shape };
  };
  const embedding = { name: EMBEDDING, shape: [vocabSize, c] },
    last = { name: "model.norm.weight", shape: [c] };
  if (version === 0) yield embedding;
  yield* all("input_layernorm", c);
  if (version > 0) {
    yield* all("post_attention_layernorm", c);
    yield last;
    yield embedding;
  }
  yield* all("self_attn.q_proj", queries, c);
  yield* all("self_attn.k_proj", keys, c);
  yield* all("self_attn.v_proj", keys, c);
  yield* all("self_attn.o_proj", c, queries);
  if (version === 0) yield* all("post_attention_layernorm", c);
  yield* all("mlp.gate_proj", hidden, c);
  yield* all("mlp.down_proj", c, hidden);
  yield* all("mlp.up_proj", hidden, c);
  if (version === 0) yield last;
  if (!tie) yield { name: HEAD, shape: [vocabSize, c] };
}

/** Names the first option whose value the format cannot hold, with its value there; null if it holds all. */
export function llama2cMisfit(
  config: LlamaConfig,
): { readonly option: string; readonly only: unknown } | null {
  const full = withDefaults(llamaOptions, config);
  const { layers, heads, keyHeads, channels, hidden, seqLen, vocabSize, tie } = full;
  const sizes = {
    layers,
    heads,
    keyHeads,
    headWidth: channels / heads,
    channels,
    hidden,
    seqLen,
    vocabSize,
    tie,
  };
  const read: Readonly<Record<string, unknown>> = withDefaults(llamaOptions, { ...sizes, ...fixed });
  const free = new Set(["vocabPad", ...full.ropeScaling === "none" ? scalingOptions : []]);
  if (full.window === 0 || full.window >= seqLen) {
    for (const option of ["window", "globalEvery", "localRopeBase"]) free.add(option);
  }
  if (full.scoreWidth === full.headWidth) free.add("scoreWidth");
  const found = Object.entries(full).find(([option, value]) => !free.has(option) && value !== read[option]);
  return found === undefined ? null : { option: found[0], only: read[found[0]] };
}

const scalingOptions = ["ropeFactor", "ropeLength", "ropeLow", "ropeHigh", "ropeAttention"];
