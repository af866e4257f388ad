/**
 * Trains a GPT on existing token shards: shards → windows → batches → train → evaluate → sample.
 *
 * @module
 */
import { from } from "../stages/flow/flow.ts";
import { countSequences } from "../stages/shard/windows.ts";
import { shardFiles, tokenShards } from "../stages/source/token_shards.ts";
import { requirementsOf } from "./cli/effect.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import { withBatchSize } from "./parts/resume/batch_change.ts";
import { keepTokenizer, keptTokenizer } from "./parts/resume/kept_tokenizer.ts";
import { largestModelLines } from "./parts/memory/largest_model.ts";
import { adapterLines } from "./parts/model/peft_output.ts";
import { nextSteps } from "./parts/next_steps.ts";
import { modelOptions } from "./parts/options/model_options.ts";
import { monitoringOptions } from "./parts/options/monitoring_options.ts";
import { trainingPresets, withoutOption } from "./parts/options/presets.ts";
import { given, unlessOff } from "./parts/options/requirements.ts";
import { shardOptions } from "./parts/options/shard_options.ts";
import { trainingOptions } from "./parts/options/training_options.ts";
import { profileLines } from "./parts/profile.ts";
import { shardsTokenizer, shardsVocabulary, trainingShards } from "./parts/shards.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { settledValues } from "./parts/settled_values.ts";
import { training } from "./parts/training.ts";
import { openScheduleOf, scheduleOf, scheduleRemark, twiceAsLong } from "./parts/training_length.ts";
import { batchShape, startingModel, trainingPlan } from "./parts/training_plan.ts";
import { trainingPlanLines } from "./parts/training_plan_lines.ts";
import { openValidation } from "./parts/validation.ts";

const validated = given("valShards", "--val-shards GLOB"); // evaluations have no other text here

const options = {
  ...shardOptions,
  ...modelOptions,
  ...trainingOptions,
  ...monitoringOptions,
  evalEvery: { ...monitoringOptions.evalEvery, requires: unlessOff(validated, 0) },
  evalBatches: {
    ...monitoringOptions.evalBatches,
    requires: [validated, ...requirementsOf(monitoringOptions.evalBatches)],
  },
};

export default pipeline({
  about: "train a GPT-2 on token shards",
  options,
  examples: [
    {
      does: "train on the shards that the pipeline tokenize wrote",
      typed:
        "--train-shards 'runs/tokenize/shards/train_*.bin' --val-shards 'runs/tokenize/shards/val_*.bin'",
    },
    {
      does: "print the memory and the time that GPT-2 124M would take",
      typed: "--train-shards 'shards/train_*.bin' --preset gpt2-124m --dry-run",
    },
    {
      does: "train a model further",
      typed: "--train-shards 'shards/train_*.bin' --init-from gpt2.bin --steps 200 --lr 3e-5 --min-lr 3e-6",
    },
  ],
  often: [
    "trainShards",
    "valShards",
    "preset",
    "layers",
    "heads",
    "channels",
    "seqLen",
    "initFrom",
    "batchSize",
    "totalBatchTokens",
    "steps",
    "epochs",
    "timeLimit",
    "optimizer",
    "lr",
    "evalEvery",
    "sampleEvery",
    "checkpointEvery",
    "workers",
    "out",
    "resume",
    "device",
    "seed",
    "dryRun",
  ],
  presets: withoutOption(trainingPresets, "vocabSize"), // the shards determine it
  batchToSkip,
  async settle(o, isGiven) {
    if (isGiven("sampleEvery") && o.sampleEvery > 0) await checkSamples(o);
    return await settledValues(o, { isGiven, stepsOfEpochs: (sized) => stepsOfEpochs({ ...o, ...sized }) });
  },
  twiceAsLong: (o) => twiceAsLong(o),
  remark: (o, run) => scheduleRemark(o, run),
  adapt: (o, states) => withBatchSize(o, states),
  barrierEvery: 1, // a barrier after every extent of a shard
  estimates: true,
  speedHints: "training",
  workersFor: "engine",
  async build(o, env) {
    const glob = trainGlob(o), { files, stored } = await trainingShards(glob, o.shardFormat);
    const tokens = stored === undefined ? {} : { tokens: stored };
    const { start, tokenizer, vocabSize, packBytes } = await inputsOf(o, env);
    const plan = trainingPlan(o, { vocabSize, start, packBytes, ranks: env.ranks });
    const validation = o.valShards === null ? null : await openValidation({
      validation: shardFiles([o.valShards]),
      training: files,
      ...tokens,
      counted: o.evalEvery * plan.tokensPerStep,
      vocabSize,
      tokenizer,
      format: o.shardFormat,
    });
    const stages = await training(o, {
      env,
      plan,
      start,
      tokenizer,
      validation,
      schedule: scheduleOf(o) ??
        openScheduleOf(validation === null ? { ...o, evalEvery: 0 } : o, { env, vocabSize }),
      format: o.shardFormat,
      ...tokens,
    });
    if (tokenizer !== null) await keepTokenizer(tokenizer, env);
    const source = tokenShards({
      globs: [glob],
      stored,
      format: o.shardFormat,
      ...(o.shuffle === "none" && { extentTokens: 1 << 16 }), // without shuffling, small extents save memory
    });
    return from(source).via(stages);
  },
  helpNotes: largestModelLines,
  async plan(o, env) {
    return trainingPlanLines(o, await inputsOf(o, env), env);
  },
  finish: async (o, env) => {
    const { results, hints } = await nextSteps("train", { env, longer: twiceAsLong(o) });
    return { results: [...await profileLines(o, env), ...results, ...await adapterLines(o, env)], hints };
  },
});

/**
 * Returns the model to start from, the shards' tokenizer and vocabulary size, and the device's size limit for
 * a pack.
 */
async function inputsOf(o: Values<typeof options>, env: Env) {
  const start = await startingModel(o, env);
  const glob = trainGlob(o);
  const tokenizer = await keptTokenizer(await shardsTokenizer(glob), { env, where: `beside ${glob}` });
  const vocabSize = shardsVocabulary(o, { tokenizer, start });
  return { start, tokenizer, vocabSize, packBytes: await env.largestPack() };
}

/** Throws RangeError if no samples can be decoded, because there is no tokenizer beside the shards. */
async function checkSamples({ trainShards, sampleEvery }: Values<typeof options>): Promise<void> {
  if (trainShards === null || await shardsTokenizer(trainShards) !== null) return;
  throw new RangeError(
    `--sample-every ${sampleEvery} does nothing without a tokenizer that decodes the samples: there is no folder tokenizer beside ${trainShards}: leave it out`,
  );
}

/** Returns the number of steps of --epochs passes over the shards; default: one pass. */
async function stepsOfEpochs(o: Values<typeof options> & { readonly seed: number }): Promise<number | null> {
  if (o.trainShards === null) return null;
  const { shuffle, seed, epochs } = o, [accum, batchSize, seqLen] = batchShape(o);
  const { files } = await trainingShards(o.trainShards, o.shardFormat);
  const sequences = countSequences(files().map(({ count }) => count), {
    seqLen,
    shuffle,
    epochs: epochs ?? 1,
    seed,
  });
  return Math.max(1, Math.floor(sequences / (accum * batchSize)));
}

function trainGlob({ trainShards }: Values<typeof options>): string {
  if (trainShards !== null) return trainShards;
  throw new RangeError("Nothing to train on: give --train-shards GLOB (pipeline tokenize writes shards)");
}
