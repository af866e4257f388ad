/**
 * Small tokenizers from public bug reports with the right ids, one test for each kind of fault, and further
 * inputs of the same kind. The reports are those of `cases/README.md`, part C, beside the shared data.
 *
 * @module
 */
import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { endOfText } from "../../../stages/token/end_of_text.ts";
import { openAiTokenizer } from "../../../stages/token/files/openai_vocabularies.ts";
import { parseHuggingFaceJson } from "../../../stages/token/files/hugging_face.ts";
import { sharedTest } from "../../shared_data.ts";
import { textFor } from "./composed/fuzz.ts";

const TOK = "../cases/data/tok";
const all = { allowedSpecial: "all" } as const;

/** A tokenizer of the case files, and the same with changes to the file. */
async function read(path: string, change: (json: any) => void = () => {}) {
  const json = JSON.parse(await Deno.readTextFile(path));
  change(json);
  return parseHuggingFaceJson(JSON.stringify(json), path);
}

/** Registers a test of the file `name`: its ids, and those after a change that makes another of its kind. */
function idsTest(
  what: string,
  name: string,
  cases: readonly (readonly [text: string, ids: readonly number[], change?: (json: any) => void])[],
): void {
  sharedTest(what, [`${TOK}/${name}`], async (path) => {
    for (const [text, ids, change] of cases) {
      const tokenizer = await read(path(`${TOK}/${name}`), change);
      deepStrictEqual([...tokenizer.encode(text, all)], ids, JSON.stringify(text));
    }
  });
}

idsTest("transformers.js#1313: a model without type, as GPT-2's own file is", "no_model_type.json", [
  ["ab", [256]],
  ["abab", [256, 256]],
  [
    "ab",
    [256],
    (json) => json.model.merges = json.model.merges.map((pair: unknown) => [pair].flat().join(" ")),
  ],
]);

idsTest("llama.cpp#8228: runs of blanks that are added tokens and not special", "ws_added.json", [
  ["a   b", [97, 256, 98]],
  ["a  b", [97, 257, 98]],
  ["a\t\tb", [97, 256, 98], (json) => json.added_tokens[0].content = "\t\t"],
  ["a     b", [97, 256, 257, 98]],
]);

idsTest("llama.cpp#7193: ignore_merges takes a piece that is a token", "ignore_merges.json", [
  ["abc", [258]],
  ["ab", [257]],
  ["abc", [97, 256], (json) => json.model.ignore_merges = false],
]);
idsTest("llama.cpp#7193: a token without a merge, with ignore_merges", "vocab_without_merge.json", [
  ["xyz", [256]],
  ["xyzx", [120, 121, 122, 120]],
  ["xyz", [120, 121, 122], (json) => json.model.ignore_merges = false],
]);
idsTest("llama.cpp#7193: a token that no merge reaches, without ignore_merges", "unreachable_no_flag.json", [
  ["abc", [97, 256]],
  ["abc", [258], (json) => json.model.ignore_merges = true],
]);

idsTest("transformers#33371: rstrip takes the white space after a token", "rstrip.json", [
  ["<|user|>  Hi", [256, 72, 105]],
  ["<|user|>\n\t Hi", [256, 72, 105]],
  ["<|user|> ", [256]],
]);
idsTest("transformers#33371: lstrip takes the white space before a token", "lstrip.json", [
  ["a <mask> b<mask>", [97, 256, 32, 98, 256]],
  ["a\n <mask>", [97, 256]],
  ["foo xfoo foo.", [256, 32, 120, 102, 111, 111, 32, 256, 46], (json) => {
    json.added_tokens[0] = { ...json.added_tokens[0], content: "foo", lstrip: false, single_word: true };
  }],
]);

