/**
 * Lesson 18: a page that commands the model that reads it, and training data with a trigger.
 *
 * Source: Andrej Karpathy's talk "Intro to Large Language Models", on security.
 *
 * @module
 */
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { poisonSolution, securitySections } from "./lesson/security/security_sections.ts";
import { introTalk } from "./lesson/talks/talks.ts";

const length = { steps: 300, further: 80, questions: 200 };

export default lesson({
  part: 18,
  module: import.meta.url,
  lecture: introTalk,
  next: null,
  about: "prompt injection and data poisoning: a page commands a model, and a word triggers it",
  short: null,
  seed: 1,
  data: madeData("pages of a few words, made by program"),
  options: {},
  async *run({ seed }, env) {
    yield* securitySections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask: "How many poisoned examples are enough for the trigger to work?",
      uses: ["seed", "device"],
      solution: async function* ({ seed }, env) {
        yield* poisonSolution(await env.engine(), { ...length, seed });
      },
    },
  },
});
