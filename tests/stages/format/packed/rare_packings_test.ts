import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import process from "node:process";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bunzip2Streams } from "../../../../stages/format/packed/bzip2.ts";
import type { MemberChunk, MemberOptions } from "../../../../stages/format/packed/gzip.ts";
import { unlz4Frames } from "../../../../stages/format/packed/lz4.ts";
import { packingOf, readUnpacked } from "../../../../stages/format/packed/packed_file.ts";
import { unxz } from "../../../../stages/format/packed/xz.ts";
import { withFolder } from "../../../temporary.ts";
import { cut, joined } from "../../bytes.ts";
import { bzip2, bzip2Bomb, lz4, lz4Legacy, packedTexts, xz, xzRefused } from "./packed_texts.ts";

type Unpack = (
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: MemberOptions,
) => AsyncIterable<MemberChunk>;

const { InvalidData, UnexpectedEof } = Deno.errors;
const listeners = process.listenerCount("unhandledRejection"); // before any library is loaded

/** Unpacks bytes that arrive in chunks; yields the text and the offsets at which members begin. */
async function read(
  unpack: Unpack,
  bytes: Uint8Array<ArrayBuffer>,
  size = 1 << 16,
): Promise<{ text: string; members: number[] }> {
  const decoder = new TextDecoder(), members: number[] = [];
  let text = "";
  for await (const { bytes: part, member, first } of unpack(cut(bytes, size), { name: "a" })) {
    ok(part.length > 0);
    if (first) members.push(member);
    strictEqual(member, members.at(-1));
    text += decoder.decode(part, { stream: true });
  }
  return { text, members };
}

/** Returns bytes of which one is changed. */
function flipped(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const changed = bytes.slice();
  changed[at] ^= 1;
  return new Uint8Array(changed);
}

const FORMATS = [
  { name: "bzip2", unpack: bunzip2Streams, files: bzip2, streams: true },
  { name: "lz4", unpack: unlz4Frames, files: lz4, streams: true },
  { name: "xz", unpack: unxz, files: xz, streams: false },
] as const;

for (const { name, unpack, files, streams } of FORMATS) {
  Deno.test(`${name}: files of other programs are unpacked from chunks of any size, also several in one file`, async () => {
    for (const [i, file] of files.entries()) {
      for (const size of [1, 7, 1000, 1 << 20]) {
        deepStrictEqual(await read(unpack, file, size), { text: packedTexts[i], members: [0] });
      }
    }
    const { text, members } = await read(unpack, joined([files[0], files[1], files[0]]), 1000);
    strictEqual(text, packedTexts[0] + packedTexts[1] + packedTexts[0]);
    deepStrictEqual(members, streams ? [0, files[0].length, files[0].length + files[1].length] : [0]);
  });

  Deno.test(`${name}: a truncated file is an error at every length, and so is each changed byte`, async () => {
    for (const file of files) {
      const step = Math.max(1, Math.floor(file.length / 40));
      for (let length = 1; length < file.length; length += step) {
        await rejects(read(unpack, file.slice(0, length)), UnexpectedEof, `${name}, ${length} bytes`);
      }
      for (let at = 0; at < file.length; at += step) {
        const changed = file.slice();
        changed[at] ^= 1 << (at % 8);
        const result = await read(unpack, changed).catch((error) => error);
        ok(
          result instanceof InvalidData || result instanceof UnexpectedEof ||
            packedTexts.some((text) => text === result.text), // a bit without meaning
          `${name}, byte ${at}`,
        );
      }
    }
    await rejects(read(unpack, new TextEncoder().encode("no packed data, but long enough")), InvalidData);
  });
}

Deno.test("a file is unpacked by its content: any name, and a text that is named as if it were packed", async () => {
  await withFolder(async (folder) => {
    const packed = [
      ...FORMATS.map(({ files }) => files[1]),
      new Uint8Array(gzipSync("x\n")),
      new Uint8Array(zstdCompressSync("x\n")),
      new TextEncoder().encode("x\n"),
    ];
    const kinds = ["bz2", "lz4", "xz", "gz", "zst", null];
    for (const name of ["a.txt", "a.txt.bz2", "a.txt.gz", "a.txt.lz4", "a.txt.xz", "a.txt.zst"]) {
      for (const [i, bytes] of packed.entries()) {
        await Deno.writeFile(`${folder}/${name}`, bytes);
        strictEqual(await packingOf(`${folder}/${name}`), kinds[i]);
        const parts = await Array.fromAsync(readUnpacked(`${folder}/${name}`));
        strictEqual(new TextDecoder().decode(joined(parts)), "x\n", `${name} of ${kinds[i]}`);
        const rest = await Array.fromAsync(readUnpacked(`${folder}/${name}`, { offset: 1 }));
        strictEqual(new TextDecoder().decode(joined(rest)), "\n", `${name} of ${kinds[i]} from byte 1`);
      }
    }
    await Deno.writeFile(`${folder}/b.txt.bz2`, Uint8Array.of(0, 1, 2, 3));
    await rejects(Array.fromAsync(readUnpacked(`${folder}/b.txt.bz2`)), InvalidData); // neither
    await Deno.writeFile(`${folder}/b.txt`, new TextEncoder().encode("BZh9 is how bzip2 begins"));
    strictEqual(await packingOf(`${folder}/b.txt`), null);
  });
});

