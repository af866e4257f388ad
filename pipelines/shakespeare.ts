/**
 * Lesson 7: a character-level GPT, from counting pairs of characters to attention. Each part of the model is
 * added separately, so that its effect on the loss can be seen.
 *
 * Source: Karpathy, "Let's build GPT: from scratch, in code, spelled out".
 *
 * @module
 */
import { flag, oneOf } from "./cli/option_types.ts";
import { text } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { additionSolution } from "./lesson/shakespeare/addition_solution.ts";
import {
  averagesSection,
  headSection,
  scaledScoresSection,
} from "./lesson/shakespeare/attention_sections.ts";
import { batchedHeadsSolution } from "./lesson/shakespeare/batched_heads_solution.ts";
import { bigramSection, dataSection } from "./lesson/shakespeare/bigram_sections.ts";
import { corpusOf } from "./lesson/shakespeare/corpus.ts";
import { fineTuningSolution } from "./lesson/shakespeare/fine_tuning_solution.ts";
import { largeModelSection } from "./lesson/shakespeare/large_model_section.ts";
import { modelsSection, notebookSection } from "./lesson/shakespeare/models_sections.ts";
import { nanogptSection } from "./lesson/shakespeare/nanogpt_section.ts";
import { paperFeaturesSolution } from "./lesson/shakespeare/paper_features_solution.ts";
import type { ShakespeareInputs } from "./lesson/shakespeare/shakespeare_inputs.ts";

const group = "Lesson";

export default lesson({
  part: 7,
  module: import.meta.url,
  lecture: {
    title: "Let's build GPT: from scratch, in code, spelled out",
    url: "https://www.youtube.com/watch?v=kCc8FmEb1nY",
  },
  next: "tokenizer-lesson",
  about: "a GPT for characters: bigrams, averages, attention, and what each part of a block brings",
  short: {
    text: "2,000 of the lecture's 5,000 steps for the small models and 500 for the notebook's GPT",
    unless: ({ preset, scale }) => preset !== null || scale,
  },
  seed: 1337,
  data: text,
  options: {
    preset: oneOf("train this model instead of the lesson's models; nanogpt-cpu: nanoGPT's smallest", {
      value: null,
      group,
      choices: ["nanogpt-cpu"],
      requires: { option: "scale", accepts: (scale) => scale === false, typed: "a command without --scale" },
    }),
    scale: flag(
      "print the memory and the time that the lecture's last model needs (10.8 million parameters); with --full on a GPU, also train it",
      {
        value: false,
        group,
      },
    ),
  },
  fullRequires: {
    option: "preset",
    accepts: (preset, { values }) => preset === null || values.scale === true,
    typed: "a command without --preset",
  },
  async *run(o, env) {
    const { full, seed } = o, corpus = corpusOf(env.data.text), engine = await env.engine();
    const inputs: ShakespeareInputs = { corpus, engine, seed, full, reasonToDiffer: env.reasonToDiffer };
    if (o.scale) return yield* largeModelSection(inputs);
    if (o.preset === "nanogpt-cpu") return yield* nanogptSection(inputs);
    yield* dataSection(env.data.text, inputs);
    const bigram = yield* bigramSection(inputs);
    yield* averagesSection(inputs);
    yield* headSection(inputs);
    yield* scaledScoresSection(inputs);
    yield* modelsSection(bigram, inputs);
    yield* notebookSection(inputs);
  },
  exercises: {
    EX1: {
      ask:
        "Put all heads into one batched tensor instead of a list of heads. Show that the output is the same.",
      uses: ["seed", "device"],
      solution: (o, env) => batchedHeadsSolution(env.engine, o.seed),
    },
    EX2: {
      ask:
        "Teach a GPT to add. Write a+b=c as text with the digits of c reversed, and count only the digits of c in the loss. How many sums does it get right that it never saw in training?",
      uses: ["seed", "device"],
      solution: (o, env) => additionSolution(env.engine, o.seed),
    },
    EX3: {
      ask:
        "Train on a larger text first, and then for a few steps on this one. Is the loss lower than without the larger text?",
      uses: ["source", "seed", "device", "full"],
      solution: (o, env) => fineTuningSolution(env, { source: o.source, seed: o.seed, full: o.full }),
    },
    EX4: {
      ask: "Take one feature from a paper on transformers. Does it lower the loss?",
      uses: ["source", "seed", "device", "full"],
      solution: (o, env) => paperFeaturesSolution(env, { seed: o.seed, full: o.full }),
    },
  },
});
