/**
 * Tests the pipeline assistant: its phases, its report, kills in each phase, its plan, and what it refuses.
 *
 * @module
 */
import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { exists } from "../../../stages/disk/whole_files.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { runHere, runsHere } from "../in_process.ts";
import { killedAt, same } from "../kill.ts";
import { errorLine, runsTo, start, withFolder } from "../program.ts";
import { shellWords } from "../shell_words.ts";
import { courseOf, evenTask, phaseNames, smallAssistant } from "./assistant_runs.ts";

/** Returns the command that a line such as "To talk to it: deno task pipeline …" prints. */
function printed(text: string, label: string): readonly string[] {
  const [, typed] = new RegExp(`${label}:? +deno task pipeline (.*)`).exec(text) ?? [];
  ok(typed !== undefined, `${label} in ${text}`);
  return shellWords(typed);
}

Deno.test("assistant runs its phases, joins them on one page, and ends with a model to talk to", async () => {
  await withFolder(async (dir) => {
    const out = `${dir}/run`, args = [...smallAssistant(await evenTask(dir)), "--out", out];
    const first = await runHere(args), text = first.out + first.err;
    equal(first.code, 0, text);
    for (const [i, name] of phaseNames.entries()) match(text, new RegExp(`Phase ${i + 1} of 5: ${name}: `));
    match(text, /even +4 /); // the report card's row

    const events = await readEvents(`${out}/metrics.jsonl`);
    const steps = events.flatMap((event) => event.type === "step" ? [event.step] : []);
    deepStrictEqual(steps, Array.from({ length: 12 + 9 + 6 }, (_, i) => i));
    deepStrictEqual([events[0].type, events.at(-1)], ["run", { type: "done", reason: "finished" }]);
    const graph = events.find((event) => event.type === "graph");
    ok(graph?.type === "graph");
    const trains = graph.stages.map(({ name }) => name).filter((name) => name.endsWith(": train"));
    deepStrictEqual(trains, ["base: train", "sft: train", "rl: train"]);
    deepStrictEqual(graph.stages.filter(({ after }) => after === null).map(({ name }) => name), [
      "world: files",
    ]);
    match(await Deno.readTextFile(`${out}/report.html`), /"type":"card"/);

    const again = await runHere(args);
    match(again.out, /The run in .* is finished/);
    const quick = ["--device", "cpu", "--workers", "1"];
    for (const label of ["To talk to it", "To serve it"]) {
      match((await runHere([...printed(text, label), ...quick, "--dry-run"])).out, /parameters/);
    }
    // Other pipelines take the folder for its model: that of the last phase that trains one.
    const sample = ["sample", "--prompt", "The", "--max-tokens", "4", "--temperature", "0", ...quick];
    const texts = [];
    for (const path of [out, `${out}/rl`]) texts.push((await runHere([...sample, "--checkpoint", path])).out);
    equal(texts[0], texts[1]);
    const card = await runHere(
      ["report-card", "--checkpoint", out, "--items", "2", ...quick, "--out", `${dir}/card`],
    );
    match(card.out, /capitals, never read +2 .*%/);
    match((await runHere([...printed(card.out, "To talk to it"), ...quick, "--dry-run"])).out, /parameters/);
  });
});

Deno.test("assistant killed in each phase ends like an uninterrupted run", async () => {
  await withFolder(async (dir) => {
    const args = [...smallAssistant(await evenTask(dir)), "--json", "--out"], out = `${dir}/killed`;
    await runsTo(0, [...args, `${dir}/whole`]);
    await Deno.mkdir(out);
    const moments = [
      '"name":"files"',
      '"parameters"',
      4,
      "writing",
      '"parameters"',
      "writing",
      2,
      '"type":"card"',
    ];
    let kills = 0;
    for (const moment of moments) {
      if (await killedAt(moment, { process: start([...args, out]), out })) kills++;
    }
    ok(kills >= 6, `${kills} kills`);
    await runsTo(0, [...args, out]);
    deepStrictEqual(await courseOf(out), await courseOf(`${dir}/whole`));
    for (const [phase, step] of [["base", "12"], ["sft", "09"], ["rl", "06"]]) {
      const files = ["model", "optimizer"].map((name) =>
        `${phase}/checkpoints/step-0000${step}/${name}.safetensors`
      );
      await same(`${dir}/whole`, out, files);
    }
    for (const file of ["text.jsonl", "conversations.jsonl", "tokenizer/tokenizer.json"]) {
      await same(`${dir}/whole`, out, [`world/${file}`]);
    }
  });
});

