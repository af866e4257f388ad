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

Deno.test("fineweb killed in a step that ranks share leaves the same corpus after the command is typed again", async () => {
  await withFolder(async (dir) => {
    const args = [...await writeSources(`${dir}/in`), ...recipe, "--minhash-records", "short"];
    await runsTo(0, ["fineweb", ...args, "--out", `${dir}/one`]);
    const out = `${dir}/killed`, quiet = "--quiet", kills: string[] = [];
    await runsTo(0, ["fineweb", ...args, "--out", out, "--world", "2", "--only", "plan"]);
    const step = async (moment: string, words: readonly string[]) => {
      const only = [...words, quiet];
      if (await killedAt(moment, { out, args: only })) kills.push(words.join(" "));
      await runsTo(0, ["fineweb", "--out", out, ...only]);
    };
    for (const rank of ["0", "1"]) await step(".addresses", ["--only", "filter", "--rank", rank]);
    await step("bucket_006/pairs", ["--only", "buckets", "--rank", "0"]);
    await step("bucket_007/pairs", ["--only", "buckets", "--rank", "1"]);
    await step("000000.remove", ["--only", "clusters"]);
    for (const rank of ["1", "0"]) await step(`documents/0000${rank}`, ["--only", "dedup", "--rank", rank]);
    ok(kills.length >= 4, `killed at ${kills}`);
    for (const folder of ["documents", "removed/minhash", "removed/c4"]) {
      deepStrictEqual(rows(out, folder), rows(`${dir}/one`, folder), folder);
    }
  });
});
