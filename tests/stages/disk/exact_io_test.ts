import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import {
  openTruncated,
  readFull,
  readFullSync,
  writeAll,
  writeAllSync,
} from "../../../stages/disk/exact_io.ts";
import { withFolder } from "../../temporary.ts";

const { InvalidData } = Deno.errors;

Deno.test("writeAll() and readFull() move every byte, shared memory and views too", () =>
  withFolder(async (dir) => {
    const bytes = new Uint8Array(new SharedArrayBuffer(20_000_000)).map((_, i) => i % 251);
    using file = await Deno.open(`${dir}/a`, { read: true, write: true, create: true });
    await writeAll(file, bytes);
    writeAllSync(file, Float32Array.of(0, 1.5, 2.5).subarray(1));
    await file.seek(0, Deno.SeekMode.Start);
    const back = new Uint8Array(bytes.length);
    await readFull(file, back, "a");
    strictEqual(back.findIndex((byte, i) => byte !== bytes[i]), -1);
    const floats = new Float32Array(2);
    readFullSync(file, floats, { path: "a" });
    deepStrictEqual([...floats], [1.5, 2.5]);
    await rejects(readFull(file, new Uint8Array(7), "a"), {
      name: "InvalidData",
      message: "Cannot read a: the file ends 7 bytes early",
    });
    throws(() => readFullSync(file, new Uint8Array(7), { path: "a", hint: "copy it again" }), {
      message: "Cannot read a: the file ends 7 bytes early: copy it again",
    });
  }));

Deno.test("openTruncated() cuts the file to the bytes given, appends there, and refuses a shorter file", () =>
  withFolder(async (dir) => {
    const path = `${dir}/a`;
    await Deno.writeTextFile(path, "0123456789");
    {
      using file = openTruncated(path, 4);
      writeAllSync(file, new TextEncoder().encode("X"));
    }
    strictEqual(await Deno.readTextFile(path), "0123X");
    openTruncated(path, 5).close();
    strictEqual(await Deno.readTextFile(path), "0123X");
    throws(() => openTruncated(path, 6), (error) => {
      return error instanceof InvalidData && error.message.includes("has 5 bytes, the checkpoint says 6");
    });
    openTruncated(`${dir}/new`, 0).close();
    strictEqual((await Deno.stat(`${dir}/new`)).size, 0);
  }));
