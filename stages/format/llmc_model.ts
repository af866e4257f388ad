/**
 * llm.c's model checkpoints, version 3 (float32): 256 int32 of header, then 16 kinds of tensors, each kind's layers
 * one after the other. Little-endian. Linear weights are [out, in] there and [in, out] here, as Hugging Face
 * publishes GPT-2. Source: llm.c train_gpt2.py `write_model`, train_gpt2.c `gpt2_build_from_checkpoint`.
 *
 * @module
 */
import { type Shape, sizeOf, type TensorMap } from "../../kernels/core/tensor.ts";

/** The sizes in the header. */
export type LlmcSizes = Readonly<{
  seqLen: number;
  vocabSize: number;
  layers: number;
  heads: number;
  channels: number;
  /** Rows of the embedding in the file. */
  paddedVocabSize: number;
}>;

/** A checkpoint: sizes, and weights by Hugging Face's names. */
export type LlmcModel = Readonly<{ sizes: LlmcSizes; weights: TensorMap }>;

/** One kind of tensor: its name (per layer where it has a star), its shape here, and whether the file has it turned. */
type TensorKind = Readonly<{ name: string; shape: Shape; turned: boolean }>;

const magic = 20240326;
const version = 3;
const headerBytes = 256 * 4;
const sizeNames = ["seqLen", "vocabSize", "layers", "heads", "channels", "paddedVocabSize"] as const;

/** Tensor kinds in the file's order. */
function kindsOf(sizes: LlmcSizes): readonly TensorKind[] {
  const { seqLen, channels: c, paddedVocabSize } = sizes;
  const plain = (name: string, ...shape: number[]): TensorKind => ({ name, shape, turned: false });
  const turned = (name: string, ...shape: number[]): TensorKind => ({ name, shape, turned: true });
  return [
    plain("wte.weight", paddedVocabSize, c),
    plain("wpe.weight", seqLen, c),
    plain("h.*.ln_1.weight", c),
    plain("h.*.ln_1.bias", c),
    turned("h.*.attn.c_attn.weight", c, 3 * c),
    plain("h.*.attn.c_attn.bias", 3 * c),
    turned("h.*.attn.c_proj.weight", c, c),
    plain("h.*.attn.c_proj.bias", c),
    plain("h.*.ln_2.weight", c),
    plain("h.*.ln_2.bias", c),
    turned("h.*.mlp.c_fc.weight", c, 4 * c),
    plain("h.*.mlp.c_fc.bias", 4 * c),
    turned("h.*.mlp.c_proj.weight", 4 * c, c),
    plain("h.*.mlp.c_proj.bias", c),
    plain("ln_f.weight", c),
    plain("ln_f.bias", c),
  ];
}

/** Every tensor of the file, in order. */
function* tensorsOf(sizes: LlmcSizes): Generator<TensorKind> {
  for (const kind of kindsOf(sizes)) {
    const count = kind.name.includes("*") ? sizes.layers : 1;
    for (let i = 0; i < count; i++) yield { ...kind, name: kind.name.replace("*", String(i)) };
  }
}

/** Reads a checkpoint. Throws Deno.errors.InvalidData where magic, version, sizes or length are wrong. */
export async function readLlmcModel(path: string | URL): Promise<LlmcModel> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const wrong = (why: string) =>
    new Deno.errors.InvalidData(`Cannot read ${path}: ${why}: wanted an llm.c model, version 3 (float32)`);
  if (size < headerBytes) throw wrong(`it has ${size} bytes, less than a header's ${headerBytes}`);
  const header = new Int32Array(await readExactly(file, headerBytes, String(path)));
  if (header[0] !== magic) throw wrong(`it begins with ${header[0]}, not ${magic}`);
  if (header[1] !== version) throw wrong(`its version is ${header[1]}`);
  const [seqLen, vocabSize, layers, heads, channels, paddedVocabSize] = header.subarray(2, 8);
  const sizes: LlmcSizes = { seqLen, vocabSize, layers, heads, channels, paddedVocabSize };
  const fault = faultOf(sizes);
  if (fault !== null) throw wrong(fault);
  const expected = fileBytes(sizes);
  if (size !== expected) throw wrong(`it has ${size} bytes, but its header's sizes make ${expected}`);

  const weights: [string, TensorMap[string]][] = [];
  for (const { name, shape, turned } of tensorsOf(sizes)) {
    const raw = new Float32Array(await readExactly(file, 4 * sizeOf(shape), `${path}: tensor ${name}`));
    const data = turned ? transpose(raw, { rows: shape[1], columns: shape[0] }) : raw;
    weights.push([name, { shape, data }]);
  }
  return { sizes, weights: Object.fromEntries(weights) };
}

