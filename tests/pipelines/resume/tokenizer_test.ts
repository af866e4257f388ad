/** Tests that a resumed run needs no tokenizer but the copy in its folder. @module */
import { deepStrictEqual, match } from "node:assert/strict";
import { runsHere } from "../in_process.ts";
import { courseOf, errorLine, withFolder } from "../program.ts";

const model =
  "--layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 2 --device cpu --workers 1 --warmup 0 --eval-every 3 --eval-batches 1 --sample-every 3 --quiet";
const again = "--quiet --workers 1 --steps 6";

/** Makes two tokenizers, `a` and `b`, from one text. */
async function tokenizers(dir: string): Promise<void> {
  const text = Array.from({ length: 4000 }, (_, i) => `word${i * i % 97} of ${i % 13}`).join("\n");
  await Deno.writeTextFile(`${dir}/text.txt`, text);
  for (const [name, size] of [["a", 300], ["b", 310]]) {
    await runsHere(0, `tokenizer --source ${dir}/text.txt --vocab-size ${size} --out ${dir}/${name} --quiet`);
  }
}

Deno.test("train and fineweb-gpt2 resume without the folder of their tokenizer, and refuse another one there", async () => {
  await withFolder(async (dir) => {
    await tokenizers(dir);
    const source = `--source ${dir}/text.txt --stages none`;
    await runsHere(
      0,
      `tokenize ${source.replace("--stages none", "")} --tokenizer ${dir}/a --out ${dir}/tokens --quiet`,
    );
    const shards =
      `--train-shards ${dir}/tokens/shards/train_*.bin --val-shards ${dir}/tokens/shards/val_*.bin`;
    const cases = [
      { name: "train", data: shards, used: `${dir}/tokens/tokenizer` },
      { name: "fineweb-gpt2", data: `${source} --tokenizer ${dir}/a`, used: `${dir}/a` },
      // Read from a format other than the one that the run's copy is read from.
      {
        name: "fineweb-gpt2",
        data: `${source} --tokenizer ${dir}/a/tokenizer.model`,
        used: `${dir}/a`,
      },
    ];
    for (const [i, { name, data, used }] of cases.entries()) {
      const out = `${dir}/run${i}`, whole = `${dir}/whole${i}`, length = "--steps 3 --schedule-steps 6";
      await runsHere(0, `${name} ${data} ${model} --out ${whole} ${length.replace("3", "6")}`);
      await runsHere(0, `${name} ${data} ${model} --out ${out} ${length}`);
      await Deno.rename(used, `${dir}/aside`);
      await runsHere(0, `${name} --out ${out} ${again} --dry-run`);
      await runsHere(0, `${name} --out ${out} ${again}`);
      deepStrictEqual(steps(await courseOf(out)), steps(await courseOf(whole)), name);
      await Deno.rename(`${dir}/b`, used);
      const refused = await runsHere(2, `${name} --out ${out} ${again.replace("6", "9")}`);
      match(errorLine(refused), /Cannot resume .*tokenizer .* is not the one that the run was started with/);
      await Deno.rename(used, `${dir}/b`);
      await Deno.rename(`${dir}/aside`, used);
      await runsHere(0, `${name} --out ${out} ${again.replace("6", "9")}`);
    }
  });
});

/** The updates of a course; the last update of a part is also evaluated. */
function steps(course: readonly unknown[]): readonly unknown[] {
  return course.filter((each) => Array.isArray(each) && typeof each[0] === "number");
}
