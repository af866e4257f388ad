import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { BpeTokenizer } from "../../../../stages/token/bpe.ts";
import { byteTokenizer } from "../../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { ComposedTokenizer } from "../../../../stages/token/composed/composed_tokenizer.ts";
import { endOfText, textEnds } from "../../../../stages/token/end_of_text.ts";
import { fitsCharacterJson } from "../../../../stages/token/files/character_json.ts";
import { readTokenizer, saveTokenizer } from "../../../../stages/token/files/folder.ts";
import { parseGpt2Files } from "../../../../stages/token/files/gpt2_files.ts";
import { huggingFaceJson, parseHuggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";
import { minbpeModel, parseMinbpeModel } from "../../../../stages/token/files/minbpe_files.ts";
import { cl100kTokenizer, gpt2Tokenizer } from "../../../../stages/token/files/openai_vocabularies.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";
import { trainBpe } from "../../../../stages/token/train/train_bpe.ts";

const TEXT = "It's the night's night; the NIGHTS of 12345 knights don't end.\n\n  Über 안녕 😉 the the end\t";
const FILES = [
  "merges.txt",
  "report.json",
  "tokenizer.json",
  "tokenizer.model",
  "tokenizer.tiktoken",
  "tokenizer.vocab",
  "vocab.json",
];

async function trained(pattern = "gpt4"): Promise<BpeTokenizer> {
  const options = { vocabSize: 300, pattern, special: ["<|endoftext|>", "<ab>"] };
  return (await trainBpe([TEXT], options)).tokenizer;
}

Deno.test("loadTokenizer() reads what saveTokenizer() wrote, from each format alone", async () => {
  const dir = await Deno.makeTempDir();
  const tokenizer = await trained("gpt2"); // gpt2 is the pattern that vocab.json and merges.txt imply
  await saveTokenizer(tokenizer, { dir: `${dir}/t`, report: { texts: 1 } });
  deepStrictEqual([...Deno.readDirSync(`${dir}/t`)].map(({ name }) => name).sort(), FILES);
  deepStrictEqual(JSON.parse(await Deno.readTextFile(`${dir}/t/report.json`)), { vocabSize: 300, texts: 1 });
  for (const path of ["t", "t/tokenizer.json", "t/tokenizer.model", "t/vocab.json"]) {
    const again = await loadTokenizer(`${dir}/${path}`);
    deepStrictEqual(again.encodeOrdinary(TEXT), tokenizer.encodeOrdinary(TEXT), path);
    deepStrictEqual([...again.special], [...tokenizer.special], path);
    strictEqual(again.vocabSize, 300);
    strictEqual(again.decode(again.encodeOrdinary(TEXT)), TEXT);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("saveTokenizer() replaces an older tokenizer and leaves other files alone", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/config.json`, "{}");
  await saveTokenizer(await trained(), { dir });
  await saveTokenizer(CharTokenizer.fromTexts(["abc"]), { dir });
  deepStrictEqual([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), [
    "config.json",
    "meta.json",
    "report.json",
    "tokenizer.json",
  ]);
  strictEqual((await loadTokenizer(dir)).decode([0, 2]), "ac");
  await rejects(Deno.stat(`${dir}.writing`), Deno.errors.NotFound);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("saveTokenizer() interrupted leaves no folder, and the next call removes its unfinished files", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(`${dir}/t.writing`);
  await Deno.writeTextFile(`${dir}/t.writing/tokenizer.json`, "{"); // as a killed process leaves it
  await rejects(readTokenizer(`${dir}/t`), Deno.errors.NotFound);
  await saveTokenizer(byteTokenizer(), { dir: `${dir}/t` });
  strictEqual((await readTokenizer(`${dir}/t`)).vocabSize, 257);
  await Deno.remove(dir, { recursive: true });
});

for (const pattern of ["gpt2", "gpt4", "o200k", "none", "\\p{L}+|\\s+"]) {
  Deno.test(`tokenizer.json with pattern ${pattern} encodes to the same ids in Hugging Face's library`, async () => {
    const tokenizer = await trained(pattern);
    const other = new HuggingFace(JSON.parse(huggingFaceJson(tokenizer)), {});
    for (const text of [TEXT, "a", " I'LL we've 99 bottles…  \n \n x"]) {
      deepStrictEqual(
        other.encode(text, { add_special_tokens: false }).ids,
        [...tokenizer.encodeOrdinary(text)],
        text,
      );
    }
    deepStrictEqual(other.encode("x<|endoftext|>").ids, [
      ...tokenizer.encode("x<|endoftext|>", { allowedSpecial: "all" }),
    ]);
    const again = parseHuggingFaceJson(huggingFaceJson(tokenizer), "tokenizer.json");
    ok(again instanceof BpeTokenizer);
    strictEqual(again.pattern, pattern);
    deepStrictEqual(again.encodeOrdinary(TEXT), tokenizer.encodeOrdinary(TEXT));
  });
}

Deno.test("saveTokenizer() and readTokenizer() keep GPT-2's and GPT-4's vocabularies unchanged", async () => {
  for (const tokenizer of [await gpt2Tokenizer(), await cl100kTokenizer()]) {
    const dir = await Deno.makeTempDir();
    await saveTokenizer(tokenizer, { dir });
    const again = await readTokenizer(dir);
    strictEqual(again.vocabSize, tokenizer.vocabSize);
    deepStrictEqual(again.encodeOrdinary(TEXT), tokenizer.encodeOrdinary(TEXT));
    // minbpe's format requires the ids of the single bytes to be in order.
    await rejects(Deno.stat(`${dir}/tokenizer.model`), Deno.errors.NotFound);
    throws(() => minbpeModel(tokenizer), TypeError);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("saveTokenizer() says in report.json why a format is left out", async () => {
  const reasons: readonly [string, string, Record<string, RegExp>][] = [
    ["gpt2", "<a b>", { "tokenizer.model": /minbpe cannot read the special token "<a b>"/ }],
    [" ?\\p{L}+|\\s+", "<ab>", {
      "tokenizer.model": /minbpe would change the pattern/,
      "vocab.json": /no place for a pattern other than GPT-2's/,
    }],
  ];
  for (const [pattern, special, left] of reasons) {
    const dir = await Deno.makeTempDir();
    const { tokenizer } = await trainBpe([TEXT], { vocabSize: 300, pattern, special: [special] });
    await saveTokenizer(tokenizer, { dir });
    const { leftOut } = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
    deepStrictEqual(Object.keys(leftOut).sort(), Object.keys(left).sort());
    for (const [name, reason] of Object.entries(left)) {
      ok(reason.test(leftOut[name]), leftOut[name]);
      await rejects(Deno.stat(`${dir}/${name}`), Deno.errors.NotFound);
    }
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("trainBpe() refuses a special token with the text of a byte's token", async () => {
  for (const special of ["a", "e", "Ġ"]) {
    await rejects(
      trainBpe([TEXT], { vocabSize: 300, pattern: "gpt2", special: [special] }),
      (error) =>
        error instanceof RangeError && error.message.includes(`special token ${JSON.stringify(special)}`),
    );
  }
});

Deno.test("a character tokenizer's tokenizer.json is read as that tokenizer, and gives the same ids as any other", async () => {
  const dir = await Deno.makeTempDir();
  const own = CharTokenizer.fromTexts(["hello, 12\n😉 é\u0301"]);
  await saveTokenizer(own, { dir });
  const again = await readTokenizer(`${dir}/tokenizer.json`);
  ok(again instanceof CharTokenizer);
  deepStrictEqual(again.toJSON(), own.toJSON());
  const other = ComposedTokenizer.parse(await Deno.readTextFile(`${dir}/tokenizer.json`), "t");
  const text = "he 1\n\n😉é\u0301<|endoftext|>l", allowed = { allowedSpecial: "all" } as const;
  deepStrictEqual(other.encode(text, allowed), own.encode(text, allowed));
  strictEqual(other.decode(own.encode(text, allowed)), text);
  throws(() => other.encode("x"), RangeError);
  ok(fitsCharacterJson(own) && !fitsCharacterJson(new CharTokenizer(["a"], ["a"])));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("readTokenizer() knows the tokens that begin and end texts, and saveTokenizer() keeps them", async () => {
  const dir = await Deno.makeTempDir();
  const { tokenizer } = await trainBpe([TEXT], { vocabSize: 300, special: ["<s>", "</s>", "<turn>"] });
  await saveTokenizer(tokenizer, { dir });
  throws(() => endOfText(tokenizer), /special tokens are \[<s>, <\/s>, <turn>\]: give --separator-token/);
  const ids = (...texts: string[]): number[] => texts.map((text) => tokenizer.encodeSingleToken(text));
  const write = (name: string, json: object): Promise<void> =>
    Deno.writeTextFile(`${dir}/${name}`, JSON.stringify(json));
  await write("config.json", { eos_token_id: ids("</s>")[0], bos_token_id: 5_000 }); // no such token
  deepStrictEqual((await readTokenizer(dir)).roles, { eos: ids("</s>"), bos: null, unk: null });
  await write("generation_config.json", { eos_token_id: ids("</s>", "<turn>"), bos_token_id: ids("<s>")[0] });
  await write("tokenizer_config.json", { eos_token: { content: "<turn>" }, unk_token: "nothing" });
  const again = await readTokenizer(`${dir}/tokenizer.json`),
    roles = { eos: ids("<turn>", "</s>"), bos: ids("<s>")[0], unk: null };
  deepStrictEqual(again.roles, roles);
  strictEqual(endOfText(again), ids("<turn>")[0]);
  strictEqual(again.eotToken, ids("<turn>")[0]);
  deepStrictEqual([...textEnds(again)], roles.eos);
  await saveTokenizer(again, { dir: `${dir}/copy` });
  deepStrictEqual((await readTokenizer(`${dir}/copy`)).roles, roles);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("saveTokenizer() leaves out formats that cannot hold a special token; the others keep its id", async () => {
  const cases: readonly [string, readonly string[]][] = [
    ["<ab>7", FILES], // "7" looks like an id
    [" ", FILES.filter((name) => !/model|\.vocab/.test(name))], // minbpe splits the line at blanks
    ["\u20AC", FILES], // a character that represents no byte
    ["\u2028x", FILES.filter((name) => !/model|\.vocab/.test(name))],
    ["a\nb", FILES.filter((name) => !/model|\.vocab/.test(name))], // minbpe's format has one line per token
  ];
  for (const [special, files] of cases) {
    const dir = await Deno.makeTempDir();
    const options = { vocabSize: 300, pattern: "gpt2", special: ["<|endoftext|>", special] };
    const { tokenizer } = await trainBpe([TEXT], options);
    await saveTokenizer(tokenizer, { dir });
    deepStrictEqual([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), files, special);
    for (const name of ["tokenizer.json", "vocab.json", "tokenizer.model"]) {
      if (!files.includes(name)) continue;
      const again = await readTokenizer(`${dir}/${name}`);
      const text = `x${special}the${special}<|endoftext|>`;
      deepStrictEqual(
        again.encode(text, { allowedSpecial: "all" }),
        tokenizer.encode(text, { allowedSpecial: "all" }),
        `${special} in ${name}`,
      );
    }
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("parseMinbpeModel() refuses malformed models with line and reason", () => {
  const cases: readonly [string, RegExp][] = [
    ["", /m\.model: line 1: expected "minbpe v1"/],
    ["minbpe v2\n\n0\n", /line 1: .*found "minbpe v2"/],
    ["minbpe v1\n\n", /line 3: the file ends/],
    ["minbpe v1\n\nx\n", /line 3: expected the count/],
    ["minbpe v1\n\n2\n<s> 256\n", /line 5: the file ends after 1 of 2/],
    ["minbpe v1\n\n1\n<s>\n", /line 4: expected a special token/],
    ["minbpe v1\n\n0\n97 98\n1 2 3\n", /line 5: expected two ids, found "1 2 3"/],
    ["minbpe v1\n\n0\n97 256\n", /line 4: .*needs ids below its own, 256/],
  ];
  for (const [text, message] of cases) {
    throws(
      () => parseMinbpeModel(text, "m.model"),
      (error) => error instanceof SyntaxError && message.test(error.message),
    );
  }
});

Deno.test("parseHuggingFaceJson() and parseGpt2Files() refuse malformed files with place and reason", async () => {
  const whole = huggingFaceJson(await trained());
  const broken = (change: (json: any) => void) => {
    const json = JSON.parse(whole);
    change(json);
    return () => parseHuggingFaceJson(JSON.stringify(json), "t.json");
  };
  throws(() => parseHuggingFaceJson(whole.slice(0, 100), "t.json"), /t\.json: not JSON/);
  throws(broken((json) => json.model.type = "Unigram"), /model\.type: expected "BPE" or .*, found "Unigram"/);
  throws(broken((json) => json.model.merges[3] = "x"), /model\.merges\[3\]: expected two tokens/);
  throws(broken((json) => json.model.merges[3] = ["x", "nowhere"]), /model\.merges\[3\]: token "nowhere"/);
  throws(broken((json) => json.model.vocab.a = -1), /token "a" has id -1/);
  throws(broken((json) => json.model.vocab.a = json.model.vocab.b), /another token has it/);
  throws(broken((json) => delete json.model.vocab.h), /token "h" is not in the vocabulary/);
  throws(broken((json) => json.added_tokens[0].id = "x"), /added_tokens\[0\]/);
  const gpt2 = (vocab: string, merges: string) => () => parseGpt2Files({ vocab, merges, folder: "f" });
  throws(gpt2("{", ""), /f\/vocab\.json: not JSON/);
  throws(gpt2("{}", "#version: 0.2\na b c\n"), /f\/merges\.txt: line 2: expected two tokens, found "a b c"/);
  throws(gpt2('{"a":0}', "a b\n"), /f\/merges\.txt: line 1: token "b"/);
});

Deno.test("loadTokenizer() accepts names and paths, and says what it expected otherwise", async () => {
  strictEqual((await loadTokenizer("byte")).vocabSize, 257);
  strictEqual((await loadTokenizer("gpt2")).special.get("<|endoftext|>"), 50_256);
  strictEqual((await loadTokenizer("cl100k")).vocabSize, 100_277);
  strictEqual((await loadTokenizer("char", { texts: ["cab"] })).encode("abc").join(), "0,1,2");
  await rejects(loadTokenizer("char"), TypeError);
  await rejects(
    loadTokenizer("gtp2"),
    /no such folder or file: expected gpt2, p50k, p50k_edit, cl100k, o200k, o200k_harmony, byte, char or a path/,
  );
  const dir = await Deno.makeTempDir();
  await rejects(loadTokenizer(dir), /expected tokenizer\.json/);
  await Deno.writeTextFile(`${dir}/vocab.json`, "{}");
  await rejects(loadTokenizer(dir), Deno.errors.NotFound); // merges.txt is missing
  await Deno.writeTextFile(`${dir}/meta.json`, '{"vocab_size":3,"itos":["a","b"]}');
  await rejects(loadTokenizer(dir), /vocab_size is 3/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("CharTokenizer orders characters as nanoGPT does and refuses unknown ones", () => {
  const tokenizer = CharTokenizer.fromTexts(["hello 😉", "Zé"], []);
  deepStrictEqual(tokenizer.characters, [" ", "Z", "e", "h", "l", "o", "é", "😉"]);
  strictEqual(tokenizer.vocabSize, 8);
  strictEqual(tokenizer.decode(tokenizer.encode("hello 😉")), "hello 😉");
  deepStrictEqual(tokenizer.decodeBytes([6]), Uint8Array.of(0xC3, 0xA9));
  throws(() => tokenizer.encode("he?"), /"\?" \(character 2 of the text\)/);
  throws(() => tokenizer.decode([8]), RangeError);
  throws(() => new CharTokenizer(["a", "a"]), TypeError);
  ok(CharTokenizer.fromTexts(["a"]).special.has("<|endoftext|>"));
});
