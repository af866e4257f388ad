/**
 * Tests that every command in a README is accepted: the task exists, and the pipeline takes the options. The
 * files that it names need not exist.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { shells } from "../../pipelines/cli/completion.ts";
import { prepareRun } from "../../pipelines/cli/prepare.ts";
import { allPipelines } from "../pipelines/all_pipelines.ts";
import { withFolder } from "../pipelines/program.ts";
import { shellWords } from "../pipelines/shell_words.ts";

const root = new URL("../../", import.meta.url);
const pages = ["", "pipelines/", "pipelines/lesson/", "stages/", "kernels/", "tests/", "bench/"];

Deno.test("every command in a README is accepted", async () => {
  const pipelines = await allPipelines(), wrong: string[] = [];
  let typed = 0;
  await withFolder(async (dir) => {
    for (const page of pages) {
      for (const command of commandsIn(await Deno.readTextFile(new URL(`${page}README.md`, root)))) {
        const [task, name, ...args] = shellWords(command).filter((word) => word !== "…");
        const tasks: Readonly<Record<string, { readonly command: string }>> = manifest.tasks;
        if (!Object.hasOwn(tasks, task)) wrong.push(`${page}README.md: no task ${task}: ${command}`);
        if (!tasks[task]?.command.includes("launch.ts") || name === undefined || /[/A-Z]/.test(name)) {
          continue;
        }
        if (name === "completion") {
          deepStrictEqual(args, [shells.join("|")]);
          continue;
        }
        const named = pipelines.find((one) => one.name === name);
        if (named === undefined) {
          wrong.push(`${page}README.md: no pipeline ${name}: ${command}`);
          continue;
        }
        typed++;
        const out = Object.hasOwn(named.acting, "out") ? ["--out", `${dir}/run`] : [];
        const words = args.map((word) => /^\$\w+$/.test(word) ? "0" : word.replace(/\.\/\w+\.ts/, "url"));
        await prepareRun(named, { args: [...words, ...out], command: "deno task pipeline" })
          // The files of the examples do not exist here.
          .catch((error) =>
            /there is no such file/.test(error.message) ||
            wrong.push(`${page}README.md: ${command}: ${error.message}`)
          );
      }
    }
  });
  deepStrictEqual(wrong, []);
  ok(typed >= 12, `only ${typed} commands were found`);
});

/** Returns what follows "deno task" in code blocks and in code within a sentence. */
function commandsIn(page: string): string[] {
  const blocks = [...page.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block]) => block);
  const inline = [...page.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`]+)`/g)].map(([, code]) => code);
  const lines = [...blocks.flatMap((block) => block.replaceAll("\\\n", " ").split("\n")), ...inline];
  return lines.flatMap((line) => {
    const command = /(?:deno|npx -y deno@\S+) task (?!--)(.*)$/s.exec(line)?.[1].replace(/\s# .*$/, "")
      .replace(/\s+/g, " ");
    return command === undefined || command.trim() === "" || command.startsWith("…") ? [] : [command.trim()];
  });
}
