/**
 * Tests the tokenizers in GGUF files: what llama.cpp and Hugging Face's library encode, and that reading what
 * was written gives the same tokenizer.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { byteTokenizer } from "../../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { parseHuggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";
import { ggufTokenizerFields } from "../../../../stages/token/gguf/gguf_fields.ts";
import { ggufTokenizer } from "../../../../stages/token/gguf/gguf_tokenizer.ts";
import { ggufPreTokenizers } from "../../../../stages/token/gguf/pre_tokenizers.ts";
import { mergesOfScores, scoresOfMerges } from "../../../../stages/token/gguf/score_merges.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../../../../stages/token/tokenizer.ts";
import { trainBpe } from "../../../../stages/token/train/train_bpe.ts";
import { sharedTest } from "../../../shared_data.ts";
import { randomText } from "../random_text.ts";
import { asRead, byteLevelMetadata, prefixed, sentencePieceMetadata } from "./metadata.ts";

const all = { allowedSpecial: "all" } as const, trials = 200;

/** Checks that two tokenizers encode random texts as the same ids. */
function sameIds(a: Tokenizer, b: Tokenizer, name: string): void {
  for (let trial = 0; trial < trials; trial++) {
    const text = randomText(trial);
    deepStrictEqual([...a.encode(text, all)], [...b.encode(text, all)], `${name}: ${JSON.stringify(text)}`);
  }
}

sharedTest(
  "a GGUF file's tokenizer gives the ids of Hugging Face's library and llama.cpp, roles and template",
  ["models/SmolLM2-135M-Instruct.Q4_1.gguf", "golden/gguf/smollm2.json"],
  async (path) => {
    const tokenizer = await loadTokenizer(path("models/SmolLM2-135M-Instruct.Q4_1.gguf"));
    const golden = JSON.parse(await Deno.readTextFile(path("golden/gguf/smollm2.json")));
    for (const { text, ids, ids_specials_as_text: plain, decoded } of golden.texts) {
      deepStrictEqual([...tokenizer.encode(text, all)], ids, text);
      deepStrictEqual([...tokenizer.encodeOrdinary(text)], plain, text);
      strictEqual(tokenizer.decode(ids), decoded);
    }
    strictEqual(golden.texts.length, 20);
    strictEqual(golden.prompts.length, 3);
    for (const { text, ids } of golden.prompts) deepStrictEqual([...tokenizer.encode(text, all)], ids, text);
    deepStrictEqual(tokenizer.roles, { eos: [2, 0], bos: 1, unk: 0 });
    strictEqual("chatTemplate" in tokenizer && tokenizer.chatTemplate, golden.chat_template);
    const { fields, changes } = ggufTokenizerFields(tokenizer, 49152);
    deepStrictEqual(changes, []);
    sameIds(ggufTokenizer(asRead(fields), "again.gguf"), tokenizer, "SmolLM2");
  },
);

Deno.test("each pre-tokenizer that a GGUF file can name is read, and written under its first name", () => {
  for (const { names, addBos } of ggufPreTokenizers) {
    for (const name of names) {
      const metadata = prefixed(byteLevelMetadata(name), "{{ messages }}");
      const tokenizer = ggufTokenizer(metadata, "model.gguf"), size = tokenizer.vocabSize;
      const { fields, changes } = ggufTokenizerFields(tokenizer, size), again = asRead(fields);
      deepStrictEqual(changes, [], name);
      strictEqual(again.get("tokenizer.ggml.pre"), names[0]);
      strictEqual(again.get("tokenizer.ggml.add_bos_token"), addBos, name);
      for (const key of ["tokens", "token_type", "merges", "bos_token_id", "eos_token_id"]) {
        deepStrictEqual(again.get(`tokenizer.ggml.${key}`), metadata.get(`tokenizer.ggml.${key}`), key);
      }
      strictEqual(again.get("tokenizer.chat_template"), "{{ messages }}");
      if (name === names[0]) sameIds(ggufTokenizer(again, "again.gguf"), tokenizer, name);
    }
  }
});

