/**
 * Tests of lessons at the lecture's full length, with the lecture's own data.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { LessonPipeline } from "../../../pipelines/lesson/lesson.ts";
import { sharedTest } from "../../shared_data.ts";
import { runLesson } from "./run_lesson.ts";

/** What a lesson reads, what it compares, and which solutions run after it. */
export interface FullLesson {
  /** File of the lecture's data in `../shared/data`. Default: the lectures' names. */
  readonly data?: string;
  /** Least number of values that are compared with the lecture's. */
  readonly values: number;
  /** Whether the solutions of its exercises run as well, in full too. Default true. */
  readonly solutions?: boolean;
}

/**
 * Defines the test that a lesson with `--full` and its solutions leave no value of the lecture out, that none
 * differs, and that all claims hold.
 */
export function fullLessonTest(
  name: string,
  { data = "text/names.txt", values, solutions = true }: FullLesson,
): void {
  sharedTest(
    `${name} --full: no value differs from the lecture's, none is left out, and all claims hold`,
    [data],
    async (path) => {
      const file = `../../../pipelines/${name.replaceAll("-", "_")}.ts`;
      const { default: pipeline }: { default: LessonPipeline } = await import(file);
      let same = 0;
      for (const solution of [undefined, ...(solutions ? pipeline.lesson.exercises : [])]) {
        const { items, outcomes } = await runLesson(pipeline, {
          source: path(data),
          values: { full: true },
          ...(solution !== undefined && { solution }),
        });
        deepStrictEqual(outcomes.filter((outcome) => !outcome.endsWith(": same")), []);
        deepStrictEqual(items.filter((item) => item.kind === "claim" && !item.holds), []);
        same += outcomes.length;
      }
      ok(same >= values, `${same} values`);
    },
  );
}
