/**
 * Tests the pipeline `chat` as a process: in a pipe, and at a pseudo terminal where `script` makes one.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import { beforeDeadline } from "../../deadline.ts";
import { sharedTest } from "../../shared_data.ts";
import { errorLine, runsTo, task, withDeno } from "../program.ts";

const MODEL = "golden/models/llama", FILES = ["config.json", "model.safetensors", "tokenizer.json"];
const files = FILES.map((file) => `${MODEL}/${file}`);
const root = new URL("../../../", import.meta.url);

/** Arguments of a chat with a model that answers at random. */
const args = (
  model: string,
) => ["chat", "--checkpoint", model, "--template", "chatml", "--device", "cpu", "--workers", "1"];

sharedTest("chat answers the lines of a pipe", files, async (path) => {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...task, ...args(path(MODEL)), "--max-tokens", "5"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode("a\n/system Be brief.\n/memory\r\nb"));
  await writer.close();
  const { code, stdout, stderr } = await beforeDeadline(process.output());
  const lines = new TextDecoder().decode(stdout).split("\n");
  equal(code, 0, new TextDecoder().decode(stderr));
  ok(
    lines.includes("System message: Be brief.") &&
      lines.includes("There is no memory: start with --memory FILE."),
  );
  ok(!lines.some((line) => line.includes("\x1b") || line.startsWith("> ")));
});

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

const hasScript = Deno.build.os === "linux" &&
  await new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success, () => false);

if (hasScript) {
  sharedTest("chat at a terminal: a prompt, an answer, wide characters, and Ctrl-D", files, async (path) => {
    const words = ["stty cols 40;", Deno.execPath(), ...task, ...args(path(MODEL)), "--max-tokens", "5"];
    const process = new Deno.Command("script", {
      args: ["-qec", words.join(" "), "/dev/null"],
      cwd: root,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = process.stdin.getWriter(), text = new TextDecoder();
    const type = (keys: string) => writer.write(new TextEncoder().encode(keys));
    let out = "";
    const reading = (async () => {
      for await (const piece of process.stdout) {
        // deno-lint-ignore no-control-regex
        out = (out + text.decode(piece, { stream: true })).replace(/\x1b\[[\d;?]*[A-Za-z]/g, "");
      }
    })();
    const until = async (what: RegExp) => {
      while (!what.test(out)) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await beforeDeadline((async () => {
      await until(/Ctrl-D leaves/);
      await until(/> $/);
      await type("漢字\r");
      await until(/\d+ of \d+ tokens/);
      out = out.replace(/[^]*of \d+ tokens/, "");
      await until(/> $/);
      await type("/edit\r");
      await until(/> .*漢字$/);
      await type("\x03");
      equal((await process.status).code, 0, withDeno(out));
    })());
    await writer.close().catch(() => {});
    await reading;
  });
}
