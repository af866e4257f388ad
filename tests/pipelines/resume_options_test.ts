/**
 * Tests which options may change when a run is resumed, and what is recorded.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { minute, runsHere, withShard } from "./in_process.ts";
import { errorLine, eventsOf } from "./program.ts";

const train = (dir: string) => `train --train-shards ${dir}/train.bin ${minute}`;
const stepsOf = async (out: string) => (await eventsOf(out)).filter((e) => e.type === "step");

/** Changes that neither the model nor the position in the data depends on. */
const changes: readonly (readonly [typed: string, changed: Readonly<Record<string, readonly unknown[]>>])[] =
  [
    [
      "--lr 0.002 --min-lr 0.0005 --muon-lr 0.03 --warmup 8 --schedule linear --schedule-steps 30",
      {
        lr: [0.001, 0.002],
        minLr: [null, 0.0005],
        muonLr: [null, 0.03],
        warmup: [0, 8],
        schedule: ["cosine", "linear"],
        scheduleSteps: [4, 30],
      },
    ],
    [
      "--weight-decay 0 --grad-clip 0 --dropout 0.1 --batch-size 3 --grad-accum 2 --checkpoint-every 2",
      {
        weightDecay: [0.1, 0],
        gradClip: [1, 0],
        dropout: [0, 0.1],
        batchSize: [2, 3],
        gradAccum: [null, 2],
        checkpointEvery: [100, 2],
      },
    ],
    ["--total-batch-tokens 64 --inspect-every 3", { totalBatchTokens: [null, 64], inspectEvery: [0, 3] }],
  ];

Deno.test("options that change neither model nor position in the data change on resume, and are recorded", async () => {
  await withShard(async (dir) => {
    const first = `${train(dir)} --lr 0.001 --optimizer muon --batch-size 2`;
    await runsHere(0, `${first} --out ${dir}/first --steps 4`);
    for (const [i, [typed, changed]] of changes.entries()) {
      const out = `${dir}/${i}`;
      await copyFolder(`${dir}/first`, out);
      await runsHere(0, `train --out ${out} --quiet --workers 1 --steps 6 ${typed}`);
      const expected = { ...changed, steps: [4, 6] };
      const { history, options } = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
      strictEqual(history.length, 1, typed);
      deepStrictEqual([history[0].step, history[0].options], [4, expected], typed);
      for (const [name, [, after]] of Object.entries(changed)) deepStrictEqual(options[name], after);
      const told = (await eventsOf(out)).filter((e) => e.type === "change");
      deepStrictEqual(told, [{ type: "change", step: 4, options: expected }], typed);
      deepStrictEqual((await stepsOf(out)).map((e) => e.step), [0, 1, 2, 3, 4, 5], typed);
    }
    const rates = (await stepsOf(`${dir}/0`)).map((e) => e.lr);
    deepStrictEqual(rates.slice(4), [0.002 * 5 / 9, 0.002 * 6 / 9]);
  });
});

Deno.test("options that change the model or the position in the data are refused by name on resume", async () => {
  await withShard(async (dir) => {
    await runsHere(0, `${train(dir)} --out ${dir}/run --steps 2`);
    const refused = [
      "--layers 2",
      "--heads 1",
      "--channels 32",
      "--seq-len 8",
      "--no-bias",
      "--gelu erf",
      "--norm-eps 1e-6",
      "--optimizer sgd",
      "--beta1 0.8",
      "--shuffle none",
      "--seed 2",
      "--vocab-size 300",
    ];
    for (const typed of refused) {
      const finished = await runsHere(2, `train --out ${dir}/run --quiet --steps 4 ${typed}`);
      const [flag] = typed.split(" ");
      match(errorLine(finished), new RegExp(`Cannot resume .* with ${flag}\\b`));
    }
  });
});

