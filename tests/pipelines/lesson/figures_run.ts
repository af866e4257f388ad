/**
 * Tests of `lessons --figures`, which runs lessons and their solutions, shortened where they are long.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { sharedTest } from "../../shared_data.ts";
import { runsTo } from "../program.ts";

/** Which lessons run, and the least numbers of rows of their table. */
export interface FiguresRun {
  /** Names as `--lesson` takes them. */
  readonly lessons: string;
  /** Values that are the lecture's. */
  readonly same: number;
  /** Claims that hold. */
  readonly claims: number;
}

/** Defines the test that no value of the lessons differs from their lectures', and that all claims hold. */
export function figuresTest({ lessons, same, claims }: FiguresRun): void {
  sharedTest(
    `lessons --figures --lesson ${lessons} on the lectures' data: no value differs from the lectures', and all claims hold`,
    ["text/names.txt", "text/tinyshakespeare.txt", "bpe/taylorswift.txt"],
    async (path) => {
      const { out } = await runsTo(0, [
        "lessons",
        "--figures",
        "--lesson",
        lessons,
        "--names",
        path("text/names.txt"),
        "--text",
        path("text/tinyshakespeare.txt"),
        "--article",
        path("bpe/taylorswift.txt"),
      ]);
      const rows = out.trim().split("\n").slice(2, -2);
      deepStrictEqual(rows.filter((row) => /\| (differs|does not hold) \|$/.test(row)), []);
      const found = (end: string) => rows.filter((row) => row.endsWith(`| ${end} |`)).length;
      ok(found("same") >= same, `${found("same")} of ${rows.length} rows are the same`);
      ok(found("holds") >= claims, `${found("holds")} claims`);
    },
  );
}
