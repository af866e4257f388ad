/**
 * Tests token files of build-nanogpt (NumPy) and Megatron.
 *
 * @module
 */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { megatronWidth, writeMegatronIndex } from "../../../../stages/format/tokens/megatron.ts";
import { openTokens } from "../../../../stages/format/tokens/token_formats.ts";
import { joined } from "../../bytes.ts";
import { withFolder } from "../../source/source_checks.ts";

const ids = [50256, 1, 2, 65535, 0, 7];

/** A `.npy` file as NumPy writes it. */
function npy(type: string, values: readonly number[], shape = `(${values.length},)`): Uint8Array {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117, " ") + "\n";
  const data = type === "<u2" ? Uint16Array.from(values) : Int32Array.from(values);
  return new Uint8Array([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    118,
    0,
    ...new TextEncoder().encode(text),
    ...new Uint8Array(data.buffer),
  ]);
}

function tokens(path: string): number[] {
  const file = openTokens({ path });
  try {
    return [...file.read(0, 1), ...file.read(1, file.count - 1)];
  } finally {
    file.close();
  }
}

Deno.test("openTokens() reads build-nanogpt's .npy shards, and refuses other types, shapes and lengths", () =>
  withFolder(async (path) => {
    for (const type of ["<u2", "<i4", "<u4"]) {
      deepStrictEqual(tokens(path("a.npy", npy(type, ids))), ids, type);
    }
    const refused = (name: string, bytes: Uint8Array, message: RegExp) =>
      throws(() => openTokens({ path: path(name, bytes) }), message);
    refused("b.npy", npy("<f4", ids), /type "<f4".*np\.uint16/);
    refused("c.npy", npy(">u2", ids), /type ">u2"/);
    refused("d.npy", npy("<u2", ids, "(2, 3)"), /not one dimension/);
    refused("e.npy", npy("<u2", ids, "(7,)"), /expected 142 for its 7 tokens/);
    refused("f.npy", npy("<u2", ids, `(${"9".repeat(30)},)`), /tokens: copy it again/);
    refused("g.npy", npy("<u2", [], "(0,)"), /no tokens/);
    refused("h.npy", new TextEncoder().encode("not NumPy at all"), /magic number/);
    refused("i.npy", npy("<u2", ids).fill(0xFF, 8, 10), /header has 65535 bytes/);
    await Promise.resolve();
  }));

/** The index of sequences of these lengths. */
function index(
  lengths: readonly number[],
  { type = 8, width = 2, version = 1n, offsets = [] as number[], documents = [] as number[] } = {},
): Uint8Array {
  const bytes = new Uint8Array(34 + 12 * lengths.length + 8 * (lengths.length + 1)),
    view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("MMIDIDX"));
  view.setBigUint64(9, version, true);
  view.setUint8(17, type);
  view.setBigUint64(18, BigInt(lengths.length), true);
  view.setBigUint64(26, BigInt(lengths.length + 1), true);
  let at = 0;
  lengths.forEach((length, i) => {
    view.setInt32(34 + 4 * i, length, true);
    view.setBigInt64(34 + 4 * lengths.length + 8 * i, BigInt(offsets[i] ?? at), true);
    at += length * width;
  });
  documents.forEach((first, i) => view.setBigInt64(34 + 12 * lengths.length + 8 * i, BigInt(first), true));
  return bytes;
}

