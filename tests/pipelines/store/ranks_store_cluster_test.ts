/**
 * Tests processes of one job that share nothing but an object store.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { listS3 } from "../../../stages/format/web/s3/list.ts";
import { putS3 } from "../../../stages/format/web/s3/objects.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { BUCKET, installMoto, storeTest } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { rows, writeSources } from "../fineweb/ranks.ts";
import { typed } from "./programs.ts";

await installMoto();

storeTest(
  "ranks that share only a store write the documents of one process, from the store into the store",
  (store) =>
    withFolder(async (dir) => {
      await writeSources(`${dir}/crawl`);
      for (const { name } of Deno.readDirSync(`${dir}/crawl`)) {
        await putS3(`s3://${BUCKET}/crawl/${name}`, await Deno.readFile(`${dir}/crawl/${name}`));
      }
      for (const machine of ["a", "b", "c"]) await Deno.mkdir(`${dir}/${machine}`);
      const source = `fineweb --source s3://${BUCKET}/crawl --workers 1 --part-bytes 4000`;
      const whole = await typed(`${source} --out whole`, { cwd: dir, store });
      strictEqual(whole.code, 0, whole.err);
      const out = `s3://${BUCKET}/corpora/small`;
      const early = await typed(`fineweb --out ${out} --only dedup`, { cwd: `${dir}/c`, store });
      strictEqual(early.code, 2, early.err); // no rank has begun
      const plan = await typed(`${source} --out ${out} --only plan --world 2`, { cwd: `${dir}/c`, store });
      strictEqual(plan.code, 0, plan.err);
      ok(plan.out.includes(`fineweb --out ${out} --rank R --world N`), plan.out);
      for (const [rank, machine] of ["a", "b"].entries()) { // the plan says what they read
        const cwd = `${dir}/${machine}`;
        const run = await typed(`fineweb --out ${out} --only filter --rank ${rank} --workers 1`, {
          cwd,
          store,
        });
        strictEqual(run.code, 0, run.err);
      }
      // The buckets, the clusters and the documents of each rank, each on a machine that has nothing.
      const steps = [
        "buckets --rank 0 --world 2",
        "buckets --rank 1 --world 2",
        "clusters",
        "dedup --rank 0 --world 2",
        "dedup --rank 1 --world 2",
      ];
      for (const step of steps) {
        await Deno.remove(`${dir}/c/runs`, { recursive: true });
        const run = await typed(`fineweb --out ${out} --only ${step}`, { cwd: `${dir}/c`, store });
        strictEqual(run.code, 0, `${step}: ${run.err}`);
      }
      // A machine that has nothing reads the documents.
      const stored = from(await openSource([`${out}/documents`]));
      const documents = (await Array.fromAsync(stored.stream())).map(({ id, text }) => [id, text]);
      deepStrictEqual(documents, rows(`${dir}/whole`, "documents").map(({ id, text }) => [id, text]));
      const left = (await Array.fromAsync(listS3(`${out}/`))).map(({ uri }) => uri).filter((uri) =>
        /\.(partial|documents|signatures)$/.test(uri)
      );
      deepStrictEqual(left, [], "the last step has removed what ranks had set aside");
    }),
);
