/**
 * Lesson 17: pictures as tokens: one model reads digits and draws them.
 *
 * Source: Andrej Karpathy's talk "How I use LLMs", on images and sound as tokens.
 *
 * @module
 */
import { madeData } from "./lesson/data.ts";
import { codesSolution, imagesSections } from "./lesson/images/images_sections.ts";
import { lesson } from "./lesson/lesson.ts";
import { useTalk } from "./lesson/talks/talks.ts";

const length = { perDigit: 700, testPerDigit: 40, steps: 400 };

export default lesson({
  part: 17,
  module: import.meta.url,
  lecture: useTalk,
  next: "llm-security",
  about: "images as tokens: one model reads handwritten digits and draws them",
  short: null,
  seed: 1,
  data: madeData("7,600 handwritten digits of the package mnist"),
  options: {},
  async *run({ seed }, env) {
    yield* imagesSections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask: "How many codes does a picture need? Compare codebooks of different sizes.",
      uses: ["seed"],
      solution: codesSolution,
    },
  },
});
