/**
 * Tests `deno task supervise`: which ends of a run are followed by a restart, and a run whose process dies.
 *
 * @module
 */
import { deepStrictEqual, doesNotMatch, match, strictEqual, throws } from "node:assert/strict";
import { supervise } from "../../../../pipelines/cli/supervise/supervise.ts";
import {
  afterRestart,
  type RunProgress,
  supervisedCommand,
} from "../../../../pipelines/cli/supervise/supervised_command.ts";
import {
  beganIn,
  failureIn,
  folderOf,
  newestCheckpoint,
} from "../../../../pipelines/cli/supervise/supervised_run.ts";
import { pathOfUrl } from "../../../../stages/disk/paths.ts";
import { withFolder } from "../../program.ts";

/** How a run ends: its exit code, the newest checkpoint afterwards, and the error that it has recorded. */
type End = readonly [code: number, checkpoint: string | null, failure?: string];

/** Supervises a run with these ends. */
async function supervised(ends: readonly End[]) {
  let runs = 0;
  const said: string[] = [];
  const code = await supervise({
    restarts: 2,
    run: () => Promise.resolve(ends[runs++][0]),
    checkpoint: () => Promise.resolve(runs === 0 ? null : ends[runs - 1][1]),
    failure: () => Promise.resolve(ends[runs - 1][2] ?? null),
    pause: () => Promise.resolve(),
    say: (text) => said.push(text),
  });
  return { code, runs, said };
}

Deno.test("supervise() starts a run again until it ends, however often it dies after a new checkpoint", async () => {
  const ends = ["a", "b", "c", "d"].map((name) => [134, name] as const);
  const { code, runs, said } = await supervised([...ends, [0, "d"]]);
  deepStrictEqual([code, runs], [0, 5]);
  match(said[2], /ended with code 134: starting again from c, restart 1 of 2/);
});

Deno.test("supervise() gives up after as many restarts without a new checkpoint", async () => {
  const { code, runs, said } = await supervised([[134, "a"], [1, "a"], [1, "a"], [0, "a"]]);
  deepStrictEqual([code, runs], [1, 3], "the first death came after the new checkpoint a");
  match(said[1], /restart 2 of 2/);
  match(said[2], /code 1 again, after 2 restarts without a new checkpoint/);
});

Deno.test("supervise() does not restart after success, a wrong command line or Ctrl-C", async () => {
  for (const code of [0, 2, 130]) {
    deepStrictEqual(await supervised([[code, null]]), { code, runs: 1, said: [] });
  }
});

Deno.test("supervise() does not repeat a run that fails with the same error after the same step", async () => {
  const nan = "the loss is NaN (after step 7)";
  const { code, runs, said } = await supervised([[1, "a", nan], [1, "a", nan], [0, "a"]]);
  deepStrictEqual([code, runs], [1, 2]);
  match(
    said[1],
    /failed again in the same way, so it is not started again: the loss is NaN \(after step 7\)$/,
  );
  const other = await supervised([[1, "a", nan], [1, "a", "the loss is NaN (after step 8)"], [0, "a"]]);
  deepStrictEqual([other.code, other.runs], [0, 3], "another step");
  const further = await supervised([[1, "a", nan], [1, "b", nan], [0, "b"]]);
  deepStrictEqual([further.code, further.runs], [0, 3], "after a new checkpoint");
  const died = await supervised([[134, "a"], [134, "a"], [0, "a"]]);
  deepStrictEqual([died.code, died.runs], [0, 3], "a process that died has recorded no error");
  const lost = "Lost the device GPU (unknown: reset) (after step 7)";
  const gpu = await supervised([[1, "a", lost], [1, "a", lost], [0, "a"]]);
  deepStrictEqual([gpu.code, gpu.runs], [0, 3], "the driver may need longer to reset the GPU");
});

const none = { restarts: 3, out: null, resume: null, config: null } as const;