Deno.test("after a changed batch size the next batch starts where the last one ended", async () => {
  await withShard(async (dir) => {
    for (const shuffle of ["none", "windows"]) {
      // 15 sequences are the first five batches of 3, whatever batches they were trained in.
      const common = `${train(dir)} --lr 0 --schedule constant --grad-clip 0 --shuffle ${shuffle}`;
      await runsHere(0, `${common} --out ${dir}/${shuffle}-whole --batch-size 1 --steps 30`);
      const whole = (await stepsOf(`${dir}/${shuffle}-whole`)).map((e) => e.loss);
      const out = `${dir}/${shuffle}-changed`;
      await runsHere(0, `${common} --out ${out} --batch-size 3 --steps 5`);
      await runsHere(0, `train --out ${out} --quiet --workers 1 --batch-size 1 --grad-accum 2 --steps 8`);
      await runsHere(0, `train --out ${out} --quiet --workers 1 --batch-size 4 --grad-accum 1 --steps 10`);
      const sizes = [3, 3, 3, 3, 3, 2, 2, 2, 4, 4], changed = await stepsOf(out);
      let at = 0;
      for (const [step, size] of sizes.entries()) {
        // With a learning rate of 0, the loss of a batch is the mean of the losses of its sequences.
        const mean = whole.slice(at, at + size).reduce((sum, loss) => sum + loss, 0) / size;
        at += size;
        ok(
          Math.abs(changed[step].loss - mean) < 1e-5,
          `${shuffle}: step ${step}: ${changed[step].loss}, ${mean}`,
        );
      }
      deepStrictEqual(changed.map((e) => e.tokens / 16), [3, 6, 9, 12, 15, 17, 19, 21, 25, 29]);
    }
  });
});

Deno.test("a run that is longer than its schedule says so in its first line, and the printed advice stretches it", async () => {
  await withShard(async (dir) => {
    const typed = train(dir).replace(" --quiet", "");
    const { out } = await runsHere(0, `${typed} --out ${dir}/run --lr 0.01 --steps 10`);
    const [, advice] = /^To train longer: {2}deno task pipeline (.*)$/m.exec(out) ?? [];
    match(advice, / --steps 20 --schedule-steps 20$/);
    await copyFolder(`${dir}/run`, `${dir}/again`);
    await runsHere(0, `${advice} --quiet`);
    const rates = (await stepsOf(`${dir}/run`)).map((e) => e.lr);
    ok(rates[10] > 0.004 && rates[19] < 0.0011, `${rates}`);
    deepStrictEqual(await remarks(`${dir}/run`), []);

    await runsHere(0, `train --out ${dir}/again --steps 20 --quiet`);
    deepStrictEqual((await stepsOf(`${dir}/again`)).slice(10).map((e) => e.lr), Array(10).fill(0.001));
    match(
      (await remarks(`${dir}/again`))[0],
      /^train in .*, resuming from the last checkpoint; from step 10 on, .*stays at 0\.001 \(--min-lr\): --schedule-steps 20 stretches/,
    );
    const { out: finished } = await runsHere(0, `train --out ${dir}/again`);
    match(finished, /^To continue it: .* --steps 40 --schedule-steps 40$/m);
  });
});

Deno.test("a run that ends within its warm-up says so in its first line", async () => {
  await withShard(async (dir) => {
    const typed = `${train(dir)} --out ${dir}/run --lr 0.01 --steps 4`.replace("--warmup 0", "--warmup 99");
    await runsHere(0, typed);
    deepStrictEqual((await stepsOf(`${dir}/run`)).map((e) => e.lr), [1e-4, 2e-4, 3e-4, 4e-4]);
    const notes = (await eventsOf(`${dir}/run`)).filter((e) => e.type === "note").map((e) => e.text);
    match(
      notes[0],
      /; the run ends within its warm-up of 99 steps \(--warmup\): its learning rate rises to 0\.0004 of --lr 0\.01$/,
    );
  });
});

/** First lines of the parts of a run that say something about the schedule. */
async function remarks(out: string): Promise<string[]> {
  const notes = (await eventsOf(out)).filter((e) => e.type === "note").map((e) => e.text);
  return notes.filter((text) => text.includes("schedule"));
}

