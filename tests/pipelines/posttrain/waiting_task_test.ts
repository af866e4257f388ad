/**
 * Tests tasks of one's own whose functions do not answer: a deadline ends the run with an error, and the
 * first Ctrl-C with a checkpoint from which it resumes exactly.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { exists } from "../../../stages/disk/whole_files.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { beforeDeadline } from "../../deadline.ts";
import { sharedTest } from "../../shared_data.ts";
import { runsHere } from "../in_process.ts";
import { courseOf, errorLine, runsTo, start, withDeno, withFolder } from "../program.ts";

const LLAMA = "golden/models/llama/model.safetensors";

/**
 * Writes a task two of whose functions wait for ever while a file `hang` exists: `reward` of item 4, and
 * `item` of item 1, if `inItem`. They then write a file `waiting`. Returns the path.
 */
async function waitingTask(dir: string, { inItem = false, timeout = 600 } = {}): Promise<string> {
  await Deno.writeTextFile(
    `${dir}/task.ts`,
    `const wait = async () => {
      if (!await Deno.stat("${dir}/hang").catch(() => null)) return;
      await Deno.writeTextFile("${dir}/waiting", "");
      await new Promise(() => {});
    };
    export default {
      name: "waiting",
      timeout: ${timeout},
      async item(index: number) {
        if (${inItem} && index === 1) await wait();
        const solutions = [{ role: "assistant", content: "a" }];
        return { id: String(index), messages: [{ role: "user", content: "q" }], answer: "a", solutions };
      },
      async reward({ id }: { id: string }, text: string) {
        if (!${inItem} && id === "4") await wait();
        return { length: text.length };
      },
    };`,
  );
  return `${dir}/task.ts`;
}

/** Starts a run, interrupts it once it waits for the task, and returns what it printed to exit code 130. */
async function interrupted(args: readonly string[], dir: string): Promise<string> {
  await Deno.writeTextFile(`${dir}/hang`, "");
  const process = start(args), err = new Response(process.stderr).text();
  const out = new Response(process.stdout).text();
  try {
    await beforeDeadline((async () => {
      while (!await exists(`${dir}/waiting`)) await new Promise((resolve) => setTimeout(resolve, 100));
    })());
    process.kill("SIGINT");
    const { code } = await beforeDeadline(process.status);
    equal(code, 130, await err);
    return withDeno(await err);
  } finally {
    end(process);
    await Promise.allSettled([process.status, err, out]);
    await Deno.remove(`${dir}/hang`);
  }
}

/** Ends a process that has not ended by itself. */
function end(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended
  }
}

sharedTest(
  "the first Ctrl-C ends rl while a reward does not come, and the run resumes exactly",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      const args = `rl --init-from ${path("golden/models/llama")} --template chatml --lora 2 --device cpu ` +
        `--workers 1 --batch-size 4 --group 2 --seq-len 32 --max-tokens 6 --check-every 0 --steps 5 ` +
        `--schedule-steps 5 --task ${await waitingTask(dir)} --out ${dir}`;
      const words = (name: string) => `${args}/${name}`.split(" ");
      const said = await interrupted(words("parts"), dir);
      match(said, /To resume: deno task pipeline rl --out/);
      const rollouts = async (name: string) =>
        (await readEvents(`${dir}/${name}/metrics.jsonl`)).filter(({ type }) => type === "rollout");
      deepEqual((await rollouts("parts")).map((event) => "step" in event && event.step), [0, 1]);
      await runsTo(0, words("parts"));
      await runsTo(0, words("whole"));
      deepEqual(await rollouts("parts"), await rollouts("whole"));
      const steps = (course: readonly unknown[]) =>
        course.filter((each) => Array.isArray(each) && typeof each[0] === "number");
      deepEqual(steps(await courseOf(`${dir}/parts`)), steps(await courseOf(`${dir}/whole`)));
    });
  },
);

sharedTest("the first Ctrl-C ends sft while a task's item does not come", [LLAMA], async (path) => {
  await withFolder(async (dir) => {
    const args = `sft --init-from ${path("golden/models/llama")} --template chatml --lora 2 --device cpu ` +
      `--workers 1 --batch-size 2 --seq-len 32 --check-every 0 --steps 3 --out ${dir}/run ` +
      `--task ${await waitingTask(dir, { inItem: true })}`;
    match(await interrupted(args.split(" "), dir), /To resume: deno task pipeline sft --out/);
    await runsTo(0, args.split(" "));
  });
});

sharedTest(
  "a reward that does not come in the task's seconds ends the run, by name",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      await Deno.writeTextFile(`${dir}/hang`, "");
      const common =
        `rl --init-from ${path("golden/models/llama")} --template chatml --lora 2 --device cpu ` +
        `--workers 1 --batch-size 4 --group 2 --seq-len 32 --max-tokens 6 --check-every 0 --steps 5 --quiet`;
      const args = `${common} --task ${await waitingTask(dir, { timeout: 0.2 })} --out ${dir}/run`;
      match(
        errorLine(await beforeDeadline(runsHere(1, args))),
        /Cannot reward an answer to item 4 of the task waiting: reward\(\) took longer than 0\.2 s: .* timeout: 2$/,
      );
      for (const timeout of [0, 2_000_001]) {
        await Deno.writeTextFile(
          `${dir}/bad${timeout}.ts`,
          (await Deno.readTextFile(`${dir}/task.ts`)).replace("timeout: 0.2", `timeout: ${timeout}`),
        );
        match(
          errorLine(await runsHere(2, `${common} --task ${dir}/bad${timeout}.ts --out ${dir}/bad`)),
          /timeout a number of seconds above 0/,
        );
      }
    });
  },
);
