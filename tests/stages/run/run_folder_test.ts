import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { lateError } from "../../deadline.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { from } from "../../../stages/flow/flow.ts";
import { map, type Source } from "../../../stages/flow/stage.ts";
import { runFolder } from "../../../stages/run/run_folder.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import { withFolder } from "../../temporary.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";

const script = pathOfUrl(new URL("./training_script.ts", import.meta.url));
const config = pathOfUrl(new URL("../../../deno.json", import.meta.url));

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Run {
  /** Default: the training script. */
  readonly file?: string;
  readonly permissions?: readonly string[];
  /** Sends Ctrl-C once standard error contains the first text, and again for each further text. */
  readonly interruptAt?: readonly string[];
  /** Called once standard error contains the text. */
  readonly onAnswer?: readonly [text: string, call: () => Promise<void>];
}

/** Runs the script in a folder and stops it after a minute. */
async function run(
  folder: string,
  args: readonly string[],
  { file = script, permissions = ["-A"], interruptAt = [], onAnswer }: Run = {},
): Promise<Result> {
  const signal = AbortSignal.timeout(60_000);
  const command = ["run", "--quiet", "--no-check", "--no-prompt", "--config", config, ...permissions, file];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...command, ...args],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal,
  }).spawn();
  const waiting = [...interruptAt];
  let answered = false;
  let err = "";
  const errors = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      err += text;
      while (waiting.length > 0 && err.includes(waiting[0])) {
        // Signals within half a second of the first belong to the same key press.
        if (waiting.length < interruptAt.length) await new Promise((resolve) => setTimeout(resolve, 600));
        waiting.shift();
        child.kill("SIGINT");
      }
      if (onAnswer !== undefined && !answered && err.includes(onAnswer[0])) {
        answered = true;
        await onAnswer[1]();
      }
    }
  })();
  const [out, { code }] = await Promise.all([new Response(child.stdout).text(), child.status, errors]);
  if (signal.aborted) throw lateError([...command, ...args], { output: err });
  return { code, out, err };
}

/** Returns losses, norms and learning rates of all updates. */
async function updates(folder: string): Promise<unknown[]> {
  const events = await readEvents(`${folder}/metrics.jsonl`);
  return events.flatMap((event) =>
    event.type === "step" ? [[event.step, event.loss, event.gradNorm, event.lr, event.tokens]] : []
  );
}

const weights = (folder: string) => Deno.readFile(`${folder}/checkpoints/step-000060/model.safetensors`);

Deno.test("runFolder() stops with a checkpoint on Ctrl-C, and the resumed run has the same bits", () =>
  withFolder(async (folder) => {
    const whole = await run(folder, ["whole", "60"]);
    strictEqual(whole.code, 0, whole.err);
    match(whole.err, /^whole, from the beginning\nstep 1\/60 /);
    match(whole.out, /^Report: whole\/report\.html\nfinished whole\/checkpoints\/step-000060\n$/m);

    // Its steps take milliseconds: it waits after some of them, until it has heard Ctrl-C.
    const goOn = `${folder}/go on`;
    const cut = await run(folder, ["cut", "60", "--hold", goOn], {
      interruptAt: ["step-000020"],
      onAnswer: ["Stopping after this step", () => Deno.writeTextFile(goOn, "")],
    });
    strictEqual(cut.code, 130, cut.err);
    match(cut.err, /Stopping after this step, with a checkpoint; Ctrl-C again stops at once\n/);
    match(
      cut.err,
      /\nInterrupted: checkpoint cut\/checkpoints\/step-0000\d\d\nTo resume: run the script again\n$/,
    );
    match(cut.out, /^stopped cut\/checkpoints\/step-0000\d\d\n$/);
    ok((await updates(`${folder}/cut`)).length < 60, "the run was not stopped before its end");

    const resumed = await run(folder, ["cut", "60"]);
    strictEqual(resumed.code, 0, resumed.err);
    match(resumed.err, /^cut, resuming from the last checkpoint\n/);
    deepStrictEqual(await updates(`${folder}/cut`), await updates(`${folder}/whole`));
    deepStrictEqual(await weights(`${folder}/cut`), await weights(`${folder}/whole`));

    const again = await run(folder, ["cut", "60"]);
    strictEqual(again.code, 0, again.err);
    strictEqual(
      again.err,
      'The run in cut is finished: for a new one, give another out, or resume: "never"\n',
    );
    const longer = await run(folder, ["cut", "70"]);
    strictEqual(longer.code, 0, longer.err);
    strictEqual((await updates(`${folder}/cut`)).length, 70);
  }));

/**
 * Writes a script whose run doubles five numbers and waits `milliseconds` for each. The run's folder is
 * runs/a.
 */
