import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { BpeTokenizer, type Merge } from "../../../../stages/token/bpe.ts";
import { byteTokenizer } from "../../../../stages/token/byte.ts";
import { readTokenizer, saveTokenizer } from "../../../../stages/token/files/folder.ts";
import { openAiTokenizer } from "../../../../stages/token/files/openai_vocabularies.ts";
import {
  fitsTiktoken,
  parseTiktokenRanks,
  tiktokenRanks,
} from "../../../../stages/token/files/tiktoken_file.ts";
import { trainBpe } from "../../../../stages/token/train/train_bpe.ts";
import { randomText } from "../random_text.ts";

const FILES = [ // SHA-256 in tiktoken's openai_public.py
  ["gpt2", "r50k_base", "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"],
  ["p50k", "p50k_base", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"],
  ["cl100k", "cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"],
  ["o200k", "o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"],
] as const;

for (const [name, file, sum] of FILES) {
  Deno.test(`tiktokenRanks() of ${name} is tiktoken's file byte for byte, and readTokenizer() reads it by its name`, async () => {
    const tokenizer = await openAiTokenizer(name);
    const ranks = new TextEncoder().encode(tiktokenRanks(tokenizer));
    strictEqual(new Uint8Array(await crypto.subtle.digest("SHA-256", ranks)).toHex(), sum);
    if (name === "o200k") return; // the largest: reading it would test nothing new
    const dir = await Deno.makeTempDir();
    await Deno.writeFile(`${dir}/${file}.tiktoken`, ranks);
    const again = await readTokenizer(`${dir}/${file}.tiktoken`);
    deepStrictEqual([...again.special], [...tokenizer.special]);
    for (let trial = 0; trial < 50; trial++) {
      deepStrictEqual(again.encodeOrdinary(randomText(trial)), tokenizer.encodeOrdinary(randomText(trial)));
    }
    await Deno.remove(dir, { recursive: true });
  });
}

Deno.test("parseTiktokenRanks() recovers the merges of a trained vocabulary", async () => {
  for (let trial = 0; trial < 20; trial++) {
    const texts = Array.from({ length: 30 }, (_, i) => randomText(100 * trial + i).repeat(3));
    const pattern = ["gpt2", "gpt4", "o200k", "none"][trial % 4];
    const tieBreak = (["first-seen", "greatest", "smallest-id"] as const)[trial % 3];
    const { tokenizer } = await trainBpe(texts, { vocabSize: 420, pattern, tieBreak });
    strictEqual(fitsTiktoken(tokenizer), true);
    const again = parseTiktokenRanks(tiktokenRanks(tokenizer), { file: "f", pattern });
    deepStrictEqual(again.merges, tokenizer.merges);
    for (const text of texts) deepStrictEqual(again.encodeOrdinary(text), tokenizer.encodeOrdinary(text));
  }
});

Deno.test("tiktokenRanks() refuses merges that do not follow from ranks, and saveTokenizer() leaves its file out", async () => {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const [ab, bc, abc] = ["ab", "bc", "abc"].map((text) => new TextEncoder().encode(text));
  // Merging by rank would build "abc" from "ab" and "c".
  const merges: Merge[] = [[97, 98, 256], [98, 99, 257], [97, 257, 258]];
  const tokenizer = new BpeTokenizer({ pattern: "none", tokens: [...tokens, ab, bc, abc], merges });
  throws(() => tiktokenRanks(tokenizer), /write tokenizer\.json/);
  const dir = await Deno.makeTempDir();
  await saveTokenizer(tokenizer, { dir: `${dir}/t` });
  await saveTokenizer(byteTokenizer(), { dir: `${dir}/byte` });
  strictEqual([...Deno.readDirSync(`${dir}/t`)].some(({ name }) => name === "tokenizer.tiktoken"), false);
  strictEqual([...Deno.readDirSync(`${dir}/byte`)].some(({ name }) => name === "tokenizer.tiktoken"), true);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("parseTiktokenRanks() refuses malformed files with line and reason", () => {
  const sound = tiktokenRanks(byteTokenizer());
  const cases: readonly [string, RegExp][] = [
    ["", /byte 0 has no token/],
    ["YWI= x\n", /line 1: expected a token in base64 and its rank, found "YWI= x"/],
    [`${sound}YWI=  256\n`, /line 257: expected a token/],
    [`${sound}YWI= -1\n`, /line 257: expected/],
    [`${sound}YWI= 2097152\n`, /line 257: rank 2097152: expected a whole number below/],
    [`${sound}YWI= 9999999999\n`, /line 257: expected/],
    [`${sound}YWI= 255\n`, /line 257: another token has rank 255/],
    [`${sound}YQ== 256\n`, /line 257: the token YQ== is already in line 98/],
    [`${sound}Y!== 256\n`, /line 257: "Y!==" is not base64/],
    [`${sound}YWI 256\n`, /line 257: "YWI" is not base64/], // without padding
    [sound.replace("YQ== 97\n", ""), /byte 97 has no token/],
    [`${sound}${new Uint8Array(30_000).toBase64()} 256\n`, /line 257: the tokens are too long/],
  ];
  for (const [text, message] of cases) {
    throws(
      () => parseTiktokenRanks(text, { file: "f.tiktoken" }),
      (error) =>
        error instanceof SyntaxError && message.test(error.message) && error.message.includes("f.tiktoken"),
      String(message),
    );
  }
  strictEqual(parseTiktokenRanks(sound.replaceAll("\n", "\r\n"), { file: "f" }).vocabSize, 256);
});

Deno.test("parseTiktokenRanks() refuses a special token whose id is a rank", () => {
  const special = new Map([["<s>", 97]]);
  throws(() => parseTiktokenRanks(tiktokenRanks(byteTokenizer()), { file: "f", special }), SyntaxError);
});
