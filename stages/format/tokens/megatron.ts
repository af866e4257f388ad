/**
 * Megatron-LM's indexed datasets: `NAME.bin` has token ids without a header, and `NAME.idx` the type of the
 * ids, the length of each sequence in tokens and its offset in bytes, and the sequences at which documents
 * begin, all little-endian. Source: NVIDIA/Megatron-LM megatron/core/datasets/indexed_dataset.py.
 *
 * @module
 */
import { readFullSync, writeAllSync } from "../../disk/exact_io.ts";
import { openFileSync } from "../../disk/files.ts";
import { isFileSync, replaceWholeSync } from "../../disk/whole_files.ts";
import { openNanogptBin } from "./nanogpt.ts";
import { type TokenBytes, type TokenFile, tokenFile, type TokenLayout } from "./token_file.ts";

const MAGIC = "MMIDIDX\0\0";
const HEADER_BYTES = 34;
const BLOCK = 1 << 16; // sequences that are checked at once

/** Number types by their code in the index; those without a width hold no token ids that can be read. */
const types: readonly { readonly name: string; readonly width?: 2 | 4 }[] = [
  { name: "none" },
  { name: "uint8" },
  { name: "int8" },
  { name: "int16" },
  { name: "int32", width: 4 },
  { name: "int64" },
  { name: "float64" },
  { name: "float32" },
  { name: "uint16", width: 2 },
];

/** Path of the index of a `.bin` file. */
export function megatronIndexPath(path: string): string {
  return path.replace(/\.bin$/, ".idx");
}

/** Returns whether Megatron's index lies beside a `.bin` file. */
export function isMegatron(path: string): boolean {
  const index = megatronIndexPath(path);
  if (index === path || !isFileSync(index)) return false;
  using file = openFileSync(index);
  const head = new Uint8Array(MAGIC.length);
  if (file.statSync().size < head.length) return false;
  readFullSync(file, head, { path: index });
  return new TextDecoder("latin1").decode(head) === MAGIC;
}

/**
 * Opens a token file beside its index. Throws Deno.errors.InvalidData if the index is wrong, names another
 * type of ids than uint16 and int32, or sequences that do not follow one another without gaps; and
 * Deno.errors.UnexpectedEof if one of the files is truncated.
 */
export function openMegatron(path: string): TokenFile {
  return tokenFile(openFileSync(path), { path, layoutOf: megatronLayout });
}

/** The layout of a token file. Throws the errors of `openMegatron`. */
export function megatronLayout({ path, beside, size }: TokenBytes): TokenLayout {
  const { width, count } = readIndex(megatronIndexPath(beside));
  if (size !== width * count) {
    throw new Deno.errors.UnexpectedEof(
      `Cannot read ${path}: it has ${size} bytes, but its index counts ${count} tokens of ${width} bytes: ` +
        `copy both files again`,
    );
  }
  return { path, offset: 0, width, count };
}

function readIndex(path: string): { readonly width: 2 | 4; readonly count: number } {
  using file = openFileSync(path);
  const { size } = file.statSync();
  const refuse = (why: string): Error =>
    new Deno.errors.InvalidData(
      `Cannot read Megatron's index ${path}: ${why}: write it again with preprocess_data.py`,
    );
  if (size < HEADER_BYTES) throw refuse(`it has ${size} bytes`);
  const head = new DataView(new ArrayBuffer(HEADER_BYTES));
  readFullSync(file, new Uint8Array(head.buffer), { path });
  const version = head.getBigUint64(9, true), type = types[head.getUint8(17)];
  if (version !== 1n) throw refuse(`its version is ${version}, expected 1`);
  if (type?.width === undefined) {
    throw refuse(`its ids have the type ${type?.name ?? head.getUint8(17)}, expected uint16 or int32`);
  }
  const sequences = Number(head.getBigUint64(18, true)), documents = Number(head.getBigUint64(26, true));
  const end = HEADER_BYTES + 12 * sequences + 8 * documents;
  if (size !== end && size !== end + sequences) { // a byte more for each sequence of a multimodal dataset
    throw new Deno.errors.UnexpectedEof(
      `Cannot read Megatron's index ${path}: it has ${size} bytes, expected ${end} for ${sequences} sequences and ` +
        `${documents} documents: copy it again`,
    );
  }
  let count = 0;
  for (let first = 0; first < sequences; first += BLOCK) {
    const length = Math.min(BLOCK, sequences - first);
    const lengths = new Int32Array(length), offsets = new BigInt64Array(length);
    file.seekSync(HEADER_BYTES + 4 * first, Deno.SeekMode.Start);
    readFullSync(file, new Uint8Array(lengths.buffer), { path });
    file.seekSync(HEADER_BYTES + 4 * sequences + 8 * first, Deno.SeekMode.Start);
    readFullSync(file, new Uint8Array(offsets.buffer), { path });
    for (let i = 0; i < length; i++) {
      if (lengths[i] < 0 || Number(offsets[i]) !== type.width * count) {
        throw refuse(
          `sequence ${first + i + 1} has ${lengths[i]} tokens at byte ${offsets[i]}, expected byte ${
            type.width * count
          }`,
        );
      }
      count += lengths[i];
    }
  }
  if (count === 0) throw refuse("it has no tokens");
  return { width: type.width, count };
}

/** Returns the bytes per token in Megatron's files of a vocabulary: uint16 below 65,500 ids, else int32. */
export function megatronWidth(vocabSize: number): 2 | 4 {
  return vocabSize < 65_500 ? 2 : 4;
}

/** What the index of a `.bin` file says. */
export interface MegatronIndex {
  /** Whether each document begins with the file's first token; if not, the file is one document. */
  readonly separated: boolean;
  /** Bytes per token: 2 for uint16, 4 for int32. */
  readonly width: 2 | 4;
}

/** Writes the index of a `.bin` file. */
export function writeMegatronIndex(path: string, { separated, width }: MegatronIndex): void {
  const lengths = documentLengths(path, { separated, width });
  const head = new DataView(new ArrayBuffer(HEADER_BYTES));
  new Uint8Array(head.buffer).set(new TextEncoder().encode(MAGIC));
  head.setBigUint64(9, 1n, true);
  head.setUint8(17, types.findIndex((type) => type.width === width));
  head.setBigUint64(18, BigInt(lengths.length), true);
  head.setBigUint64(26, BigInt(lengths.length + 1), true);
  let at = 0n;
  const offsets = BigInt64Array.from(lengths, (length) => {
    const offset = at;
    at += BigInt(width * length);
    return offset;
  });
  const documents = BigInt64Array.from({ length: lengths.length + 1 }, (_, i) => BigInt(i));
  replaceWholeSync(megatronIndexPath(path), (file) => {
    const parts = [new Uint8Array(head.buffer), Int32Array.from(lengths), offsets, documents];
    for (const part of parts) writeAllSync(file, new Uint8Array(part.buffer));
  });
}

function documentLengths(path: string, { separated, width }: MegatronIndex): readonly number[] {
  const tokens = openNanogptBin(path, width), { count } = tokens, begins: number[] = [];
  try {
    if (!separated) return [count];
    const [separator] = tokens.read(0, 1);
    for (let start = 0; start < count; start += 1 << 20) {
      tokens.read(start, Math.min(1 << 20, count - start)).forEach((id, i) => {
        if (id === separator) begins.push(start + i);
      });
    }
  } finally {
    tokens.close();
  }
  return begins.map((begin, i) => (begins[i + 1] ?? count) - begin);
}