Deno.test("bzip2: zeros after a stream are ignored, a block is unpacked in bounded memory, and no handler of errors stays", async () => {
  strictEqual((await read(bunzip2Streams, joined([bzip2[1], new Uint8Array(99)]))).text, "x\n");
  strictEqual(process.listenerCount("unhandledRejection"), listeners);
  await rejects(read(bunzip2Streams, flipped(bzip2[1], bzip2[1].length - 3)), /its checksum is wrong/);
  let size = 0, largest = 0;
  for await (const { bytes } of bunzip2Streams(cut(bzip2Bomb, 10), { name: "bomb" })) {
    size += bytes.length;
    largest = Math.max(largest, bytes.length);
  }
  strictEqual(size, 45_000_000);
  ok(largest <= 900_000 * 52);
  const level = bzip2[1].slice();
  level[3] = 0x30;
  await rejects(read(bunzip2Streams, level), /level is 0, expected 1 to 9/);
  const endless = joined([bzip2[0].slice(0, 14), new Uint8Array(2_000_000)]);
  await rejects(read(bunzip2Streams, endless), /a block has more than 155000 bytes/);
});

Deno.test("xz: zeros between streams are ignored; large dictionaries and unknown checksums are refused, two files are read at once", async () => {
  const padded = joined([xz[1], new Uint8Array(8), xz[1], new Uint8Array(4)]);
  strictEqual((await read(unxz, padded)).text, "x\nx\n");
  await rejects(read(unxz, xzRefused.dictionary), /dictionary is larger than 64 MiB/);
  await rejects(read(unxz, xzRefused.sha256), /checksum is SHA-256: pack it with `xz -C crc64`/);
  const [a, b] = [xz[0], xz[0]].map((file) => unxz(cut(file, 50), { name: "a" })[Symbol.asyncIterator]());
  let size = 0;
  for (let done = false; !done;) {
    const [first, second] = [await a.next(), await b.next()];
    deepStrictEqual(first, second);
    if (first.done !== true) size += first.value.bytes.length;
    done = first.done === true;
  }
  strictEqual(size, packedTexts[0].length);
});

Deno.test("lz4: frames to be skipped, the old format, dictionaries, and lengths and offsets outside the data", async () => {
  const note = joined([Uint8Array.of(0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0), new Uint8Array(5)]);
  deepStrictEqual(await read(unlz4Frames, joined([lz4[1], note, lz4[1]])), {
    text: "x\nx\n",
    members: [0, lz4[1].length + note.length],
  });
  const size = new DataView(lz4[0].buffer).getUint32(15, true); // of the first block
  await rejects(read(unlz4Frames, flipped(lz4[0], 14)), /the checksum of its header is wrong/);
  await rejects(read(unlz4Frames, flipped(lz4[0], 19 + size)), /the checksum of a block is wrong/);
  await rejects(read(unlz4Frames, flipped(lz4[0], lz4[0].length - 1)), /its checksum is wrong/);
  await rejects(read(unlz4Frames, lz4Legacy), /`lz4 -l`: pack it with `lz4` alone/);
  const block = (...bytes: number[]): Uint8Array<ArrayBuffer> => {
    // A frame without checksums; 0x82 is the checksum of its header.
    const size = Uint8Array.of(bytes.length & 255, bytes.length >> 8, 0, 0);
    return joined([
      Uint8Array.of(4, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82),
      size,
      Uint8Array.from(bytes),
      new Uint8Array(4),
    ]);
  };
  strictEqual((await read(unlz4Frames, block(0x11, 97, 1, 0, 0x10, 98))).text, "aaaaaab");
  for (
    const [bytes, why] of [
      [[0x10], /ends within its literals/],
      [[0xF0, 255, 255], /ends within a length/],
      [[0x10, 97, 1], /ends within an offset/],
      [[0x10, 97, 0, 0], /an offset is outside the data/],
      [[0x10, 97, 2, 0], /an offset is outside the data/],
    ] as const
  ) {
    await rejects(read(unlz4Frames, block(...bytes)), why, `${bytes}`);
  }
  const longest = [0x1F, 97, 1, 0, ...Array.from({ length: 256 }, () => 255), 236]; // 1 + 4 + 15 + … = 65,536
  strictEqual((await read(unlz4Frames, block(...longest, 0))).text.length, 65_536);
  longest[longest.length - 1]++;
  await rejects(read(unlz4Frames, block(...longest, 0)), /a block has more than 65536 bytes/);
  const large = block(0x10, 97);
  large.set([1, 0, 1, 0], 7);
  await rejects(read(unlz4Frames, large), /a block has 65537 bytes, expected at most 65536/);
});
