/**
 * Lesson 11: what a chat model sees, which of its tokens are trained on, and what goes wrong with other
 * masks.
 *
 * Source: Andrej Karpathy's talk "Deep Dive into LLMs like ChatGPT", on conversations.
 *
 * @module
 */
import { chatmlSolution, formatSections, maskSections } from "./lesson/chat_format/chat_format_sections.ts";
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { deepDive } from "./lesson/talks/talks.ts";

const length = { steps: 150, questions: 100 };

export default lesson({
  part: 11,
  module: import.meta.url,
  lecture: deepDive,
  next: "hallucination",
  about: "the chat format: what the model sees, which tokens are trained on, why answers end",
  short: null,
  seed: 1,
  data: madeData("conversations of the little world, made by program"),
  options: {},
  async *run({ seed }, env) {
    yield* formatSections();
    yield* maskSections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask: "Write a conversation in ChatML, the format of most published models. Which tokens count there?",
      uses: [],
      solution: chatmlSolution,
    },
  },
});