Deno.test("supervisedCommand() takes a task and --restarts out of the arguments", () => {
  deepStrictEqual(supervisedCommand(["train", "--restarts", "5", "--steps", "3"]), {
    ...none,
    task: "pipeline",
    args: ["train", "--steps", "3"],
    restarts: 5,
    name: "train",
  });
  deepStrictEqual(
    supervisedCommand(["dawn", "./a/mine.ts", "--out=x", "--restarts=0", "--resume", "never"]),
    {
      ...none,
      task: "dawn",
      args: ["./a/mine.ts", "--out=x", "--resume", "never"],
      restarts: 0,
      name: "mine",
      out: "x",
      resume: "never",
    },
  );
  deepStrictEqual(["native", "fast", "pipeline"].map((task) => supervisedCommand([task, "eval"]).task), [
    "native",
    "fast",
    "pipeline",
  ]);
  for (const restarts of [["--restarts", "few"], ["--restarts=-1"], ["--restarts"]]) {
    throws(
      () => supervisedCommand(["train", ...restarts]),
      /whole number after --restarts, got (few|-1|nothing)/,
    );
  }
  for (const typed of [["--steps", "3"], [], ["dawn"], ["dawn", "--steps", "3"]]) {
    throws(() => supervisedCommand(typed), /Expected the name of a pipeline/);
  }
});

Deno.test("folderOf() finds the run by --out, --resume, --config and the pipeline's name, in this order", async () => {
  await withFolder(async (dir) => {
    const config = `${dir}/config.json`;
    const folder = (...typed: string[]) => folderOf(supervisedCommand(["train", ...typed]));
    strictEqual(await folder(), "runs/train");
    strictEqual(await folder("--config", config), "runs/train", "a missing file is the run's business");
    for (const text of ['{"out":"there"}', '{"pipeline":"train","options":{"out":"there"}}']) {
      await Deno.writeTextFile(config, text);
      strictEqual(await folder("--config", config), "there");
    }
    strictEqual(await folder("--config", config, "--out", "here"), "here");
    await Deno.writeTextFile(config, '{"out":"s3://corpus/runs/small/"}');
    strictEqual(await folder("--config", config), "runs/s3/corpus/runs/small");
    for (
      const path of [
        "run",
        "run/",
        "run/checkpoints",
        "run/checkpoints/latest",
        "run/checkpoints/step-000010",
      ]
    ) {
      strictEqual(await folder("--config", config, "--resume", path), "run");
    }
    strictEqual(await folder("--resume", "auto"), "runs/train");
  });
});

Deno.test("afterRestart() keeps --resume never and --resume PATH for the first start alone", () => {
  const args = (typed: string[], progress: Partial<RunProgress>) =>
    afterRestart(supervisedCommand(["train", ...typed, "--steps", "9"]), {
      folder: "run",
      began: false,
      wrote: false,
      ...progress,
    });
  const never = ["--out", "run", "--resume", "never"];
  deepStrictEqual(args(never, {}), ["train", ...never, "--steps", "9"]);
  deepStrictEqual(args(never, { began: true }), ["train", "--out", "run", "--steps", "9"]);
  deepStrictEqual(args(["--resume=never"], { began: true }), ["train", "--steps", "9", "--out", "run"]);
  const path = ["--resume", "run/checkpoints/step-000010"];
  deepStrictEqual(args(path, { began: true }), ["train", ...path, "--steps", "9"]);
  deepStrictEqual(args(path, { began: true, wrote: true }), ["train", "--steps", "9", "--out", "run"]);
  deepStrictEqual(args(["--resume", "auto"], { began: true, wrote: true }), [
    "train",
    "--resume",
    "auto",
    "--steps",
    "9",
  ]);
});

