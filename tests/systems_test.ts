/**
 * Tests, as far as that is possible on one system, that the program runs on macOS and Windows.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import manifest from "../deno.json" with { type: "json" };
import { prepareRun } from "../pipelines/cli/prepare.ts";
import { withSlashes } from "../stages/disk/paths.ts";
import { allPipelines } from "./pipelines/all_pipelines.ts";
import { shellWords } from "./pipelines/shell_words.ts";

const root = new URL("../", import.meta.url);

Deno.test("the workflow for macOS and Windows runs tasks and options that exist, under the Deno of .ci/run", async () => {
  const workflow = await Deno.readTextFile(new URL(".github/workflows/systems.yml", root));
  for (const system of ["macos-latest", "windows-latest"]) ok(workflow.includes(system), system);
  const [, version] = /deno@(\S+)/.exec(await Deno.readTextFile(new URL(".ci/run", root))) ?? [];
  const commands = [...workflow.matchAll(/^ +- run: npx -y deno@(\S+) task (.*)$/gm)];
  ok(commands.length >= 5);
  const pipelines = await allPipelines(), tasks = Object.keys(manifest.tasks);
  let prepared = 0;
  for (const [, deno, words] of commands) {
    strictEqual(deno, version);
    const [task, name, ...args] = shellWords(words);
    ok(tasks.includes(task), task);
    if (task !== "pipeline" || name === undefined) continue;
    const named = pipelines.find((one) => one.name === name);
    ok(named !== undefined, name);
    await prepareRun(named, { args, command: "" }); // throws for a wrong option
    prepared++;
  }
  ok(prepared >= 2, `${prepared} commands of pipelines`);
});

Deno.test("paths of file URLs are made by pathOfUrl(), which knows Windows' drives", async () => {
  const wrong: string[] = [];
  for await (const file of filesIn("")) {
    if (file === "stages/disk/paths.ts" || file === "tests/systems_test.ts") continue;
    const text = await Deno.readTextFile(new URL(file, root));
    if (
      /import\.meta\.url\)\.pathname|decodeURIComponent\([\w.#]*(root|folder|cache|path)\.pathname\)/.test(
        text,
      )
    ) {
      wrong.push(file);
    }
  }
  deepStrictEqual(wrong, []);
});

Deno.test("no two files have names that differ only in case, or that Windows cannot have", async () => {
  const seen = new Map<string, string>(), wrong: string[] = [];
  for await (const file of filesIn("", /./)) {
    const other = seen.get(file.toLowerCase());
    if (other !== undefined) wrong.push(`${file} and ${other}`);
    if (/[<>:"|?*\\]|[. ](\/|$)|(^|\/)(con|prn|aux|nul|com\d|lpt\d)(\.|\/|$)/i.test(file)) wrong.push(file);
    seen.set(file.toLowerCase(), file);
  }
  deepStrictEqual(wrong, []);
});

Deno.test("tasks use only what Deno's own shell has on every system", () => {
  for (const [name, { command }] of Object.entries(manifest.tasks)) {
    const words = shellWords(command.replaceAll("&&", " && "));
    const programs = words.filter((_, i) => i === 0 || words[i - 1] === "&&");
    for (const program of programs) match(program, /^(deno|cd|ROOT=.*)$/, name);
  }
});

Deno.test("every option for a path takes backslashes as Windows' paths have them", async () => {
  strictEqual(withSlashes("runs\\a", { windows: true }), "runs/a");
  // Options for paths all go through withSlashes(): none is a plain text.
  const plain = (await allPipelines()).flatMap(({ name, acting }) =>
    Object.entries(acting)
      .filter(([, { placeholder }]) => /PATH|DIR|FILE|GLOB|URI/.test(placeholder ?? ""))
      .filter(([, { parse }]) => !/withSlashes/.test(String(parse)))
      .map(([option]) => `${name} ${option}`)
  );
  deepStrictEqual(plain.filter((option) => !/ blas$/.test(option)), []);
});

async function* filesIn(folder: string, wanted = /\.ts$/): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (/^(\.git|node_modules|runs|coverage|\.cache)$/.test(name)) continue;
    if (isDirectory) yield* filesIn(`${folder}${name}/`, wanted);
    else if (wanted.test(name)) yield `${folder}${name}`;
  }
}
