/**
 * Tests `sample` on the command line: several prompts, streaming, stop strings, wrong options, and Ctrl-C.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gpt } from "../../kernels/models/gpt.ts";
import { initialWeights } from "../../kernels/models/model.ts";
import { writeSafetensors } from "../../stages/format/model/safetensors.ts";
import { publishedShapes } from "../stages/token/composed/shapes.ts";
import { errorLine, readUntil, run, runsTo, start, withFolder } from "./program.ts";

Deno.test("sample prints the texts of several prompts in order, the same texts in batches of one, and its speed; it refuses bad options", async () => {
  await withFolder(async (dir) => {
    const sizes = { layers: 1, heads: 2, channels: 16, seqLen: 48, vocabSize: 257 };
    await writeSafetensors(`${dir}/model.safetensors`, initialWeights(gpt({ ...sizes, vocabPad: 1 }), 2));
    const config = { n_layer: 1, n_head: 2, n_embd: 16, n_positions: 48, vocab_size: 257 };
    await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(config));
    await Deno.writeTextFile(`${dir}/prompt.txt`, "From a file");
    const base = ["sample", "--checkpoint", dir, "--tokenizer", "byte", "--device", "cpu", "--seed", "3"];
    const asked = [
      ...base,
      "--max-tokens",
      "60",
      "--count",
      "2",
      "--prompt",
      "One",
      "--prompt",
      `FILE:${dir}/prompt.txt`,
    ];

    const { out, err } = await runsTo(0, asked);
    const parts = out.split(/^--- \d\n/m);
    deepStrictEqual(parts.map((text) => /^(One|From a file)?/.exec(text)?.[0]), [
      "",
      "One",
      "One",
      "From a file",
      "From a file",
    ]);
    ok(parts[1] !== parts[2]);
    match(
      err,
      /prefill 14 tokens, .* tokens\/s; decode \d+ tokens, .* tokens\/s; beyond the model's sequence/,
    );
    strictEqual((await runsTo(0, [...asked, "--batch-size", "1"])).out, out);
    ok(out.includes((await runsTo(0, [...base, "--max-tokens", "60", "--prompt", "One"])).out));

    const cut = parts[1].slice(9, 11);
    const stopped = (await runsTo(0, [...base, "--max-tokens", "60", "--prompt", "One", "--stop", cut])).out;
    strictEqual(stopped, `${parts[1].slice(0, parts[1].indexOf(cut, 3))}\n`);

    const lines = (await runsTo(0, [...asked, "--json"])).out.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    const samples = lines.filter(({ type }) => type === "sample").toSorted((a, b) => a.step - b.step);
    deepStrictEqual(samples.map(({ prompt, text }) => `${prompt}${text}\n`), parts.slice(1));

    // Size of the keys and values: 4 texts · 48 positions · 32 floats.
    match((await runsTo(0, [...asked, "--dry-run"])).out, /cache +24\.0 KiB/);
    for (
      const [wrong, said] of [
        ["--stop=", /empty string/],
        ["--slide=49", /wanted 1 to 48/],
        ["--repetition-penalty=0", /wanted a number greater than 0/],
        ["--min-p=2", /from 0 to 1/],
        [`--prompt=FILE:${dir}/none`, /there is no such file/],
      ] as const
    ) {
      const finished = await run([...base, wrong]);
      match(errorLine(finished), said);
      deepStrictEqual([finished.code, finished.out], [2, ""], wrong);
    }

    const endless = await readUntil("--- 1", [...asked, "--max-tokens", "1000000", "--slide", "24"]);
    deepStrictEqual([endless.code, endless.err.includes("error")], [0, false], endless.err);
    const process = start([...asked, "--max-tokens", "1000000", "--slide", "24"]);
    const reader = process.stdout.getReader();
    await reader.read();
    process.kill("SIGINT");
    while (!(await reader.read()).done);
    strictEqual((await process.status).code, 130);
    await process.stderr.cancel();
  });
});

/** Writes a tiny model of random weights for a vocabulary. */
async function writeTinyModel(dir: string, vocabSize: number): Promise<void> {
  const sizes = { layers: 1, heads: 2, channels: 16, seqLen: 48, vocabSize };
  await writeSafetensors(`${dir}/model.safetensors`, initialWeights(gpt({ ...sizes, vocabPad: 1 }), 2));
  const config = { n_layer: 1, n_head: 2, n_embd: 16, n_positions: 48, vocab_size: vocabSize };
  await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(config));
}

Deno.test("sample reads special tokens in a prompt as --special-in-prompt says, and the advice of its errors works", async () => {
  await withFolder(async (dir) => {
    await writeTinyModel(dir, 257);
    const base = [
      "sample",
      "--checkpoint",
      dir,
      "--tokenizer",
      "byte",
      "--device",
      "cpu",
      "--max-tokens",
      "3",
    ];
    const prefill = async (...more: string[]): Promise<number> => {
      const { err } = await runsTo(0, [...base, ...more]);
      return Number(/prefill (\d+) tokens/.exec(err)?.[1]);
    };
    const prompt = ["--prompt", "<|endoftext|>A"];
    strictEqual(await prefill(...prompt), 2); // <|endoftext|> and A
    strictEqual(await prefill(...prompt, "--special-in-prompt", "all"), 2);
    strictEqual(await prefill(...prompt, "--special-in-prompt", "none"), 14); // its bytes
    strictEqual(await prefill(...prompt, "--special-in-prompt", "<|endoftext|>"), 2);
    const advice =
      /--prompt "<\|endoftext\|>A": it has the special token <\|endoftext\|> at index 0 .*: give --special-in-prompt all or the token's text .*, or --special-in-prompt none to read/;
    match(errorLine(await runsTo(2, [...base, ...prompt, "--special-in-prompt", "refuse"])), advice);
    for (
      const [wrong, said] of [
        [["--special-in-prompt", "<s>"], /"<s>": it is not one of the special tokens \[<\|endoftext\|>\]/],
        [["--special-in-prompt", "none", "--special-in-prompt", "<|endoftext|>"], /none together with other/],
        [["--no-add-special-tokens"], /the tokenizer's file adds no tokens: leave it out/],
      ] as const
    ) match(errorLine(await runsTo(2, [...base, ...prompt, ...wrong])), said);
  });
});

Deno.test("sample puts the tokens of a tokenizer.json's template around prompts, unless --no-add-special-tokens", async () => {
  await withFolder(async (dir) => {
    const json = (await publishedShapes()).get("Llama 2");
    await writeTinyModel(dir, Object.keys(json.model.vocab).length);
    await Deno.writeTextFile(`${dir}/tokenizer.json`, JSON.stringify(json));
    const base = ["sample", "--checkpoint", dir, "--device", "cpu", "--max-tokens", "3"];
    const prefill = async (...more: string[]): Promise<number> => {
      const { err } = await runsTo(0, [...base, ...more]);
      return Number(/prefill (\d+) tokens/.exec(err)?.[1]);
    };
    strictEqual(await prefill("--prompt", "the night"), 3); // <s> ▁the ▁night
    strictEqual(await prefill("--prompt", "the night", "--no-add-special-tokens"), 2);
    strictEqual(
      await prefill("--prompt", "<s>the night", "--special-in-prompt", "refuse").catch(() => -1),
      -1,
    );
    await runsTo(0, [...base, "--prompt", ""]); // starts from <s>
    match(
      errorLine(await runsTo(2, [...base, "--prompt", "", "--no-add-special-tokens"])),
      /no end of text: give --prompt TEXT/,
    );
  });
});
