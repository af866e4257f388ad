/** Tests the options that follow from --init-from, and the length of schedules. @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { minute, runsHere, withShard } from "./in_process.ts";
import { errorLine, eventsOf } from "./program.ts";

const bare = minute.replace(/--vocab-size.*--device/, "--vocab-size 257 --device").replace("--warmup 0 ", "");
const optionsOf = async (out: string) => JSON.parse(await Deno.readTextFile(`${out}/config.json`)).options;
const ratesOf = async (out: string) =>
  (await eventsOf(out)).filter((e) => e.type === "step").map((e) => e.lr);

Deno.test("--init-from determines the model; a different option is refused by name; resume does not need it", async () => {
  await withShard(async (dir) => {
    const shards = `--train-shards ${dir}/train.bin`, out = `${dir}/tuned`;
    await runsHere(0, `train ${shards} ${minute} --out ${dir}/base --steps 2`);
    const tune = `train ${shards} ${bare} --init-from ${dir}/base --out ${out}`;
    for (
      const typed of ["--layers 2", "--heads 1", "--no-bias", "--gelu erf", "--norm-eps 1e-6", "--seq-len 17"]
    ) {
      const [flag] = typed.split(" ");
      const line = errorLine(await runsHere(2, `${tune} ${typed} --steps 2`));
      match(line, new RegExp(`Cannot use ${flag}\\b.* with --init-from`));
    }
    await runsHere(0, `${tune} --steps 2`);
    const { layers, channels, seqLen } = await optionsOf(out);
    deepStrictEqual([layers, channels, seqLen], [1, 16, 16]);
    await Deno.remove(`${dir}/base`, { recursive: true });
    await runsHere(0, `train --out ${out} --quiet --workers 1 --steps 4`);
    strictEqual((await ratesOf(out)).length, 4);
  });
});

Deno.test("--epochs and --tokens fix the schedule's length once; a given --warmup is never shortened", async () => {
  await withShard(async (dir) => {
    const common = `train --train-shards ${dir}/train.bin ${minute} --batch-size 8 --lr 0.01`;
    await runsHere(0, `${common} --out ${dir}/epoch --epochs 1`);
    const { scheduleSteps } = await optionsOf(`${dir}/epoch`);
    const rates = await ratesOf(`${dir}/epoch`);
    deepStrictEqual([scheduleSteps, rates.length, rates[rates.length - 1] < 0.0011], [70, 70, true]);

    await runsHere(0, `${common} --out ${dir}/tokens --tokens 1280`);
    await runsHere(0, `train --out ${dir}/tokens --tokens 2560 --quiet --workers 1`);
    deepStrictEqual((await optionsOf(`${dir}/tokens`)).scheduleSteps, 10);
    deepStrictEqual((await ratesOf(`${dir}/tokens`)).slice(10), Array(10).fill(0.001));

    await runsHere(0, `${common} --out ${dir}/warm --warmup 100 --steps 10`);
    strictEqual((await ratesOf(`${dir}/warm`))[0], 0.01 / 101);
  });
});

Deno.test("fineweb-gpt2 --dry-run --init-from plans the model that it names, and writes nothing", async () => {
  await withShard(async (dir) => {
    await runsHere(0, `train --train-shards ${dir}/train.bin ${minute} --out ${dir}/base --steps 1`);
    const common =
      `fineweb-gpt2 --source embedded:sotu --stages none --tokenizer byte ${bare} --out ${dir}/run`
        .replace("--vocab-size 257 ", "");
    const { out } = await runsHere(0, `${common} --init-from ${dir}/base --steps 10 --dry-run`);
    const { out: own } = await runsHere(
      0,
      `${common} --layers 1 --heads 2 --channels 16 --seq-len 16 --steps 10 --dry-run`,
    );
    const parameters = (text: string) => /^.*parameters.*$/m.exec(text)?.[0];
    ok(parameters(out) !== undefined, out);
    strictEqual(parameters(out), parameters(own));
    deepStrictEqual([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), ["base", "train.bin"]);
    const missing = await runsHere(2, `${common} --init-from ${dir}/gone --steps 10 --dry-run`);
    match(errorLine(missing), /Cannot read a model from .*gone/);
  });
});

Deno.test("--preset is refused by pipelines without presets", async () => {
  match(
    errorLine(await runsHere(2, "tokenize --preset tiny")),
    /--preset does nothing in tokenize: it has no presets/,
  );
});
