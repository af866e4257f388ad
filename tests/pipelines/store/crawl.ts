/**
 * The documents of tests of `fineweb`, in an object store.
 *
 * @module
 */
import { putS3 } from "../../../stages/format/web/s3/objects.ts";
import { BUCKET } from "../../object_store.ts";
import { writeSources } from "../fineweb/ranks.ts";

/** Writes the sources to `crawl` in a folder and to `s3://BUCKET/crawl`. */
export async function storeCrawl(dir: string): Promise<void> {
  await writeSources(`${dir}/crawl`);
  for (const { name } of Deno.readDirSync(`${dir}/crawl`)) {
    await putS3(`s3://${BUCKET}/crawl/${name}`, await Deno.readFile(`${dir}/crawl/${name}`));
  }
}
