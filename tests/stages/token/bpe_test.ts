import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { merge, PairTable } from "../../../stages/token/merge.ts";
import { cl100kTokenizer, gpt2Tokenizer } from "../../../stages/token/files/openai_vocabularies.ts";
import { sharedTest } from "../../shared_data.ts";
import { randomText } from "./random_text.ts";

const gpt2 = await gpt2Tokenizer();
const cl100k = await cl100kTokenizer();

// Each golden has a tokenizer, a text, and tiktoken's ids of the text.
const GOLDENS: readonly [BpeTokenizer, string, string][] = [
  [gpt2, "hello world", "31373 995"],
  [gpt2, "Hello, I'm a language model,", "15496 11 314 1101 257 3303 2746 11"],
  [gpt2, "DON'T don't", "41173 6 51 836 470"],
  [gpt2, "你好世界 🌍", "19526 254 25001 121 10310 244 45911 234 12520 234 235"],
  [gpt2, "<|endoftext|>", "27 91 437 1659 5239 91 29"],
  [cl100k, "DON'T don't", "85741 17773 1541 956"],
  [cl100k, "👍", "9468 239 235"],
  [cl100k, "hello123!!!? (안녕하세요!) 😉", "15339 4513 12340 30 320 31495 230 75265 243 92245 16715 57037"],
  [
    cl100k,
    "hello world!!!? (안녕하세요!) lol123 😉",
    "15339 1917 12340 30 320 31495 230 75265 243 92245 16715 28509 4513 57037",
  ],
];

Deno.test("encodeOrdinary() returns tiktoken's ids, and decode() the text", () => {
  for (const [tokenizer, text, ids] of GOLDENS) {
    strictEqual(tokenizer.encodeOrdinary(text).join(" "), ids, text);
    strictEqual(tokenizer.decode(tokenizer.encodeOrdinary(text)), text);
  }
});

Deno.test("merges recovered from the tokens' bytes encode to the same ids", () => {
  strictEqual(gpt2.merges.length, 50_000);
  deepStrictEqual(gpt2.merges[0], [220, 83, 256]); // "Ġ t"
  const again = new BpeTokenizer({
    pattern: "gpt2",
    tokens: gpt2.tokens,
    merges: gpt2.merges,
    special: gpt2.special,
  });
  for (let trial = 0; trial < 500; trial++) {
    const text = randomText(trial);
    deepStrictEqual(again.encodeOrdinary(text), gpt2.encodeOrdinary(text), text);
  }
});

sharedTest(
  "encodeOrdinary() of a long article has as many tokens as in tiktoken",
  ["bpe/taylorswift.txt"],
  async (path) => {
    const text = await Deno.readTextFile(path("bpe/taylorswift.txt"));
    strictEqual(gpt2.encodeOrdinary(text).length, 45_332);
    strictEqual(cl100k.encodeOrdinary(text).length, 49_298);
    strictEqual(cl100k.decode(cl100k.encodeOrdinary(text)), text);
  },
);

Deno.test("decodeBytes() returns each token's bytes, and decode() refuses ids that are not in the vocabulary", () => {
  gpt2.tokens.forEach((bytes, id) => deepStrictEqual(gpt2.decodeBytes([id]), bytes));
  throws(() => gpt2.decode([50_257]), /id 50257 at position 0/);
  // Id 100256 is unused, although it is below the vocabulary's size.
  throws(() => cl100k.decode([15_339, 100_256]), /id 100256 at position 1/);
});

Deno.test("decode() after encodeOrdinary() is the identity", () => {
  const bytes = byteTokenizer();
  for (let trial = 0; trial < 3000; trial++) {
    const text = randomText(trial);
    for (const tokenizer of [gpt2, cl100k, bytes]) {
      strictEqual(tokenizer.decode(tokenizer.encodeOrdinary(text)), text);
    }
  }
  strictEqual(bytes.vocabSize, 257);
  strictEqual(bytes.encodeOrdinary("é").join(" "), "195 169");
});

Deno.test("encodeOrdinary() encodes a lone surrogate as U+FFFD and keeps a byte-order mark", () => {
  strictEqual(gpt2.decode(gpt2.encodeOrdinary("a\uD800b")), "a\uFFFDb");
  strictEqual(gpt2.decode(gpt2.encodeOrdinary("\uFEFFa")), "\uFEFFa");
});

Deno.test("merge() of a long chunk agrees with a search through all ranks", () => {
  const table = new PairTable(4);
  let id = 4;
  for (const [left, right] of [[0, 1], [1, 0], [4, 4], [4, 2], [0, 0], [6, 6], [8, 5]]) {
    table.add(left, right, { rank: id, id });
    id++;
  }
  for (let trial = 0; trial < 50; trial++) {
    const ids = Uint32Array.from(
      { length: 129 + trial },
      (_, i) => Math.floor(uniformAt(3, `${trial}`, i) * 3),
    );
    const plain = [...ids];
    for (;;) {
      const ranks = plain.slice(1).map((right, i) => table.rank(plain[i], right));
      const best = ranks.indexOf(Math.min(...ranks));
      if (ranks.length === 0 || ranks[best] === 0xFFFFFFFF) break;
      plain.splice(best, 2, table.id(plain[best], plain[best + 1]));
    }
    deepStrictEqual([...ids.slice(0, merge(ids, table))], plain);
  }
});

Deno.test("BpeTokenizer refuses an inconsistent vocabulary", () => {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const build = (spec: object) => () => new BpeTokenizer({ pattern: "none", tokens, merges: [], ...spec });
  throws(build({ tokens: tokens.slice(0, 255) }), /byte 255 has no token/);
  throws(build({ merges: [[97, 98, 256]] }), /merge 0/);
  throws(build({ special: new Map([["<s>", 3]]) }), /id 3 is an ordinary token/);
});