/**
 * Writes a checkpoint and syncs it to disk. An embedding with fewer rows than `paddedVocabSize` is filled up with
 * zeros. Throws RangeError where a weight is missing or has another size.
 */
export async function writeLlmcModel(path: string | URL, model: LlmcModel): Promise<void> {
  const { sizes, weights } = model;
  const fault = faultOf(sizes);
  if (fault !== null) throw new RangeError(`Cannot write ${path}: ${fault}`);
  const tensors = [...tensorsOf(sizes)].map((kind) => ({ ...kind, data: weightOf(kind, model) }));
  const header = new Int32Array(256);
  header.set([magic, version, ...sizeNames.map((name) => sizes[name])]);

  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await writeAll(file, header);
  for (const { name, shape, turned, data } of tensors) {
    const raw = turned ? transpose(data, { rows: shape[0], columns: shape[1] }) : data;
    await writeAll(file, raw);
    const missing = name === "wte.weight" ? sizeOf(shape) - sizeOf(weights[name].shape) : 0;
    if (missing > 0) await writeAll(file, new Float32Array(missing));
  }
  await file.sync();
}

function weightOf({ name, shape }: TensorKind, { sizes, weights }: LlmcModel): Float32Array {
  const weight = Object.hasOwn(weights, name) ? weights[name] : undefined;
  if (weight === undefined) throw new RangeError(`Cannot write an llm.c model: weight ${name} is missing`);
  const unpadded = name === "wte.weight" ? [sizes.vocabSize, sizes.channels] : shape;
  const fits = [shape, unpadded].some((s) => String(s) === String(weight.shape));
  if (!fits || !(weight.data instanceof Float32Array) || weight.data.length !== sizeOf(weight.shape)) {
    throw new RangeError(
      `Cannot write an llm.c model: weight ${name} is [${weight.shape}], wanted float32 [${shape}]`,
    );
  }
  return weight.data;
}

function faultOf(sizes: LlmcSizes): string | null {
  for (const name of sizeNames) {
    const n = sizes[name];
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 31 - 1) return `its ${name} is ${n}`;
  }
  if (sizes.channels % sizes.heads !== 0) {
    return `its ${sizes.channels} channels are no multiple of its ${sizes.heads} heads`;
  }
  if (sizes.paddedVocabSize < sizes.vocabSize) {
    return `its vocabulary of ${sizes.vocabSize} is padded to ${sizes.paddedVocabSize}`;
  }
  return null;
}

function fileBytes(sizes: LlmcSizes): number {
  const floats = kindsOf(sizes).reduce(
    (sum, { name, shape }) => sum + sizeOf(shape) * (name.includes("*") ? sizes.layers : 1),
    0,
  );
  return headerBytes + 4 * floats;
}

function transpose(
  x: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Float32Array {
  const out = new Float32Array(x.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = x[r * columns + c];
  }
  return out;
}

async function readExactly(file: Deno.FsFile, bytes: number, what: string): Promise<ArrayBuffer> {
  const into = new Uint8Array(bytes);
  for (let at = 0; at < bytes;) {
    const n = await file.read(into.subarray(at));
    if (n === null) {
      throw new Deno.errors.InvalidData(`Cannot read ${what}: the file ends ${bytes - at} bytes early`);
    }
    at += n;
  }
  return into.buffer;
}

async function writeAll(file: Deno.FsFile, values: Float32Array | Int32Array): Promise<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let at = 0; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + 8 * 1024 * 1024);
    // Files take no views of shared memory: such a chunk is copied.
    at += await file.write(chunk.buffer instanceof SharedArrayBuffer ? chunk.slice() : chunk);
  }
}
