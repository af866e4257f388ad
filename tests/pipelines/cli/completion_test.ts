import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runHere } from "../in_process.ts";

/** The shells that are installed here. */
const installed = new Set(
  ["bash", "zsh", "fish"].filter((shell) => {
    try {
      return new Deno.Command(shell, { args: ["-c", "true"], stdout: "null", stderr: "null" }).outputSync()
        .success;
    } catch {
      return false;
    }
  }),
);

Deno.test("completion prints a script for each shell, and names the shells otherwise", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await runHere(["completion", shell]);
    strictEqual(code, 0);
    ok(out.includes("fineweb-gpt2") && out.includes(shell === "fish" ? "-l lr" : "--lr"), out.slice(0, 300));
    if (installed.has(shell)) {
      const path = await Deno.makeTempFile();
      await Deno.writeTextFile(path, out);
      const checked = await new Deno.Command(shell, { args: ["-n", path] }).output();
      await Deno.remove(path);
      strictEqual(new TextDecoder().decode(checked.stderr), "");
    }
  }
  const { code, err } = await runHere(["completion", "powershell"]);
  deepStrictEqual([code, err], [2, "error: Expected deno task pipeline completion bash|zsh|fish\n"]);
});

Deno.test({
  name: "bash completes pipelines, options and values",
  ignore: !installed.has("bash"),
  async fn() {
    const { out: script } = await runHere(["completion", "bash"]);
    const complete = async (...words: string[]): Promise<string[]> => {
      const list = words.map((word) => `'${word}'`).join(" ");
      const line =
        `COMP_WORDS=(deno ${list}); COMP_CWORD=${words.length}; _stagewise; printf '%s\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await new Deno.Command("bash", { args: ["-c", `${script}\n${line}`] }).output();
      return new TextDecoder().decode(stdout).trim().split("\n");
    };
    deepStrictEqual(await complete("task", "pipeline", "token"), [
      "tokenize",
      "tokenizer",
      "tokenizer-lesson",
    ]);
    deepStrictEqual(await complete("task", "fast", "train", "--sched"), ["--schedule", "--schedule-steps"]);
    deepStrictEqual(await complete("task", "native", "train", "--schedule", "c"), ["cosine", "constant"]);
    match(
      (await complete("task", "pipeline", "train", "--preset", "gpt2")).join(" "),
      /^gpt2-124m gpt2-355m/,
    );
    deepStrictEqual(await complete("task", "pipeline", "report", "--dev"), [""]);
    deepStrictEqual(await complete("run", "x"), [""]);
  },
});
