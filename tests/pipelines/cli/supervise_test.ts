/**
 * Tests `deno task supervise`: which ends of a run are followed by a restart, and a run whose process dies.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { supervise, supervisedCommand } from "../../../pipelines/cli/supervise.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { withFolder } from "../program.ts";

/** Supervises a run with these ends: exit codes, and the newest checkpoint afterwards. */
async function supervised(ends: readonly (readonly [code: number, checkpoint: string | null])[]) {
  let runs = 0;
  const said: string[] = [];
  const code = await supervise({
    restarts: 2,
    run: () => Promise.resolve(ends[runs++][0]),
    checkpoint: () => Promise.resolve(runs === 0 ? null : ends[runs - 1][1]),
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

Deno.test("supervisedCommand() takes --restarts out of the pipeline's arguments and finds the run's folder", () => {
  deepStrictEqual(supervisedCommand(["train", "--restarts", "5", "--steps", "3"]), {
    args: ["train", "--steps", "3"],
    restarts: 5,
    out: "runs/train",
  });
  deepStrictEqual(supervisedCommand(["./mine.ts", "--out=x", "--restarts=0"]), {
    args: ["./mine.ts", "--out=x"],
    restarts: 0,
    out: "x",
  });
  throws(() => supervisedCommand(["train", "--restarts", "few"]), /whole number after --restarts, got few/);
  throws(() => supervisedCommand(["--steps", "3"]), /Expected the name of a pipeline/);
});

Deno.test("deno task supervise resumes a run whose process has died", async () => {
  const root = new URL("../../../", import.meta.url);
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
