/**
 * Tests signatures against datatrove's own numbers (SHA-1, 64 bits, seed 1). Some of the numbers are in this
 * file, all of them in the shared data.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { deepStrictEqual, ok, rejects, throws } from "node:assert/strict";
import { permutations, Signer } from "../../../../stages/filter/minhash/signer.ts";
import { buildMinhash } from "../../../../stages/filter/minhash/wasm/build.ts";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import { sharedTest } from "../../../shared_data.ts";

const fox = "The quick brown fox jumps over the lazy dog.";

Deno.test("minhash.wasm.base64 is the compiled form of its AssemblyScript", async () => {
  const committed = Uint8Array.fromBase64(
    await Deno.readTextFile(
      new URL("../../../../stages/filter/minhash/minhash.wasm.base64", import.meta.url),
    ),
  );
  const built = await buildMinhash();
  ok(
    built.length === committed.length && built.every((byte, i) => byte === committed[i]),
    "minhash.wasm.base64 is out of date: run deno task wasm and commit it",
  );
});

Deno.test("permutations() gives datatrove's parameters for seed 1", () => {
  const { multipliers, offsets } = permutations(1, 112);
  deepStrictEqual([...multipliers.slice(0, 3)], [
    775169054918279404n,
    1758426461858698313n,
    2109959069025162n,
  ]);
  deepStrictEqual([...offsets.slice(0, 2)], [1062448801025099917n, 1324811268927594100n]);
});

Deno.test("Signer.hash() is the beginning of SHA-1, for all lengths around the block size", async () => {
  const signer = await Signer.open();
  deepStrictEqual(signer.hash("hello world"), 13028719972609469994n);
  const text = "añ🙂b".repeat(40);
  for (let length = 0; length < 200; length++) {
    const part = text.slice(0, length).toWellFormed();
    const expected = createHash("sha1").update(part).digest().readBigUInt64LE();
    deepStrictEqual(signer.hash(part), expected, `${length} units`);
  }
});

Deno.test("Signer.sign() gives datatrove's signature", async () => {
  for (const recipe of ["current", "release"] as const) {
    const signature = (await Signer.open({ recipe, words: "whitespace" })).sign(fox)!;
    const hashes = new BigUint64Array(signature.buffer);
    deepStrictEqual([hashes.length, hashes[0], hashes[111]], [112, 585594454516184072n, 800584869340422436n]);
  }
});

sharedTest(
  "Signer gives all numbers of datatrove's golden file",
  ["golden/fineweb_minhash_seed1.json"],
  async (path) => {
    const golden = JSON.parse(await Deno.readTextFile(path("golden/fineweb_minhash_seed1.json")));
    const { multipliers, offsets } = permutations(1, 112);
    const signer = await Signer.open({ words: "whitespace" });
    const signature = new BigUint64Array(signer.sign(fox)!.buffer);
    const text = (numbers: BigUint64Array) => Array.from(numbers, String);
    deepStrictEqual([text(multipliers), text(offsets), text(signature)], [golden.a, golden.b, golden.sig]);
  },
);

// SHA-256 of all signatures, computed in Python and NumPy from datatrove's definition, with words split at
// white space.
const digests = {
  current: "516dcc8014576e4aac6f257a1f6762b185d278fa7603b4d692012b60839cd5c7",
  release: "91e835cc7d12c3af356503aed105d84190b3bc3561b6b98f67e271d751f19b94",
};
for (const recipe of ["current", "release"] as const) {
  sharedTest(
    `Signer signs 495 documents as Python does, ${recipe}`,
    ["filters/documents.jsonl.gz"],
    async (path) => {
      const lines = gunzipSync(await Deno.readFile(path("filters/documents.jsonl.gz"))).toString().trim()
        .split("\n");
      const signer = await Signer.open({ recipe, words: "whitespace" });
      const sum = createHash("sha256");
      for (const line of lines) sum.update(signer.sign(JSON.parse(line).text) ?? new Uint8Array(0));
      deepStrictEqual(sum.digest("hex"), digests[recipe]);
    },
  );
}

Deno.test("Signer.signWords() equals the definition in BigInt, over many batches and long words", async () => {
  for (const [count, shingle] of [[5, 5], [700, 5], [300, 1], [100, 63]]) {
    const signer = await Signer.open({ shingle, buckets: 3, rows: 4, seed: 7 });
    const words = Array.from({ length: count }, (_, i) => "wörter".repeat(1 + i % 9) + (i * 31) % 97);
    deepStrictEqual(
      new BigUint64Array(signer.signWords(words).buffer),
      signatureByDefinition(words, { shingle, hashes: 12, seed: 7 }),
    );
  }
});

Deno.test("Signer.signWords() grows its memory for a long text and refuses words with spaces", async () => {
  const signer = await Signer.open();
  const long = Array.from({ length: 300_000 }, (_, i) => `word${i}`);
  deepStrictEqual(signer.signWords(long), signer.signWords(long));
  throws(() => signer.signWords(["a b", "c", "d", "e", "f"]), /contain a space/);
});

Deno.test("Signer.sign() returns null for a text with fewer words than a shingle", async () => {
  const signer = await Signer.open();
  deepStrictEqual([signer.sign(""), signer.sign("one two three four."), signer.sign("... !")], [
    null,
    null,
    null,
  ]);
  ok(signer.sign("one two three four five"));
});

Deno.test("Signer.keys() gives integers below 2^53 that are equal for equal buckets", async () => {
  const signer = await Signer.open();
  const words = Array.from({ length: 50 }, (_, i) => `w${Math.floor(1000 * uniformAt(1, "keys", i))}`);
  const one = signer.signWords(words), other = signer.signWords([...words.slice(0, 48), "new", "words"]);
  const [a, b] = [signer.keys(one), signer.keys(other)];
  const same = Array.from(
    a,
    (_, i) => one.slice(64 * i, 64 * i + 64).join() === other.slice(64 * i, 64 * i + 64).join(),
  );
  deepStrictEqual(Array.from(a, (key, i) => key === b[i]), same);
  ok(same.includes(true) && same.includes(false), "the two texts should agree in some buckets");
  ok([...a, ...b].every((key) => Number.isSafeInteger(key) && key > 0));
  // The bucket's index is hashed into the key, so equal hashes in different buckets have different keys.
  deepStrictEqual(new Set(signer.keys(new Uint8Array(signer.bytes))).size, 14);
});

Deno.test("Signer.open() refuses options out of range", async () => {
  await rejects(Signer.open({ shingle: 64 }), /64 words per shingle: pass an integer from 1 to 63/);
  await rejects(Signer.open({ buckets: 0 }), /0 buckets/);
  await rejects(Signer.open({ buckets: 512, rows: 3 }), /3 hashes per bucket: pass an integer from 1 to 2/);
});

function signatureByDefinition(
  words: readonly string[],
  { shingle, hashes, seed }: { shingle: number; hashes: number; seed: number },
): BigUint64Array {
  const { multipliers, offsets } = permutations(seed, hashes);
  const least = new BigUint64Array(hashes).fill(2n ** 64n - 1n);
  for (let i = 0; i + shingle <= words.length; i++) {
    const hash = createHash("sha1").update(words.slice(i, i + shingle).join(" ")).digest().readBigUInt64LE();
    for (let j = 0; j < hashes; j++) {
      const value = BigInt.asUintN(64, hash * multipliers[j] + offsets[j]) % (2n ** 61n - 1n);
      if (value < least[j]) least[j] = value;
    }
  }
  return least;
}
