/**
 * Tests the share of the words of samples that occur in the training text, as training runs print it.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runsHere } from "./in_process.ts";
import { eventsOf, withFolder } from "./program.ts";

const tiny =
  "--device cpu --workers 1 --layers 1 --heads 1 --channels 16 --seq-len 32 --batch-size 4 --steps 4";
const line = /^(\d+\.\d) % of the (\d+) words of ten samples occur in the training text$/m;

const words = "one two three four five six seven eight nine ten eleven twelve".split(" ");
const english = Array.from({ length: 4000 }, (_, i) => words[(i * i + 5 * i) % 12]).join(" ");

async function wordsEvents(out: string) {
  return (await eventsOf(out)).filter(({ type }) => type === "words");
}

Deno.test("fineweb-gpt2 prints the share of known words once, the same for a seed, and shows it in the report", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, english);
    const run = `fineweb-gpt2 --stages none --source ${dir}/a.txt ${tiny} --vocab-size 300 --sample-every 2`;
    const { out } = await runsHere(0, `${run} --out ${dir}/a`);
    const [printed, share, count] = line.exec(out)!;
    const [event, ...others] = await wordsEvents(`${dir}/a`);
    deepStrictEqual([others, event.step, event.samples, event.words], [[], 4, 10, Number(count)]);
    strictEqual(share, (100 * event.found / event.words).toFixed(1));
    ok(event.found > 0 && event.found < event.words, printed);
    ok((await Deno.readTextFile(`${dir}/a/report.html`)).includes(printed));

    await runsHere(0, `${run} --out ${dir}/b`);
    deepStrictEqual(await wordsEvents(`${dir}/b`), [event]);

    ok(!line.test((await runsHere(0, `${run} --out ${dir}/a`)).out), "the run has finished");
    const longer = run.replace("--steps 4", "--steps 6");
    ok(!line.test((await runsHere(0, `${longer} --out ${dir}/b --sample-every 0`)).out), "words of step 4");
    match((await runsHere(0, `${longer} --out ${dir}/a`)).out, line);
    deepStrictEqual((await wordsEvents(`${dir}/a`)).map(({ step }) => step), [4, 6]);
  }));

Deno.test("train prints the share where the tokenizer of the shards is known, and none elsewhere", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, english);
    await runsHere(0, `tokenize --tokenizer byte --source ${dir}/a.txt --out ${dir}/tokens`);
    const shards = `${dir}/tokens/shards`;
    const run = `train ${tiny} --vocab-size 257 --shuffle all --train-shards`;
    const prompt = "--sample-prompt one";
    match((await runsHere(0, `${run} ${shards}/train_*.bin ${prompt} --out ${dir}/known`)).out, line);
    await Deno.rename(`${dir}/tokens/tokenizer`, `${dir}/elsewhere`);
    ok(!line.test((await runsHere(0, `${run} ${shards}/train_*.bin --out ${dir}/foreign`)).out));
    deepStrictEqual(await wordsEvents(`${dir}/foreign`), []);
  }));

Deno.test("a text without words is said to have none", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, Array.from({ length: 9000 }, (_, i) => (i * i) % 97).join(" "));
    const run = `fineweb-gpt2 --stages none --tokenizer char --source ${dir}/a.txt ${tiny} --out ${dir}/a`;
    match(
      (await runsHere(0, run)).out,
      /^The texts of ten samples have no words to look up in the training/m,
    );
  }));
