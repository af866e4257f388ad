import { deepStrictEqual } from "node:assert/strict";
import { finewebKilled, rows, writeSource } from "./fineweb_kills.ts";
import { runsTo, withFolder } from "../program.ts";

Deno.test("fineweb killed while it sorts produces the documents of an uninterrupted run", () =>
  finewebKilled(["bucket_003/"]));

Deno.test("fineweb --minhash first keeps the first of near-duplicates", async () => {
  await withFolder(async (dir) => {
    await writeSource(`${dir}/docs.jsonl`);
    const args = ["--source", `${dir}/docs.jsonl`, "--stages", "minhash", "--minhash", "first", "--quiet"];
    const kept: unknown[] = [];
    for (const workers of ["1", "2"]) {
      await runsTo(0, ["fineweb", "--out", `${dir}/${workers}`, ...args, "--workers", workers]);
      kept.push(rows(`${dir}/${workers}`));
    }
    deepStrictEqual(kept[0], kept[1]);
  });
});
