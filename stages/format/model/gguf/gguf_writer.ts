/**
 * Writes a model as a GGUF file, one tensor at a time. Matrices have the type that is asked for; norms,
 * biases, GPT-2's positions and, in Q8_0, matrices whose rows are no multiple of 32 are float32.
 *
 * @module
 */
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import { isLlama, type ModelConfig } from "../../../../kernels/models/model_config.ts";
import { writeAll } from "../../../disk/exact_io.ts";
import { openFile } from "../../../disk/files.ts";
import { gpt2Tensors } from "../gpt2_tensors.ts";
import { llamaTensors, partsOf } from "../llama_tensors.ts";
import { type NamedShape, type WeightWriter, WriteProgress } from "../weight_file.ts";
import { type GgufDescription, ggufDescription } from "./config_fields.ts";
import { aligned, type GgufFields, ggufHead, type GgufTensorPlan } from "./head.ts";
import { asInGguf, ggufName, ggufShape, ROPE_FACTORS } from "./names.ts";
import { type GgufDtype, ggufDtypeInfo, quantized } from "./quantize.ts";

/** Options for writing a file. */
export interface GgufModelOptions {
  readonly config: ModelConfig;
  /** Type of the matrices. */
  readonly dtype: GgufDtype;
  /** Name of the model. */
  readonly name: string;
  /** Metadata that describes the tokenizer. */
  readonly tokenizer: GgufFields;
}

/** Returns the tensors that the caller writes, in order, with the names of Hugging Face. */
export function ggufOrder(config: ModelConfig): readonly NamedShape[] {
  if (!isLlama(config)) return [...gpt2Tensors({ ...config, bias: true })];
  return [...llamaTensors(config)].flatMap((tensor) => partsOf(tensor, config));
}

/**
 * Creates a file and writes its head; the tensors are then written one after the other. Throws RangeError for
 * a configuration that GGUF files cannot hold, and while writing for a value that the type cannot hold.
 */
export async function createGgufModel(
  path: string,
  { config, dtype, name, tokenizer }: GgufModelOptions,
): Promise<WeightWriter> {
  const description = ggufDescription(config);
  if ("why" in description) throw new RangeError(`Cannot write ${path}: ${description.why}`);
  const { architecture, ropeFactors } = description, order = ggufOrder(config);
  const typeOf = ({ name, shape }: NamedShape): GgufDtype => {
    const isPlain = shape.length < 2 || name === "wpe.weight";
    const columns = ggufShape({ name, shape })[1];
    return isPlain || columns % ggufDtypeInfo[dtype].values !== 0 ? "f32" : dtype;
  };
  const plans = order.map((tensor): GgufTensorPlan => {
    const { number, bytes, values } = ggufDtypeInfo[typeOf(tensor)];
    return {
      name: ggufName(tensor.name, config),
      shape: ggufShape(tensor),
      type: number,
      bytes: sizeOf(tensor.shape) / values * bytes,
    };
  });
  if (ropeFactors !== null) {
    const shape = [ropeFactors.length];
    plans.push({ name: ROPE_FACTORS, shape, type: ggufDtypeInfo.f32.number, bytes: ropeFactors.byteLength });
  }
  const progress = new WriteProgress(path, order);
  const file = await openFile(path, { write: true, create: true, truncate: true });
  const writeTensor = async (bytes: Uint8Array): Promise<void> => {
    await writeAll(file, bytes);
    await writeAll(file, new Uint8Array(aligned(bytes.length) - bytes.length));
  };
  try {
    await writeAll(file, ggufHead(fieldsOf(description, { dtype, name, tokenizer }), plans));
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    order,
    async write(data) {
      const tensor = progress.take(data);
      const values = asInGguf(new Float32Array(data), { ...tensor, config, architecture });
      let bytes: Uint8Array;
      try {
        bytes = quantized(values, typeOf(tensor));
      } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause;
        throw new RangeError(`Cannot write ${tensor.name} to ${path}: ${cause.message}`, { cause });
      }
      await writeTensor(bytes);
    },
    async end() {
      progress.end();
      if (ropeFactors !== null) await writeTensor(new Uint8Array(ropeFactors.buffer));
      await file.sync();
    },
    close: () => file.close(),
  };
}

function fieldsOf(
  { architecture, fields }: GgufDescription,
  { dtype, name, tokenizer }: Omit<GgufModelOptions, "config">,
): GgufFields {
  return new Map([
    ["general.architecture", { type: "string", value: architecture }],
    ["general.type", { type: "string", value: "model" }],
    ["general.name", { type: "string", value: name }],
    ["general.file_type", { type: "u32", value: ggufDtypeInfo[dtype].fileType }],
    ...(dtype === "q8_0" ? [["general.quantization_version", { type: "u32", value: 2 }]] as const : []),
    ...fields,
    ...tokenizer,
  ]);
}
