/**
 * Tests `fineweb` on an object store.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { BUCKET, storeTest } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { rows } from "../fineweb/ranks.ts";
import { storeCrawl } from "./crawl.ts";
import { typed } from "./programs.ts";

storeTest(
  "fineweb keeps the same documents from a store as from disk, with connections that break",
  (store) =>
    withFolder(async (dir) => {
      await storeCrawl(dir);
      const disk = await typed("fineweb --source crawl --out disk --workers 1", { cwd: dir, store });
      strictEqual(disk.code, 0, disk.err);
      let count = 0;
      store.onRequest = () => {
        count++;
        if (count % 5 === 0) return "reset";
        if (count % 7 === 0) return { status: 503, code: "SlowDown" };
        return count % 11 === 0 ? { cutAfter: 100 } : null;
      };
      const words = `fineweb --source s3://${BUCKET}/crawl --out stored --workers 1`;
      const stored = await typed(words, { cwd: dir, store });
      strictEqual(stored.code, 0, stored.err);
      ok(count > 20, `${count} requests`);
      for (const folder of ["documents", "removed/gopher-quality", "removed/minhash"]) {
        const onDisk = JSON.stringify(rows(`${dir}/disk`, folder));
        const inStore = JSON.stringify(rows(`${dir}/stored`, folder));
        deepStrictEqual(inStore.replaceAll(`s3://${BUCKET}/`, ""), onDisk, folder);
      }
      for await (const { path, text } of textFiles(`${dir}/stored`)) {
        ok(!/never\/be\/printed|TESTKEYID/.test(text), path);
      }
      ok(!/never\/be\/printed|TESTKEYID/.test(stored.out + stored.err), stored.err);
    }),
);

async function* textFiles(
  folder: string,
): AsyncGenerator<{ readonly path: string; readonly text: string }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* textFiles(path);
    else yield { path, text: await Deno.readTextFile(path) };
  }
}