Deno.test("after NaN, each option that the message advises is accepted on resume", async () => {
  await withShard(async (dir) => {
    const out = `${dir}/run`;
    await runsHere(0, `${train(dir)} --out ${out} --steps 4 --lr 0.01 --grad-clip 0`);
    const failed = await runsHere(1, `train --out ${out} --steps 40 --schedule-steps 40 --lr 1e20 --quiet`);
    const advice = errorLine(failed).replace(/^.*resume from the last checkpoint with /, "");
    strictEqual(advice, "a lower --lr, a longer --warmup or --grad-clip 1");
    await runsHere(0, `train --out ${out} --quiet --warmup 30 --lr 0.01 --grad-clip 1`);
    strictEqual((await stepsOf(out)).length, 40);
  });
});

Deno.test("--lr alone keeps --min-lr's share of it, so that a lower --lr is accepted with a preset and on resume", async () => {
  await withShard(async (dir) => {
    const rates = async (out: string) => {
      const { options } = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
      return [options.lr, options.minLr];
    };
    const preset = `${train(dir)} --preset shakespeare-char-cpu --steps 2`; // lr 3e-3, min-lr 1e-4
    const typed: readonly (readonly [string, readonly (number | null)[]])[] = [
      ["", [3e-3, 1e-4]],
      [" --lr 3e-5", [3e-5, 1e-6]],
      [" --lr 3e-5 --min-lr 2e-5", [3e-5, 2e-5]],
      [" --lr 0", [0, 0]],
    ];
    for (const [i, [words, expected]] of typed.entries()) {
      await runsHere(0, `${preset} --out ${dir}/${i}${words}`);
      deepStrictEqual(await rates(`${dir}/${i}`), expected, words);
    }
    const again = `train --out ${dir}/2 --quiet --workers 1`;
    await runsHere(0, `${again} --steps 4 --lr 1.5e-5`);
    deepStrictEqual(await rates(`${dir}/2`), [1.5e-5, 1e-5]);
    await runsHere(0, `${again} --steps 6 --lr 3e-5`);
    deepStrictEqual(await rates(`${dir}/2`), [3e-5, 2e-5]);
    match(errorLine(await runsHere(2, `${again} --steps 8 --lr 1e-5 --min-lr 2e-5`)), /from 0 to 0\.00001/);
  });
});

Deno.test("the advice after NaN leaves out what the run has, and names --muon-lr for muon, which helps", async () => {
  await withShard(async (dir) => {
    const out = `${dir}/run`, resume = `train --out ${out} --quiet --workers 1`;
    await runsHere(0, `${train(dir)} --out ${out} --steps 4 --lr 0.01 --optimizer muon`);
    const failed = await runsHere(1, `${resume} --steps 40 --schedule-steps 40 --muon-lr 1e30`);
    match(
      errorLine(failed),
      /with a lower --lr and --muon-lr, a longer --warmup or a smaller --grad-clip$/,
    );
    await runsHere(1, `${resume} --lr 0.001`); // does not change muon's rate
    await runsHere(0, `${resume} --lr 0.001 --muon-lr 0.01 --warmup 10 --grad-clip 0.5`);
    strictEqual((await stepsOf(out)).length, 40);
  });
});

Deno.test("history names the checkpoint that a run really resumed from, also if a newer one is damaged", async () => {
  await withShard(async (dir) => {
    const out = `${dir}/run`;
    await runsHere(0, `${train(dir)} --out ${out} --steps 6 --checkpoint-every 2 --lr 0.01`);
    await Deno.writeTextFile(`${out}/checkpoints/step-000006/model.safetensors`, "damaged");
    await runsHere(0, `train --out ${out} --quiet --workers 1 --steps 8 --lr 0.02`);
    const { history } = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
    deepStrictEqual(history, [{ step: 4, options: { lr: [0.01, 0.02], steps: [6, 8] } }]);
    const events = await eventsOf(out);
    deepStrictEqual(events.filter((e) => e.type === "change").map((e) => e.step), [4]);
    ok(events.some((e) => e.type === "note" && /damaged|cannot be used/.test(e.text)));
    deepStrictEqual((await stepsOf(out)).map((e) => e.step), [0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
