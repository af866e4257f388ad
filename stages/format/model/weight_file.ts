/**
 * Weight files, read and written one tensor at a time, so that converting a model of any size needs only as
 * much memory as its largest tensor.
 *
 * @module
 */
import type { Activations, BlockLayout, BlockRows } from "../../../kernels/core/blocks/block_layout.ts";
import { type Shape, sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import type { ModelConfig } from "../../../kernels/models/model_config.ts";
import type { FloatType } from "./float_types.ts";

/** A tensor's name and shape. */
export type NamedShape = Readonly<{ name: string; shape: Shape }>;

/** An open model on disk; its sizes, names and bounds have been checked. */
export interface WeightFile {
  /** Path of the file or folder, for messages. */
  readonly path: string;
  /** The model's options; an option that the file does not store has its default. */
  readonly config: ModelConfig;
  /** Type of the floats on disk; "mixed" if there are several types. */
  readonly dtype: FloatType | "f16" | "mixed";
  /**
   * Shape of each tensor, keyed by the tensor's name. The embedding can have padding rows beyond the
   * vocabulary.
   */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Reads a tensor as float32. Throws RangeError for a name that the file does not contain. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Quantised tensors that products can use as they are. Default: there are none. */
  readonly blocks?: QuantizedTensors;
  /** Closes the file. */
  close(): void;
}

/** Quantised tensors of a file. */
export interface QuantizedTensors {
  /** Formats of each tensor's rows from top to bottom, keyed by the tensor's name. */
  readonly rows: ReadonlyMap<string, readonly BlockRows[]>;
  /**
   * Reads the blocks of a tensor as words; the last word may be padded. Throws Deno.errors.InvalidData for
   * scales that are NaN or infinite.
   */
  read(name: string): Promise<Uint32Array<ArrayBuffer>>;
}

/** A file to which weights are written one after the other. */
export interface WeightWriter {
  /** The tensors to write, in order. */
  readonly order: readonly NamedShape[];
  /**
   * Writes the next tensor of `order`. Throws RangeError if the number of values is wrong, and file system
   * errors.
   */
  write(data: Float32Array): Promise<void>;
  /** Syncs the file to disk after the last tensor. Throws RangeError if tensors are missing. */
  end(): Promise<void>;
  /** Closes the file, complete or not. */
  close(): void;
}

/**
 * Reads all weights of a file and closes it: all as float32, or, with `keepBlocks`, those in the file's
 * `blocks` as words.
 */
export async function readWeights(
  file: WeightFile,
  { keepBlocks = false }: { readonly keepBlocks?: boolean } = {},
): Promise<TensorMap> {
  try {
    const weights: [string, TensorMap[string]][] = [];
    for (const [name, shape] of file.shapes) {
      if (keepBlocks && file.blocks?.rows.has(name)) {
        const data = await file.blocks.read(name);
        weights.push([name, { shape: [data.length], data }]);
      } else weights.push([name, { shape, data: await file.read(name) }]);
    }
    return Object.fromEntries(weights);
  } finally {
    file.close();
  }
}

/** Returns layouts of quantised tensors by name; `activations` are those of products with them. */
export function blockLayouts(
  { blocks, shapes }: WeightFile,
  activations: Activations,
): Map<string, BlockLayout> {
  return new Map([...blocks?.rows ?? []].map(([name, parts]) => {
    return [name, { parts, columns: shapes.get(name)![1], activations }];
  }));
}

/** Checks that the tensors of `order` are written completely and in order, each once. */
export class WriteProgress {
  readonly #path: string;
  readonly #order: readonly NamedShape[];
  #next = 0;

  /** `path` is the path of the file, for error messages. */
  constructor(path: string, order: readonly NamedShape[]) {
    this.#path = path;
    this.#order = order;
  }

  /** Returns the next tensor, to which `data` belongs. Throws RangeError if the number of values is wrong. */
  take(data: Float32Array): NamedShape {
    const tensor = this.#order[this.#next];
    if (tensor === undefined) {
      throw new RangeError(
        `Cannot write another tensor to ${this.#path}: all its ${this.#order.length} tensors are written`,
      );
    }
    if (data.length !== sizeOf(tensor.shape)) {
      throw new RangeError(
        `Cannot write ${tensor.name} to ${this.#path}: it has ${data.length} values, expected ${
          sizeOf(tensor.shape)
        } for shape [${tensor.shape}]`,
      );
    }
    this.#next++;
    return tensor;
  }

  /** Throws RangeError if a tensor has not been written. */
  end(): void {
    if (this.#next === this.#order.length) return;
    throw new RangeError(
      `Cannot complete ${this.#path}: tensor ${this.#order[this.#next].name} has not been written`,
    );
  }
}
