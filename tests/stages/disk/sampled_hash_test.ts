import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { HASH_BLOCK, sampledHash, sampledParts } from "../../../stages/disk/sampled_hash.ts";
import { withFolder } from "../../temporary.ts";

const B = HASH_BLOCK;

Deno.test("sampledParts() is the whole of a short file, and blocks from the first to the last of a long one", () => {
  deepStrictEqual(sampledParts(0, 3), []);
  deepStrictEqual(sampledParts(5, 3), [[0, 5]]);
  deepStrictEqual(sampledParts(2 * B, 3), [[0, B], [B, B]]);
  deepStrictEqual(sampledParts(3 * B - 1, 3), [[0, B], [B, B], [2 * B, B - 1]]);
  deepStrictEqual(sampledParts(3 * B, 3), [[0, B], [B, B], [2 * B, B]]);
  deepStrictEqual(sampledParts(3 * B + 1, 3), [[0, B], [B + 1, B], [2 * B + 1, B]]);
  deepStrictEqual(sampledParts(9 * B, 3), [[0, B], [4 * B, B], [8 * B, B]]);
  deepStrictEqual(sampledParts(9 * B, 1), [[0, B]]);
});

Deno.test("sampledHash() notices a change of length and of any byte of its blocks, and begins at start", () =>
  withFolder(async (dir) => {
    const path = `${dir}/file`, bytes = 4 * B;
    const hash = async (change: (data: Uint8Array) => void, start = 0) => {
      const data = Uint8Array.from({ length: start + bytes }, (_, i) => (i - start) % 251);
      change(data);
      await Deno.writeFile(path, data);
      using file = await Deno.open(path);
      return sampledHash(file, { path, start, bytes, blocks: 2 });
    };
    const same = await hash(() => {});
    strictEqual(await hash(() => {}, 7), await hash((data) => data[0] = 1, 7), "a byte before start");
    strictEqual(await hash((data) => data[2 * B] = 255), same, "a byte between the two blocks");
    for (const at of [0, B - 1, 3 * B, bytes - 1]) {
      notStrictEqual(await hash((data) => data[at] = 255), same, `byte ${at}`);
    }
    using file = await Deno.open(path);
    notStrictEqual(
      sampledHash(file, { path, bytes: B, blocks: 2 }),
      sampledHash(file, { path, bytes: B - 1, blocks: 2 }),
    );
  }));
