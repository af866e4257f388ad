/**
 * Lesson 13: a model finds out by itself that it cannot multiply, and that a calculator can.
 *
 * Source: Andrej Karpathy's talk "Deep Dive into LLMs like ChatGPT", on tools and reinforcement learning.
 *
 * @module
 */
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { deepDive } from "./lesson/talks/talks.ts";
import { noToolSolution, toolsSections } from "./lesson/tools/tools_sections.ts";

const length = { steps: 200, updates: 40, questions: 300 };

export default lesson({
  part: 13,
  module: import.meta.url,
  lecture: deepDive,
  next: "thinking",
  about: "tools: a model finds by rewards that a calculator multiplies better than it does",
  short: null,
  seed: 1,
  data: madeData("products of two-digit numbers, made by program"),
  options: {},
  async *run({ seed }, env) {
    yield* toolsSections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask: "Take the calculator away. Do the same rewards teach the model to multiply?",
      uses: ["seed", "device"],
      solution: async function* ({ seed }, env) {
        yield* noToolSolution(await env.engine(), { ...length, seed });
      },
    },
  },
});
