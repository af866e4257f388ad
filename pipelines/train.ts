/**
 * Train a GPT-2 on token shards that are there already.
 *
 * @module
 */
import { leastGpu } from "../kernels/core/gpu.ts";
import { from } from "../stages/flow/flow.ts";
import { shardFiles, tokenShards } from "../stages/source/token_shards.ts";
import { modelOptions } from "./parts/options/model_options.ts";
import { monitoringOptions } from "./parts/options/monitoring_options.ts";
import { shardOptions } from "./parts/options/shard_options.ts";
import { trainingOptions } from "./parts/options/training_options.ts";
import { maxBatchSizes } from "./parts/max_batch_size.ts";
import { nextSteps } from "./parts/next_steps.ts";
import { planLines } from "./parts/plan_lines.ts";
import { trainingPresets, withoutOption } from "./parts/options/presets.ts";
import { profileLines } from "./parts/profile.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { shardsTokenizer, shardsVocabulary } from "./parts/shards.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { startingWeights } from "./parts/starting_weights.ts";
import { saveRunTokenizer } from "./parts/tokenizer_for.ts";
import { training } from "./parts/training.ts";
import { scheduleOf, stepsOf } from "./parts/training_length.ts";
import { trainingPlan } from "./parts/training_plan.ts";
import { withCost } from "../stages/model/plan_cost.ts";
import { openValidation } from "./parts/validation.ts";

const options = { ...shardOptions, ...modelOptions, ...trainingOptions, ...monitoringOptions };

export default pipeline({
  about: "train a GPT-2 on token shards",
  options,
  presets: withoutOption(trainingPresets, "vocabSize"), // the shards have one of their own
  batchToSkip,
  barrierEvery: 1, // an extent of a shard
  async build(o, env) {
    const globs = trainGlobs(o);
    const files = shardFiles(globs);
    const source = tokenShards({
      globs,
      format: o.shardFormat,
      ...(o.shuffle === "none" && { extentTokens: 1 << 16 }),
    });
    const start = o.initFrom === null ? null : await startingWeights(o.initFrom);
    const tokenizer = await shardsTokenizer(globs[0]);
    const vocabSize = shardsVocabulary(o, { tokenizer, start });
    const plan = trainingPlan(o, { vocabSize, start, packBytes: await env.largestPack() });
    const validation = o.valShards === null ? null : await openValidation({
      validation: shardFiles([o.valShards]),
      training: files,
      counted: o.evalEvery * plan.tokensPerStep,
      vocabSize,
      tokenizer,
      format: o.shardFormat,
    });
    const stages = await training(o, { env, plan, start, tokenizer, validation, schedule: scheduleOf(o) });
    if (tokenizer !== null) await saveRunTokenizer(tokenizer, env);
    return from(source).via(stages);
  },
  async plan(o, env) {
    const start = o.initFrom === null ? null : await startingWeights(o.initFrom);
    const tokenizer = await shardsTokenizer(trainGlobs(o)[0]);
    const vocabSize = shardsVocabulary(o, { tokenizer, start });
    const beginning = { vocabSize, start, packBytes: await env.largestPack() };
    return planLines({
      ...withCost(trainingPlan(o, beginning), { ...leastGpu, half: o.dtype === "f16" }),
      steps: stepsOf(o),
      maxBatchSizes: maxBatchSizes(o, beginning),
    });
  },
  finish: async (o, env) => [
    ...await profileLines(o, env),
    ...await nextSteps("train", env, stepsOf(o)),
  ],
});

function trainGlobs({ trainShards }: Values<typeof options>): readonly [string] {
  if (trainShards !== null) return [trainShards];
  throw new RangeError("Nothing to train on: give --train-shards GLOB (pipeline tokenize writes shards)");
}
