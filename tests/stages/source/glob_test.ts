import { deepStrictEqual } from "node:assert/strict";
import { filesMatching } from "../../../stages/source/glob.ts";

Deno.test("filesMatching() sorts the files that a glob matches, and accepts a file name with glob characters", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(`${dir}/a/b`, { recursive: true });
  for (const name of ["2.bin", "1.bin", "1.txt", "a/3.bin", "a/b/4.bin", "odd [1].bin"]) {
    await Deno.writeTextFile(`${dir}/${name}`, "x");
  }
  const names = (glob: string) => filesMatching(`${dir}/${glob}`).map((path) => path.slice(dir.length + 1));
  deepStrictEqual(names("*.bin"), ["1.bin", "2.bin", "odd [1].bin"]);
  deepStrictEqual(names("**/*.bin"), ["1.bin", "2.bin", "a/3.bin", "a/b/4.bin", "odd [1].bin"]);
  deepStrictEqual(names("{1,2}.{bin,txt}"), ["1.bin", "1.txt", "2.bin"]);
  deepStrictEqual(names("odd [1].bin"), ["odd [1].bin"]);
  deepStrictEqual([names("none/*.bin"), names("none.bin"), names("a")], [[], [], []]);
  await Deno.remove(dir, { recursive: true });
});
