import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { presets } from "../../../pipelines/parts/options/presets.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";

const program = pathOfUrl(new URL("./run.ts", import.meta.url));

interface Result {
  code: number;
  out: string;
  err: string;
}

function command(folder: string, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", program, ...args],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

async function run(folder: string, ...args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await command(folder, args).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/**
 * Runs a pipeline and waits for its end. Sends the first signal once `when` accepts the output, and the
 * second once the program says that another signal stops it.
 */
async function interrupt(
  folder: string,
  { args, signals, when }: { args: string[]; signals: Deno.Signal[]; when: (text: string) => boolean },
): Promise<Result> {
  const child = command(folder, args).spawn();
  let [out, err] = ["", ""];
  let sent = 0;
  const watch = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      add(text);
      if (sent === 0 && when(out + err)) child.kill(signals[sent++]);
      else if (sent === 1 && signals.length > 1 && err.includes("again stops")) {
        const signal = signals[sent++];
        // Signals within half a second of the first belong to the same key press.
        await new Promise((resolve) => setTimeout(resolve, 600));
        child.kill(signal);
      }
    }
  };
  await Promise.all([
    watch(child.stdout, (text) => out += text),
    watch(child.stderr, (text) => err += text),
  ]);
  return { code: (await child.status).code, out, err };
}

