/**
 * Lesson 9: the models of makemore.py, from a table of letter pairs to a transformer, all trained on the same
 * words.
 *
 * Sources: https://github.com/karpathy/makemore; Bengio et al. 2003 (mlp); Mikolov et al. 2010 (rnn); Cho et
 * al. 2014 (gru); Vaswani et al. 2017 and Radford et al. 2019 (transformer).
 *
 * @module
 */
import { type MakemoreType, makemoreTypes } from "../kernels/models/course/makemore.ts";
import { flag, integer, number, oneOf } from "./cli/option_types.ts";
import type { OptionRequirement } from "./cli/pipeline.ts";
import { oneOfValues } from "./parts/options/requirements.ts";
import { UsageError } from "../stages/run/usage_error.ts";
import { names } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { Letters } from "./lesson/letters.ts";
import { makemoreData } from "./lesson/makemore/makemore_data.ts";
import {
  type MakemoreInputs,
  type MakemoreResult,
  modelComparisonSection,
  rowsSection,
  samplesSection,
  savedModel,
  trainingSection,
} from "./lesson/makemore/makemore_sections.ts";
import {
  learningRatesSolution,
  regularizationSolution,
  regularized,
  regularizedSteps,
} from "./lesson/makemore/makemore_solutions.ts";
import { lessonTypes } from "./lesson/makemore/model_descriptions.ts";
import { stepsReasonToDiffer } from "./lesson/net_training.ts";

const shortRun = 1000; // steps
const fullRun = 12_000; // steps; the transformer reaches its lowest test loss earlier
const group = "makemore.py";

const defaults = {
  nLayer: 4,
  nHead: 4,
  nEmbd: 64,
  nEmbd2: 64,
  batchSize: 32,
  learningRate: 5e-4,
  weightDecay: .01,
};
const isTransformer = oneOfValues("type", ["all", "transformer"], "--type transformer or all");
const hasVectors = oneOfValues("type", without("bigram"), `--type ${without("bigram").join(" or ")}`);
const hasHidden = oneOfValues(
  "type",
  without("bigram", "transformer"),
  `--type ${without("bigram", "transformer").join(" or ")}`,
);
const isTraining: OptionRequirement = {
  option: "sampleOnly",
  accepts: (only) => only === false,
  typed: "a command without --sample-only",
};
const size = { min: 1, max: 4096, group };

const options = {
  type: oneOf<MakemoreType | "all">("model; all: trains every model and compares them", {
    value: "all",
    choices: ["all", ...makemoreTypes],
    group,
  }),
  maxSteps: integer(
    `steps per model; default: ${shortRun.toLocaleString("en-US")}, with --full ${
      fullRun.toLocaleString("en-US")
    }`,
    {
      value: null,
      min: 1,
      max: 1e8,
      group,
      requires: isTraining,
    },
  ),
  nLayer: integer("transformer blocks", { ...size, value: defaults.nLayer, requires: isTransformer }),
  nHead: integer("attention heads of the transformer; must divide --n-embd", {
    ...size,
    value: defaults.nHead,
    requires: isTransformer,
  }),
  nEmbd: integer("size of the vector of a letter", { ...size, value: defaults.nEmbd, requires: hasVectors }),
  nEmbd2: integer("size of hidden layers and recurrent states", {
    ...size,
    value: defaults.nEmbd2,
    requires: hasHidden,
  }),
  batchSize: integer("words per step", { ...size, value: defaults.batchSize, requires: isTraining }),
  learningRate: number("AdamW's learning rate, the same at every step", {
    value: defaults.learningRate,
    min: 0,
    group,
    requires: isTraining,
  }),
  weightDecay: number("AdamW's weight decay of matrices; makemore.py also decays biases", {
    value: defaults.weightDecay,
    min: 0,
    group,
    requires: isTraining,
  }),
  topK: integer("sample from the K most probable letters only; default: all", {
    value: null,
    min: 1,
    max: 4096,
    group,
  }),
  resume: oneOf("auto: continue from the best model in --out, with a new optimizer state", {
    value: "never",
    choices: ["auto", "never"],
    group,
  }),
  sampleOnly: flag("sample 50 words from the best model in --out, without training", { value: false, group }),
};