Deno.test("newestCheckpoint() and failureIn() read the run's folder and those of its ranks", async () => {
  await withFolder(async (dir) => {
    deepStrictEqual([await newestCheckpoint(dir), await failureIn(dir), await beganIn(dir)], [
      null,
      null,
      null,
    ]);
    await Deno.mkdir(`${dir}/ranks/1/checkpoints`, { recursive: true });
    await Deno.writeTextFile(`${dir}/ranks/1/checkpoints/latest`, "step-000020\n");
    strictEqual(await newestCheckpoint(dir), "step-000020");
    await Deno.mkdir(`${dir}/checkpoints`);
    await Deno.writeTextFile(`${dir}/checkpoints/latest`, "step-000010");
    strictEqual(await newestCheckpoint(dir), "step-000010, step-000020");
    const step =
      '{"type":"step","step":7,"loss":1,"gradNorm":1,"lr":1,"tokens":1,"tokensPerSecond":1,"elapsed":1}\n';
    const write = (text: string) => Deno.writeTextFile(`${dir}/metrics.jsonl`, text);
    await write(`${step}{"type":"done","reason":"failed","error":"no disk"}\n`);
    strictEqual(await failureIn(dir), "no disk (after step 7)");
    await write('{"type":"done","reason":"failed","error":"no disk"}\n');
    strictEqual(await failureIn(dir), "no disk (before the first step)");
    await write(step);
    strictEqual(await failureIn(dir), null, "the process died");
  });
});

Deno.test("deno task supervise resumes a run whose process has died", async () => {
  const root = new URL("../../../../", import.meta.url);
  await withFolder(async (dir) => {
    await Deno.writeTextFile(
      `${dir}/dying.ts`,
      `import { from } from "@stagewise/gpt";
import { pipeline } from "@stagewise/gpt/pipeline";
import { takeCheckpoint } from "@stagewise/gpt/flow";

export default pipeline({
  about: "count to five, and die at the first three",
  options: {},
  build: (_, env) =>
    from({ name: "numbers", open: (_ctx, saved = { next: 1 }) => saved, *read(state) {
      while (state.next <= 5) yield state.next++;
    } }).pipe({
      name: "count",
      takesCheckpoints: true,
      open: (_ctx, saved = { last: 0 }) => saved,
      *push(item, state) {
        if (item === 3 && state.last === 2 && !exists("${dir}/died")) {
          Deno.writeTextFileSync("${dir}/died", "");
          Deno.exit(134);
        }
        state.last = item;
        env.print(\`\${item}\\n\`);
        yield item;
        yield takeCheckpoint;
      },
    }),
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
`,
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "--config", pathOfUrl(new URL("deno.json", root)), "supervise"]
        .concat("./dying.ts", "--out", `${dir}/run`, "--quiet"),
      cwd: dir,
      env: { NO_COLOR: "1", INIT_CWD: dir },
      stdin: "null",
    }).output();
    const text = new TextDecoder(), err = text.decode(stderr);
    strictEqual(code, 0, err);
    match(err, /ended with code 134: starting again from .*, restart 1 of 3/);
    match(text.decode(stdout), /^1\n2\n(2\n)?3\n4\n5\n/);
  });
});

Deno.test("deno task supervise ends at once after wrong options, and after the same failure twice", async () => {
  const root = new URL("../../../../", import.meta.url);
  await withFolder(async (dir) => {
    await Deno.writeTextFile(
      `${dir}/failing.ts`,
      `import { from } from "@stagewise/gpt";
import { pipeline } from "@stagewise/gpt/pipeline";

export default pipeline({
  about: "fail at the third item",
  options: {},
  build: () =>
    from([1, 2, 3, 4]).pipe({
      name: "count",
      open: (_ctx, saved = {}) => saved,
      *push(item) {
        if (item === 3) throw new Error("three is too many");
        yield item;
      },
    }),
});
`,
    );
    const run = async (...args: string[]) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "--config", pathOfUrl(new URL("deno.json", root)), "supervise", ...args],
        cwd: dir,
        env: { NO_COLOR: "1", INIT_CWD: dir },
        stdin: "null",
      }).output();
      return { code, err: new TextDecoder().decode(stderr) };
    };
    const wrong = await run("fast", "./failing.ts", "--nonsense", "3");
    strictEqual(wrong.code, 2, wrong.err);
    doesNotMatch(wrong.err, /starting again/);
    const failed = await run("./failing.ts", "--quiet", "--restarts", "5");
    strictEqual(failed.code, 1, failed.err);
    strictEqual(failed.err.match(/starting again/g)?.length, 1, failed.err);
    match(failed.err, /failed again in the same way, so it is not started again: .*three is too many/);
  });
});
