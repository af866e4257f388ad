import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import {
  checkReadable,
  checkWritable,
  entriesIn,
  entriesInSync,
  fileInfo,
  fileInfoSync,
  makeFolder,
  makeFolderSync,
  openFile,
  openFileSync,
  readText,
  readTextSync,
} from "../../../stages/disk/files.ts";
import { withFolder } from "../../temporary.ts";

const write = { write: true, create: true };

Deno.test("errors of file-system calls name the path, and a file where the path needs a folder", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "text");
    const path = `${dir}/file/below`;
    const calls: readonly [string, () => unknown][] = [
      ["read", () => openFile(path)],
      ["read", () => openFileSync(path)],
      ["write", () => openFile(path, write)],
      ["write", () => openFileSync(path, write)],
      ["read", () => readText(path)],
      ["read", () => readTextSync(path)],
      ["read", () => fileInfo(path)],
      ["read", () => fileInfoSync(path)],
      ["list", () => entriesIn(path)],
      ["list", () => entriesInSync(path)],
      ["make the folder", () => makeFolder(path)],
      ["make the folder", () => makeFolderSync(path)],
      ["read", () => checkReadable(path)],
      ["write", () => checkWritable(path)],
    ];
    for (const [action, call] of calls) {
      const message = `Cannot ${action} ${path}: ${dir}/file is a file, not a folder: check the path`;
      await rejects(async () => await call(), { name: "NotADirectory", message });
    }
  }));

Deno.test("a folder is made with its parents, a second time without an error, and its entries are listed", () =>
  withFolder(async (dir) => {
    for (let i = 0; i < 2; i++) {
      await makeFolder(`${dir}/a/b`);
      makeFolderSync(`${dir}/a/c`);
    }
    await Deno.writeTextFile(`${dir}/a/d`, "");
    for (const entries of [await entriesIn(`${dir}/a`), entriesInSync(`${dir}/a`)]) {
      deepStrictEqual(entries.map(({ name, isFile }) => [name, isFile]).sort(), [
        ["b", false],
        ["c", false],
        ["d", true],
      ]);
    }
    throws(() => makeFolderSync(`${dir}/a/d`), { message: /a\/d is a file, not a folder/ });
  }));

Deno.test("a file is read by path or URL", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a b`, "text");
    const url = new URL(`file://${dir}/a%20b`);
    strictEqual(await readText(url), "text");
    strictEqual(readTextSync(url), "text");
    (await openFile(url)).close();
    await rejects(readText(new URL(`file://${dir}/a%20c`)), {
      message: new RegExp(`^Cannot read ${dir}/a c: `),
    });
  }));

Deno.test("checkReadable() refuses a folder and a missing file; checkWritable() refuses only a folder", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a`, "text");
    await checkReadable(`${dir}/a`);
    await checkWritable(`${dir}/a`);
    await checkWritable(`${dir}/b`);
    await rejects(checkReadable(`${dir}/b`), Deno.errors.NotFound);
    await rejects(checkReadable(dir), {
      name: "IsADirectory",
      message: /it is a folder, not a file: give a file$/,
    });
    await rejects(checkWritable(dir), Deno.errors.IsADirectory);
  }));

/**
 * Files that may call Deno directly, because they handle the program's own files or make their own error
 * messages.
 */
const direct = new Set([
  "pipelines/cli/catalogue.ts",
  "pipelines/cli/command_line.ts",
  "stages/run/folder.ts",
  "pipelines/parts/write_model.ts",
  "stages/flow/checkpoint/checkpoint_job.ts",
  "stages/source/embedded/embedded.ts",
]);

Deno.test("other files open, read, list and make files and folders of users through stages/disk", async () => {
  const root = new URL("../../../", import.meta.url);
  const call = /Deno\.(open|stat|readTextFile|readDir|mkdir)(Sync)?\((?!new URL)/;
  const found: string[] = [];
  for (const folder of ["stages", "pipelines"]) {
    for await (const path of sources(new URL(`${folder}/`, root))) {
      const file = path.href.slice(root.href.length);
      // Examples in docs are left out.
      const code = (await Deno.readTextFile(path)).replace(/^\s*(\*|\/\/).*$/gm, "");
      if (file.startsWith("stages/disk/") || !call.test(code)) continue;
      if (!direct.has(file)) found.push(file);
    }
  }
  deepStrictEqual(found, []);
});

async function* sources(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
