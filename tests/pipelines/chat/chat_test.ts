/**
 * Tests the pipeline `chat` as a process: in a pipe, and at a pseudo terminal where `script` makes one.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import { beforeDeadline } from "../../deadline.ts";
import { sharedTest } from "../../shared_data.ts";
import { errorLine, runsTo, task, taskElsewhere, withFolder } from "../program.ts";
import { atTerminal, hasTerminal } from "./terminal.ts";

const MODEL = "golden/models/llama", FILES = ["config.json", "model.safetensors", "tokenizer.json"];
const SMOL = "models/SmolLM2-135M-Instruct.Q4_1.gguf";
const files = FILES.map((file) => `${MODEL}/${file}`);
const root = new URL("../../../", import.meta.url);

/** Arguments of a chat with a model that answers at random. */
const args = (
  model: string,
) => ["chat", "--checkpoint", model, "--template", "chatml", "--device", "cpu", "--workers", "1"];

/** Runs Deno with these words and all of `input` in a pipe, and returns what it prints once it ended. */
async function talk(
  words: readonly string[],
  { cwd, input, wanted = 0 }: {
    readonly cwd: string | URL;
    readonly input: string;
    /** Exit code. */
    readonly wanted?: number;
  },
): Promise<{ readonly out: string; readonly error: string }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...words],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await beforeDeadline(process.output());
  const text = new TextDecoder(), error = text.decode(stderr);
  equal(code, wanted, error);
  return { out: text.decode(stdout), error };
}

sharedTest("chat answers the lines of a pipe", files, async (path) => {
  const words = [...task, ...args(path(MODEL)), "--max-tokens", "5"];
  const { out } = await talk(words, { cwd: root, input: "a\n/system Be brief.\n/memory\r\nb" });
  const lines = out.split("\n");
  ok(
    lines.includes("System message: Be brief.") &&
      lines.includes("There is no memory: start with --memory FILE."),
  );
  ok(!lines.some((line) => line.includes("\x1b") || line.startsWith("> ")));
});

sharedTest(
  "chat in a pipe says on standard error what it could not do, goes on, and ends with 1",
  files,
  async (path) => {
    const words = [...task, ...args(path(MODEL)), "--max-tokens", "5", "--context", "64"];
    const input = `${"word ".repeat(500)}\n/savee\n/remember I like tea\n/system Be brief.\n`;
    const { out, error } = await talk(words, { cwd: root, input, wanted: 1 });
    equal(out, "System message: Be brief.\n");
    for (
      const part of [/context/, /no command \/savee: did you mean \/save\?/, /no memory: start with/]
    ) match(error, part);
    match(error, /error: .*: 3 lines of the input could not be done: see above/);
  },
);

const formats: readonly (readonly [files: readonly string[], model: string, more: readonly string[]])[] = [
  ...["smollm2", "qwen2", "qwen3", "llama3", "mistral", "gemma2", "gemma3"].map((name) => {
    const folder = `golden/models/${name}`;
    return [FILES.map((file) => `${folder}/${file}`), folder, ["--template", "chatml"]] as const;
  }),
  [["golden/gguf/tiny-llama-f32.gguf"], "golden/gguf/tiny-llama-f32.gguf", []],
  [["golden/gguf/tiny-llama-q8_0.gguf"], "golden/gguf/tiny-llama-q8_0.gguf", []],
  [["golden/gpt.bin"], "golden/gpt.bin", ["--tokenizer", "byte", "--template", "plain.jinja"]],
  [
    FILES.slice(0, 2).map((file) => `golden/models/nanochat/${file}`),
    "golden/models/nanochat",
    ["--tokenizer", "byte", "--template", "plain.jinja"],
  ],
];

for (const [needed, model, more] of formats) {
  sharedTest(`chat talks to ${model}, from another folder`, needed, (path) =>
    withFolder(async (dir) => {
      await Deno.writeTextFile(
        `${dir}/plain.jinja`,
        "{% for message in messages %}{{ message.content }}\n{% endfor %}",
      );
      const command = "chat --device cpu --workers 1 --max-tokens 3 --context 32 --checkpoint".split(" ");
      const words = [...taskElsewhere, ...command, path(model), ...more];
      const { out } = await talk(words, { cwd: dir, input: "a\n/save talk.jsonl\n" });
      match(out, /2 messages saved in talk\.jsonl/);
      equal(JSON.parse(await Deno.readTextFile(`${dir}/talk.jsonl`)).messages[0].content, "a");
    }));
}

sharedTest("chat says what is wrong with its options", files, async (path) => {
  const model = path(MODEL), base = ["chat", "--device", "cpu"];
  const error = async (...more: string[]) => errorLine(await runsTo(2, [...base, ...more]));
  match(await error("--checkpoint", "nowhere"), /Cannot read a model from nowhere/);
  match(await error("--checkpoint", model, "--tokenizer", "byte"), /no chat template: give --template/);
  match(await error(...args(model).slice(1), "--tools", "memory"), /needs --memory FILE|no form/);
  match(await error(...args(model).slice(1), "--think", "-1"), /--think/);
  match(
    await error("--checkpoint", model, "--memory", path("golden/models")),
    /it is a folder, not a file.*--memory/,
  );
});

if (hasTerminal) {
  sharedTest(
    "chat at a terminal: a prompt, an answer, wide characters, and Ctrl-C",
    files,
    (path) =>
      atTerminal([...args(path(MODEL)), "--max-tokens", "5"], { columns: 40 }, async (terminal) => {
        await terminal.until(/Ctrl-D leaves/);
        await terminal.until(/> $/);
        await terminal.type("漢字\r");
        await terminal.until(/\d+ of \d+ tokens/);
        await terminal.until(/> $/);
        await terminal.type("/edit\r");
        await terminal.until(/> .*漢字$/);
        await terminal.type("\x03");
        const { code, out } = await terminal.ended();
        equal(code, 0, out);
      }),
  );

  // Its answers take seconds, so that Ctrl-C comes in time.
  sharedTest(
    "chat at a terminal: Ctrl-C ends an answer and not the program, Ctrl-D leaves",
    [SMOL],
    (path) =>
      atTerminal(
        ["chat", "--checkpoint", path(SMOL), "--device", "cpu", "--context", "1024", "--temperature", "0"],
        { columns: 40 },
        async (terminal) => {
          await terminal.until(/> $/);
          await terminal.type("Tell me a long story about a fox.\r");
          await terminal.until(/fox\.\s+(?:\S+ ){3}/); // the answer has begun
          await terminal.type("\x03");
          await terminal.until(/\[ended\][^]*of 1,?024 tokens/);
          await terminal.until(/> $/);
          await terminal.type("/helo\r");
          await terminal.until(/There is no command \/helo: did you mean \/help\? \/help lists them\./);
          await terminal.until(/> $/);
          await terminal.type("\x04");
          const { code, out } = await terminal.ended();
          equal(code, 0, out);
        },
      ),
  );
}
