/**
 * Tests that the pipelines take any text from 10 KB with their defaults: in any alphabet, in one line or many
 * files; and that every evaluation measures the same text.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { exists } from "../../stages/disk/whole_files.ts";
import { from } from "../../stages/flow/flow.ts";
import { holdOut } from "../../stages/shard/hold_out.ts";
import { runHere } from "./in_process.ts";
import { errorLine, eventsOf, type Finished, withFolder } from "./program.ts";

/**
 * Runs a command line, such as "tokenize --source x.txt", split at blanks; `more` holds further arguments.
 * Throws with the output unless the exit code is `code`.
 */
async function runsHereTo(code: number, line: string, ...more: readonly string[]): Promise<Finished> {
  const finished = await runHere([...line.split(" ").filter((word) => word !== ""), ...more]);
  if (finished.code === code) return finished;
  throw new Error(`${line} ended with ${finished.code}, wanted ${code}:\n${finished.out}\n${finished.err}`);
}

/** Options of a model so small that its steps take no time. */
const tiny = "--quiet --device cpu --workers 1 --layers 1 --heads 1 --channels 16 --steps 2 --sample-every 2";

/** A text of words that are made of the letters of an alphabet. */
function textOf(alphabet: string, { bytes, space = " " }: { bytes: number; space?: string }): string {
  const letters = [...alphabet], words: string[] = [];
  let state = 7, size = 0;
  const next = (below: number) => (state = (state * 48271) % 2147483647) % below;
  while (size < bytes) {
    const word = Array.from({ length: 1 + next(7) }, () => letters[next(letters.length)]).join("") + space;
    size += new TextEncoder().encode(word).length;
    words.push(word);
  }
  return words.join("").trimEnd();
}

async function shardsOf(out: string) {
  return JSON.parse(await Deno.readTextFile(`${out}/shards/shards.json`));
}

const latin = "etaoinshrdlucmfwypvbgkjqxz";
const texts = {
  "10 KB in one line": textOf(latin, { bytes: 10_000 }),
  "80 KB in paragraphs": textOf(latin, { bytes: 80_000 }).replace(/(.{300} )/g, "$1\n\n"),
  "Cyrillic": textOf("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", { bytes: 12_000 }),
  "Chinese without spaces": textOf("的一是不了人我在有他这为之大来以个中上们", {
    bytes: 12_000,
    space: "，",
  }),
  "emoji": textOf("😀😁😂🤣😃😄😅", { bytes: 12_000 }),
};

for (const [name, text] of Object.entries(texts)) {
  for (const tokenizer of ["", "--tokenizer char"]) {
    Deno.test(`fineweb-gpt2 ${tokenizer} trains on ${name}: a tenth is held out, and the sample begins with it`, () =>
      withFolder(async (dir) => {
        await Deno.writeTextFile(`${dir}/my notes.md`, text);
        const options = `fineweb-gpt2 --stages none --out ${dir}/run ${tiny} ${tokenizer} --source`;
        await runsHereTo(0, options, `${dir}/my notes.md`);
        const { validation, training } = await shardsOf(`${dir}/run`);
        const share = validation.bytes / (validation.bytes + training.bytes);
        ok(share > 0.07 && share < 0.13, `${share} of the text is held out`);
        const events = await eventsOf(`${dir}/run`);
        const { prompt } = events.findLast(({ type }) => type === "sample");
        ok(prompt.length > 0 && text.includes(prompt), JSON.stringify(prompt));
        const { bytes, text: identity } = events.findLast(({ type }) => type === "eval");
        deepStrictEqual({ bytes, identity }, { bytes: validation.bytes, identity: validation.sha256 });
      }));
  }
}

Deno.test("tokenize and the GPT-2 presets take a text of 10 KB with defaults", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, texts["10 KB in one line"]);
    await runsHereTo(0, `tokenize --tokenizer gpt2 --source ${dir}/a.txt --out ${dir}/tokens`);
    const { validation } = await shardsOf(`${dir}/tokens`);
    ok(validation.bytes > 800 && validation.bytes < 1200, JSON.stringify(validation));
    const long = "--preset gpt2-124m --tokenizer byte --total-batch-tokens 2048 --batch-size 1";
    await runsHereTo(0, `fineweb-gpt2 --stages none ${long} ${tiny} --source ${dir}/a.txt --out ${dir}/run`);
  }));

Deno.test("--val-share, --val-bytes and --val-tokens say how much is held out, and exclude each other", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, texts["80 KB in paragraphs"]);
    const heldOut = async (options: string) => {
      const out = `${dir}/${options.replace(/\W/g, "")}`;
      await runsHereTo(0, `tokenize --tokenizer byte --source ${dir}/a.txt --out ${out} ${options}`);
      return (await shardsOf(out)).validation;
    };
    ok(Math.abs((await heldOut("--val-share 0.3")).bytes - 24_000) < 2400);
    ok(Math.abs((await heldOut("--val-bytes 2000")).bytes - 2000) < 500);
    ok((await heldOut("--val-tokens 20000")).tokens >= 20_000);
    const both =
      `tokenize --tokenizer byte --source ${dir}/a.txt --out ${dir}/no --val-share 0.1 --val-tokens 99`;
    match(errorLine(await runsHereTo(2, both)), /both --val-tokens and --val-share/);
  }));

