/**
 * Tests the program of `deno task pipeline`, which starts the rest.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { denoBeforeDeadline } from "../../deadline.ts";
import { root } from "../../package/script.ts";
import { withFolder } from "../../temporary.ts";

/** Prints the variable on standard output, which Mesa's drivers print about if it is not set. */
const pipeline = `
import { from } from "@stagewise/gpt";
import { pipeline } from "@stagewise/gpt/pipeline";

export default pipeline({
  about: "print a variable",
  writes: false,
  options: {},
  build(_o, env) {
    env.print(Deno.env.get("XDG_RUNTIME_DIR") + "\\n");
    return from<number>([]);
  },
});
`;

Deno.test({
  name: "XDG_RUNTIME_DIR keeps its value in a run, and names no folder if it was not set",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/mine.ts`, pipeline);
      const { XDG_RUNTIME_DIR: _, ...unset } = Deno.env.toObject();
      deepStrictEqual(await run(folder, { ...unset, XDG_RUNTIME_DIR: "/run/user/1000" }), [
        "/run/user/1000\n",
        0,
      ]);
      deepStrictEqual(await run(folder, unset), ["/nonexistent\n", 0]);
    }),
});

/** Runs the pipeline in `folder` with exactly these variables; returns its output and exit code. */
async function run(folder: string, env: Record<string, string>): Promise<readonly [string, number]> {
  const { code, stdout } = await denoBeforeDeadline({
    args: ["task", "--quiet", "pipeline", `${folder}/mine.ts`, "--quiet"],
    cwd: root,
    clearEnv: true,
    env,
    stdin: "null",
  });
  return [new TextDecoder().decode(stdout), code];
}
