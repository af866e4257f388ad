/**
 * llm.c's model checkpoints, version 3 (float32) and 5 (bfloat16): 256 int32 of header, then 16 kinds of tensors, each
 * kind's layers one after the other. Little-endian. Linear weights are [out, in] there and [in, out] here, as Hugging
 * Face publishes GPT-2; the embedding is padded with rows of zeros. Source: llm.c train_gpt2.py `write_model`,
 * train_gpt2.c `gpt2_build_from_checkpoint`, train_gpt2.cu `gpt2_write_to_checkpoint`.
 *
 * @module
 */
import { sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import { type GptConfig, gptFault } from "../../../kernels/models/gpt_options.ts";
import { readFull, writeAll } from "../../disk/exact_io.ts";
import { floatBytes, type FloatType, narrowed, widened } from "./float_types.ts";
import { EMBEDDING, type NamedShape } from "./gpt2_tensors.ts";
import { readWeights, type WeightFile, type WeightWriter, WriteProgress } from "./weight_file.ts";

/** The options of a model that the header stores, in its order. */
export const llmcOptions = ["seqLen", "vocabSize", "layers", "heads", "channels"] as const;

/** The sizes in the header. `paddedVocabSize`: rows of the embedding in the file. */
export type LlmcSizes = Pick<GptConfig, typeof llmcOptions[number]> & { readonly paddedVocabSize: number };

/** A checkpoint: sizes, and weights by Hugging Face's names. */
export type LlmcModel = Readonly<{ sizes: LlmcSizes; weights: TensorMap }>;

/** A checkpoint on disk. */
export interface LlmcFile extends WeightFile {
  /** As in its header. */
  readonly sizes: LlmcSizes;
}

/** A tensor: `turned` says that the file has it the other way about. A star stands for the layer. */
type Stored = NamedShape & Readonly<{ turned: boolean }>;

const MAGIC = 20240326;
const VERSIONS: Readonly<Record<FloatType, number>> = { f32: 3, bf16: 5 };
const TOKEN_SHARDS = [20240520, 20240801]; // their magic numbers, to tell who took one for a model
const headerBytes = 256 * 4;
const sizeNames = [...llmcOptions, "paddedVocabSize"] as const;

/** Tensor kinds in the file's order. */
function kindsOf({ seqLen, channels: c, paddedVocabSize }: LlmcSizes): readonly Stored[] {
  const plain = (name: string, ...shape: number[]): Stored => ({ name, shape, turned: false });
  const turned = (name: string, ...shape: number[]): Stored => ({ name, shape, turned: true });
  return [
    plain(EMBEDDING, paddedVocabSize, c),
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
function* tensorsOf(sizes: LlmcSizes): Generator<Stored> {
  for (const kind of kindsOf(sizes)) {
    const count = kind.name.includes("*") ? sizes.layers : 1;
    for (let i = 0; i < count; i++) yield { ...kind, name: kind.name.replace("*", String(i)) };
  }
}

/** Bytes of a checkpoint of these sizes. */
export function llmcModelBytes(sizes: LlmcSizes, dtype: FloatType): number {
  const floats = kindsOf(sizes).reduce(
    (sum, { name, shape }) => sum + sizeOf(shape) * (name.includes("*") ? sizes.layers : 1),
    0,
  );
  return headerBytes + floatBytes(dtype) * floats;
}

/**
 * Opens a checkpoint. Throws Deno.errors.InvalidData where magic, version, sizes or length are wrong; nothing is
 * allocated before they are checked.
 */
export async function openLlmcModel(path: string | URL): Promise<LlmcFile> {
  const file = await Deno.open(path);
  try {
    const { sizes, dtype } = await readHeader(file, String(path));
    const places = new Map<string, Stored & { readonly at: number }>();
    let at = headerBytes;
    for (const tensor of tensorsOf(sizes)) {
      places.set(tensor.name, { ...tensor, at });
      at += floatBytes(dtype) * sizeOf(tensor.shape);
    }
    const { paddedVocabSize: _, ...config } = sizes;
    return {
      path: String(path),
      sizes,
      config,
      dtype,
      shapes: new Map([...places].map(([name, { shape }]) => [name, shape])),
      async read(name) {
        const place = places.get(name);
        if (place === undefined) throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
        const { shape, turned } = place;
        const bytes = new Uint8Array(floatBytes(dtype) * sizeOf(shape));
        await file.seek(place.at, Deno.SeekMode.Start);
        await readFull(file, bytes, `${path}: tensor ${name}`);
        const raw = widened(bytes, dtype);
        return turned ? transposed(raw, { rows: shape[1], columns: shape[0] }) : raw;
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Reads a checkpoint as float32. Throws as `openLlmcModel`. */
export async function readLlmcModel(path: string | URL): Promise<LlmcModel> {
  const file = await openLlmcModel(path);
  return { sizes: file.sizes, weights: await readWeights(file) };
}

/** How a checkpoint is written. */
export interface LlmcModelOptions {
  /** For its header. */
  readonly sizes: LlmcSizes;
  /** Of all its tensors. */
  readonly dtype: FloatType;
  /** Rows of the embedding that will be given, up to the padded vocabulary; the others are zeros. Default: `vocabSize`. */
  readonly rows?: number;
}

/** What a checkpoint is written from, in its order; `rows` as in `LlmcModelOptions`. */
export function llmcOrder(sizes: LlmcSizes, rows: number): readonly NamedShape[] {
  return Array.from(tensorsOf(sizes), ({ name, shape }) => ({
    name,
    shape: name === EMBEDDING ? [rows, sizes.channels] : shape,
  }));
}

/** Begins a checkpoint, for its tensors one after the other. Throws RangeError for sizes that cannot be. */
export async function createLlmcModel(path: string | URL, options: LlmcModelOptions): Promise<WeightWriter> {
  const { sizes, dtype, rows = sizes.vocabSize } = options;
  const fault = llmcFaultOf(sizes);
  if (fault !== null) throw new RangeError(`Cannot write ${path}: ${fault}`);
  const order = llmcOrder(sizes, rows);
  const turned = new Set([...tensorsOf(sizes)].filter((tensor) => tensor.turned).map(({ name }) => name));
  const padding = (sizes.paddedVocabSize - rows) * sizes.channels * floatBytes(dtype);
  const following = new WriteProgress(String(path), order);
  const header = new Int32Array(256);
  header.set([MAGIC, VERSIONS[dtype], ...sizeNames.map((name) => sizes[name])]);
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  try {
    await writeAll(file, new Uint8Array(header.buffer));
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    order,
    async write(data) {
      const { name, shape } = following.take(data);
      const raw = turned.has(name) ? transposed(data, { rows: shape[0], columns: shape[1] }) : data;
      await writeAll(file, narrowed(raw, dtype));
      if (name === EMBEDDING && padding > 0) await writeAll(file, new Uint8Array(padding));
    },
    async end() {
      following.end();
      await file.sync();
    },
    close: () => file.close(),
  };
}

/**
 * Writes a checkpoint and syncs it to disk. An embedding without the rows that pad it is filled up with zeros. Throws
 * RangeError where a weight is missing or has another size.
 */
export async function writeLlmcModel(
  path: string | URL,
  model: LlmcModel,
  { dtype = "f32" }: { readonly dtype?: FloatType } = {},
): Promise<void> {
  const { sizes } = model;
  const fault = llmcFaultOf(sizes);
  if (fault !== null) throw new RangeError(`Cannot write ${path}: ${fault}`);
  const weights = [...tensorsOf(sizes)].map((tensor) => weightOf(tensor, model));
  const writer = await createLlmcModel(path, { sizes, dtype, rows: weights[0].length / sizes.channels });
  try {
    for (const data of weights) await writer.write(data);
    await writer.end();
  } finally {
    writer.close();
  }
}

async function readHeader(
  file: Deno.FsFile,
  path: string,
): Promise<{ readonly sizes: LlmcSizes; readonly dtype: FloatType }> {
  const { size } = await file.stat();
  const wrong = (why: string) =>
    new Deno.errors.InvalidData(
      `Cannot read ${path}: ${why}: wanted an llm.c model, version 3 (float32) or 5 (bfloat16)`,
    );
  if (size < headerBytes) throw wrong(`it has ${size} bytes, less than a header's ${headerBytes}`);
  const bytes = new Uint8Array(headerBytes);
  await readFull(file, bytes, path);
  const header = new Int32Array(bytes.buffer);
  if (TOKEN_SHARDS.includes(header[0])) throw wrong("it is a shard of tokens");
  if (header[0] !== MAGIC) throw wrong(`it begins with ${header[0]}, not ${MAGIC}`);
  const dtype: FloatType | null = header[1] === VERSIONS.f32
    ? "f32"
    : header[1] === VERSIONS.bf16
    ? "bf16"
    : null;
  if (dtype === null) throw wrong(`its version is ${header[1]}`);
  const [seqLen, vocabSize, layers, heads, channels, paddedVocabSize] = header.subarray(2, 8);
  const sizes: LlmcSizes = { seqLen, vocabSize, layers, heads, channels, paddedVocabSize };
  const fault = llmcFaultOf(sizes);
  if (fault !== null) throw wrong(fault);
  const expected = llmcModelBytes(sizes, dtype);
  if (size !== expected) throw wrong(`it has ${size} bytes, but its header's sizes make ${expected}`);
  return { sizes, dtype };
}

function weightOf({ name, shape }: Stored, { sizes, weights }: LlmcModel): Float32Array {
  const weight = Object.hasOwn(weights, name) ? weights[name] : undefined;
  if (weight === undefined) throw new RangeError(`Cannot write an llm.c model: weight ${name} is missing`);
  const unpadded = name === EMBEDDING ? [sizes.vocabSize, sizes.channels] : shape;
  const fits = [shape, unpadded].some((s) => String(s) === String(weight.shape));
  if (!fits || !(weight.data instanceof Float32Array) || weight.data.length !== sizeOf(weight.shape)) {
    throw new RangeError(
      `Cannot write an llm.c model: weight ${name} is [${weight.shape}], wanted float32 [${shape}]`,
    );
  }
  return weight.data;
}

function llmcFaultOf(sizes: LlmcSizes): string | null {
  const { vocabSize, paddedVocabSize } = sizes;
  const fault = gptFault(sizes);
  if (fault !== null) return fault;
  return Number.isInteger(paddedVocabSize) && paddedVocabSize >= vocabSize && paddedVocabSize < 2 ** 31
    ? null
    : `its vocabulary of ${vocabSize} is padded to ${paddedVocabSize}`;
}

const BLOCK = 32; // rows and columns at a time: both sides stay in the cache

/** x [rows, columns] the other way about; bits, so that NaNs stay what they are. */
function transposed(
  x: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Float32Array<ArrayBuffer> {
  const from = new Uint32Array(x.buffer, x.byteOffset, x.length), out = new Uint32Array(x.length);
  for (let r0 = 0; r0 < rows; r0 += BLOCK) {
    for (let c0 = 0; c0 < columns; c0 += BLOCK) {
      const lastRow = Math.min(rows, r0 + BLOCK), lastColumn = Math.min(columns, c0 + BLOCK);
      for (let c = c0; c < lastColumn; c++) {
        for (let r = r0; r < lastRow; r++) out[c * rows + r] = from[r * columns + c];
      }
    }
  }
  return new Float32Array(out.buffer);
}
