import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { BpeTokenizer } from "../../../../stages/token/bpe.ts";
import { ComposedTokenizer } from "../../../../stages/token/composed/composed_tokenizer.ts";
import { byteTokenizer } from "../../../../stages/token/byte.ts";
import { isSavedTokenizer, readTokenizer, saveTokenizer } from "../../../../stages/token/files/folder.ts";
import { huggingFaceJson, parseHuggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";
import { publishedShapes } from "./shapes.ts";

const BYTES = JSON.parse(huggingFaceJson(byteTokenizer()));
const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
const NFC = { type: "NFC" };

/** A byte tokenizer with changes to the file, to the model, and with more tokens and merges. */
function tokenizer(changes: object, { model = {}, more = [], merges = [] }: {
  readonly model?: object;
  readonly more?: readonly string[];
  readonly merges?: readonly string[];
} = {}) {
  const vocab = { ...BYTES.model.vocab };
  delete vocab["<|endoftext|>"];
  more.forEach((token, i) => vocab[token] = 256 + i);
  const json = { ...BYTES, added_tokens: [], pre_tokenizer: BYTE_LEVEL, ...changes };
  return parseHuggingFaceJson(
    JSON.stringify({ ...json, model: { ...BYTES.model, ...model, vocab, merges } }),
    "t.json",
  );
}

function added(content: string, options: object = {}): object {
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return { id: 256, content, ...plain, ...options };
}

const all = { allowedSpecial: "all" } as const;

Deno.test("encodeOrdinary() uses added tokens that are not special, and encodes the text of special ones", () => {
  const blanks = tokenizer({ added_tokens: [added("   ", { special: false, normalized: true })] });
  deepStrictEqual([...blanks.encodeOrdinary("a   b")], [97, 256, 98]);
  deepStrictEqual([...blanks.encode("a   b")], [97, 256, 98]);
  const special = tokenizer({ added_tokens: [added("<x>", { rstrip: true })] });
  deepStrictEqual([...special.encodeOrdinary("<x>")], [60, 120, 62]);
  throws(() => special.encode("a<x>"), /special token <x>/);
});

Deno.test("encode() honours lstrip, rstrip and single_word", () => {
  const encode = (content: string, options: object, text: string): number[] => [
    ...tokenizer({ added_tokens: [added(content, options)] }).encode(text, all),
  ];
  deepStrictEqual(encode("<u>", { rstrip: true }, "<u>  Hi"), [256, 72, 105]);
  deepStrictEqual(encode("<m>", { lstrip: true }, "a <m> b<m>"), [97, 256, 32, 98, 256]);
  deepStrictEqual(encode("foo", { single_word: true }, "foo xfoo foo."), [
    256,
    32,
    120,
    102,
    111,
    111,
    32,
    256,
    46,
  ]);
});

Deno.test("ignore_merges takes a piece that is a token as it is; without it, only merges make tokens", () => {
  const words = { more: ["bc", "ab", "abc"], merges: ["b c", "a b", "ab c"] };
  deepStrictEqual([...tokenizer({}, { ...words, model: { ignore_merges: true } }).encode("abc")], [258]);
  deepStrictEqual([...tokenizer({}, words).encode("abc")], [97, 256]);
});

Deno.test("a pair that is listed twice has the later place, as in Hugging Face's library", () => {
  const twice = { more: ["ab", "bc"], merges: ["a b", "b c", "a b"] };
  deepStrictEqual([...tokenizer({}, twice).encode("abc")], [97, 257]);
});

Deno.test("addSpecialTokens puts the template's tokens around a text", () => {
  const post_processor = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { "<s>": { id: "<s>", ids: [256], tokens: ["<s>"] } },
  };
  const own = tokenizer({ post_processor, added_tokens: [added("<s>")] });
  deepStrictEqual([...own.encode("a", { addSpecialTokens: true })], [256, 97]);
  deepStrictEqual([...own.encode("a")], [97]);
});

Deno.test("a file of a split pattern and merges alone is a BpeTokenizer, also without the model's type", async () => {
  const shapes = await publishedShapes();
  ok(parseHuggingFaceJson(JSON.stringify(shapes.get("GPT-2")), "t") instanceof BpeTokenizer);
  ok(parseHuggingFaceJson(JSON.stringify(shapes.get("Qwen 2.5 and 3")), "t") instanceof ComposedTokenizer);
});

