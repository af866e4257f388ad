/**
 * Tests that the steps after the first have few files open, however many ranks there were.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { deadlined } from "../../kernels/dist/run_ranks.ts";
import { withFolder } from "../../temporary.ts";

Deno.test({
  name: "400 ranks are deduplicated and merged with 64 open files",
  ignore: Deno.build.os === "windows", // has no such limit
  fn: () =>
    withFolder(async (dir) => {
      const script = pathOfUrl(new URL("many_ranks_script.ts", import.meta.url));
      const { code, out, err } = await deadlined([
        "sh",
        "-c",
        'ulimit -n 64 && exec "$@"',
        "sh",
        Deno.execPath(),
        "run",
        "--quiet",
        "--allow-all",
        script,
        dir,
        "400",
      ], { seconds: 400 });
      strictEqual(err, "");
      strictEqual(out, '{"kept":50,"shards":400}\n');
      strictEqual(code, 0);
    }),
});
