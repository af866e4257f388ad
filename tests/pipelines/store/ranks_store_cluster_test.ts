/**
 * Tests processes of one job that share nothing but an object store.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { listS3 } from "../../../stages/format/web/s3/list.ts";
import { getS3 } from "../../../stages/format/web/s3/objects.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { BUCKET, installMoto, storeTest } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { rows } from "../fineweb/ranks.ts";
import { storeCrawl } from "./crawl.ts";
import { type Printed, typed } from "./programs.ts";

await installMoto();

storeTest(
  "ranks that share only a store write the documents of one process, from the store into the store",
  (store) =>
    withFolder(async (dir) => {
      await storeCrawl(dir);
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

storeTest(
  "the report of ranks that share only a store counts what one process counts",
  (store) =>
    withFolder(async (dir) => {
      await storeCrawl(dir);
      const on = async (machine: string, words: string, code = 0): Promise<Printed> => {
        await Deno.mkdir(`${dir}/${machine}`, { recursive: true });
        const run = await typed(words, { cwd: `${dir}/${machine}`, store });
        strictEqual(run.code, code, `${words}: ${run.err}`);
        return run;
      };
      for (const stages of ["c4", "c4,minhash,pii"]) {
        const source =
          `fineweb --source s3://${BUCKET}/crawl --workers 1 --part-bytes 4000 --stages ${stages}`;
        const out = `s3://${BUCKET}/corpora/${stages.length}`, report = `fineweb --out ${out} --only report`;
        await on("one", `${source} --out ${stages.length}`);
        for (const rank of [0, 1]) {
          const { out: said } = await on(`${rank}`, `${source} --out ${out} --rank ${rank} --world 2`);
          if (stages === "c4") {
            ok(said.includes(report), said);
          }
          if (rank === 0) {
            ok(/of 2 ranks 1 is not finished/.test((await on("r", report, 2)).err));
          }
        }
        if (stages !== "c4") {
          ok(/have not been deduplicated: first --only dedup/.test((await on("r", report, 2)).err));
          await on("c", `fineweb --out ${out} --only buckets`);
          await on("c", `fineweb --out ${out} --only clusters`);
          await Promise.all(
            [0, 1].map((rank) => on(`${rank}`, `fineweb --out ${out} --only dedup --rank ${rank}`)),
          );
        }
        await on("r", report);
        const { text } = (await getS3(`${out}/stats.json`))!;
        const whole = JSON.parse(await Deno.readTextFile(`${dir}/one/${stages.length}/stats.json`));
        deepStrictEqual(countsIn(JSON.parse(text), stages), countsIn(whole, stages));
        ok((await getS3(`${out}/report.html`))?.text.includes("</html>"));
      }
    }),
);

/** Documents, and what each filter has seen, kept and dropped. */
function countsIn({ documents, stages }: any, names: string): unknown {
  const own = stages.filter(({ name }: any) => names.split(",").includes(name));
  return { documents, own: own.map(({ name, seen, kept, dropped }: any) => ({ name, seen, kept, dropped })) };
}
