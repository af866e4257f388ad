import { deepStrictEqual, ok } from "node:assert/strict";
import { saveTokenizer } from "../../../../stages/token/files/folder.ts";
import { trainBpe } from "../../../../stages/token/train/train_bpe.ts";
import { errorLine, run, runsTo, withFolder } from "../../program.ts";

Deno.test("documents are separated by --separator-token, or the end of text of the tokenizer's files", () =>
  withFolder(async (dir) => {
    const { tokenizer } = await trainBpe(["a b"], { vocabSize: 300, special: ["<s>", "</s>"] });
    await saveTokenizer(tokenizer, { dir: `${dir}/t` });
    Deno.writeTextFileSync(`${dir}/text.jsonl`, '{"text":"ab"}\n{"text":"ba"}\n{"text":"abab"}\n');
    const tokenize = (out: string, ...words: string[]) => [
      ...["tokenize", "--source", `${dir}/text.jsonl`, "--tokenizer", `${dir}/t`, "--val-tokens", "3"],
      ...["--out", `${dir}/${out}`, "--quiet", ...words],
    ];
    const firstToken = (out: string): number =>
      new Uint16Array(Deno.readFileSync(`${dir}/${out}/shards/train_000000.bin`).slice(1024).buffer)[0];

    const refused = await run(tokenize("none"));
    ok(refused.code !== 0 && errorLine(refused).includes("give --separator-token"), refused.err);
    const unknown = await run(tokenize("unknown", "--separator-token", "<end>"));
    ok(unknown.code !== 0 && errorLine(unknown).includes("[<s>, </s>]"), unknown.err);
    for (const workers of ["1", "2"]) {
      await runsTo(0, tokenize(`named${workers}`, "--separator-token", "<s>", "--workers", workers));
      deepStrictEqual(firstToken(`named${workers}`), tokenizer.encodeSingleToken("<s>"));
    }
    Deno.writeTextFileSync(`${dir}/t/tokenizer_config.json`, '{"eos_token":"</s>"}');
    await runsTo(0, tokenize("file"));
    deepStrictEqual(firstToken("file"), tokenizer.encodeSingleToken("</s>"));
  }));