export default lesson({
  part: 9,
  module: import.meta.url,
  lecture: {
    title: "makemore, the repository of the course",
    url: "https://github.com/karpathy/makemore",
  },
  next: "two-files",
  about: "makemore.py: bigram, bag of words, MLP, RNN, GRU, LSTM and transformer on the same words",
  short: {
    text: `${shortRun.toLocaleString("en-US")} of the ${fullRun.toLocaleString("en-US")} steps per model`,
    unless: ({ maxSteps, sampleOnly }) => maxSteps !== null || sampleOnly,
  },
  seed: 3407,
  data: names,
  options,
  fullRequires: {
    option: "maxSteps",
    accepts: (steps, { values }) => steps === null && values.sampleOnly === false,
    typed: "a command without --max-steps and --sample-only",
  },
  async refuse(o, { data: { words }, out }) {
    const { nHead, nEmbd, solution } = o, types = typesOf(o.type);
    if (types.includes("transformer") && nEmbd % nHead !== 0) {
      throw new UsageError(`Bad value for --n-head: ${nHead}: expected a divisor of --n-embd ${nEmbd}`);
    }
    if (solution !== null || !o.sampleOnly && o.resume === "never") return;
    const data = makemoreData(words, { letters: new Letters(words), seed: o.seed });
    for (const type of types) await savedModel(type, { data, hyperparameters: o, out });
  },
  async *run(o, env) {
    const { words } = env.data, letters = new Letters(words);
    const steps = o.maxSteps ?? (o.full ? fullRun : shortRun);
    const isDefault = Object.entries(defaults).every(([name, value]) =>
      Object.entries(o).every(([option, chosen]) => option !== name || chosen === value)
    );
    const mayDiffer = env.reasonToDiffer() ?? (isDefault ? null : "other options");
    const inputs: MakemoreInputs = {
      data: makemoreData(words, { letters, seed: o.seed }),
      hyperparameters: o,
      engine: await env.engine(),
      steps,
      regularized: false,
      topK: o.topK,
      resume: o.resume === "auto",
      out: env.out,
      mayDiffer,
      lossMayDiffer: mayDiffer ?? stepsReasonToDiffer(steps, fullRun),
    };
    if (o.sampleOnly) {
      for (const type of typesOf(o.type)) yield* samplesSection(type, inputs);
      return;
    }
    yield* rowsSection(inputs);
    const results: MakemoreResult[] = [];
    for (const type of typesOf(o.type)) {
      // makemore.py's own hyperparameters do not reach the published loss of the transformer.
      const isRegularized = type === "transformer" && o.full && o.maxSteps === null && mayDiffer === null;
      results.push(yield* trainingSection(type, isRegularized ? regularizedInputs(inputs) : inputs));
    }
    yield* modelComparisonSection(results, inputs);
  },
  exercises: {
    E01: {
      ask:
        "makemore.py has one learning rate for all models. Find a better learning rate for each of the small models.",
      uses: ["source", "seed", "device", "full", "maxSteps", "nEmbd", "nEmbd2", "batchSize", "weightDecay"],
      solution: (o, env) => {
        const steps = o.maxSteps ?? (o.full ? 5000 : shortRun);
        return learningRatesSolution(env, { hyperparameters: o, steps });
      },
    },
    E02: {
      ask:
        "With makemore.py's own options and enough steps, the transformer's test loss stops falling while its train loss still falls: it overfits. Reach a lower test loss.",
      uses: [
        "source",
        "seed",
        "device",
        "full",
        "maxSteps",
        "nLayer",
        "nHead",
        "nEmbd",
        "batchSize",
        "learningRate",
        "weightDecay",
      ],
      solution: (o, env) => {
        const steps = o.maxSteps ?? (o.full ? regularizedSteps : shortRun);
        return regularizationSolution(env, { hyperparameters: o, steps });
      },
    },
  },
});

/** Returns what --type may be, without some of the models. */
function without(...types: readonly MakemoreType[]): readonly string[] {
  return ["all", ...makemoreTypes.filter((type) => !types.includes(type))];
}

function typesOf(type: MakemoreType | "all"): readonly MakemoreType[] {
  return type === "all" ? lessonTypes : [type];
}

function regularizedInputs(inputs: MakemoreInputs): MakemoreInputs {
  const hyperparameters = regularized(inputs.hyperparameters);
  return { ...inputs, hyperparameters, steps: regularizedSteps, regularized: true };
}
