import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { syncFolder } from "../../../stages/disk/folder_sync.ts";
import {
  exists,
  existsSync,
  isFileSync,
  readIfThere,
  removeIfThere,
  removeIfThereSync,
  replaceWhole,
  replaceWholeSync,
  writeSynced,
  writeWhole,
  writeWholeSync,
} from "../../../stages/disk/whole_files.ts";
import { smallDiskTest } from "../../small_disk.ts";
import { withFolder } from "../../temporary.ts";

Deno.test("exists() and existsSync() are false below a file, and throw for a name that is too long", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a`, "");
    for (const [path, there] of [["a", true], ["b", false], ["a/b", false], [".", true]] as const) {
      strictEqual(await exists(`${dir}/${path}`), there, path);
      strictEqual(existsSync(`${dir}/${path}`), there, path);
    }
    const long = `${dir}/${"a".repeat(300)}`;
    await rejects(exists(long), { name: "FileError", message: /^Cannot read .*: the name is too long/ });
    throws(() => existsSync(long), { name: "FileError" });
  }));

Deno.test("isFileSync() is false for a folder and for a missing file", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a`, "");
    deepStrictEqual([".", "a", "b", "a/b"].map((path) => isFileSync(`${dir}/${path}`)), [
      false,
      true,
      false,
      false,
    ]);
  }));

Deno.test("readIfThere() gives null only if there is no file", () =>
  withFolder(async (dir) => {
    strictEqual(await readIfThere(`${dir}/a`), null);
    await Deno.writeTextFile(`${dir}/a`, "text");
    strictEqual(await readIfThere(`${dir}/a`), "text");
    await rejects(readIfThere(dir), { name: "IsADirectory", message: /it is a folder/ });
  }));

Deno.test("removeIfThere() and removeIfThereSync() remove a file or a folder, and accept a missing path", () =>
  withFolder(async (dir) => {
    for (const remove of [removeIfThere, removeIfThereSync]) {
      await Deno.mkdir(`${dir}/folder/inner`, { recursive: true });
      await Deno.writeTextFile(`${dir}/file`, "");
      for (const name of ["folder", "file", "nothing"]) await remove(`${dir}/${name}`);
      deepStrictEqual(namesIn(dir), []);
    }
  }));

Deno.test("writeSynced() replaces what a file held", () =>
  withFolder(async (dir) => {
    await writeSynced(`${dir}/a`, "longer");
    await writeSynced(`${dir}/a`, "short");
    strictEqual(await Deno.readTextFile(`${dir}/a`), "short");
  }));

Deno.test("writeWhole() and writeWholeSync() leave no temporary file beside the written one", () =>
  withFolder(async (dir) => {
    for (const write of [writeWhole, writeWholeSync]) {
      for (const text of ["first", "second"]) {
        await write(`${dir}/a`, text);
        strictEqual(await Deno.readTextFile(`${dir}/a`), text);
      }
      deepStrictEqual(namesIn(dir), ["a"]);
    }
  }));

Deno.test("writeWhole() of several writers at once leaves one of their texts whole", () =>
  withFolder(async (dir) => {
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
    await Promise.all(texts.map((text, i) => writeWhole(`${dir}/a`, text, { writer: `.rank-${i}` })));
    ok(texts.includes(await Deno.readTextFile(`${dir}/a`)));
    deepStrictEqual(namesIn(dir), ["a"]);
  }));

Deno.test("replaceWhole() and replaceWholeSync() keep the old file where writing the new one fails", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a`, "old");
    await rejects(
      replaceWhole(`${dir}/a`, async (beside) => {
        await writeSynced(beside, "new");
        throw new RangeError("half-way");
      }),
      RangeError,
    );
    throws(() =>
      replaceWholeSync(`${dir}/a`, (file) => {
        file.writeSync(new Uint8Array(3));
        throw new RangeError("half-way");
      }), RangeError);
    strictEqual(await Deno.readTextFile(`${dir}/a`), "old");
    deepStrictEqual(namesIn(dir), ["a"]);
  }));

Deno.test("writeWhole() says which path cannot be written, and why", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    await Deno.mkdir(`${dir}/folder`);
    const faults: readonly [string, RegExp][] = [
      ["none/a", /^Cannot write .*none\/a.*: there is no such file or folder/],
      ["file/a", /^Cannot write .*: .*\/file is a file, not a folder/],
      ["folder", /^Cannot write .*folder: it is a folder, not a file/],
    ];
    for (const [path, message] of faults) {
      await rejects(writeWhole(`${dir}/${path}`, "text"), { message });
      throws(() => writeWholeSync(`${dir}/${path}`, "text"), { message });
    }
    deepStrictEqual(namesIn(dir), ["file", "folder"]);
  }));

await smallDiskTest(
  "writeWhole() on a full disk keeps the old file, leaves no part of the new one and says that the disk is full",
  "128k",
  async ({ folder }) => {
    await writeWhole(`${folder}/a`, "old");
    const message = /^Cannot write .*\/a: the disk is full: make room/;
    await rejects(writeWhole(`${folder}/a`, "x".repeat(1 << 20)), { message });
    throws(() => writeWholeSync(`${folder}/a`, "x".repeat(1 << 20)), { message });
    strictEqual(await Deno.readTextFile(`${folder}/a`), "old");
    deepStrictEqual(namesIn(folder), ["a"]);
  },
);

Deno.test("syncFolder() ignores a folder that cannot be opened", () => syncFolder("/no/such/folder"));

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}
