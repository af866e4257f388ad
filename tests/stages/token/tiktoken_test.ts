import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { openAiTokenizer } from "../../../stages/token/files/openai_vocabularies.ts";
import type { SpecialOptions } from "../../../stages/token/special.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { randomText } from "./random_text.ts";

const [gpt2, p50k, cl100k, o200k] = await Promise.all(
  (["gpt2", "p50k", "cl100k", "o200k"] as const).map(openAiTokenizer),
);
const ALL: SpecialOptions = { allowedSpecial: "all" };

Deno.test("encode() encodes allowed special tokens with tiktoken's ids", () => {
  const goldens: readonly [Tokenizer, string, number[]][] = [
    [cl100k, "<|endoftext|>hello world", [100257, 15339, 1917]],
    [gpt2, "hello <|endoftext|>", [31373, 220, 50256]],
    [cl100k, "hello <|endoftext|>", [15339, 220, 100257]],
    [gpt2, "<|endoftext|>", [50256]],
    [o200k, "<|endofprompt|><|endoftext|>", [200018, 199999]],
    [p50k, "<|endoftext|>", [50256]],
  ];
  for (const [tokenizer, text, ids] of goldens) {
    deepStrictEqual([...tokenizer.encode(text, ALL)], ids, text);
    strictEqual(tokenizer.decode(ids), text);
  }
  strictEqual(gpt2.encodeOrdinary("<|endoftext|>").join(" "), "27 91 437 1659 5239 91 29");
});

Deno.test("encode() refuses special tokens by default, naming the token, its index and the options that allow it", () => {
  throws(
    () => cl100k.encode("hello <|fim_prefix|> there"),
    (error) =>
      error instanceof RangeError &&
      /special token <\|fim_prefix\|> at index 6 .*allowedSpecial.*encodeOrdinary/.test(error.message),
  );
  deepStrictEqual(cl100k.encode("hello <|fim|>"), cl100k.encodeOrdinary("hello <|fim|>")); // no special token
  throws(
    () => cl100k.encode("a<|endoftext|>", { allowedSpecial: ["<|fim_prefix|>"] }),
    /<\|endoftext\|> at index 1/,
  );
  throws(() => gpt2.encode("x", { allowedSpecial: ["<|none|>"] }), /"<\|none\|>": it is not one of/);
  // A string would count as a list of its letters.
  throws(() => gpt2.encode("x", { allowedSpecial: "<|endoftext|>" as "all" }), TypeError);
});

Deno.test("encode() supports minbpe's four modes and tiktoken's combinations of allowed and disallowed tokens", () => {
  const text = "<|endoftext|> hello <|fim_prefix|>";
  const ordinary = cl100k.encodeOrdinary(text);
  const both = [100257, 24748, 220, 100258];
  const one = [...cl100k.encodeOrdinary("<|endoftext|> hello "), 100258];
  throws(() => cl100k.encode(text)); // mode none_raise
  deepStrictEqual(cl100k.encode(text, { disallowedSpecial: [] }), ordinary); // mode none
  deepStrictEqual([...cl100k.encode(text, ALL)], both); // mode all
  const set = ["<|fim_prefix|>"];
  deepStrictEqual([...cl100k.encode(text, { allowedSpecial: set, disallowedSpecial: [] })], one); // mode set
  throws(() => cl100k.encode(text, { allowedSpecial: set }), /<\|endoftext\|> at index 0/);
  deepStrictEqual([...cl100k.encode(text, { allowedSpecial: [...set, "<|endoftext|>"] })], both);
  deepStrictEqual(cl100k.encode(text, { disallowedSpecial: ["<|fim_suffix|>"] }), ordinary);
  throws(() => cl100k.encode(text, { disallowedSpecial: set }), /<\|fim_prefix\|> at index 20/);
  // Any text may be disallowed, as in tiktoken.
  throws(() => cl100k.encode("a foo", { disallowedSpecial: ["foo"] }), /foo at index 2/);
  throws(() =>
    cl100k.encode(text, { allowedSpecial: "all", disallowedSpecial: "all" }) && cl100k.encode(text)
  );
});

Deno.test("encode() takes the longest allowed special token at a position", () => {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const special = new Map([["<a>", 256], ["<a><b>", 257], ["a|b", 258], ["x y", 259]]);
  const tokenizer = new BpeTokenizer({ pattern: "none", tokens, merges: [], special });
  deepStrictEqual([...tokenizer.encode("<a><b><a>x ya|b", ALL)], [257, 256, 259, 258]);
  const short = tokenizer.encode("<a><b>", { allowedSpecial: ["<a>"], disallowedSpecial: [] });
  deepStrictEqual([...short], [256, 60, 98, 62]);
  throws(() => new BpeTokenizer({ pattern: "none", tokens, special: new Map([["", 256]]) }), TypeError);
});

