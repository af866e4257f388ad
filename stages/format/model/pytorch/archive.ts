/**
 * Files that `torch.save` writes: a ZIP archive of a pickle, which names the tensors, and the bytes of their
 * storages. Nothing in the file is run: see `unpickle`. Source: PyTorch, torch/serialization.py.
 *
 * @module
 */
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import { readFull } from "../../../disk/exact_io.ts";
import { fileInfo, openFile } from "../../../disk/files.ts";
import { excerpt } from "../../text/excerpt.ts";
import { widened } from "../float_types.ts";
import { type PickleFunction, type PickleValue, unpickle } from "./pickle.ts";
import { readZip, readZipEntry, type ZipEntry } from "./zip.ts";

/** A tensor in a file; its numbers are read when they are needed. */
export class PyTorchTensor {
  /** Name of the type of its numbers, such as "FloatStorage". */
  readonly type: string;
  /** Name of its storage. */
  readonly key: string;
  /** Sizes. */
  readonly shape: readonly number[];
  /** Index of its first number in the storage. */
  readonly offset: number;
  /** Distances in the storage, per dimension. */
  readonly strides: readonly number[];

  /** A tensor whose numbers lie within the storage: see `tensorOf`. */
  constructor(
    { type, key }: Storage,
    { shape, offset, strides }: Pick<PyTorchTensor, "shape" | "offset" | "strides">,
  ) {
    this.type = type;
    this.key = key;
    this.shape = shape;
    this.offset = offset;
    this.strides = strides;
  }
}

/** An open file. */
export interface PyTorchFile {
  /** The value that was saved; tensors in it are `PyTorchTensor`. */
  readonly value: PickleValue;
  /** Reads a tensor's numbers as float32. Throws Deno.errors.InvalidData for a type that is not of floats. */
  read(tensor: PyTorchTensor): Promise<Float32Array<ArrayBuffer>>;
  /** Returns an error that names the file. */
  refused(why: string): Error;
  /** Closes the file. */
  close(): void;
}

/** A storage: numbers that tensors share. */
class Storage {
  readonly type: string;
  readonly key: string;
  readonly count: number;

  constructor(type: string, key: string, count: number) {
    this.type = type;
    this.key = key;
    this.count = count;
  }
}

/** Bytes of a number of each type of storage. */
const storageBytes: Readonly<Record<string, number>> = {
  FloatStorage: 4,
  HalfStorage: 2,
  BFloat16Storage: 2,
  DoubleStorage: 8,
  LongStorage: 8,
  IntStorage: 4,
  ShortStorage: 2,
  CharStorage: 1,
  ByteStorage: 1,
  BoolStorage: 1,
};

const floatTypes: Readonly<Record<string, "f32" | "f16" | "bf16">> = {
  FloatStorage: "f32",
  HalfStorage: "f16",
  BFloat16Storage: "bf16",
};

const MOST_PICKLE = 1 << 26; // bytes; that of a model of 1,000 tensors has about 200,000
const MOST_DIMENSIONS = 16;

/**
 * Opens a file. Throws Deno.errors.InvalidData for one that is damaged, of PyTorch before 1.6, or that uses
 * anything but tensors and plain data.
 */
