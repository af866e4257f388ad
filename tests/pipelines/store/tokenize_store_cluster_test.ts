/**
 * Tests `tokenize` by ranks that share nothing but an object store.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { listS3 } from "../../../stages/format/web/s3/list.ts";
import { putS3 } from "../../../stages/format/web/s3/objects.ts";
import { BUCKET, installMoto, storeTest } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { writeTexts } from "../ranks/texts.ts";
import { tokensOf } from "../ranks/tokens.ts";
import { typed } from "./programs.ts";

await installMoto();

storeTest(
  "tokenize by ranks that share only a store writes the shards of one process, and train reads them",
  (store) =>
    withFolder(async (dir) => {
      await Deno.mkdir(`${dir}/crawl`);
      await writeTexts(`${dir}/crawl`);
      for (const { name } of Deno.readDirSync(`${dir}/crawl`)) {
        await putS3(`s3://${BUCKET}/crawl/${name}`, await Deno.readFile(`${dir}/crawl/${name}`));
      }
      const on = async (machine: string, words: string): Promise<void> => {
        await Deno.mkdir(`${dir}/${machine}`, { recursive: true });
        const run = await typed(words, { cwd: `${dir}/${machine}`, store });
        strictEqual(run.code, 0, `${words}: ${run.err}`);
      };
      const out = `s3://${BUCKET}/tokens`,
        options = "--tokenizer byte --val-bytes 20000 --part-bytes 300000 --workers 1";
      await on("one", `tokenize --source s3://${BUCKET}/crawl ${options} --out whole`);
      await on(
        "plan",
        `tokenize --source s3://${BUCKET}/crawl ${options} --out ${out} --world 2 --only plan`,
      );
      await on("a", `tokenize --out ${out} --rank 0 --world 2`);
      await on("b", `tokenize --out ${out} --rank 1 --world 2`);
      await on("c", `tokenize --out ${out} --only merge`);
      await on("c", `tokenize --out ${out} --only merge`); // is finished
      const keys = (await Array.fromAsync(listS3(`${out}/`))).map(({ uri }) => uri.slice(out.length));
      deepStrictEqual(keys.filter((key) => /shards\/.*bin$/.test(key)), [
        "/shards/train_000000.bin",
        "/shards/train_000001.bin",
        "/shards/val_000000.bin",
      ]);
      await on(
        "d",
        `train --shuffle all --train-shards ${out}/shards/train_*.bin --val-shards ${out}/shards/val_*.bin --layers 1 --heads 1 ` +
          "--channels 16 --seq-len 32 --batch-size 1 --grad-accum 1 --steps 1",
      );
      const [fetched, whole] = [`d/runs/fetched/${BUCKET}/tokens`, "one/whole"].map((run) =>
        ["train", "val"].map((part) => tokensOf(`${dir}/${run}/shards`, part))
      );
      ok(whole[0].bytes > 4e6, `${whole[0].bytes}`);
      deepStrictEqual(fetched, whole);
    }),
);