Deno.test("openTokens() reads Megatron's .bin beside its .idx, and refuses an index that does not fit", () =>
  withFolder(async (path) => {
    const narrow = path("a.bin", new Uint8Array(Uint16Array.from(ids).buffer));
    path("a.idx", index([2, 0, 4]));
    deepStrictEqual(tokens(narrow), ids);
    const wide = path("b.bin", new Uint8Array(Int32Array.from([100_000, 1, 2]).buffer));
    path("b.idx", index([3], { type: 4, width: 4 }));
    deepStrictEqual(tokens(wide), [100_000, 1, 2]);
    const refused = (bytes: Uint8Array, message: RegExp) => {
      path("a.idx", bytes);
      throws(() => openTokens({ path: narrow }), message);
    };
    refused(index([2, 3]), /has 12 bytes, but its index counts 5 tokens/);
    refused(index([2, 4], { offsets: [0, 6] }), /sequence 2 has 4 tokens at byte 6, expected byte 4/);
    refused(index([2, -4]), /sequence 2 has -4 tokens/);
    refused(index([6], { type: 5 }), /type int64, expected uint16 or int32/);
    refused(index([6], { type: 99 }), /type 99/);
    refused(index([6], { version: 2n }), /version is 2/);
    refused(index([2, 4]).subarray(0, 60), /has 60 bytes, expected 82/);
    const huge = index([6]);
    new DataView(huge.buffer).setBigUint64(18, 2n ** 60n, true);
    refused(huge, /sequences and 2 documents: copy it again/);
    path("a.idx", "something else of that name");
    strictEqual(openMessage(narrow), "magic");
    await Promise.resolve();
  }));

function openMessage(path: string): string {
  try {
    openTokens({ path });
    return "opened";
  } catch (error) {
    return /magic number/.test(String(error)) ? "magic" : String(error);
  }
}

Deno.test("writeMegatronIndex() writes the lengths and places of documents, which begin with the first token", () =>
  withFolder(async (path) => {
    const documents = [[9, 1, 2], [9], [9, 5, 6, 7]];
    const bin = path("a.bin", new Uint8Array(Uint16Array.from(documents.flat()).buffer));
    writeMegatronIndex(bin, { separated: true, width: 2 });
    deepStrictEqual(
      Deno.readFileSync(bin.replace(".bin", ".idx")),
      index([3, 1, 4], { documents: [0, 1, 2, 3] }),
    );
    deepStrictEqual(tokens(bin), documents.flat());
    writeMegatronIndex(bin, { separated: false, width: 2 });
    deepStrictEqual(Deno.readFileSync(bin.replace(".bin", ".idx")), index([8], { documents: [0, 1] }));
    await Promise.resolve();
  }));

Deno.test("writeMegatronIndex() names int32 for wide ids; a vocabulary has them from 65,500 ids on, as in Megatron", () =>
  withFolder(async (path) => {
    deepStrictEqual([65_499, 65_500, 65_501, 200_019].map(megatronWidth), [2, 4, 4, 4]);
    const documents = [[100_257, 1, 2], [100_257], [100_257, 65_536, 6, 7]];
    const bin = path("a.bin", new Uint8Array(Int32Array.from(documents.flat()).buffer));
    writeMegatronIndex(bin, { separated: true, width: 4 });
    deepStrictEqual(
      Deno.readFileSync(bin.replace(".bin", ".idx")),
      index([3, 1, 4], { type: 4, width: 4, documents: [0, 1, 2, 3] }),
    );
    deepStrictEqual(tokens(bin), documents.flat());
    await Promise.resolve();
  }));

Deno.test("openTokens() reads int32 without a header while it is still written, and refuses half a token", () =>
  withFolder(async (path) => {
    const bytes = new Uint8Array(Int32Array.from([100_257, 7]).buffer);
    path("a.bin.partial", joined([bytes, Uint8Array.of(1, 2)]));
    const file = openTokens({ path: path("b.bin", bytes).replace("b.bin", "a.bin"), format: "int32" });
    deepStrictEqual([...file.read(0, 2)], [100_257, 7]);
    strictEqual(file.count, 2);
    file.close();
    path("c.bin", joined([bytes, Uint8Array.of(1, 2)]));
    throws(
      () => openTokens({ path: path("b.bin", bytes).replace("b.bin", "c.bin"), format: "int32" }),
      /it has 10 bytes, expected a multiple of 4 bytes per token/,
    );
    await Promise.resolve();
  }));
