/**
 * Lesson 16: a learned reward rises to the end, while what it should stand for rises and then falls.
 *
 * Source: Andrej Karpathy's talk "Deep Dive into LLMs like ChatGPT", on reinforcement learning from human
 * feedback.
 *
 * @module
 */
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { hackingSections, secondJudgeSolution } from "./lesson/hacking/hacking_sections.ts";
import { deepDive } from "./lesson/talks/talks.ts";

const length = { steps: 200, judging: 150, examples: 500, updates: 40, questions: 200 };

export default lesson({
  part: 16,
  module: import.meta.url,
  lecture: deepDive,
  next: "images",
  about: "reward hacking: a model outwits a learned reward",
  short: null,
  seed: 1,
  data: madeData("sums of three-digit numbers, made by program"),
  options: {},
  async *run({ seed }, env) {
    yield* hackingSections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask:
        "Show the judge the answers that outwitted it, and train the model again from the start. Is it safe now?",
      uses: ["seed", "device"],
      solution: async function* ({ seed }, env) {
        yield* secondJudgeSolution(await env.engine(), { ...length, seed });
      },
    },
  },
});