export async function openPyTorch(path: string): Promise<PyTorchFile> {
  const refused = (why: string): Error =>
    new Deno.errors.InvalidData(`Cannot read ${path} as a file of PyTorch: ${why}`);
  const { size } = await fileInfo(path), file = await openFile(path);
  try {
    const first = new Uint8Array(Math.min(2, size));
    await readFull(file, first, path);
    if (first[0] === 0x80) {
      throw refused(
        "it has the form of PyTorch before 1.6, a bare pickle: in Python, with PyTorch 1.6 or later, " +
          `torch.save(torch.load("old.pt", map_location="cpu"), "new.pt") writes a file that can be read`,
      );
    }
    const entries = await readZip(file, { path, size, refused });
    const [name, pickle] = [...entries].find(([name]) => /(^|\/)data\.pkl$/.test(name)) ?? [];
    if (name === undefined || pickle === undefined) throw refused("it has no data.pkl");
    const folder = name.slice(0, -"data.pkl".length);
    const archive = { path, size, refused };
    if (pickle.bytes > MOST_PICKLE) throw refused(`its pickle has ${pickle.bytes} bytes`);
    const order = entries.get(`${folder}byteorder`);
    if (order !== undefined && order.bytes <= 16) {
      const text = new TextDecoder().decode(await readZipEntry(file, order, archive));
      if (text !== "little") {
        throw refused(`its numbers are in ${excerpt(text)} order of bytes, expected "little"`);
      }
    }
    const storage = storageOf({ entries, folder, refused }), globals = globalsOf(refused);
    const value = unpickle(await readZipEntry(file, pickle, archive), {
      global: (name) => globals.get(name),
      persistent: storage,
      refused,
    });
    return {
      value,
      refused,
      async read(tensor) {
        const dtype = floatTypes[tensor.type], entry = entries.get(`${folder}data/${tensor.key}`);
        if (dtype === undefined || entry === undefined) {
          throw refused(
            `a tensor has numbers of ${tensor.type}, expected ${Object.keys(floatTypes).join(", ")}`,
          );
        }
        const width = storageBytes[tensor.type], count = sizeOf(tensor.shape);
        if (count === 0) return new Float32Array(0);
        const span = spanOf(tensor) + 1, part = { from: tensor.offset * width, bytes: span * width };
        const values = widened(await readZipEntry(file, entry, { ...archive, ...part }), dtype);
        return isDense(tensor) ? values : gathered(values, tensor, count);
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Returns the function that reads a storage's name. */
function storageOf(
  { entries, folder, refused }: {
    readonly entries: ReadonlyMap<string, ZipEntry>;
    readonly folder: string;
    refused(why: string): Error;
  },
): (id: PickleValue) => Storage {
  return (id) => {
    const [kind, type, key, , count] = Array.isArray(id) ? id : [];
    const name = typeof type === "object" && type !== null && "global" in type ? String(type.global) : "";
    const short = name.replace(/^torch\./, ""), width = storageBytes[short];
    if (kind !== "storage" || typeof key !== "string" || !isCount(count) || width === undefined) {
      throw refused(
        `it has a storage of ${excerpt(name)}, expected one of ${Object.keys(storageBytes).join(", ")}`,
      );
    }
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined) throw refused(`storage ${excerpt(key)} is missing`);
    if (entry.bytes < count * width) {
      throw refused(
        `storage ${excerpt(key)} has ${entry.bytes} bytes, but ${count} numbers of ${short} need more`,
      );
    }
    return new Storage(short, key, count);
  };
}

/** Returns the functions that a file may call: those that build tensors and dictionaries. */
function globalsOf(refused: (why: string) => Error): ReadonlyMap<string, PickleFunction> {
  const none: PickleFunction = () => {
    throw refused("it calls a type");
  };
  return new Map<string, PickleFunction>([
    ["torch._utils._rebuild_tensor_v2", (args) => tensorOf(args, refused)],
    ["torch._utils._rebuild_parameter", ([tensor]) => {
      if (tensor instanceof PyTorchTensor) return tensor;
      throw refused("it has a parameter that is no tensor");
    }],
    ["collections.OrderedDict", (args) => {
      const [pairs] = args;
      if (args.length === 0) return new Map();
      const isPairs = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
      if (isPairs) return new Map(pairs);
      throw refused("it has an ordered dictionary of what are no pairs");
    }],
    ["torch.Size", ([sizes]) => Array.isArray(sizes) ? sizes : []],
    ["torch.device", (args) => args.map((arg) => typeof arg === "object" ? "" : String(arg)).join(":")],
    ...Object.keys(storageBytes).map((type) => [`torch.${type}`, none] as const),
    ...["float32", "float16", "bfloat16", "float64", "int64", "int32", "bool"].map((type) =>
      [`torch.${type}`, none] as const
    ),
  ]);
}

/** Builds a tensor from storage, offset, sizes and strides, which must lie in the storage. */
function tensorOf(args: readonly PickleValue[], refused: (why: string) => Error): PyTorchTensor {
  const [storage, offset, sizes, steps] = args;
  if (!(storage instanceof Storage)) throw refused("it has a tensor without a storage");
  if (!isCount(offset) || !isCounts(sizes) || !isCounts(steps) || sizes.length !== steps.length) {
    throw refused(`it has a tensor of sizes ${listed(sizes)} and strides ${listed(steps)}`);
  }
  const shape = [...sizes], strides = [...steps]; // the pickle may still append to its lists
  // The product may not wrap: it is bounded at every factor.
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (count > storage.count) {
      throw refused(`it has a tensor of sizes [${shape}] in a storage of ${storage.count} numbers`);
    }
  }
  const tensor = new PyTorchTensor(storage, { shape, offset, strides });
  if (count > 0 && offset + spanOf(tensor) >= storage.count) {
    throw refused(`it has a tensor that ends beyond its storage of ${storage.count} numbers`);
  }
  return tensor;
}

/** Returns sizes for a message: numbers alone, because lists can hold one another many times. */
function listed(value: PickleValue): string {
  return excerpt(Array.isArray(value) ? value.slice(0, 20).filter((size) => typeof size !== "object") : null);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MOST_DIMENSIONS && value.every(isCount);
}

/** Returns the distance from a tensor's first number to its last. */
function spanOf({ shape, strides }: PyTorchTensor): number {
  return shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], 0);
}

/** Returns whether the numbers follow each other in the order of the dimensions. */
function isDense({ shape, strides }: PyTorchTensor): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/** Returns a tensor's numbers in the order of the dimensions. */
function gathered(
  values: Float32Array,
  { shape, strides }: PyTorchTensor,
  count: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(count), index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < count; i++) {
    out[i] = values[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
