/**
 * Tests the lesson whose full length takes a minute or two, with the lecture's own data. tests/README.md
 * lists the others.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { sharedTest } from "../../shared_data.ts";
import { runsTo } from "../program.ts";

sharedTest(
  "makemore-mlp --full: no value differs from the lecture's, none is left out, and all claims hold",
  ["text/names.txt"],
  async (path) => {
    const { out } = await runsTo(0, [
      "lessons",
      "--figures",
      "--full",
      "--lesson",
      "makemore-mlp",
      "--names",
      path("text/names.txt"),
    ]);
    const rows = out.split("\n").filter((row) => row.startsWith("| makemore-mlp |"));
    deepStrictEqual(rows.filter((row) => !/\| (same|holds) \|$/.test(row)), []);
    ok(rows.filter((row) => row.endsWith("| same |")).length >= 8, out);
  },
);
