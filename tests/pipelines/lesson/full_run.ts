/**
 * Tests of lessons at the lecture's full length, with the lecture's own data.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { sharedTest } from "../../shared_data.ts";
import { runsTo } from "../program.ts";

/**
 * Defines the test that `lessons --figures --full` of one lesson and its solutions leaves no value of the
 * lecture out, that none of at least `values` differs, and that all claims hold.
 */
export function fullLessonTest(name: string, { values }: { readonly values: number }): void {
  const files = ["text/names.txt", "text/tinyshakespeare.txt"];
  sharedTest(
    `${name} --full: no value differs from the lecture's, none is left out, and all claims hold`,
    files,
    async (path) => {
      const [names, text] = files.map(path);
      const data = ["--names", names, "--text", text];
      const { out } = await runsTo(0, ["lessons", "--figures", "--full", "--lesson", name, ...data]);
      const rows = out.split("\n").filter((row) => row.startsWith(`| ${name} `));
      deepStrictEqual(rows.filter((row) => !/\| (same|holds) \|$/.test(row)), []);
      const same = rows.filter((row) => row.endsWith("| same |"));
      ok(same.length >= values, `${same.length} values`);
    },
  );
}
