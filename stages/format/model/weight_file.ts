/**
 * Weights in files, read and written a tensor at a time, so that a model of any size passes through the memory of its
 * largest tensor.
 *
 * @module
 */
import { type Shape, sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import type { GptConfig } from "../../../kernels/models/gpt_options.ts";
import type { FloatType } from "./float_types.ts";
import type { NamedShape } from "./gpt2_tensors.ts";

/** A model on disk whose sizes, names and bounds have been checked. */
export interface WeightFile {
  /** Where it is, for messages. */
  readonly path: string;
  /** The model's options; those that the file does not say have their default. */
  readonly config: GptConfig;
  /** What its floats are on disk; "mixed": of several types. */
  readonly dtype: FloatType | "f16" | "mixed";
  /** Its tensors; the embedding may have rows beyond the vocabulary. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Reads one, as float32. Throws RangeError for a name that it does not have. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Closes the file. */
  close(): void;
}

/** A file that weights are written to, one after the other. */
export interface WeightWriter {
  /** What it takes, in its order. */
  readonly order: readonly NamedShape[];
  /** Writes the next tensor of `order`. Throws RangeError where it is of another size, and what the disk says. */
  write(data: Float32Array): Promise<void>;
  /** After the last tensor: waits until the disk has all. Throws RangeError where tensors are missing. */
  end(): Promise<void>;
  /** Closes the file, whole or not. */
  close(): void;
}

/** All weights of a file, which is closed then. */
export async function readWeights(file: WeightFile): Promise<TensorMap> {
  try {
    const weights: [string, TensorMap[string]][] = [];
    for (const [name, shape] of file.shapes) weights.push([name, { shape, data: await file.read(name) }]);
    return Object.fromEntries(weights);
  } finally {
    file.close();
  }
}

/** Follows what is written: the tensors of `order`, each once, each whole. */
export class WriteProgress {
  readonly #path: string;
  readonly #order: readonly NamedShape[];
  #next = 0;

  /** `path` is for messages. */
  constructor(path: string, order: readonly NamedShape[]) {
    this.#path = path;
    this.#order = order;
  }

  /** The tensor that `data` is. Throws RangeError where it cannot be. */
  take(data: Float32Array): NamedShape {
    const tensor = this.#order[this.#next];
    if (tensor === undefined) {
      throw new RangeError(`Cannot write more to ${this.#path}: it has its ${this.#order.length} tensors`);
    }
    if (data.length !== sizeOf(tensor.shape)) {
      throw new RangeError(
        `Cannot write ${tensor.name} to ${this.#path}: it has ${data.length} values, wanted ${
          sizeOf(tensor.shape)
        } for [${tensor.shape}]`,
      );
    }
    this.#next++;
    return tensor;
  }

  /** Throws RangeError where tensors have not come. */
  end(): void {
    if (this.#next === this.#order.length) return;
    throw new RangeError(`Cannot end ${this.#path}: ${this.#order[this.#next].name} is missing`);
  }
}
