/**
 * Tests the unpacking of gzip members: chunks of any size, offsets of members, and damaged files.
 *
 * @module
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { gunzipMembers } from "../../../../stages/format/packed/gzip.ts";
import { cut, joined } from "../../bytes.ts";

const encoder = new TextEncoder();
const texts = [
  "hello ".repeat(1000),
  "x",
  "",
  Array.from({ length: 9000 }, (_, i) => i * 7919 % 10007).join(" "),
];
const members = texts.map((text) => new Uint8Array(gzipSync(encoder.encode(text))));
const starts = members.map((_, i) => members.slice(0, i).reduce((sum, { length }) => sum + length, 0));
const packed = joined(members);

/**
 * Returns texts, keyed by the offset of their member. An empty member has no text, because it yields no
 * chunk.
 */
async function read(
  bytes: Uint8Array<ArrayBuffer>,
  { size = 1 << 16, start = 0 } = {},
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const decoder = new TextDecoder();
  for await (
    const { bytes: part, member, first } of gunzipMembers(cut(bytes, size), { name: "a.gz", start })
  ) {
    strictEqual(first, !found.has(member));
    found.set(member, (found.get(member) ?? "") + decoder.decode(part));
  }
  return found;
}

Deno.test("gunzipMembers() gives the same texts and offsets for chunks of any size", async () => {
  const wanted = new Map(
    texts.map((text, i) => [starts[i], text] as const).filter(([, text]) => text !== ""),
  );
  for (const size of [1, 2, 7, 18, 19, 1000, 16_384, 1 << 20]) {
    deepStrictEqual(await read(packed, { size }), wanted, `chunks of ${size}`);
  }
});

Deno.test("gunzipMembers() can start at any member", async () => {
  const found = await read(packed.slice(starts[3]), { start: starts[3] });
  deepStrictEqual([...found], [[starts[3], texts[3]]]);
});

Deno.test("gunzipMembers() reads headers with a name, a comment, extra fields and a checksum", async () => {
  const plain = members[0];
  const extra = Uint8Array.of(3, 0, 9, 9, 9),
    name = encoder.encode("name\0"),
    comment = encoder.encode("why\0");
  const head = Uint8Array.of(...plain.subarray(0, 3), 4 | 8 | 16 | 2, ...plain.subarray(4, 10));
  const whole = joined([head, extra, name, comment, Uint8Array.of(1, 2), plain.slice(10)]);
  for (const size of [1, 1000]) deepStrictEqual([...await read(whole, { size })], [[0, texts[0]]]);
});

Deno.test("gunzipMembers() ignores zeros after the last member", async () => {
  strictEqual((await read(joined([packed, new Uint8Array(1000)]), { size: 300 })).size, 3);
});

Deno.test("gunzipMembers() names the offset of a member that is damaged or truncated", async () => {
  const { InvalidData, UnexpectedEof } = Deno.errors;
  const where = `gzip member at byte ${starts[3]}`;
  for (const cutAt of [starts[3] + 1, starts[3] + 12, packed.length - 200, packed.length - 5]) {
    await rejects(read(packed.slice(0, cutAt)), (error) => {
      return error instanceof UnexpectedEof && error.message.includes(where);
    }, `cut at ${cutAt}`);
  }
  for (
    const [at, value] of [[starts[3], 0], [starts[3] + 2, 7], [packed.length - 6, 1], [packed.length - 1, 77]]
  ) {
    const damaged = packed.slice();
    damaged[at] ^= value || 255;
    await rejects(read(damaged), (error) => {
      return error instanceof InvalidData && error.message.includes(where);
    }, `byte ${at}`);
  }
  await rejects(read(joined([packed, encoder.encode("not gzip")])), InvalidData);
});