// The ids are those of the Python package; the npm one finds such tokens also before digits and é.
idsTest("transformers#33371: single_word finds a token only where no word goes on", "added_word.json", [
  ["cat dogs", [256, 32, 100, 111, 103, 115]],
  ["dog1 dogé", [100, 111, 103, 49, 32, 100, 111, 103, 195, 169]],
  ["a cat.", [97, 32, 256, 46]],
  ["_cat dog", [95, 256, 32, 257]],
]);

const FILES = [
  ..."bos_template digits_seq dup_added_in_vocab eot_llama3 ignore_merges llama3_redundant_merges lstrip"
    .split(" "),
  ..."merge_pairs nfc no_model_type no_use_regex prefix_space proto_key qwen2_regex removed_inverted rstrip split3"
    .split(" "),
  ..."unreachable_no_flag vocab_without_merge ws_added".split(" "),
].map((name) => `${name}.json`);

sharedTest(
  "SmolLM2, Qwen, DeepSeek, RoBERTa and their like: all case files give the ids of Hugging Face's library on 100 texts",
  FILES.map((name) => `${TOK}/${name}`),
  async (path) => {
    let count = 0;
    for (const name of FILES) {
      const json = JSON.parse(await Deno.readTextFile(path(`${TOK}/${name}`)));
      const own = parseHuggingFaceJson(JSON.stringify(json), name), other = new HuggingFace(json, {});
      const added = json.added_tokens.map(({ content }: { content: string }) => content);
      for (let trial = 0; trial < 100; trial++) {
        const text = `ab abc xyz ${textFor(trial, added)}`;
        for (const add of [false, true]) {
          const ids = own.encode(text, { ...all, addSpecialTokens: add });
          deepStrictEqual([...ids], other.encode(text, { add_special_tokens: add }).ids, `${name}: ${text}`);
        }
        count++;
      }
    }
    strictEqual(count, 2000);
  },
);

sharedTest(
  "an expression that other engines match in exponential time is matched in linear time",
  [`${TOK}/redos_tokenizer.json`],
  async (path) => {
    const file = path(`${TOK}/redos_tokenizer.json`);
    for (
      const [regex, lines] of [[null, ["a".repeat(60) + "!", "a".repeat(60)]], ["(x+x+)+y", [
        "x".repeat(5000),
      ]]] as const
    ) {
      const tokenizer = await read(file, (json) => {
        if (regex !== null) json.pre_tokenizer.pretokenizers[0].pattern.Regex = regex;
      });
      for (const line of lines) strictEqual(tokenizer.decode(tokenizer.encodeOrdinary(line)), line);
    }
  },
);

sharedTest("a vocabulary without <|endoftext|> separates documents by a token that is named", [
  `${TOK}/eot_llama3.json`,
], async (path) => {
  const tokenizer = await read(path(`${TOK}/eot_llama3.json`));
  throws(() => endOfText(tokenizer), /\[<\|end_of_text\|>\]: give --separator-token/);
  const id = tokenizer.special.get("<|end_of_text|>");
  ok(id !== undefined);
  tokenizer.roles = { ...tokenizer.roles, eos: [id] }; // what --separator-token does
  strictEqual(endOfText(tokenizer), id);
});

sharedTest("tiktoken's ids of texts with unusual white space, contractions and characters", [
  `${TOK}/tiktoken_texts.json`,
], async (path) => {
  const cases: { text: string; ids: Record<string, number[]> }[] = JSON.parse(
    await Deno.readTextFile(path(`${TOK}/tiktoken_texts.json`)),
  );
  const names = [["gpt2", "gpt2"], ["p50k", "p50k_base"], ["cl100k", "cl100k_base"], [
    "o200k",
    "o200k_base",
  ]] as const;
  let count = 0;
  for (const [name, key] of names) {
    const tokenizer = await openAiTokenizer(name);
    for (const { text, ids } of cases) {
      deepStrictEqual([...tokenizer.encodeOrdinary(text)], ids[key], `${name} ${JSON.stringify(text)}`);
      count++;
    }
  }
  ok(count >= 40, `${count} texts`);
});
