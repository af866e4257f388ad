import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { readTokenizer, saveTokenizer } from "../../../stages/token/files/folder.ts";
import { openAiSpecialTokens, openAiTokenizer } from "../../../stages/token/files/openai_vocabularies.ts";
import { parseTiktokenRanks, tiktokenRanks } from "../../../stages/token/files/tiktoken_file.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import { withFolder } from "../../temporary.ts";
import golden from "./tiktoken_golden.json" with { type: "json" };
import { tiktokenTexts, unfinishedTexts } from "./tiktoken_texts.ts";

/** Unfinished texts of each vocabulary in tiktoken_golden.json. */
const UNFINISHED = { gpt2: 160, p50k: 10, p50k_edit: 10, cl100k: 40, o200k: 10, o200k_harmony: 4 };
const NAMES = ["gpt2", "p50k", "p50k_edit", "cl100k", "o200k", "o200k_harmony"] as const;

for (const name of NAMES) {
  Deno.test(`${name} has tiktoken's ids and texts of 400 texts, and its completions of ${UNFINISHED[name]} unfinished texts`, async () => {
    // tiktoken_golden.json has digests of the results of tiktoken 0.14.0.
    const tokenizer = await openAiTokenizer(name);
    const lines = tiktokenTexts().map((text) => {
      const ids = tokenizer.encode(text, { allowedSpecial: "all" });
      return [[...ids], [...tokenizer.encodeOrdinary(text)], tokenizer.decode(ids)];
    });
    strictEqual(await digestOf(lines.map((line) => JSON.stringify(line)).join("\n")), golden[name].ids);
    const unfinished = await Promise.all(
      unfinishedTexts(UNFINISHED[name]).map(async (text) => {
        const { stable, completions } = tokenizer.encodeWithUnstable(text, { allowedSpecial: "all" });
        const digest = await digestOf(JSON.stringify(completions.map((ids) => [...ids])));
        return JSON.stringify([[...stable], completions.length, digest.slice(0, 8)]);
      }),
    );
    strictEqual(await digestOf(unfinished.join("\n")), golden[name].unstable);
  });
}

async function digestOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
}

Deno.test("o200k_harmony encodes both names of id 200018 and decodes it as the first, also after it was saved", async () => {
  const tokenizer = await loadTokenizer("o200k_harmony"), all = { allowedSpecial: "all" } as const;
  const text = "<|endofprompt|><|reserved_200018|><|start|>user<|message|>";
  const ids = [...tokenizer.encode(text, all)];
  deepStrictEqual(ids, [200018, 200018, 200006, 1428, 200008]);
  strictEqual(tokenizer.decode(ids), text.replace("<|reserved_200018|>", "<|endofprompt|>"));
  strictEqual(tokenizer.vocabSize, 201_088);
  strictEqual(tokenizer.eotToken, 199_999);
  throws(() => tokenizer.encode("<|reserved_200018|>"), /<\|reserved_200018\|> at index 0/);

  // The same kind with a small vocabulary: the first name of three has the id in files.
  const tokens = byteTokenizer().tokens;
  const special = new Map([["<a>", 256], ["<b>", 257], ["<c>", 257], ["<d>", 257], ["<e>", 258]]);
  const small = new BpeTokenizer({ pattern: "none", tokens: tokens.slice(0, 256), special });
  deepStrictEqual([...small.encode("<c><b><d><e>", all)], [257, 257, 257, 258]);
  strictEqual(small.decode([256, 257, 258]), "<a><b><e>");
  await withFolder(async (folder) => {
    await saveTokenizer(small, { dir: `${folder}/t` });
    const again = await readTokenizer(`${folder}/t`);
    deepStrictEqual([...again.special], [["<a>", 256], ["<b>", 257], ["<e>", 258]]);
    const { leftOut } = JSON.parse(await Deno.readTextFile(`${folder}/t/report.json`));
    strictEqual(leftOut["<c>"], "another special token has its id 257");
  });
});

Deno.test("all special tokens are tiktoken's", async () => {
  const digests: string[] = [];
  for (const name of NAMES) {
    const special = [...await openAiSpecialTokens(name)].sort(([a], [b]) => a < b ? -1 : 1);
    digests.push(`${special.length} ${await digestOf(JSON.stringify(special))}`);
  }
  deepStrictEqual(digests, [ // of tiktoken 0.14.0
    "1 de31af11b360f574",
    "1 de31af11b360f574",
    "4 43cc803899eacf2c",
    "5 5b8677dbf1fd8150",
    "2 1c56405778cb1383",
    "1091 00e094b48d71c638",
  ]);
});

Deno.test("loadTokenizer() accepts all of tiktoken's names", async () => {
  const names = ["gpt2", "r50k_base", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony"];
  const sizes = [50_257, 50_257, 50_281, 50_284, 100_277, 200_019, 201_088]; // tiktoken's n_vocab
  for (const [i, name] of names.entries()) strictEqual((await loadTokenizer(name)).vocabSize, sizes[i], name);
});

Deno.test("a chunk that is a token of a .tiktoken file is encoded as it, although no merges make it", () => {
  const ranks = `${tiktokenRanks(byteTokenizer())}${btoa("abc")} 256\n${btoa("bc")} 257\n`;
  const tokenizer = parseTiktokenRanks(ranks, { file: "f", pattern: "gpt2" });
  // The ids are those of tiktoken 0.14.0.
  deepStrictEqual([...tokenizer.encode("abc xabc ab")], [256, 32, 120, 256, 32, 97, 98]);
  const two = parseTiktokenRanks(`${tiktokenRanks(byteTokenizer())}${btoa("abc")} 256\n`, { file: "f" });
  deepStrictEqual([...two.encode("abc xabc")], [256, 32, 120, 97, 98, 99]);
  deepStrictEqual(two.encodeWithUnstable("abc").completions, [Uint32Array.of(256)]);
  throws(() => two.merges, /token 256 as a merge.*give the tokenizer\.json of the same model/);
});

Deno.test("encodeWithUnstable() splits special tokens off, and refuses a last chunk that would take too long", async () => {
  const gpt2 = await openAiTokenizer("gpt2"), all = { allowedSpecial: "all" } as const;
  deepStrictEqual(gpt2.encodeWithUnstable("a<|endoftext|>", all), {
    stable: Uint32Array.of(64, 50256),
    completions: [],
  });
  throws(() => gpt2.encodeWithUnstable("a<|endoftext|>"), /special token <\|endoftext\|> at index 1/);
  deepStrictEqual(gpt2.encodeWithUnstable("").completions, []);
  // White space at the end may be divided, or joined to the white space before it, as in tiktoken 0.14.0.
  const newlines = gpt2.encodeWithUnstable("hello\n\n");
  deepStrictEqual([...newlines.stable], [31373]);
  deepStrictEqual(newlines.completions, [Uint32Array.of(198, 198), Uint32Array.of(628)]);
  const space = (await openAiTokenizer("cl100k")).encodeWithUnstable("x \n ");
  deepStrictEqual([[...space.stable], space.completions.length], [[87], 44_601]);
  const { stable, completions } = gpt2.encodeWithUnstable("the worl");
  deepStrictEqual([...stable], [1169]);
  ok(completions.some((ids) => gpt2.decode(ids) === " world"));
  throws(() => gpt2.encodeWithUnstable("e".repeat(100_000)), /its last 100000 bytes are one chunk/);
});