Deno.test("a saved ComposedTokenizer is the file that was read", async () => {
  const dir = await Deno.makeTempDir();
  const own = tokenizer({ normalizer: NFC });
  await saveTokenizer(own, { dir: `${dir}/t` });
  const again = await readTokenizer(`${dir}/t`);
  deepStrictEqual([...again.encodeOrdinary("e\u0301")], [195, 169]);
  ok(await isSavedTokenizer(own, `${dir}/t`));
  deepStrictEqual([...Deno.readDirSync(`${dir}/t`)].map(({ name }) => name).sort(), [
    "report.json",
    "tokenizer.json",
  ]);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("decode() keeps bytes that are not UTF-8 as one U+FFFD each where bytes are a fallback", async () => {
  const llama = parseHuggingFaceJson(JSON.stringify((await publishedShapes()).get("Llama 2")), "t");
  strictEqual(llama.decode(llama.encode("the night 안")), "the night 안");
  const [first, second] = llama.encode("안", all).slice(-3); // two of three bytes of a character
  strictEqual(llama.decode([first, second]), "\uFFFD\uFFFD");
});

Deno.test("a file with a field that is not supported is refused by the field's name", () => {
  const cases: readonly [object, object, RegExp][] = [
    [{ truncation: { max_length: 3 } }, {}, /truncation: not supported/],
    [{ padding: { length: 3 } }, {}, /padding: not supported/],
    [{ version: "2.0" }, {}, /version: expected "1.0", found "2.0"/],
    [{ extra: 1 }, {}, /extra: not supported/],
    [{ normalizer: { type: "Precompiled" } }, {}, /normalizer\.type: "Precompiled" is not supported/],
    [
      { normalizer: { type: "Sequence", normalizers: [NFC, { type: "Nmt" }] } },
      {},
      /normalizers\[1\]\.type: "Nmt"/,
    ],
    [{ pre_tokenizer: { type: "UnicodeScripts" } }, {}, /pre_tokenizer\.type: "UnicodeScripts"/],
    [{ pre_tokenizer: { ...BYTE_LEVEL, extra: 1 } }, {}, /pre_tokenizer\.extra: not supported/],
    [
      { pre_tokenizer: { type: "Split", pattern: { Regex: "(a)\\1" }, behavior: "Isolated" } },
      {},
      /Regex: .*\\1 is not/,
    ],
    [
      { pre_tokenizer: { type: "Split", pattern: { Regex: "a" }, behavior: "Kept" } },
      {},
      /behavior: expected "Removed"/,
    ],
    [{ decoder: { type: "Other" } }, {}, /decoder\.type: "Other"/],
    [{ decoder: { type: "Strip", content: "ab", start: 1, stop: 0 } }, {}, /content: expected one character/],
    ...["\\b", "a*", "x|", "^", "(?=b)"].map((Regex): [object, object, RegExp] => [
      { normalizer: { type: "Replace", pattern: { Regex }, content: "_" } },
      {},
      /normalizer\.pattern: not supported, because it can match the empty text/,
    ]),
    [
      { normalizer: { type: "Replace", pattern: { String: "" }, content: "_" } },
      {},
      /can match the empty text/,
    ],
    [
      {
        post_processor: {
          type: "Sequence",
          processors: [1, 2].map((id) => ({ type: "BertProcessing", sep: ["a", id], cls: ["b", id] })),
        },
      },
      {},
      /processors: not supported: more than one of them adds/,
    ],
    [{ post_processor: { type: "Other" } }, {}, /post_processor\.type: "Other"/],
    [{}, { dropout: 0.1 }, /model\.dropout: not supported/],
    [{}, { type: "Unigram" }, /model\.type: expected "BPE" or "WordLevel", found "Unigram"/],
    [{}, { extra: true }, /model\.extra: not supported/],
    [{ added_tokens: [added("a")] }, {}, /added_tokens\[0\]\.id: "a" has id 97 in model\.vocab, found 256/],
    [{ added_tokens: [{ ...added("x y"), id: 97 }] }, {}, /added_tokens\[0\]\.id: id 97 is that of "a"/],
    [{ added_tokens: [added("<x>"), added("<x>")] }, {}, /added_tokens\[1\]\.content/],
  ];
  for (const [changes, model, message] of cases) {
    throws(
      () => tokenizer(changes, { model }),
      (error) =>
        error instanceof SyntaxError && error.message.startsWith("Cannot read t.json: ") &&
        message.test(error.message),
      `${message}`,
    );
  }
});

Deno.test("decode() puts blanks before words and takes them away as WordPiece's and CTC's decoders do", () => {
  const words = "I|do not|n't|.|?|!|,|' |'m|'s|'ve|'re|x . y|##ing|<pad>|bar".split("|");
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  const decoded = (decoder: object): string => {
    const file = { version: "1.0", decoder, model: { type: "WordLevel", vocab, unk_token: "I" } };
    return parseHuggingFaceJson(JSON.stringify(file), "t").decode([...words.keys(), 0, 0]);
  };
  // Texts of tokenizers 0.23.3.
  const wordPiece = { type: "WordPiece", prefix: "##" },
    ctc = { type: "CTC", pad_token: "<pad>", word_delimiter_token: "bar" };
  strictEqual(decoded({ ...wordPiece, cleanup: true }), "I don'tn't.?!,''m's've're x. ying <pad> bar I I");
  strictEqual(
    decoded({ ...wordPiece, cleanup: false }),
    "I do not n't . ? ! , '  'm 's 've 're x . ying <pad> bar I I",
  );
  strictEqual(decoded({ ...ctc, cleanup: true }), "Ido notn't.?!,' 'm's've'rex. y##ing I");
  strictEqual(decoded({ ...ctc, cleanup: false }), "Ido notn't.?!,' 'm's've'rex . y##ingbarI");
});
