/**
 * Writes what `torch.save` writes: a ZIP archive without compression, of a pickle and storages. For tests of
 * the reader; it shares nothing with it.
 *
 * @module
 */

/** A tensor to save. */
export interface SavedTensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Name of the storage; tensors with the same name share it. */
  readonly key: string;
  /** Type of the storage; default FloatStorage. */
  readonly type?: string;
  readonly strides?: readonly number[];
  readonly offset?: number;
}

/** A value to save: objects are dictionaries. */
export type Saved =
  | null
  | boolean
  | number
  | string
  | SavedTensor
  | readonly Saved[]
  | { readonly [name: string]: Saved };

const utf8 = new TextEncoder();

/** Returns the bytes of a pickle of protocol 2, which uses each tensor's storage by a persistent id. */
export function pickled(value: Saved): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0x80, 2, ...itemBytes(value), 0x2E]);
}

/** Returns the opcode and operands of a 32-bit integer. */
export function int(value: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value, true);
  return [0x4A, ...new Uint8Array(view.buffer)];
}

/** Returns the bytes that push a text. */
export function text(value: string): number[] {
  const bytes = utf8.encode(value), length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, bytes.length, true);
  return [0x58, ...new Uint8Array(length.buffer), ...bytes];
}

/** Returns the bytes that push a global. */
export function global(module: string, name: string): number[] {
  return [0x63, ...utf8.encode(`${module}\n${name}\n`)];
}

/** Returns the bytes that push a tuple. */
export function tuple(...items: readonly (readonly number[])[]): number[] {
  return [0x28, ...items.flat(), 0x74];
}

/** Returns the bytes that push a tensor: a call of PyTorch's function. */
export function tensor(
  { shape, key, values, type = "FloatStorage", strides, offset = 0 }: SavedTensor,
): number[] {
  const dense = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const storage = [
    ...tuple(text("storage"), global("torch", type), text(key), text("cpu"), int(values.length)),
    0x51,
  ];
  const sizes = (numbers: readonly number[]) => tuple(...numbers.map(int));
  const hooks = [...global("collections", "OrderedDict"), 0x29, 0x52];
  const args = tuple(storage, int(offset), sizes(shape), sizes(strides ?? dense), [0x89], hooks);
  return [...global("torch._utils", "_rebuild_tensor_v2"), ...args, 0x52];
}

function itemBytes(value: Saved): number[] {
  if (value === null) return [0x4E];
  if (typeof value === "boolean") return [value ? 0x88 : 0x89];
  if (typeof value === "string") return text(value);
  if (typeof value === "number") {
    if (Number.isInteger(value)) return int(value);
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value, false);
    return [0x47, ...new Uint8Array(view.buffer)];
  }
  if (isTensor(value)) return tensor(value);
  if (isList(value)) return [0x5D, 0x28, ...value.flatMap(itemBytes), 0x65];
  return [
    0x7D,
    0x28,
    ...Object.entries(value).flatMap(([key, item]) => [...text(key), ...itemBytes(item)]),
    0x75,
  ];
}

function isTensor(value: Saved): value is SavedTensor {
  return typeof value === "object" && value !== null && "key" in value && "values" in value;
}

function isList(value: Saved): value is readonly Saved[] {
  return Array.isArray(value);
}

/** Returns the tensors in a value. */
function* tensorsIn(value: Saved): Generator<SavedTensor> {
  if (typeof value !== "object" || value === null) return;
  if (isTensor(value)) yield value;
  else for (const item of Object.values(value)) yield* tensorsIn(item);
}

/** Returns the bytes of a storage. */
function storageBytes({ values, type = "FloatStorage" }: SavedTensor): Uint8Array {
  switch (type) {
    case "HalfStorage":
      return new Uint8Array(Float16Array.from(values).buffer);
    case "BFloat16Storage":
      return new Uint8Array(
        Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => bits >>> 16).buffer,
      );
    case "LongStorage":
      return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    default:
      return new Uint8Array(Float32Array.from(values).buffer);
  }
}

/** Returns the bytes of a file that `torch.save` would write. */
export function torchSave(value: Saved): Uint8Array<ArrayBuffer> {
  const storages = new Map(Array.from(tensorsIn(value), (tensor) => [tensor.key, storageBytes(tensor)]));
  return zip([
    ["ckpt/data.pkl", pickled(value)],
    ["ckpt/byteorder", utf8.encode("little")],
    ...[...storages].map(([key, bytes]) => [`ckpt/data/${key}`, bytes] as const),
    ["ckpt/version", utf8.encode("3\n")],
  ]);
}

/** Returns an archive of a pickle alone. */
export function zipOfPickle(pickle: readonly number[]): Uint8Array<ArrayBuffer> {
  return zip([["ckpt/data.pkl", Uint8Array.from(pickle)]]);
}

/** Returns a ZIP archive. `change` may change the header of an entry in the directory. */
export function zip(
  files: readonly (readonly [name: string, bytes: Uint8Array])[],
  change: (header: DataView, name: string) => void = () => {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  let at = 0;
  const put = (part: Uint8Array): void => {
    parts.push(part);
    at += part.length;
  };
  for (const [name, bytes] of files) {
    const label = utf8.encode(name),
      local = new DataView(new ArrayBuffer(30)),
      entry = new DataView(new ArrayBuffer(46));
    const padding = (64 - (at + 30 + label.length + 4) % 64) % 64;
    local.setUint32(0, 0x04034B50, true);
    local.setUint16(26, label.length, true);
    local.setUint16(28, 4 + padding, true); // PyTorch aligns storages by an extra field
    entry.setUint32(0, 0x02014B50, true);
    entry.setUint32(20, bytes.length, true);
    entry.setUint32(24, bytes.length, true);
    entry.setUint16(28, label.length, true);
    entry.setUint32(42, at, true);
    change(entry, name);
    directory.push(new Uint8Array(entry.buffer), label);
    const extra = new DataView(new ArrayBuffer(4 + padding));
    extra.setUint16(0, 0x4246, true);
    extra.setUint16(2, padding, true);
    for (const part of [new Uint8Array(local.buffer), label, new Uint8Array(extra.buffer), bytes]) put(part);
  }
  const begin = at;
  for (const part of directory) put(part);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054B50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, at - begin, true);
  end.setUint32(16, begin, true);
  put(new Uint8Array(end.buffer));
  const out = new Uint8Array(at);
  at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
