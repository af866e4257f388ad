import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { denoBeforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";

const root = new URL("../../../", import.meta.url);
const config = pathOfUrl(new URL("deno.json", root));

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Types `deno task … pipeline …` as a user does, in a folder that is not the project's. */
async function typed(folder: string, ...args: readonly string[]): Promise<Result> {
  const { INIT_CWD: _ofTheTests, ...env } = Deno.env.toObject();
  const { code, stdout, stderr } = await denoBeforeDeadline({
    args: ["task", "--quiet", "--config", config, "pipeline", ...args],
    cwd: folder,
    stdin: "null",
    clearEnv: true,
    env: { ...env, NO_COLOR: "1" },
  });
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** The example of pipelines/README.md. */
async function example(): Promise<string> {
  const readme = await Deno.readTextFile(new URL("pipelines/README.md", root));
  const code = /```ts\n([^`]*?export default pipeline\([^]*?)```/.exec(readme)?.[1];
  ok(code !== undefined, "pipelines/README.md has no example of a pipeline");
  return code;
}

Deno.test("the pipeline of pipelines/README.md runs from another folder, by relative and absolute path", () =>
  withFolder(async (top) => {
    const folder = `${top}/my folder`;
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/mine.ts`, await example());
    const runs = await Promise.all([
      typed(folder, "./mine.ts"),
      typed(top, `${folder}/mine.ts`, "--words", "2"),
      typed(folder, "./mine.ts", "--help"),
      typed(folder, "./mine.ts", "--dry-run"),
      typed(folder, "./mine.ts", "--wrods", "2"),
      typed(folder, "mine.ts"),
    ]);
    deepStrictEqual(runs.map(({ code }) => code), [0, 0, 0, 0, 2, 2]);
    const [relative, absolute, help, dry, misspelt, bare] = runs;
    strictEqual(relative.out.split("\n").length, 234);
    match(relative.out, /^Fellow-Citizens of the$/m);
    match(absolute.out, /^Fellow-Citizens of$/m);
    match(help.out, /^.* task --config \S+\/deno\.json pipeline \.\/mine\.ts .*\nPrint the first words/);
    match(help.out, /--words N +words to print of each speech \[3\]/);
    match(dry.out, /→ print[^]*out +runs\/mine\n[^]*words +3\n/);
    strictEqual(misspelt.err, "error: Unknown option --wrods: did you mean --words?\n");
    strictEqual(
      bare.err,
      'error: Unknown pipeline "mine.ts": to run the file of that name, type ./mine.ts\n',
    );
  }));

Deno.test("a file's run folder lies where the command was typed, and the resume command names the file", () =>
  withFolder(async (folder) => {
    const code = (await example()).replace("writes: false", "writes: true");
    await Deno.writeTextFile(`${folder}/mine.ts`, code);
    const first = await typed(folder, "./mine.ts");
    strictEqual(first.code, 0, first.err);
    const { pipeline } = JSON.parse(await Deno.readTextFile(`${folder}/runs/mine/config.json`));
    strictEqual(pipeline, "mine");
    const again = await typed(folder, "./mine.ts");
    match(
      again.out,
      /To start a new run: {2}.* task --config \S+\/deno\.json pipeline \.\/mine\.ts --config runs\/mine\/config\.json --resume never/,
    );
  }));

const build = 'write "export default pipeline({ about, options, build })" in it';
const wrong: readonly (readonly [name: string, content: string | null, code: number, message: string])[] = [
  ["none", null, 2, "there is no such file or folder: give the path of a file that exports a pipeline\n"],
  ["named", "export const a = 1;", 2, `it has no default export: ${build}\n`],
  ["text", 'export default "a";', 2, `its default export is a string: ${build}\n`],
  ["null", "export default null;", 2, `its default export is null: ${build}\n`],
  ["about", 'export default { about: "a" };', 2, "its default export has no options and no build(): "],
  [
    "option",
    'export default { about: "a", options: { n: 3 }, build() {} };',
    2,
    "its default export has no options: ",
  ],
  ["syntax", "export default (", 1, "the file cannot be loaded: "],
  ["import", 'import "./nowhere.ts"; export default 1;', 1, "the file cannot be loaded: Module not found"],
];

Deno.test("a file that exports no pipeline is refused with the line to write", () =>
  withFolder(async (folder) => {
    for (const [name, content] of wrong) {
      if (content !== null) await Deno.writeTextFile(`${folder}/${name}.ts`, content);
    }
    const results = await Promise.all(wrong.map(([name]) => typed(folder, `./${name}.ts`)));
    wrong.forEach(([name, , code, message], i) => {
      strictEqual(results[i].code, code, results[i].err);
      strictEqual(results[i].out, "");
      const start = `error: Cannot run ./${name}.ts: ${message}`;
      strictEqual(results[i].err.slice(0, start.length), start);
      if (code === 2) strictEqual(results[i].err.trim().split("\n").length, 1);
    });
    deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name).includes("runs"), false);
  }));
