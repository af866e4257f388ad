/**
 * Lesson 14: a model finds out by rewards that thinking pays; its answers grow although nobody asks for it.
 *
 * Source: Andrej Karpathy's talk "Deep Dive into LLMs like ChatGPT", on thinking and reinforcement learning.
 *
 * @module
 */
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { deepDive } from "./lesson/talks/talks.ts";
import { priceSolution, thinkingSections } from "./lesson/thinking/thinking_sections.ts";

const length = { steps: 200, updates: 50, questions: 300 };

export default lesson({
  part: 14,
  module: import.meta.url,
  lecture: deepDive,
  next: "policy-collapse",
  about: "thinking: answers grow by rewards for right sums alone, unasked",
  short: null,
  seed: 1,
  data: madeData("sums of three-digit numbers, made by program"),
  options: {},
  async *run({ seed }, env) {
    yield* thinkingSections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask: "Let each token of an answer cost a little. What becomes of the thoughts, and of the right sums?",
      uses: ["seed", "device"],
      solution: async function* ({ seed }, env) {
        yield* priceSolution(await env.engine(), { ...length, seed });
      },
    },
  },
});
