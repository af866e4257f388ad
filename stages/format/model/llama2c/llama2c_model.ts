/**
 * Reading and writing llama2.c's model files. Rows of queries and keys are in the order of Meta, in which the
 * two channels of a rotary pair are neighbours.
 *
 * @module
 */
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import type { LlamaConfig } from "../../../../kernels/models/llama_options.ts";
import { ropeTable } from "../../../../kernels/models/rope_table.ts";
import { readFull, writeAll } from "../../../disk/exact_io.ts";
import { fileInfo, openFile } from "../../../disk/files.ts";
import { asInGguf, asInHuggingFace } from "../gguf/names.ts";
import { HEAD, llamaTensors, partsOf } from "../llama_tensors.ts";
import { type NamedShape, type WeightFile, type WeightWriter, WriteProgress } from "../weight_file.ts";
import {
  groupSizeOf,
  isLlama2c,
  llama2cHead,
  type Llama2cHeader,
  llama2cMisfit,
  llama2cOrder,
  type Llama2cTensor,
  llama2cTensors,
  type Llama2cVersion,
  readLlama2cHeader,
} from "./layout.ts";

/** Returns whether a file is a model of llama2.c. */
export async function isLlama2cFile(path: string): Promise<boolean> {
  using file = await openFile(path);
  return await isLlama2c(file, (await fileInfo(path)).size);
}

/**
 * Opens a model; its tensors are read as float32. Throws Deno.errors.InvalidData if the header or the length
 * is wrong; both are checked before memory is allocated.
 */
export async function openLlama2cModel(
  path: string,
): Promise<WeightFile & { readonly version: Llama2cVersion }> {
  const file = await openFile(path);
  try {
    const header = await readLlama2cHeader(file, { path, size: (await fileInfo(path)).size });
    const { config, version } = header;
    const places = new Map(Array.from(llama2cTensors(header), (tensor) => [tensor.name, tensor]));
    const wholes = new Map(Array.from(llamaTensors(config), (whole) => [whole.name, whole]));
    return {
      path,
      version,
      config,
      dtype: version === 2 ? "mixed" : "f32",
      shapes: new Map([...wholes].map(([name, { shape }]) => [name, shape])),
      async read(name) {
        const whole = wholes.get(name);
        if (whole === undefined) throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
        const data = new Float32Array(sizeOf(whole.shape));
        let at = 0;
        for (const { name } of partsOf(whole, config)) {
          const place = places.get(name);
          if (place === undefined) throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
          const bytes = new Uint8Array(place.bytes);
          await file.seek(place.begin, Deno.SeekMode.Start);
          await readFull(file, bytes, path);
          const values = valuesOf(bytes, place, header);
          data.set(asInHuggingFace(values, { ...place, config, architecture: "llama" }), at);
          at += values.length;
        }
        return data;
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Returns the values of a tensor's bytes: float32, or int8 values before the scales of their groups. */
function valuesOf(
  bytes: Uint8Array<ArrayBuffer>,
  { shape, isQuantized }: Llama2cTensor,
  { groupSize }: Llama2cHeader,
): Float32Array<ArrayBuffer> {
  if (!isQuantized) return new Float32Array(bytes.buffer);
  const count = sizeOf(shape),
    numbers = new Int8Array(bytes.buffer, 0, count),
    view = new DataView(bytes.buffer);
  return Float32Array.from(
    numbers,
    (q, i) => q * view.getFloat32(count + 4 * Math.floor(i / groupSize), true),
  );
}

/**
 * Creates a model file and writes its header; the tensors of `order` are then written one after the other.
 * Throws RangeError for a configuration that the format cannot hold.
 */
export async function createLlama2cModel(
  path: string,
  { config, version }: { readonly config: LlamaConfig; readonly version: Llama2cVersion },
): Promise<WeightWriter> {
  const misfit = llama2cMisfit(config);
  if (misfit !== null) {
    throw new RangeError(`Cannot write ${path}: in llama2.c files ${misfit.option} is always ${misfit.only}`);
  }
  const groupSize = groupSizeOf(config), order: readonly NamedShape[] = [...llama2cOrder(config, version)];
  const progress = new WriteProgress(path, order);
  const file = await openFile(path, { write: true, create: true, truncate: true });
  let hasTables = version !== 0;
  const writeTables = async (): Promise<void> => {
    if (hasTables) return;
    hasTables = true;
    for (const table of tablesOf(config)) await writeAll(file, new Uint8Array(table.buffer));
  };
  try {
    await writeAll(file, llama2cHead({ version, config, groupSize, begin: 0 }));
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    order,
    async write(data) {
      const tensor = progress.take(data);
      if (tensor.name === HEAD) await writeTables();
      const values = asInGguf(new Float32Array(data), { ...tensor, config, architecture: "llama" });
      const isQuantized = version === 2 && tensor.shape.length > 1;
      if (!isQuantized) return await writeAll(file, new Uint8Array(values.buffer));
      for (const part of eightBits(values, groupSize)) await writeAll(file, part);
    },
    async end() {
      progress.end();
      await writeTables();
      await file.sync();
    },
    close: () => file.close(),
  };
}

/** Returns cosines and sines of the angles, [T, D/2] each. */
function tablesOf({ headWidth, seqLen }: LlamaConfig): readonly Float32Array<ArrayBuffer>[] {
  const { data } = ropeTable({
    width: headWidth,
    positions: seqLen,
    base: 10_000,
    scaling: { kind: "none" },
  });
  const half = headWidth / 2;
  return [0, half].map((first) =>
    Float32Array.from(
      { length: seqLen * half },
      (_, i) => data[Math.floor(i / half) * headWidth + first + i % half],
    )
  );
}

/** Quantises groups of values to 8 bits: the values in units of the scales, then the scales. */
function eightBits(values: Float32Array, groupSize: number): readonly [Uint8Array, Uint8Array] {
  const numbers = new Int8Array(values.length), scales = new Float32Array(values.length / groupSize);
  for (let group = 0; group < scales.length; group++) {
    const from = group * groupSize;
    let most = 0;
    for (let j = 0; j < groupSize; j++) most = Math.max(most, Math.abs(values[from + j]));
    const scale = scales[group] = Math.fround(most / 127);
    for (let j = 0; j < groupSize && scale > 0; j++) {
      numbers[from + j] = halfToEven(Math.fround(values[from + j] / scale));
    }
  }
  return [new Uint8Array(numbers.buffer), new Uint8Array(scales.buffer)];
}

/** Rounds to the nearest whole number, halves to the even one, as PyTorch does. */
function halfToEven(x: number): number {
  const floor = Math.floor(x), rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