Deno.test("a GGUF file's pre-tokenizer decides where texts are split", () => {
  const idsOf = (pre: string, text: string): string => {
    const tokenizer = ggufTokenizer(prefixed(byteLevelMetadata(pre)), "model.gguf");
    return [...tokenizer.encodeOrdinary(text)].map((id) => tokenizer.decode([id])).join("|");
  };
  strictEqual(idsOf("gpt-2", "1234"), "123|4");
  strictEqual(idsOf("smollm", "1234"), "1|2|3|4");
  strictEqual(idsOf("default", "1234"), "123|4");
  strictEqual(idsOf("qwen2", "1234"), "1|2|3|4");
  strictEqual(idsOf("llama-bpe", "1212"), "12|1|2");
  strictEqual(idsOf("gpt-2", "1212"), "12|12");
  strictEqual(idsOf("gpt-2", "we'll"), "w|e|'ll");
  strictEqual(idsOf("dbrx", "WE'LL"), "W|E|'|L|L");
  strictEqual(idsOf("qwen2", "e\u0301"), idsOf("qwen2", "\u00E9")); // composed
});

Deno.test("tokenizers that are in no GGUF file yet are written, and read back with the same ids", async () => {
  const texts = ["We'll see 12345 of THE people, they've said.\n\n", "the people of the land"];
  const trained = await trainBpe(texts, { vocabSize: 290, pattern: "gpt4", special: ["<|end|>"] });
  const cases = [["gpt-2", await loadTokenizer("gpt2")], ["dbrx", trained.tokenizer]] as const;
  for (const [pre, tokenizer] of cases) {
    const { fields, changes } = ggufTokenizerFields(tokenizer, tokenizer.vocabSize), again = asRead(fields);
    deepStrictEqual(changes, []);
    strictEqual(again.get("tokenizer.ggml.pre"), pre);
    sameIds(ggufTokenizer(again, "model.gguf"), tokenizer, pre);
  }
  const { fields } = ggufTokenizerFields(byteTokenizer(), 300);
  const again = ggufTokenizer(asRead(fields), "model.gguf");
  sameIds(again, byteTokenizer(), "byte");
  strictEqual(again.vocabSize, 257); // the ids up to 300 are no tokens
});

sharedTest(
  "tokenizer.json of the Llama family is written to GGUF and read back with the same ids",
  [
    "golden/models/llama/tokenizer.json",
    "golden/models/llama3/tokenizer.json",
    "golden/models/qwen2/tokenizer.json",
  ],
  async (path) => {
    for (const [name, pre] of [["llama", "smollm"], ["llama3", "llama-bpe"], ["qwen2", "qwen2"]]) {
      const tokenizer = await loadTokenizer(path(`golden/models/${name}`));
      const { fields, changes } = ggufTokenizerFields(tokenizer, 320), again = asRead(fields);
      deepStrictEqual(changes, []);
      strictEqual(again.get("tokenizer.ggml.pre"), pre);
      const back = ggufTokenizer(again, "model.gguf");
      sameIds(back, tokenizer, name);
      const around = (own: Tokenizer) => [...own.encode("the", { addSpecialTokens: true })];
      deepStrictEqual(around(back), around(tokenizer));
    }
  },
);

Deno.test("a SentencePiece vocabulary merges by scores, falls back to bytes, and puts a blank before a text", () => {
  const tokenizer = ggufTokenizer(prefixed(sentencePieceMetadata()), "model.gguf");
  const piecesOf = (text: string): string =>
    [...tokenizer.encodeOrdinary(text)].map((id) => (sentencePieceMetadata().tokens as string[])[id]).join(
      " ",
    );
  strictEqual(piecesOf("abc"), "▁ ab c"); // "ab" is better than "bc" and "▁a"
  strictEqual(piecesOf("hello"), "▁hello");
  strictEqual(piecesOf("  he"), "▁▁ ▁he");
  strictEqual(piecesOf("é好"), "▁ é 好");
  strictEqual(piecesOf("ü"), "▁ <0xC3> <0xBC>");
  strictEqual(piecesOf("a\n"), "▁a <0x0A>");
  strictEqual(tokenizer.decode(tokenizer.encodeOrdinary("hello ü好\n")), "hello ü好\n");
  deepStrictEqual([...tokenizer.encode("he</s>", { ...all, addSpecialTokens: true })].at(-1), 2);
  strictEqual(tokenizer.encode("he", { addSpecialTokens: true })[0], 1);
  const bare = ggufTokenizer(prefixed({ ...sentencePieceMetadata(), add_space_prefix: false }), "model.gguf");
  strictEqual(bare.encodeOrdinary("he").length, 1);

  const { fields, changes } = ggufTokenizerFields(tokenizer, tokenizer.vocabSize), again = asRead(fields);
  deepStrictEqual(changes, []);
  for (const key of ["model", "tokens", "token_type"]) {
    deepStrictEqual(
      again.get(`tokenizer.ggml.${key}`),
      prefixed(sentencePieceMetadata()).get(`tokenizer.ggml.${key}`),
    );
  }
  sameIds(ggufTokenizer(again, "again.gguf"), tokenizer, "SentencePiece");
});

