/** Tests schedules whose length is determined in the run: --time-limit, and --epochs of a text. @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { minute, runsHere, withShard } from "../in_process.ts";
import { eventsOf, withFolder } from "../program.ts";

const recordOf = async (out: string) => JSON.parse(await Deno.readTextFile(`${out}/config.json`));
const ratesOf = async (out: string): Promise<number[]> =>
  (await eventsOf(out)).filter((e) => e.type === "step").map((e) => e.lr);
const changesIn = async (out: string) => (await eventsOf(out)).filter((e) => e.type === "change");

/** Calls `work` while each look at the clock takes a hundredth of a second, however fast the machine is. */
async function withClock<T>(work: () => Promise<T>): Promise<T> {
  const { now } = performance;
  let time = 0;
  performance.now = () => time += 10;
  try {
    return await work();
  } finally {
    performance.now = now;
  }
}

Deno.test("--time-limit fixes the schedule's length after 20 measured updates, records it, and a resume keeps it", async () => {
  await withShard(async (dir) => {
    for (const schedule of ["cosine", "wsd"]) {
      const out = `${dir}/${schedule}`;
      // With --quiet, what to type next is not printed.
      const told = minute.replace("--quiet", "--log-every 1000");
      const first = `train --train-shards ${dir}/train.bin ${told} --out ${out} --batch-size 1 --lr 0.01`;
      const { out: said } = await withClock(() =>
        runsHere(0, `${first} --schedule ${schedule} --time-limit 8s`)
      );
      const [rates, { options, history }] = [await ratesOf(out), await recordOf(out)];
      const { scheduleSteps } = options;
      deepStrictEqual(history, [{ step: 21, options: { scheduleSteps: [null, scheduleSteps] } }]);
      deepStrictEqual(await changesIn(out), [{ type: "change", ...history[0] }]);
      deepStrictEqual(rates.slice(0, 21), Array(21).fill(0.01));
      ok(
        rates.length >= scheduleSteps && scheduleSteps > 0.7 * rates.length,
        `${scheduleSteps} of ${rates.length}`,
      );
      strictEqual(rates.at(-1), rates.length > scheduleSteps ? 0.001 : rates[scheduleSteps - 1]);
      ok(rates[scheduleSteps - 1] < 0.0015);
      match(
        said,
        new RegExp(`To train longer: .* --time-limit 16 --schedule-steps ${2 * scheduleSteps}$`, "m"),
      );

      await withClock(() => runsHere(0, `train --out ${out} --quiet --workers 1 --time-limit 10s`));
      const again = await recordOf(out);
      strictEqual(again.options.scheduleSteps, scheduleSteps);
      deepStrictEqual(again.history.at(-1).options, { timeLimit: [8, 10] });
      ok((await ratesOf(out)).slice(rates.length).every((rate) => rate === 0.001));
      const notes = (await eventsOf(out)).filter((e) => e.type === "note").map((e) => e.text);
      ok(notes.some((text) => text.includes(`keeps its length of ${scheduleSteps} steps`)), notes.join("\n"));
    }
  });
});

Deno.test("a preset's warm-up leaves room for the decay in a time limit, and a given one stays", async () => {
  await withShard(async (dir) => {
    const common = `train --train-shards ${dir}/train.bin ${
      minute.replace("--warmup 0 ", "")
    } --batch-size 1`;
    for (const [name, words] of [["preset", ""], ["given", " --warmup 50"]]) {
      // The preset's warm-up of 50 steps is longer than this run.
      await withClock(() =>
        runsHere(0, `${common} --preset tiny --out ${dir}/${name} --time-limit 2s${words}`)
      );
    }
    const { options: { warmup, scheduleSteps }, history } = await recordOf(`${dir}/preset`);
    ok(scheduleSteps < 100 && warmup === Math.floor(scheduleSteps / 2), `${warmup} of ${scheduleSteps}`);
    deepStrictEqual(history[0].options.warmup, [50, warmup]);
    strictEqual((await recordOf(`${dir}/given`)).options.warmup, 50);
  });
});

Deno.test("fineweb-gpt2 --epochs counts its steps before the first, decays over them, and resumes bit for bit", async () => {
  await withFolder(async (dir) => {
    const text = Array.from({ length: 1200 }, (_, i) => `word${i * i % 97} of ${i % 13}`).join("\n\n");
    await Deno.writeTextFile(`${dir}/text.txt`, text);
    const data = `fineweb-gpt2 --source ${dir}/text.txt --stages none --tokenizer byte`;
    const model = minute.replace("--vocab-size 257 ", "");
    for (const [shuffle, epochs] of [["windows", 1], ["none", 2], ["all", 2]] as const) {
      const typed =
        `${data} ${model} --batch-size 8 --shuffle ${shuffle} --lr 0.01 --checkpoint-every 25 --keep-checkpoints 0`;
      const out = `${dir}/${shuffle}`;
      await runsHere(0, `${typed} --out ${out} --epochs ${epochs}`);
      const [rates, { options, history }] = [await ratesOf(out), await recordOf(out)];
      deepStrictEqual(history, [{ step: 0, options: { scheduleSteps: [null, rates.length] } }], shuffle);
      strictEqual(options.scheduleSteps, rates.length);
      ok(rates[0] > 0.0099 && rates.at(-1)! < 0.0011 && rates.length > 60, `${rates.length}`);
      const losses = async () =>
        (await eventsOf(out)).filter((e) => e.type === "step").map((e) => [e.loss, e.lr]);
      const whole = await losses();
      await runsHere(
        0,
        `fineweb-gpt2 --out ${out} --quiet --workers 1 --resume ${out}/checkpoints/step-000050`,
      );
      deepStrictEqual(await losses(), whole, shuffle);
      deepStrictEqual((await recordOf(out)).history, history);
    }
    match(
      (await runsHere(0, `${data} ${model} --epochs 1 --dry-run --out ${dir}/dry`)).out,
      /--epochs 1|epochs/,
    );
  });
});
