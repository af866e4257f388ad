import { deepStrictEqual } from "node:assert/strict";
import { copyFolder } from "../../../stages/disk/copy_folder.ts";
import { withFolder } from "../../temporary.ts";

Deno.test("copyFolder() copies files of any size in folders, overwrites, and leaves out links and given names", () =>
  withFolder(async (dir) => {
    const large = Uint8Array.from({ length: (1 << 20) + 3 }, (_, i) => i * i % 251);
    await Deno.mkdir(`${dir}/a/b/lock`, { recursive: true });
    await Deno.writeFile(`${dir}/a/large`, large);
    await Deno.writeTextFile(`${dir}/a/b/lock/c`, "c");
    await Deno.writeTextFile(`${dir}/a/lock`, "left out");
    await Deno.writeTextFile(`${dir}/secret`, "not to be copied");
    await Deno.mkdir(`${dir}/a/1/2/3/4`, { recursive: true });
    await Deno.writeFile(`${dir}/a/1/2/3/4/deep`, large);
    await Deno.symlink(`${dir}/secret`, `${dir}/a/link`);
    await Deno.mkdir(`${dir}/to`);
    await Deno.writeFile(`${dir}/to/large`, new Uint8Array(large.length + 10));
    await copyFolder(`${dir}/a`, `${dir}/to`, { without: ["lock"] });
    deepStrictEqual(Deno.readFileSync(`${dir}/to/1/2/3/4/deep`), large); // at once, not a moment later
    deepStrictEqual(await Deno.readFile(`${dir}/to/large`), large);
    deepStrictEqual(await Deno.readTextFile(`${dir}/to/b/lock/c`), "c"); // only the folder's own entries
    deepStrictEqual([...Deno.readDirSync(`${dir}/to`)].map(({ name }) => name).sort(), ["1", "b", "large"]);
  }));