Deno.test("scoresOfMerges() is the inverse of mergesOfScores(), and null for merges that no scores give", () => {
  const texts = ["a", "b", "ab", "aba", "ba", "abab"];
  const tokens = texts.map((text, id) => ({ text, id, score: text === "aba" ? -9 : -id }));
  const vocab = new Map(tokens.map(({ text, id }) => [text, id])), merges = mergesOfScores(tokens);
  deepStrictEqual(merges.map((pair) => pair.join("+")), ["a+b", "b+a", "ab+ab", "aba+b", "a+ba", "ab+a"]);
  const scores = scoresOfMerges(merges, vocab);
  ok(scores !== null && (scores.get("ab") ?? 0) > (scores.get("aba") ?? 0));
  strictEqual(scoresOfMerges(merges.slice(0, -1), vocab), null); // a pair of "aba" is missing
  strictEqual(scoresOfMerges([merges[4], ...merges.slice(0, 4), merges[5]], vocab), null); // "aba" twice
});

Deno.test("what a GGUF file cannot hold of a tokenizer is left out with the reason", () => {
  const reasonOf = (tokenizer: Tokenizer | null) => ggufTokenizerFields(tokenizer, 300).changes.join();
  ok(/no tokenizer: the format has no place/.test(reasonOf(CharTokenizer.fromTexts(["abc"]))));
  ok(/there is none beside the model/.test(reasonOf(null)));
  const { fields } = ggufTokenizerFields(CharTokenizer.fromTexts(["abc"]), 300);
  deepStrictEqual([...asRead(fields)], [["tokenizer.ggml.model", "none"]]);

  const model = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };
  const own = (parts: object) => parseHuggingFaceJson(JSON.stringify({ model, ...parts }), "tokenizer.json");
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
  strictEqual(reasonOf(own({ pre_tokenizer: byteLevel })), "");
  ok(
    /no name for the way it splits/.test(
      reasonOf(own({ pre_tokenizer: { ...byteLevel, add_prefix_space: true } })),
    ),
  );
  ok(/no name for the way it splits/.test(reasonOf(own({ pre_tokenizer: { type: "Whitespace" } }))));
  ok(
    /normalizer Lowercase/.test(
      reasonOf(own({ pre_tokenizer: byteLevel, normalizer: { type: "Lowercase" } })),
    ),
  );
  ok(/NFC is not stored/.test(reasonOf(own({ pre_tokenizer: byteLevel, normalizer: { type: "NFC" } }))));
  const strips = [{ id: 3, content: "<m>", lstrip: true, special: true }];
  ok(/white space that "<m>" takes/.test(reasonOf(own({ pre_tokenizer: byteLevel, added_tokens: strips }))));
});

Deno.test("a GGUF file without a tokenizer, or with one that is not known, is refused with the reason", () => {
  const good = byteLevelMetadata("gpt-2");
  const refused = (changes: object, message: RegExp) =>
    throws(
      () => ggufTokenizer(prefixed({ ...good, ...changes }), "model.gguf"),
      (error: Error) => error instanceof SyntaxError && message.test(error.message),
      String(message),
    );
  refused(
    { pre: "no-such" },
    /pre is "no-such", which is not known: expected one of gpt-2, smollm, .*--tokenizer/,
  );
  refused({ pre: 7 }, /pre is 7/);
  refused({ model: "bert" }, /model is "bert", expected "gpt2" or "llama": give --tokenizer/);
  refused({ tokens: "none" }, /no tokenizer\.ggml\.tokens/);
  refused({ token_type: [1, 2] }, /token_type is not a list of 273/);
  refused(
    { tokens: (good.tokens as string[]).with(9, "<|im_end|>") },
    /tokens 2 and 9 are both "<\|im_end\|>"/,
  );
  refused({ tokens: (good.tokens as string[]).with(9, "x".repeat(4097)) }, /token 9 has 4097 characters/);
  refused({ tokens: (good.tokens as string[]).with(9, 5 as any) }, /token 9 is not a text/);
  refused({ merges: ["nothing"] }, /merge 0 is "nothing"/);
  refused({ merges: ["no such"] }, /model\.merges/);
  refused({ merges: 3 }, /merges is not a list/);
});
