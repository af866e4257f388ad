/**
 * Reading and writing llm.c's model files. Linear weights are [out, in] in the file and [in, out] in memory,
 * as Hugging Face publishes GPT-2; the embedding is padded with rows of zeros.
 *
 * @module
 */
import { sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import { readFull, writeAll } from "../../disk/exact_io.ts";
import { floatBytes, type FloatType, narrowed, widened } from "./float_types.ts";
import { EMBEDDING } from "./gpt2_tensors.ts";
import {
  LLMC_HEADER_BYTES,
  llmcFault,
  llmcHeader,
  type LlmcSizes,
  type LlmcTensor,
  llmcTensors,
  readLlmcHeader,
} from "./llmc_layout.ts";
import { transpose } from "./transpose.ts";
import {
  type NamedShape,
  readWeights,
  type WeightFile,
  type WeightWriter,
  WriteProgress,
} from "./weight_file.ts";
import { openFile } from "../../disk/files.ts";

/** A model: its sizes, and its weights under Hugging Face's names. */
export type LlmcModel = Readonly<{ sizes: LlmcSizes; weights: TensorMap }>;

/** An open model file. */
export interface LlmcFile extends WeightFile {
  /** The sizes in the header. */
  readonly sizes: LlmcSizes;
}

/**
 * Opens a model file. Throws Deno.errors.InvalidData if its header or its length is wrong; both are checked
 * before memory is allocated.
 */
export async function openLlmcModel(path: string | URL): Promise<LlmcFile> {
  const file = await openFile(path);
  try {
    const { sizes, dtype } = await readLlmcHeader(file, String(path));
    const tensors = new Map<string, LlmcTensor & { readonly offset: number }>();
    let offset = LLMC_HEADER_BYTES;
    for (const tensor of llmcTensors(sizes)) {
      tensors.set(tensor.name, { ...tensor, offset });
      offset += floatBytes(dtype) * sizeOf(tensor.shape);
    }
    const { paddedVocabSize: _, ...config } = sizes;
    return {
      path: String(path),
      sizes,
      config,
      dtype,
      shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
      async read(name) {
        const tensor = tensors.get(name);
        if (tensor === undefined) throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
        const bytes = new Uint8Array(floatBytes(dtype) * sizeOf(tensor.shape));
        await file.seek(tensor.offset, Deno.SeekMode.Start);
        await readFull(file, bytes, `${path}: tensor ${name}`);
        const values = widened(bytes, dtype), [rows, columns] = tensor.shape;
        return tensor.transposed ? transpose(values, { rows: columns, columns: rows }) : values;
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Reads a model as float32. Throws the same errors as `openLlmcModel()`. */
export async function readLlmcModel(path: string | URL): Promise<LlmcModel> {
  const file = await openLlmcModel(path);
  return { sizes: file.sizes, weights: await readWeights(file) };
}

/** Options for writing a model file. */
export interface LlmcModelOptions {
  /** Sizes for the header. */
  readonly sizes: LlmcSizes;
  /** Type of all tensors. */
  readonly dtype: FloatType;
  /**
   * Number of embedding rows that the caller will write. The remaining rows up to `paddedVocabSize` are
   * filled with zeros. Default: `vocabSize`.
   */
  readonly rows?: number;
}

/** Returns the tensors that the caller writes to a file, in order; `rows` as in `LlmcModelOptions`. */
export function llmcOrder(sizes: LlmcSizes, rows: number): readonly NamedShape[] {
  return Array.from(llmcTensors(sizes), ({ name, shape }) => ({
    name,
    shape: name === EMBEDDING ? [rows, sizes.channels] : shape,
  }));
}

/**
 * Creates a model file and writes its header; the tensors are then written one after the other. Throws
 * RangeError for sizes that no model has.
 */
export async function createLlmcModel(path: string | URL, options: LlmcModelOptions): Promise<WeightWriter> {
  const { sizes, dtype, rows = sizes.vocabSize } = options;
  const fault = llmcFault(sizes);
  if (fault !== null) throw new RangeError(`Cannot write ${path}: ${fault}`);
  const order = llmcOrder(sizes, rows);
  const isTransposed = new Map(Array.from(llmcTensors(sizes), ({ name, transposed }) => [name, transposed]));
  const paddingBytes = (sizes.paddedVocabSize - rows) * sizes.channels * floatBytes(dtype);
  const progress = new WriteProgress(String(path), order);
  const file = await openFile(path, { write: true, create: true, truncate: true });
  try {
    await writeAll(file, llmcHeader(sizes, dtype));
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    order,
    async write(data) {
      const { name, shape: [rows, columns] } = progress.take(data);
      const values = isTransposed.get(name) === true ? transpose(data, { rows, columns }) : data;
      await writeAll(file, narrowed(values, dtype));
      if (name === EMBEDDING && paddingBytes > 0) await writeAll(file, new Uint8Array(paddingBytes));
    },
    async end() {
      progress.end();
      await file.sync();
    },
    close: () => file.close(),
  };
}

/**
 * Writes a model and syncs it to disk. An embedding without its padding rows is padded with zeros. Throws
 * RangeError if a weight is missing or has the wrong shape.
 */
export async function writeLlmcModel(
  path: string | URL,
  model: LlmcModel,
  { dtype = "f32" }: { readonly dtype?: FloatType } = {},
): Promise<void> {
  const { sizes } = model;
  const fault = llmcFault(sizes);
  if (fault !== null) throw new RangeError(`Cannot write ${path}: ${fault}`);
  const weights = [...llmcTensors(sizes)].map((tensor) => weightOf(tensor, model));
  const writer = await createLlmcModel(path, { sizes, dtype, rows: weights[0].length / sizes.channels });
  try {
    for (const data of weights) await writer.write(data);
    await writer.end();
  } finally {
    writer.close();
  }
}

function weightOf({ name, shape }: LlmcTensor, { sizes, weights }: LlmcModel): Float32Array {
  const weight = Object.hasOwn(weights, name) ? weights[name] : undefined;
  if (weight === undefined) throw new RangeError(`Cannot write an llm.c model: weight ${name} is missing`);
  const unpadded = name === EMBEDDING ? [sizes.vocabSize, sizes.channels] : shape;
  const fits = [shape, unpadded].some((s) => String(s) === String(weight.shape));
  if (!fits || !(weight.data instanceof Float32Array) || weight.data.length !== sizeOf(weight.shape)) {
    throw new RangeError(
      `Cannot write an llm.c model: weight ${name} is [${weight.shape}], expected float32 [${shape}]`,
    );
  }
  return weight.data;
}
