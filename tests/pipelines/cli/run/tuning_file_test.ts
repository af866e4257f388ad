/**
 * Tests that the file of `--tune` keeps the choices for each adapter across runs, and that a damaged file is
 * rejected.
 *
 * @module
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { tuningFile } from "../../../../pipelines/cli/run/tuning_file.ts";

Deno.test("tuningFile() keeps the choices of each adapter and those of other runs", async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/tuning.json`;
  const one = tuningFile(path), two = tuningFile(path);
  await one.add("one", new Map([["a", "x"]]));
  await two.add("two", new Map([["a", "y"]]));
  await one.add("one", new Map([["b", "z"]]));
  const kept = async (adapter: string) => [...await tuningFile(path).read(adapter)];
  deepStrictEqual(await kept("one"), [["a", "x"], ["b", "z"]]);
  deepStrictEqual(await kept("two"), [["a", "y"]]);
  deepStrictEqual(await kept("three"), []);
  deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["tuning.json"]);
});

Deno.test("tuningFile() says why it cannot write", async () => {
  const store = tuningFile(`${await Deno.makeTempDir()}/none/tuning.json`);
  const message = /none\/tuning\.json: there is no such file or folder/;
  await rejects(store.add("one", new Map([["a", "x"]])), { message });
});

Deno.test("tuningFile() refuses a file that is damaged or of another program, and does not change it", async () => {
  const path = await Deno.makeTempFile();
  const kind = "kernels chosen by timing, 1";
  for (
    const text of [
      "",
      "{",
      "[]",
      '{"layers":2}',
      `{"kind":"${kind}"}`,
      `{"kind":"${kind}","adapters":{"a":{"b":3}}}`,
    ]
  ) {
    await Deno.writeTextFile(path, text);
    const refusal = { name: "InvalidData", message: /damaged or another program's file/ };
    await rejects(tuningFile(path).read("one"), refusal);
    await rejects(tuningFile(path).add("one", new Map([["a", "x"]])), refusal);
    strictEqual(await Deno.readTextFile(path), text);
  }
});