function inFolder(name: string, test: (folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

const entries = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const events = (folder: string, out = "runs/sum-numbers") => readEvents(`${folder}/${out}/metrics.jsonl`);
const losses = (all: readonly RunEvent[]) => all.flatMap((e) => e.type === "step" ? [[e.step, e.loss]] : []);

inFolder("main lists the pipelines when given no name", async (folder) => {
  const { code, out } = await run(folder);
  strictEqual(code, 0);
  match(out, /^ {2}say {10}words to standard output$/m);
  match(out, /^ {2}sum-numbers {2}numbers to their sum$/m);
});

const wrong: readonly (readonly [args: string, message: string])[] = [
  ["sum-nubers", 'Unknown pipeline "sum-nubers": did you mean sum-numbers?'],
  ["zzz", 'Unknown pipeline "zzz": expected one of say, sum-numbers'],
  ["--quiet", "Expected a pipeline's name or file first, not --quiet: deno task pipeline lists them"],
  ["sum-numbers --stepz 4", "Unknown option --stepz: did you mean --steps?"],
  ["sum-numbers --steps four", 'Bad value for --steps: "four": expected a whole number of at least 1'],
  ["sum-numbers --steps", "--steps needs a value: expected --steps N"],
  ["sum-numbers --layers 5 --heads 2", "Cannot divide 5 layers by 2 heads: give a multiple"],
  ["sum-numbers --layers 5 --heads 2 --dry-run", "Cannot divide 5 layers by 2 heads: give a multiple"],
  [
    "sum-numbers --config none.json",
    "Cannot read none.json: there is no such file or folder: give another --config",
  ],
  [
    "sum-numbers --preset huge",
    'Unknown preset "huge": expected one of auto, tiny, finetune, shakespeare-char-cpu, shakespeare-char, gpu-small, gpt2-124m, smollm2-135m, gpt2-355m, gpt2-774m, gpt2-1558m',
  ],
  [
    "sum-numbers --out gs://bucket/x",
    "Cannot write to --out gs://bucket/x: an address (gs:) is no folder of this machine: give a folder (./gs://bucket/x for one of this name)",
  ],
  [
    "sum-numbers --out -",
    "Cannot write to --out -: standard output is no folder of this machine: give a folder (./- for one of this name)",
  ],
  [
    "sum-numbers --resume nowhere",
    "Cannot resume from nowhere: there is no such file or folder: give --resume auto, never, a run's folder or one of its checkpoints/step-…",
  ],
];

inFolder(
  "main says in one line what is wrong with a command line, exits with 2 and writes nothing",
  async (folder) => {
    const results = [];
    for (const [args, message] of wrong) {
      results.push(
        [await run(folder, ...args.split(" ")), message] as const,
      );
    }
    for (const [{ code, out, err }, message] of results) {
      deepStrictEqual({ code, out, err }, { code: 2, out: "", err: `error: ${message}\n` });
    }
    deepStrictEqual(entries(folder), []);
  },
);

inFolder(
  "main refuses a folder of other files, a folder with a link and a folder in use, and writes nothing",
  async (folder) => {
    const args = ["sum-numbers", "--device", "cpu", "--steps", "1000000", "--save-every", "100000", "--out"];
    await Deno.mkdir(`${folder}/mine`);
    await Deno.writeTextFile(`${folder}/mine/report.html`, "mine");
    for (const resume of ["auto", "never"]) {
      const { code, err } = await run(folder, ...args, "mine", "--resume", resume);
      strictEqual(code, 2, err);
      match(err, /^error: Cannot start a run in mine: it holds other files and no run: .*--out.*\n$/);
    }
    strictEqual(await Deno.readTextFile(`${folder}/mine/report.html`), "mine");
    deepStrictEqual(entries(`${folder}/mine`), ["report.html"]);

    const owner = command(folder, [...args, "used"]).spawn();
    const output = owner.stderr.pipeThrough(new TextDecoderStream()).getReader();
    for (let err = ""; !err.includes("step 10/");) err += (await output.read()).value;
    const before = await Deno.readTextFile(`${folder}/used/config.json`);
    for (const resume of ["auto", "never"]) {
      const { code, out, err } = await run(folder, ...args, "used", "--resume", resume);
      deepStrictEqual({ code, out }, { code: 2, out: "" }, err);
      match(
        err,
        new RegExp(`^error: Cannot use used: process ${owner.pid} on host .*, since .* UTC,.*--out\n$`),
      );
    }
    deepStrictEqual(entries(folder), ["mine", "used"]);
    strictEqual(await Deno.readTextFile(`${folder}/used/config.json`), before);
    owner.kill("SIGHUP"); // as a closed terminal does
    await output.cancel();
    await owner.stdout.cancel();
    strictEqual((await owner.status).code, 130);

    await Deno.symlink(`${folder}/mine/report.html`, `${folder}/used/data/link`);
    const linked = await run(folder, ...args, "used");
    strictEqual(linked.code, 2, linked.err);
    match(linked.err, /used\/data\/link is a symbolic link/);
  },
);

inFolder("main --help groups the options with the values that hold here", async (folder) => {
  const { code, out } = await run(folder, "sum-numbers", "--help", "all", "--lr", "5", "--device", "cpu");
  strictEqual(code, 0);
  match(out, /^deno task pipeline sum-numbers/);
  match(out, /^Options\n {2}--save-every N +steps between checkpoints \[5\]$/m);
  match(out, /^Learning rate\n {2}--lr X +highest learning rate.*\[5\]$/m);
  match(out, /--layers N +transformer blocks \[4\]/);
  match(out, /^Run$/m);
  match(out, /--out DIR +the run's folder; s3:\/\/BUCKET\/KEY keeps the run in/);
  match(out, /\[runs\/sum-numbers\]/);
  match(out, /tiny +.*\(here: training runs on the CPU\)/);
  deepStrictEqual(entries(folder), []);
});

inFolder("main --dry-run prints stages, configuration and plan, and writes nothing", async (folder) => {
  const { code, out } = await run(folder, "sum-numbers", "--dry-run", "--steps", "7", "--device", "cpu");
  strictEqual(code, 0);
  match(out, /numbers\n {2}→ even\n {2}→ sound\n {2}→ adding \(takes checkpoints\)/);
  match(out, /steps +7 {2}\(command line\)/);
  match(out, /layers +4 {2}\(preset tiny\)/);
  match(out, /parameters +12\n/);
  match(out, /memory +3\.0 KiB\n {4}parameter +2\.0 KiB/);
  match(out, /FLOPs per step +3\.0G/);
  deepStrictEqual(entries(folder), []);
});

inFolder(
  "a run leaves its files, and typed again says that it is finished and how to continue it",
  async (folder) => {
    const first = await run(folder, "sum-numbers", "--steps", "12", "--log-every", "5", "--device", "cpu");
    strictEqual(first.code, 0, first.err);
    match(
      first.err,
      /sum-numbers in runs\/sum-numbers, preset tiny \(training runs on the CPU\), from the beginning/,
    );
    match(first.err, /^step 10\/12 {2}loss/m);
    match(first.out, /Next: look into runs\/sum-numbers\n$/);
    const home = `${folder}/runs/sum-numbers`;
    deepStrictEqual(entries(home), ["checkpoints", "config.json", "data", "metrics.jsonl", "report.html"]);
    const { pipeline, options, seed, versions } = JSON.parse(await Deno.readTextFile(`${home}/config.json`));
    deepStrictEqual([pipeline, options.steps, options.lr, options.preset, seed], [
      "sum-numbers",
      12,
      presets.tiny.options.lr,
      "tiny",
      1,
    ]);
    ok("deno" in versions);
    const { stages } = JSON.parse(await Deno.readTextFile(`${home}/data/stats.json`));
    const even = stages.find(({ name }: { name: string }) => name === "even");
    ok(even.seen >= 23 && even.dropped.odd >= 11, JSON.stringify(even));
    const all = await events(folder);
    deepStrictEqual([all[0].type, all[all.length - 1]], ["run", { type: "done", reason: "finished" }]);
    strictEqual(losses(all).length, 12);

    const again = await run(folder, "sum-numbers");
    deepStrictEqual([again.code, again.err], [0, ""]);
    match(
      again.out,
      /is finished \(--steps 12\)\nTo continue it: {6}deno task pipeline sum-numbers --steps 24\n/,
    );
    deepStrictEqual(await events(folder), all);

    const changed = await run(folder, "sum-numbers", "--layers", "8");
    strictEqual(changed.code, 2);
    match(
      changed.err,
      /^error: Cannot resume runs\/sum-numbers with --layers 8: the run was started with --layers 4: .*\n$/,
    );

    const further = await run(folder, "sum-numbers", "--steps", "14");
    strictEqual(further.code, 0, further.err);
    match(further.err, /resuming from the last checkpoint/);
    const more = losses(await events(folder));
    deepStrictEqual(more.map(([step]) => step), Array.from({ length: 14 }, (_, i) => i));
    const { options: kept } = JSON.parse(await Deno.readTextFile(`${home}/config.json`));
    deepStrictEqual([kept.steps, kept.scheduleSteps], [14, 12]);

    const anew = await run(folder, "sum-numbers", "--resume", "never", "--steps", "3", "--lr", "2");
    strictEqual(anew.code, 0, anew.err);
    match(anew.err, /The earlier run in runs\/sum-numbers was moved to runs\/sum-numbers.1/);
    strictEqual(losses(await events(folder)).length, 3);
    strictEqual(losses(await readEvents(`${home}.1/metrics.jsonl`)).length, 14);
  },
);

inFolder("--resume PATH resumes from an earlier checkpoint of a run", async (folder) => {
  await run(folder, "sum-numbers", "--steps", "15");
  const before = losses(await events(folder));
  const path = "runs/sum-numbers/checkpoints/step-000010";
  const back = await run(folder, "sum-numbers", "--resume", path);
  strictEqual(back.code, 0, back.err);
  ok(back.err.includes(`resuming from ${path}`), back.err);
  deepStrictEqual(losses(await events(folder)), before);
  // In another folder it becomes a run of its own.
  const elsewhere = await run(folder, "sum-numbers", "--resume", path, "--out", "other", "--steps", "20");
  strictEqual(elsewhere.code, 0, elsewhere.err);
  strictEqual(losses(await events(folder, "other")).length, 20);
  deepStrictEqual(losses(await events(folder)), before);
});

inFolder(
  "Ctrl-C ends a run with a checkpoint, and the resumed run has the losses of an uninterrupted one",
  async (folder) => {
    const cut = await interrupt(folder, {
      args: ["sum-numbers", "--steps", "1000000", "--json"],
      signals: ["SIGINT"],
      when: (text) => text.includes('"step":3,'),
    });
    strictEqual(cut.code, 130, cut.err);
    match(cut.err, /Interrupted: checkpoint .*step-\d+\nTo resume: deno task pipeline sum-numbers\n$/);
    ok(entries(`${folder}/runs/sum-numbers`).includes("report.html"));
    const steps = losses(await events(folder)).length;
    const on = await run(folder, "sum-numbers", "--steps", String(steps + 3), "--quiet");
    deepStrictEqual([on.code, on.err], [0, ""]);
    await run(folder, "sum-numbers", "--steps", String(steps + 3), "--out", "whole", "--quiet");
    const whole = losses(await readEvents(`${folder}/whole/metrics.jsonl`));
    deepStrictEqual(losses(await events(folder)), whole);
  },
);

inFolder("SIGTERM acts like Ctrl-C, and a second signal ends a run that hangs", async (folder) => {
  const { code, err } = await interrupt(folder, {
    args: ["sum-numbers", "--hang"],
    signals: ["SIGTERM", "SIGINT"],
    when: (text) => text.includes("step 1 hangs"),
  });
  strictEqual(code, 130, err);
  match(err, /Stopped at once\n/);
});

inFolder(
  "a run that fails says why in one line, exits with 1, and prints the stack with --trace",
  async (folder) => {
    const failed = await run(folder, "sum-numbers", "--fail");
    strictEqual(failed.code, 1);
    match(failed.err, /\nerror: .*sound.*Number 8 is broken.*it is round\n$/);
    const traced = await run(folder, "sum-numbers", "--fail", "--trace");
    match(traced.err, /\n {4}at /);
    const all = await events(folder);
    strictEqual(all[all.length - 1].type, "done");
  },
);

inFolder("main --json prints the events and nothing else on standard output", async (folder) => {
  const { code, out, err } = await run(folder, "sum-numbers", "--steps", "4", "--json");
  deepStrictEqual([code, err], [0, ""]);
  const printed = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  deepStrictEqual(printed, await events(folder));
  strictEqual(JSON.parse(out.split("\n")[0]).parameters, 12);
});

inFolder("the command line wins over a config file", async (folder) => {
  await Deno.writeTextFile(`${folder}/my.json`, JSON.stringify({ steps: 9, lr: 7, quiet: true }));
  await run(folder, "sum-numbers", "--config", "my.json", "--steps", "2");
  const { options } = JSON.parse(await Deno.readTextFile(`${folder}/runs/sum-numbers/config.json`));
  deepStrictEqual([options.steps, options.lr], [2, 7]);
  const ofCommand = [
    "config",
    "help",
    "dryRun",
    "machine",
    "trace",
    "ui",
    "events",
    "quiet",
    "json",
    "color",
  ];
  deepStrictEqual(ofCommand.filter((name) => name in options), []); // they are no part of a recipe
});

inFolder(
  "a run refuses the folder of another pipeline, and a folder with other files",
  async (folder) => {
    await run(folder, "sum-numbers", "--steps", "1", "--out", "a");
    const record = JSON.parse(await Deno.readTextFile(`${folder}/a/config.json`));
    await Deno.writeTextFile(`${folder}/a/config.json`, JSON.stringify({ ...record, pipeline: "train" }));
    const other = await run(folder, "sum-numbers", "--out", "a");
    deepStrictEqual(other, {
      code: 2,
      out: "",
      err: "error: Cannot use a: it holds a run of train: give another --out\n",
    });
    await Deno.mkdir(`${folder}/b`);
    await Deno.writeTextFile(`${folder}/b/mine.txt`, "mine");
    const anew = await run(folder, "sum-numbers", "--out", "b", "--resume", "never");
    strictEqual(anew.code, 2);
    deepStrictEqual(entries(`${folder}/b`), ["mine.txt"]);
    await Deno.writeTextFile(`${folder}/c`, "a file");
    match(
      (await run(folder, "sum-numbers", "--out", "c")).err,
      /^error: Cannot use c: c is a file, not a folder: give another --out\n$/,
    );
  },
);

inFolder("a pipeline that writes nothing prints its result alone to standard output", async (folder) => {
  const { code, out } = await run(folder, "say", "--word", "one", "--word", "two", "--end", " ");
  deepStrictEqual([code, out], [0, "one two "]);
  deepStrictEqual(entries(folder), []);
});