Deno.test("the same text is evaluated for every batch size, vocabulary, context and seed, with its exact bytes", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, texts["80 KB in paragraphs"]);
    const evals = async (name: string, options: string) => {
      const run =
        `fineweb-gpt2 --stages none --split lines --source ${dir}/a.txt --out ${dir}/${name} ${tiny} --lr 0`;
      await runsHereTo(0, `${run} --eval-every 1 --eval-batches 1 ${options}`);
      return (await eventsOf(`${dir}/${name}`)).filter(({ type }) => type === "eval");
    };
    const [first, last] = await evals("a", "--batch-size 8 --vocab-size 300");
    ok(first.bytes >= 4096 && first.bytes < 5000 && last.bytes > 7000, `${first.bytes}, ${last.bytes}`);
    const [, other] = await evals("b", "--batch-size 3 --vocab-size 300");
    // Kernels may round a loss otherwise for another batch size.
    ok(Math.abs(other.bitsPerByte - last.bitsPerByte) < 1e-7, `${other.bitsPerByte}, ${last.bitsPerByte}`);
    const [, vocabulary] = await evals("c", "--vocab-size 512 --seq-len 40 --seed 5");
    deepStrictEqual([vocabulary.text, vocabulary.bytes], [last.text, last.bytes]);
    strictEqual(last.bytes, (await shardsOf(`${dir}/a`)).validation.bytes);

    const here = `eval --device cpu --checkpoint ${dir}/a`;
    const { out } = await runsHereTo(0, `${here} --out ${dir}/e1 --batch-size 5`);
    match(out, new RegExp(`${last.bitsPerByte.toFixed(4)} bits per byte`));
    await Deno.writeTextFile(`${dir}/b.txt`, texts["Cyrillic"]);
    await runsHereTo(0, `${here} --out ${dir}/e2 --source ${dir}/b.txt`);
    const found = (await eventsOf(`${dir}/e2`)).findLast(({ type }) => type === "eval");
    strictEqual(found.bytes, new TextEncoder().encode(texts["Cyrillic"]).length);
    ok(found.text !== last.text && found.bitsPerByte > 0);

    await Deno.writeFile(`${dir}/one.bin`, Uint8Array.of(7, 0));
    const one = `${here} --out ${dir}/e3 --shard-format nanogpt --val-shards ${dir}/one.bin`;
    match(errorLine(await runsHereTo(2, one)), /one\.bin: it has 1 token, and a loss needs at least two/);
    const both = `${here} --out ${dir}/e3 --val-shards ${dir}/one.bin --source ${dir}/b.txt`;
    match(errorLine(await runsHereTo(2, both)), /both --source and --val-shards/);
  }));

Deno.test("a trained vocabulary is that of the training documents alone", () =>
  withFolder(async (dir) => {
    const lines = texts["80 KB in paragraphs"].split("\n\n");
    const docs = lines.map((text, i) => ({ id: `${i}`, text: `${text} ${i}` }));
    const write = (name: string, list: readonly { readonly text: string }[]) =>
      Deno.writeTextFile(`${dir}/${name}`, list.map((doc) => `${JSON.stringify(doc)}\n`).join(""));
    await write("all.jsonl", docs);
    const marked = await Array.fromAsync(from(docs).pipe(holdOut({ share: 0.1, bytes: 256_000 })).stream());
    const training = marked.filter(({ heldOut }) => heldOut === undefined);
    ok(training.length < docs.length);
    await write("training.jsonl", training);
    await runsHereTo(
      0,
      `tokenizer --workers 1 --vocab-size 300 --pattern gpt2 --source ${dir}/training.jsonl --out ${dir}/alone`,
    );
    const alone = JSON.parse(await Deno.readTextFile(`${dir}/alone/tokenizer.json`));
    const options = `--source ${dir}/all.jsonl --tokenizer train --vocab-size 300`;
    await runsHereTo(0, `tokenize ${options} --out ${dir}/tokens`);
    deepStrictEqual(JSON.parse(await Deno.readTextFile(`${dir}/tokens/tokenizer/tokenizer.json`)), alone);
    const run = `fineweb-gpt2 --stages minhash ${tiny} ${options} --out ${dir}/run`;
    await runsHereTo(0, run);
    deepStrictEqual(JSON.parse(await Deno.readTextFile(`${dir}/run/tokenizer/tokenizer.json`)), alone);
    ok(!await exists(`${dir}/run/minhash/sample`));
  }));

Deno.test("filters that drop everything are named with their counts, reasons, and what to type", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, texts["10 KB in one line"]);
    for (const tokenizer of ["", "--tokenizer byte"]) {
      const options =
        `fineweb-gpt2 ${tiny} --source ${dir}/a.txt --out ${dir}/run ${tokenizer} --resume never`;
      const { err } = await runsHereTo(tokenizer === "" ? 2 : 1, options);
      match(err, /no document passed the filters: \S+ dropped 1 of 1 \(\w+ 1\): type --stages none/);
    }
  }));
