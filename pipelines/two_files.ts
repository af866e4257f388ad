/**
 * Lesson 10: a language model is two files, its parameters and the program that runs them.
 *
 * Source: Andrej Karpathy's talk "Intro to Large Language Models".
 *
 * @module
 */
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { introTalk } from "./lesson/talks/talks.ts";
import { fewerBitsSolution, twoFilesSections } from "./lesson/two_files/two_files_sections.ts";

const length = { steps: 200 };

export default lesson({
  part: 10,
  module: import.meta.url,
  lecture: introTalk,
  next: "chat-format",
  about: "a model is two files: its parameters, and a short program that runs them",
  short: null,
  seed: 1,
  data: madeData("questions and answers about capitals, made by program"),
  options: {},
  async *run({ seed }, env) {
    yield* twoFilesSections(await env.engine(), { ...length, seed, out: env.out });
  },
  exercises: {
    E01: {
      ask: "Store each parameter in fewer bits. From how many bits on do the answers stay the same?",
      uses: ["seed", "device"],
      solution: async function* ({ seed }, env) {
        yield* fewerBitsSolution(await env.engine(), { ...length, seed });
      },
    },
  },
});
