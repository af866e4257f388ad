/** Tests that the lessons which the live figures name exist. */
import { deepStrictEqual } from "node:assert/strict";
import { liveFigures } from "../../../pipelines/page/playground/live_figures.ts";
import { allPipelines } from "../all_pipelines.ts";

Deno.test("the lesson of every live figure is a pipeline", async () => {
  const names = new Set((await allPipelines()).map(({ name }) => name));
  const lessons = Object.values(liveFigures).map(({ lesson }) => lesson);
  deepStrictEqual(lessons.filter((lesson) => !names.has(lesson)), []);
});
