import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import manifest from "../../../deno.json" with { type: "json" };
import { run } from "../program.ts";
import { runHere } from "../in_process.ts";

Deno.test("--version, -V and version print the program's and Deno's versions", async () => {
  for (const word of ["--version", "-V", "version"]) {
    const { code, out } = await runHere([word]);
    strictEqual(code, 0);
    match(out, new RegExp(`^${manifest.name} ${manifest.version}, deno ${Deno.version.deno}, v8 .*\n$`));
  }
});

Deno.test("help, --help, -h and no word list the pipelines; help NAME is NAME --help", async () => {
  const list = await runHere([]);
  match(list.out, /^Pipelines:\n.* fineweb /s);
  for (const word of ["help", "--help", "-h", "--no-color"]) deepStrictEqual(await runHere([word]), list);
  deepStrictEqual(await runHere(["help", "train"]), await runHere(["train", "--help"]));
  deepStrictEqual(await runHere(["help", "train", "all"]), await runHere(["train", "--help", "all"]));
  deepStrictEqual(await runHere(["train", "-h"]), await runHere(["train", "--help"]));
  strictEqual(
    (await runHere(["help", "trian"])).err,
    'error: Unknown pipeline "trian": did you mean train?\n',
  );
});

Deno.test("no line has colours under NO_COLOR, --no-color or without a terminal", async () => {
  for (
    const args of [[], ["train", "--help"], ["train", "--help", "all", "--no-color"], ["lessons", "--quiet"]]
  ) {
    const { out, err } = await runHere(args);
    strictEqual(`${out}${err}`.includes("\x1b"), false, args.join(" "));
  }
});

Deno.test({
  name: "on a terminal, colours follow NO_COLOR and --no-color",
  ignore: !hasScript(),
  async fn() {
    const colored = async (words: string, env: Record<string, string>) => {
      const line = `${Deno.execPath()} run -A --no-check --quiet pipelines/cli/launch.ts ${words}`;
      const { stdout } = await new Deno.Command("script", {
        args: ["-qec", line, "/dev/null"],
        cwd: new URL("../../../", import.meta.url),
        env,
      }).output();
      return new TextDecoder().decode(stdout).includes("\x1b[1m");
    };
    const words = "report --help";
    strictEqual(await colored(words, { NO_COLOR: "" }), true);
    strictEqual(await colored(words, { NO_COLOR: "1" }), false);
    strictEqual(await colored(`${words} --no-color`, { NO_COLOR: "" }), false);
  },
});

/** Whether the program that runs a command on a terminal of its own is installed. */
function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

Deno.test("--quiet leaves the results of lists and lessons, and nothing on standard error", async () => {
  const { out, err } = await run(["lessons", "--quiet"]);
  match(out, /^1\. micrograd: /);
  strictEqual(err, "");
});
