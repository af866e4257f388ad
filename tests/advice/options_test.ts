/**
 * Tests that a message names only options that exist in a pipeline which can print it. The messages are the
 * string literals of the source, so that a new message is tested as soon as it is written.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { flagOf } from "../../stages/report/option_text.ts";
import { allPipelines } from "../pipelines/all_pipelines.ts";
import { literalsIn, literalsOf } from "./literals.ts";
import { pipelinesByFile } from "./reach.ts";

/** Options of other programs that messages name. */
const foreign: Readonly<Record<string, string>> = {
  "allow-ffi": "deno run",
  "allow-net": "deno run",
  "allow-read": "deno run",
  "allow-write": "deno run",
  "frozen": "deno task",
  "quiet": "deno task",
  "lock": "deno run",
  "logdir": "tensorboard",
  "version": "the command itself",
  "no-wasm-bounds-checks": "V8",
  "experimental-wasm-revectorize": "V8",
  "gc-interval": "V8",
  "preload": "deno run",
  "dawn": "deno task doctor",
  "compare": "deno task bench",
  "restarts": "deno task supervise",
  "option": "any option, in a usage line",
};

/** Literals that continue the command of another literal, whose pipeline has the option. */
const continued: readonly string[] = [
  "pipelines/lessons.ts --solution",
  "pipelines/convert.ts --prompt",
  "pipelines/parts/next_steps.ts --prompt",
  "pipelines/lesson/tokenizer/failures.ts --inspect",
];

const pipelines = await allPipelines();
/**
 * Custom properties of style sheets look like options, the builds call other programs, and the phases of
 * `assistant` are commands of other pipelines, which its own tests type.
 */
const elsewhere =
  /^stages\/report\/chart\/|^pipelines\/lesson\/code_html\.ts$|build\.ts$|^pipelines\/(parts\/)?assistant(\.|\/(phases|presets)\.)/;
const optionName = /(?<![\w-])--(?!no-…)(?:no-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)/g;

Deno.test("every option that a message names exists where the message is printed", async () => {
  const reach = await pipelinesByFile(pipelines);
  const wrong: string[] = [];
  let named = 0;
  for (const { file, line, text } of await literalsIn(["pipelines", "stages", "kernels"])) {
    if (elsewhere.test(file)) continue;
    for (const match of text.matchAll(optionName)) {
      const flag = match[1];
      // In "deno task pipeline NAME … --option" the option belongs to the pipeline that is named.
      const inCommand = /deno task \w+ ([a-z][a-z0-9-]*)(?=[^\w-]).*$/s.exec(text.slice(0, match.index))?.[1];
      const one = pipelines.find(({ name }) => name === inCommand);
      const printing = one === undefined ? reach(file) : [one];
      const has = printing.some(({ acting }) => Object.keys(acting).some((name) => flagOf(name) === flag));
      named++;
      if (has || Object.hasOwn(foreign, flag) || continued.includes(`${file} --${flag}`)) continue;
      wrong.push(`${file}:${line}: --${flag} is no option of ${printing.map(({ name }) => name).join(", ")}`);
    }
  }
  ok(named > 150, `only ${named} options are named in messages`);
  deepStrictEqual(wrong, []);
});

Deno.test("the help text of an option names only options of the same pipeline", () => {
  const wrong = pipelines.flatMap(({ name, acting }) =>
    Object.entries(acting).flatMap(([option, { about }]) =>
      [...about.matchAll(optionName)]
        .map(([, flag]) => flag)
        .filter((flag) => !Object.keys(acting).some((other) => flagOf(other) === flag))
        .filter((flag) => !Object.hasOwn(foreign, flag))
        .map((flag) => `${name} --${flagOf(option)} names --${flag}: ${about}`)
    )
  );
  deepStrictEqual(wrong, []);
});

Deno.test("literalsOf() finds strings and templates, and skips comments and regular expressions", () => {
  const source = 'f(/"--x"/); // "--y"\n' +
    'g("--a \\"b\\"", `--c ${h("--d", { e: `--f` })} g`); /* `--z` */';
  deepStrictEqual(
    literalsOf(source, "a.ts").map(({ line, text }) => [line, text]),
    [[2, '--a \\"b\\"'], [2, "--d"], [2, "--f"], [2, "--c … g"]],
  );
});
