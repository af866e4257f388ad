import { deepStrictEqual, rejects } from "node:assert/strict";
import { writeInParts } from "../../../../stages/filter/minhash/whole_io.ts";
import { withFolder } from "../../../temporary.ts";

Deno.test("writeInParts() writes parts of any sizes one after another, as a whole file or not at all", () =>
  withFolder(async (dir) => {
    const path = `${dir}/whole`;
    const buffer = 65536;
    for (
      const sizes of [[], [0], [1, 2, 3], [buffer], [buffer + 1, 1], [1, buffer], [
        buffer - 1,
        1,
        1,
        buffer,
        5,
      ]]
    ) {
      const parts = sizes.map((size, i) => new Uint8Array(size).map((_, k) => i + 7 * k));
      await writeInParts(path, (write) => {
        for (const part of parts) write(part);
        return Promise.resolve();
      });
      const expected = new Uint8Array(await new Blob(parts).arrayBuffer());
      deepStrictEqual(await Deno.readFile(path), expected, `${sizes}`);
    }
    const failing = writeInParts(path, (write) => {
      write(new Uint8Array(2 * buffer));
      return Promise.reject(new Error("no more"));
    });
    await rejects(failing, /no more/);
    deepStrictEqual((await Deno.readFile(path)).length, 2 * buffer + 6);
    deepStrictEqual([...Deno.readDirSync(dir)].map(({ name }) => name), ["whole"]);
  }));