Deno.test("assistant interrupted in a phase says how to resume, and has a page of what there is", async () => {
  await withFolder(async (dir) => {
    const out = `${dir}/run`, args = [...smallAssistant(await evenTask(dir)), "--json", "--out", out];
    const process = start(args);
    let said = "", sent = false;
    const err = new Response(process.stderr).text();
    for await (const piece of process.stdout.pipeThrough(new TextDecoderStream())) {
      said += piece;
      if (sent || said.split('"type":"step"').length <= 14) continue;
      process.kill("SIGINT"); // in the phase sft
      sent = true;
    }
    equal((await process.status).code, 130);
    match(await err, /To resume: .*task pipeline assistant --out /);
    const events = await readEvents(`${out}/metrics.jsonl`);
    ok(events.some((event) => event.type === "step" && event.step >= 12));
    deepStrictEqual(events.at(-1), { type: "done", reason: "interrupted" });
    await runsTo(0, args);
  });
});

Deno.test("assistant prices its presets in a dry run, and writes nothing", async () => {
  await withFolder(async (dir) => {
    const out = `${dir}/run`;
    const world = (await runsHere(0, `assistant --dry-run --out ${out} --hour-price 2`)).out;
    match(world, /base: fineweb-gpt2 .*--source .*\/world\/text\.jsonl/);
    match(world, /parameters +355,\d{3}\n/);
    for (const row of ["base", "sft", "rl", "all"]) match(world, new RegExp(`\n  ${row} .*e\\+12 .*MiB`));
    match(world, /on two CPU cores, at 20 GFLOPS: \$\d+\.\d\d at \$2 per hour/);
    const hub = "--source hf:a/b --data hf:c/d --task gsm8k --task-source hf:e/f";
    const large = (await runsHere(
      0,
      `assistant --preset nanochat-d20 ${hub} --dry-run --machine h200 --out ${out}`,
    )).out;
    match(large, /base: fineweb-gpt2 .*--architecture nanochat .*--layers 20 .*--source hf:a\/b/);
    match(large, /sft: sft .*--data hf:c\/d/);
    match(large, /rl: rl .*--task gsm8k --source hf:e\/f/);
    match(large, /parameters +896,533,746\n/); // matrices, tables, head, gates
    match(large, /\n +base +3,320 +1\.0M +3\.5G /); // eight tokens per parameter of matrices and head
    match(large, /\n +all .* \$[\d.]+ at \$3 per hour/);
    const small = (await runsHere(0, `assistant ${hub} --dry-run --out ${out}`)).out;
    match(small, /preset +nanochat-d6/);
    ok(!await exists(out));
  });
});

Deno.test("assistant refuses wrong options before it writes anything", async () => {
  await withFolder(async (dir) => {
    const out = `${dir}/run`;
    const refused: readonly [args: readonly string[], RegExp][] = [
      [["--base", "--stepz 3"], /In the phase base: Unknown option --stepz: did you mean --steps\?/],
      [["--rl", "--group one"], /In the phase rl: .*--group/],
      [["--sft", "--lr '1"], /Cannot read --lr '1: a quote is not closed/],
      [["--source", "a.txt"], /Cannot train on --source alone: give --source, .* and --data/],
      [["--data", "a.jsonl"], /Cannot train on --data alone/],
      [["--task", "gsm8k"], /The task gsm8k reads its items from a file: give --task-source FILE/],
      [["--task", "chess"], /There is no task chess: expected arithmetic/],
      [["--source", `${dir}/none.txt`, "--data", `${dir}/none.jsonl`], /none\.txt/],
      [["--preset", "nanochat-d6"], /Cannot train --preset nanochat-d6 on the little world/],
      [
        ["--preset", "little-world", "--source", "a.txt", "--data", "a.jsonl"],
        /reads the little world's characters/,
      ],
    ];
    for (const [args, why] of refused) {
      match(errorLine(await runHere(["assistant", ...args, "--device", "cpu", "--out", out])), why);
      ok(!await exists(out), args.join(" "));
    }
    const small = smallAssistant(await evenTask(dir));
    const [, , ...rest] = small, first = [...small, "--quiet", "--out", out];
    equal((await runHere([...first.slice(0, -2), "--out", out])).code, 0);
    match(
      errorLine(await runHere(["assistant", ...rest.slice(1), "--seed", "2", "--out", out])),
      /Cannot resume .* with --seed 2/,
    );
  });
});

Deno.test("little-world writes the same files as often as it is asked, and says how to train on them", async () => {
  await withFolder(async (dir) => {
    const args = "little-world --sentences 300 --conversations 300 --out";
    const { out } = await runsHere(0, `${args} ${dir}/a`);
    await runsHere(0, `${args} ${dir}/b`);
    for (const file of ["text.jsonl", "conversations.jsonl"]) await same(`${dir}/a`, `${dir}/b`, [file]);
    const typed = [...printed(out, "To train on the text"), "--preset", "tiny", "--dry-run"];
    match((await runHere(typed)).out, /parameters/);
    const lines = (await Deno.readTextFile(`${dir}/a/conversations.jsonl`)).trimEnd().split("\n");
    const messages = lines.map((line) => JSON.parse(line).messages.length);
    ok(messages.includes(4) && messages.includes(2));
  });
});
