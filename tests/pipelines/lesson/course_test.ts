/** Tests that the lessons form one course. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isLesson } from "../../../pipelines/lesson/lesson.ts";
import { allPipelines } from "../all_pipelines.ts";

/** First part of the lessons on talks. */
const FIRST_TALK = 10;

Deno.test("each lesson names the next one, and links to its own lecture", async () => {
  const lessons = (await allPipelines())
    .flatMap(({ name, pipeline }) => isLesson(pipeline) ? [{ name, ...pipeline.lesson }] : [])
    .sort((a, b) => a.part - b.part);
  strictEqual(lessons.length, 18);
  deepStrictEqual(lessons.map(({ next }) => next), [...lessons.slice(1).map(({ name }) => name), null]);
  const urls = lessons.map(({ lecture }) => lecture.url);
  // Several lessons follow one talk.
  const ofLectures = lessons.filter(({ part }) => part < FIRST_TALK).map(({ lecture }) => lecture.url);
  strictEqual(new Set(ofLectures).size, ofLectures.length);
  for (const url of urls) {
    ok(/^https:\/\/(www\.youtube\.com\/watch\?v=[\w-]{11}|github\.com\/karpathy\/makemore)$/.test(url), url);
  }
});
