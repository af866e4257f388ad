import { deepStrictEqual, ok } from "node:assert/strict";
import { killedAt, runsTo, withFolder } from "../program.ts";
import { recipe, rows, writeSources } from "./ranks.ts";

Deno.test("fineweb killed in any rank or in the last step leaves the same corpus and no incomplete file", async () => {
  await withFolder(async (dir) => {
    const sources = await writeSources(`${dir}/in`);
    const args = [...sources, ...recipe];
    await runsTo(0, ["fineweb", ...args, "--out", `${dir}/one`]);
    const out = `${dir}/killed`;
    await Deno.mkdir(out);
    const kills: string[] = [];
    for (const rank of ["0", "1"]) {
      const share = ["--rank", rank, "--world", "2"];
      for (const moment of ["completions/part", ".documents", "bucket_007"]) {
        if (await killedAt(moment, { out, args: [...args, ...share] })) kills.push(`${rank} ${moment}`);
      }
      await runsTo(0, ["fineweb", ...args, "--out", out, ...share]);
    }
    for (const moment of ["000001.remove", "documents/00000"]) {
      if (await killedAt(moment, { out, args: ["--only", "dedup", "--quiet"] })) kills.push(moment);
    }
    await runsTo(0, ["fineweb", "--out", out, "--only", "dedup", "--quiet"]);
    ok(kills.length >= 3, `killed at ${kills}`);
    deepStrictEqual(rows(out, "documents"), rows(`${dir}/one`, "documents"));
    deepStrictEqual(rows(out, "removed/minhash"), rows(`${dir}/one`, "removed/minhash"));
    deepStrictEqual(rows(out, "removed/c4"), rows(`${dir}/one`, "removed/c4"));
  });
});