async function smallScript(folder: string, { milliseconds }: { milliseconds: number }): Promise<string> {
  const module = new URL("../../../mod.ts", import.meta.url).href;
  const file = `${folder}/small.ts`;
  await Deno.writeTextFile(
    file,
    `import { from, map, runFolder } from ${JSON.stringify(module)};
    const numbers = {
      name: "numbers",
      open: (_: unknown, saved = { next: 0 }) => saved,
      *read(state: { next: number }) {
        while (state.next < 5) yield state.next++;
      },
    };
    const double = map("double", async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, ${milliseconds}));
      return 2 * n;
    });
    await runFolder(from(numbers).pipe(double), { out: "runs/a", barrierEvery: 2 });`,
  );
  return file;
}

Deno.test("runFolder() ends the process at once at the second Ctrl-C", () =>
  withFolder(async (folder) => {
    const file = await smallScript(folder, { milliseconds: 100_000 });
    const { code, err } = await run(folder, [], { file, interruptAt: ["from the beginning", "again stops"] });
    strictEqual(code, 130, err);
    match(
      err,
      /\nStopped at once\nTo resume from the last checkpoint, if there is one: run the script again\n$/,
    );
  }));

Deno.test("runFolder() prints nothing but results with quiet, and only events with json", () =>
  withFolder(async (folder) => {
    const quiet = await run(folder, ["quiet", "3", "--quiet"]);
    strictEqual(quiet.err, "");
    match(quiet.out, /^finished [^\n]*\n$/); // what the script itself prints
    const json = await run(folder, ["json", "3", "--json"]);
    strictEqual(json.err, "");
    const types = json.out.trim().split("\n").map((line) => JSON.parse(line).type);
    strictEqual(types[0], "run");
    strictEqual(types.filter((type) => type === "step").length, 3);
    strictEqual(types.at(-1), "done");
  }));

const numbers: Source<number, { next: number }> = {
  name: "numbers",
  open: (_ctx, saved = { next: 0 }) => saved,
  *read(state) {
    while (state.next < 5) yield state.next++;
  },
};
const flow = from(numbers).pipe(map("double", (n: number) => 2 * n));

Deno.test("runFolder() works with permission for its folder alone, and says what is missing", () =>
  withFolder(async (folder) => {
    const file = await smallScript(folder, { milliseconds: 0 });
    const refused = await run(folder, [], { file, permissions: ["--allow-read=runs/a"] });
    strictEqual(refused.code, 1);
    match(refused.err, /Cannot keep a run in runs\/a: .* --allow-read=runs\/a --allow-write=runs\/a$/m);
    const narrow = await run(folder, [], {
      file,
      permissions: ["--allow-read=runs/a", "--allow-write=runs/a"],
    });
    strictEqual(narrow.code, 0, narrow.err);
    match(narrow.out, /^Report: runs\/a\/report\.html$/m);
    deepStrictEqual(
      [...Deno.readDirSync(`${folder}/runs/a`)].map(({ name }) => name).sort(),
      ["checkpoints", "config.json", "data", "metrics.jsonl", "report.html"],
    );
  }));

Deno.test("runFolder() refuses a folder that holds something else, and a run with other options", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/other`);
    await Deno.writeTextFile(`${folder}/other/notes.txt`, "mine");
    const start = (out: string, rest = {}) =>
      runFolder(flow, { out: `${folder}/${out}`, quiet: true, ...rest });
    await rejects(start("other"), {
      name: "UsageError",
      message: /holds other files and no run: give an empty/,
    });
    await start("a", { options: { lr: 0.1 } });
    await start("a", { options: { lr: 0.1 } });
    await rejects(start("a", { options: { lr: 0.2 } }), (error) => {
      ok(error instanceof UsageError);
      match(error.message, /with lr 0\.2: the run was started with lr 0\.1: give the same value/);
      return true;
    });
    await rejects(
      start("a", { options: { lr: 0.1 }, seed: 2 }),
      /with seed 2: the run was started with seed 1/,
    );
    await rejects(start("a"), /with no lr: the run was started with lr 0\.1/);
    await start("a", { options: { lr: 0.2 }, resume: "never" });
    deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["a", "a.1", "other"]);
  }));

Deno.test("runFolder() continues a finished run whose limit was changed, removed or added, and records it", () =>
  withFolder(async (folder) => {
    const out = `${folder}/a`;
    let seen = 0;
    const numbers = from([1, 2, 3, 4]).pipe(map("count", (n: number) => (seen++, n)));
    const start = (limits: { readonly steps?: number }) => runFolder(numbers, { out, quiet: true, limits });
    const partsOf = async () =>
      (await readEvents(`${out}/metrics.jsonl`)).filter((e) => e.type === "done").length;
    const historyOf = async () => JSON.parse(await Deno.readTextFile(`${out}/config.json`)).history;
    await start({ steps: 4 });
    await start({ steps: 4 });
    deepStrictEqual([await partsOf(), seen], [1, 4]); // not run again
    await start({});
    const removed = { step: 4, options: { steps: [4, null] } };
    deepStrictEqual(await historyOf(), [removed]);
    await start({});
    deepStrictEqual(await historyOf(), [removed]);
    await start({ steps: 5 });
    deepStrictEqual(await historyOf(), [{ step: 4, options: { steps: [4, 5] } }]);
  }));