Deno.test("encodeSingleToken() and decodeSingleTokenBytes() are inverse for all tokens", () => {
  for (const tokenizer of [gpt2, p50k, cl100k, o200k]) {
    tokenizer.tokens.forEach((bytes, id) => {
      if (bytes === undefined || id % 5 > 0 && id > 10_000) return;
      strictEqual(tokenizer.encodeSingleToken(bytes), id);
      deepStrictEqual(tokenizer.decodeSingleTokenBytes(id), bytes);
    });
    for (const [text, id] of tokenizer.special) {
      strictEqual(tokenizer.encodeSingleToken(text), id);
      strictEqual(tokenizer.isSpecialToken(id), true);
    }
    strictEqual(tokenizer.eotToken, tokenizer.special.get("<|endoftext|>"));
    strictEqual(tokenizer.isSpecialToken(5), false);
  }
  strictEqual(cl100k.encodeSingleToken(" world"), 1917);
  throws(() => cl100k.encodeSingleToken("hello world"), /"hello world" .*as a single token/);
  throws(() => cl100k.decodeSingleTokenBytes(100_256), /id 100256 at position 0/); // tiktoken: KeyError
  throws(() => cl100k.decodeSingleTokenBytes(-1), RangeError);
  throws(() => CharTokenizer.fromTexts(["a"], []).eotToken, TypeError);
  const values = gpt2.tokenByteValues();
  strictEqual(values.length, 50_256);
  ok(values[0][0] === 0 && values.at(-1)?.[0] === 255);
});

Deno.test("decodeWithOffsets() returns tiktoken's offsets as indices in the text", () => {
  deepStrictEqual(cl100k.decodeWithOffsets(cl100k.encode("hello world")), {
    text: "hello world",
    offsets: [0, 5],
  });
  const green = cl100k.encode("hello world<|endoftext|> green cow", ALL);
  deepStrictEqual(cl100k.decodeWithOffsets(green).offsets, [0, 5, 11, 24, 30]);
  const split = [ // texts whose tokens split characters, from tiktoken's tests/test_offsets.py
    ["我非常渴望与人工智能一起工作", "0 1 2 3 3 4 4 5 6 7 8 8 9 10 11 12 13"],
    ["நடிகர் சூர்யா", "0 0 1 1 2 3 4 4 5 6 7 8 8 9 9 10 11 12 12"],
    [" Ġ除", "0 1"],
  ];
  for (const [text, offsets] of split) {
    strictEqual(cl100k.decodeWithOffsets(cl100k.encode(text)).offsets.join(" "), offsets, text);
  }
  // "🌍!" is f0 9f 8c 8d 21, and "🌍" has two UTF-16 units, so "!" has index 2.
  deepStrictEqual(byteTokenizer().decodeWithOffsets([0xF0, 0x9F, 0x8C, 0x8D, 0x21]).offsets, [0, 0, 0, 0, 2]);
  deepStrictEqual([...byteTokenizer().byteOffsets([97, 256, 98])], [0, 1, 14, 15]);
  throws(() => byteTokenizer().decodeWithOffsets([97, 0xFF]), /position 1 \(bytes ff\)/);
});

Deno.test("decode() with fatal errors names the token that breaks UTF-8; decodeBytes() returns such bytes", () => {
  const bytes = byteTokenizer();
  strictEqual(bytes.decode([0xF0, 0x9F, 97]), "\uFFFDa");
  throws(
    () => bytes.decode([97, 0xF0, 0x9F, 97], { errors: "fatal" }),
    (error) => error instanceof TypeError && /position 3/.test(error.message),
  );
  throws(() => bytes.decode([97, 0xF0, 0x9F], { errors: "fatal" }), /last character is incomplete/);
  deepStrictEqual([...bytes.decodeBytes([97, 0xF0])], [97, 0xF0]);
  deepStrictEqual(bytes.decodeTokensBytes([97, 256]).map((each) => each.length), [1, 13]);
  const own = bytes.decodeSingleTokenBytes(97);
  own[0] = 0;
  strictEqual(bytes.decode([97]), "a"); // decodeSingleTokenBytes() returned a copy
});

Deno.test("every tokenizer decodes what it encoded: text, bytes, tokens and offsets", () => {
  const char = CharTokenizer.fromTexts(Array.from({ length: 600 }, (_, trial) => randomText(trial)));
  for (let trial = 0; trial < 600; trial++) {
    const plain = randomText(trial);
    const text = trial % 3 === 0 ? `${plain}<|endoftext|>${plain}` : plain;
    for (const tokenizer of [gpt2, p50k, cl100k, o200k, byteTokenizer(), char]) {
      const ids = tokenizer.encode(text, ALL);
      const utf8 = new TextEncoder().encode(text);
      strictEqual(tokenizer.decode(ids, { errors: "fatal" }), text);
      deepStrictEqual(tokenizer.decodeBytes(ids), utf8);
      const { offsets } = tokenizer.decodeWithOffsets(ids);
      const bytes = tokenizer.byteOffsets(ids);
      strictEqual(bytes.at(-1), utf8.length);
      strictEqual(
        tokenizer.decodeTokensBytes(ids).every((each, i) => each.length === bytes[i + 1] - bytes[i]),
        true,
      );
      deepStrictEqual(offsets, Array.from(bytes.subarray(0, -1), (at) => characterAt(text, at)));
    }
  }
});

Deno.test("decode() of random ids is the lenient UTF-8 decoding of decodeBytes()", () => {
  for (let trial = 0; trial < 300; trial++) {
    const ids = Array.from({ length: 12 }, (_, i) => Math.floor(uniformAt(9, `ids ${trial}`, i) * 50_257));
    const bytes = gpt2.decodeBytes(ids);
    strictEqual(gpt2.decode(ids), new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    deepStrictEqual(new Uint8Array(gpt2.decodeTokensBytes(ids).flatMap((each) => [...each])), bytes);
  }
});

/** Returns the index in the text of the character that contains the byte at an offset. */
function characterAt(text: string, offset: number): number {
  let index = 0, bytes = 0;
  for (const character of text) {
    bytes += new TextEncoder().encode(character).length;
    if (bytes > offset) break;
    index += character.length;
  }
  return index;
}
