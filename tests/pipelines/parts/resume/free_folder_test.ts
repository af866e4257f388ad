import { strictEqual } from "node:assert/strict";
import { freeFolder } from "../../../../pipelines/parts/resume/free_folder.ts";
import { withFolder } from "../../program.ts";

Deno.test("a command to type next names the first folder where nothing lies", async () => {
  await withFolder(async (dir) => {
    strictEqual(freeFolder(`${dir}/rl`), `${dir}/rl`);
    await Deno.mkdir(`${dir}/rl`);
    strictEqual(freeFolder(`${dir}/rl`), `${dir}/rl-2`);
    await Deno.writeTextFile(`${dir}/rl-2`, ""); // a file is in the way, too
    strictEqual(freeFolder(`${dir}/rl`), `${dir}/rl-3`);
  });
});
