/**
 * Lesson 15: the learning rate that destroys a good policy within a few updates, and the guard against it.
 *
 * Source: Andrej Karpathy's talk "Deep Dive into LLMs like ChatGPT", on reinforcement learning.
 *
 * @module
 */
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { collapseSections, noiseSolution } from "./lesson/collapse/collapse_sections.ts";
import { deepDive } from "./lesson/talks/talks.ts";

const length = { steps: 200, updates: 50, questions: 300 };

export default lesson({
  part: 15,
  module: import.meta.url,
  lecture: deepDive,
  next: "reward-hacking",
  about: "the learning rate that destroys a policy, and the guard that saves it",
  short: null,
  seed: 1,
  data: madeData("sums of three-digit numbers, made by program"),
  options: {},
  async *run({ seed }, env) {
    yield* collapseSections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask: "Draw the rewards by lot. Does the policy survive the high rate without any signal?",
      uses: ["seed", "device"],
      solution: async function* ({ seed }, env) {
        yield* noiseSolution(await env.engine(), { ...length, seed });
      },
    },
  },
});
