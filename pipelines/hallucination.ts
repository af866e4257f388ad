/**
 * Lesson 12: a model invents what it does not know; what it learns when it learns to say so.
 *
 * Source: Andrej Karpathy's talk "Deep Dive into LLMs like ChatGPT", on hallucinations.
 *
 * @module
 */
import { contextSolution } from "./lesson/hallucination/context_solution.ts";
import { hallucinationSections } from "./lesson/hallucination/hallucination_sections.ts";
import { madeData } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { deepDive } from "./lesson/talks/talks.ts";

const length = { texts: 300, answers: 100, refusals: 100, seeds: 3 };

export default lesson({
  part: 12,
  module: import.meta.url,
  lecture: deepDive,
  next: "tools",
  about: 'hallucination and "I do not know": right, wrong and refused answers over three seeds',
  short: null,
  seed: 1,
  data: madeData("capitals of countries, from the package countries-list"),
  options: {},
  async *run({ seed }, env) {
    yield* hallucinationSections(await env.engine(), { ...length, seed });
  },
  exercises: {
    E01: {
      ask:
        "Put the fact into the question instead. Does the model answer about countries that it has never seen?",
      uses: ["seed", "device"],
      solution: async function* ({ seed }, env) {
        yield* contextSolution(await env.engine(), { seed, steps: 400 });
      },
    },
  },
});
