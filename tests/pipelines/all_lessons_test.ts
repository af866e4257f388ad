/**
 * Tests `lessons --figures`, which runs lessons and their solutions, shortened where they are long: here the
 * lessons that compare their values with a lecture's, without those whose tests run them in full.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { sharedTest } from "../shared_data.ts";
import { runsTo } from "./program.ts";

const lessons = "micrograd,makemore-bigram,shakespeare,tokenizer-lesson,makemore";

sharedTest(
  "lessons --figures on the lectures' data: no value differs from the lectures', and all claims hold",
  ["text/names.txt", "text/tinyshakespeare.txt", "bpe/taylorswift.txt"],
  async (path) => {
    const data = ["--names", path("text/names.txt"), "--text", path("text/tinyshakespeare.txt")];
    const { out } = await runsTo(0, [
      "lessons",
      "--figures",
      "--lesson",
      lessons,
      ...data,
      "--article",
      path("bpe/taylorswift.txt"),
    ]);
    const rows = out.trim().split("\n").slice(2, -2);
    deepStrictEqual(rows.filter((row) => /\| (differs|does not hold) \|$/.test(row)), []);
    const same = rows.filter((row) => row.endsWith("| same |"));
    ok(same.length >= 192, `${same.length} of ${rows.length} rows are the same`);
    const claims = rows.filter((row) => row.endsWith("| holds |"));
    ok(claims.length >= 40, `${claims.length} claims`);
  },
);
