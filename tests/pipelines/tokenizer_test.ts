import { openTokens } from "../../stages/format/tokens/token_formats.ts";
import { loadTokenizer } from "../../stages/token/load_tokenizer.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { errorLine, runsTo, task as taskWords, withFolder } from "./program.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

Deno.test("tokenizer trains a vocabulary, prints a summary, and --inspect uses its folder", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, "the cat sat on the mat. ".repeat(50));
    const out = `${dir}/own`;
    const args = ["--vocab-size", "280", "--pattern", "gpt4", "--special", "<|a|>", "--special", "<|b|>"];
    const run = await runsTo(0, ["tokenizer", "--source", `${dir}/a.txt`, "--out", out, ...args]);
    match(run.out, /Trained \d+ tokens \(256 bytes, \d+ merges, 2 special\) on 1 documents/);
    match(run.out, /\nBytes per token of each language, beside gpt2, cl100k and o200k: .*report\.json\n/);
    match(run.out, /To use it: +deno task pipeline tokenize --tokenizer .*own/);
    const files = [...Deno.readDirSync(out)].map(({ name }) => name);
    for (
      const name of [
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer.vocab",
        "report.json",
        "config.json",
      ]
    ) ok(files.includes(name), `${files}`);
    const again = await runsTo(0, ["tokenizer", "--source", `${dir}/a.txt`, "--out", out]);
    match(again.out, /is finished/);
    const shown = await runsTo(0, [
      ...["tokenizer", "--inspect", "the cat<|b|>", "--tokenizer", out, "--page", `${dir}/pages/p.html`],
    ]);
    match(
      shown.out,
      /^the +␣cat +<\|b\|>\n\d+ +\d+ +\d+\n\n.*3 tokens, 12 characters, 12 bytes: 4.00 bytes per token/,
    );
    const json = await runsTo(0, [
      "tokenizer",
      "--inspect",
      "hello world",
      "--json",
      "--page",
      `${dir}/pages/q.html`,
    ]);
    const event = json.out.trim().split("\n").map((line) => JSON.parse(line)).find(({ type }) =>
      type === "tokens"
    );
    deepStrictEqual(event, {
      type: "tokens",
      tokenizer: "gpt2",
      ids: [31373, 995],
      bytes: 11,
      characters: 11,
    });
    match(shown.out, new RegExp(`\nPage: ${dir}/pages/p.html\n$`));
    match(await Deno.readTextFile(`${dir}/pages/p.html`), /<title>Tokens<\/title>/);
  }));

Deno.test("tokenizer --inspect - reads standard input", () =>
  withFolder(async (dir) => {
    const command = new Deno.Command("sh", {
      args: [
        "-c",
        `printf 'hello world\\n' | "$0" "$@"`,
        Deno.execPath(),
        ...taskWords,
        "tokenizer",
        "--inspect",
        "-",
      ]
        .concat(["--page", `${dir}/p.html`]),
      cwd: pathOfUrl(new URL("../../", import.meta.url)),
      env: { NO_COLOR: "1" },
    });
    const { code, stdout } = await command.output();
    strictEqual(code, 0);
    match(new TextDecoder().decode(stdout), /^hello ␣world ↵\n31373 995 +198\n/);
  }));

Deno.test("tokenizer prints errors in one line and writes nothing", () =>
  withFolder(async (dir) => {
    const out = ["--out", `${dir}/none`];
    match(
      errorLine(await runsTo(2, ["tokenizer", ...out, "--pattern", "("])),
      /Cannot read the split pattern \(: Cannot read the regular expression/,
    );
    match(errorLine(await runsTo(2, ["tokenizer", ...out, "--vocab-size", "256"])), /at least 257/);
    match(
      errorLine(await runsTo(2, ["tokenizer", "--inspect", "x", "--tokenizer", "gtp2"])),
      /expected gpt2, p50k, p50k_edit, cl100k, o200k, o200k_harmony/,
    );
    deepStrictEqual([...Deno.readDirSync(dir)], []);
  }));

Deno.test("tokenize --shard-format megatron writes int32 for 100,277 ids and uint16 for 50,257, with an index for each file", () =>
  withFolder(async (dir) => {
    const texts = Array.from(
      { length: 40 },
      (_, i) => `{"text":"Document ${i}: ${"we the people ".repeat(20)}"}\n`,
    );
    await Deno.writeTextFile(`${dir}/a.jsonl`, texts.join(""));
    for (const [name, code, width] of [["cl100k", 4, 4], ["gpt2", 8, 2]] as const) {
      const out = `${dir}/${name}`;
      await runsTo(0, [
        "tokenize",
        ...["--source", `${dir}/a.jsonl`, "--tokenizer", name],
        ...["--shard-format", "megatron", "--out", out],
      ]);
      const tokenizer = await loadTokenizer(name);
      let documents = 0;
      for (const split of ["train", "val"]) {
        const index = new DataView((await Deno.readFile(`${out}/shards/${split}.idx`)).buffer);
        strictEqual(index.getUint8(17), code);
        documents += Number(index.getBigUint64(18, true));
        const file = openTokens({ path: `${out}/shards/${split}.bin` });
        strictEqual(file.count, (await Deno.stat(`${out}/shards/${split}.bin`)).size / width);
        match(tokenizer.decode(file.read(0, file.count)), /^<\|endoftext\|>Document \d+: we the people /);
        file.close();
      }
      ok(documents >= 40, `${documents} documents`); // one may be divided for the held-out text
    }
  }));
