/** Tests runs that decay from a checkpoint of a run: in its folder, and branched off to another. @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { minute, runsHere, withShard } from "../in_process.ts";
import { courseOf, errorLine, eventsOf, small, unfiltered, withFolder } from "../program.ts";

const stepsOf = async (out: string) => (await eventsOf(out)).filter((e) => e.type === "step");
const recordOf = async (out: string) => JSON.parse(await Deno.readTextFile(`${out}/config.json`));
const decay = "--quiet --workers 1 --schedule wsd --steps 25 --schedule-steps 25";

/** Returns the content of all files of a folder, keyed by path. */
async function filesOf(dir: string, within = ""): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(`${dir}${within}`)) {
    const path = `${within}/${name}`;
    if (isDirectory) Object.assign(files, await filesOf(dir, path));
    else files[path] = new TextDecoder("latin1").decode(await Deno.readFile(`${dir}${path}`));
  }
  return files;
}

Deno.test("fineweb-gpt2 branches a decay off any checkpoint into another folder, and leaves the first run as it is", async () => {
  await withFolder(async (dir) => {
    const trunk = `${dir}/trunk`, branch = `${dir}/branch`, at = `${trunk}/checkpoints/step-000020`;
    const common = `${small.join(" ")} ${
      unfiltered.join(" ")
    } --device cpu --eval-every 10 --sample-every 10 --lr 0.01 --warmup 0`;
    await runsHere(
      0,
      `fineweb-gpt2 ${common} --out ${trunk} --workers 1 --quiet --schedule constant --steps 30 --checkpoint-every 10`,
    );
    const before = await filesOf(trunk);
    const typed = `fineweb-gpt2 --resume ${at} --out ${branch} ${decay}`;
    await runsHere(0, `${typed} --dry-run`);
    ok(!await Deno.stat(branch).then(() => true, () => false), "a dry run writes nothing");
    await runsHere(0, typed);
    deepStrictEqual(await filesOf(trunk), before);

    const [own, first] = [await stepsOf(branch), await stepsOf(trunk)];
    const kept = ({ step, loss, lr }: { step: number; loss: number; lr: number }) => [step, loss, lr];
    deepStrictEqual(own.slice(0, 20).map(kept), first.slice(0, 20).map(kept));
    strictEqual(own.length, 25);
    strictEqual(own[20].loss, first[20].loss); // the same batch and weights
    ok(
      own[20].lr > 0.0099 && own[24].lr < own[21].lr && own[21].lr < 0.0099,
      "it decays from the checkpoint on",
    );
    const { history, options } = await recordOf(branch);
    deepStrictEqual([history.length, history[0].step, history[0].from], [1, 20, at]);
    deepStrictEqual(history[0].options.schedule, ["constant", "wsd"]);
    strictEqual(options.out, branch);
    ok((await eventsOf(branch)).some((e) => e.type === "note" && e.text.includes(`Branched off from ${at}`)));

    // It needs nothing of the first run any more.
    await Deno.remove(trunk, { recursive: true });
    await runsHere(0, `fineweb-gpt2 --out ${branch} --quiet --workers 1 --steps 28`);
    strictEqual((await stepsOf(branch)).length, 28);
    strictEqual((await recordOf(branch)).history[0].from, at);
    await Deno.rename(branch, `${dir}/renamed`); // its states name its shards by another path
    await runsHere(0, `fineweb-gpt2 --out ${dir}/renamed --quiet --workers 1 --steps 30`);
    strictEqual((await stepsOf(`${dir}/renamed`)).length, 30);
  });
});

Deno.test("train decays from a checkpoint in its folder as in another, and the command typed again resumes", async () => {
  await withShard(async (dir) => {
    const run = `${dir}/run`, at = `${run}/checkpoints/step-000020`, branch = `${dir}/branch`;
    await runsHere(
      0,
      `train --train-shards ${dir}/train.bin ${minute} --out ${run} --lr 0.01 --schedule constant --steps 40 --checkpoint-every 10 --keep-checkpoints 0`,
    );
    await runsHere(0, `train --resume ${at} --out ${branch} ${decay}`);
    const again = await runsHere(0, `train --resume ${at} --out ${branch} ${decay}`);
    match(again.out, /is finished/);
    await runsHere(0, `train --resume ${at} --out ${branch} --quiet --workers 1 --steps 27`);
    strictEqual((await stepsOf(branch)).length, 27);

    const refused: readonly (readonly [string, RegExp])[] = [
      [`train --resume ${run}/checkpoints/step-000010 --out ${branch}`, /holds another run/],
      [`train --resume ${at} --out ${run}/branch`, /lies in the other run's folder/],
      [`train --resume ${at} --out ${dir}/foreign`, /holds other files and no run/],
      [`train --resume ${at} --out ${dir}/new --layers 2`, /Cannot resume .* with --layers 2/],
      [
        `fineweb-gpt2 --resume ${at} --out ${dir}/new`,
        /holds a run of train: give a checkpoint of fineweb-gpt2/,
      ],
    ];
    await Deno.mkdir(`${dir}/foreign`);
    await Deno.writeTextFile(`${dir}/foreign/notes.txt`, "mine");
    for (const [typed, expected] of refused) match(errorLine(await runsHere(2, typed)), expected);
    deepStrictEqual([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), [
      "branch",
      "foreign",
      "run",
      "train.bin",
    ]);

    // In its own folder, with a path written in another way.
    await runsHere(0, `train --resume ${at}/ --out ${dir}/./run ${decay}`);
    deepStrictEqual((await courseOf(run)).slice(0, 25), (await courseOf(branch)).slice(0, 25));
    const { history } = await recordOf(run);
    deepStrictEqual([history.length, history[0].step, history[0].from], [1, 20, undefined]);
  });
});
