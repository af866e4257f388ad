/**
 * From text to a trained GPT in one stream graph: source → filters → encode → shard → windows → batches →
 * train → evaluate → sample. Training starts as soon as there are enough tokens, while the stages before it
 * keep running.
 *
 * @module
 */
import { finewebFilters } from "../stages/filter/fineweb_group.ts";
import { removeIfThere } from "../stages/disk/whole_files.ts";
import { from } from "../stages/flow/flow.ts";
import { shard } from "../stages/shard/shard.ts";
import { openSource } from "../stages/source/uri.ts";
import { wholeFiles } from "../stages/shard/shard_tokens.ts";
import { encode } from "../stages/token/encode.ts";
import { pipeline } from "./cli/pipeline.ts";
import { filters, pagesFor } from "./parts/filters.ts";
import { checkHellaswag } from "./parts/hellaswag.ts";
import { withBatchSize } from "./parts/resume/batch_change.ts";
import { holdingOut } from "./parts/held_out.ts";
import { largestModelLines } from "./parts/memory/largest_model.ts";
import { adapterLines } from "./parts/model/peft_output.ts";
import { nextSteps } from "./parts/next_steps.ts";
import { filterOptions, readingOf, sourceOptions } from "./parts/options/document_options.ts";
import { modelOptions } from "./parts/options/model_options.ts";
import { monitoringOptions } from "./parts/options/monitoring_options.ts";
import { trainingPresets } from "./parts/options/presets.ts";
import { validationOptions } from "./parts/options/shard_options.ts";
import { tokenizerOptions } from "./parts/options/tokenizer_options.ts";
import { trainingOptions } from "./parts/options/training_options.ts";
import { profileLines } from "./parts/profile.ts";
import { SAMPLE_FOLDER, sampleFilters } from "./parts/recipe.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { settledValues } from "./parts/settled_values.ts";
import { someDocuments } from "./parts/some_documents.ts";
import { checkRereadable, tokenizerFor, vocabSizeOf } from "./parts/tokenizer_for.ts";
import { withShardsIn } from "./parts/resume/moved_shards.ts";
import { training } from "./parts/training.ts";
import { openScheduleOf, scheduleOf, scheduleRemark, twiceAsLong } from "./parts/training_length.ts";
import { checkMemory, startingModel, trainingPlan } from "./parts/training_plan.ts";
import { trainingPlanLines } from "./parts/training_plan_lines.ts";
import { openValidation } from "./parts/validation.ts";

export default pipeline({
  about: "filter text, tokenize it and train a GPT-2 on it, as one running graph",
  options: {
    ...sourceOptions,
    ...filterOptions,
    // All filters except `count`: the stage `encode` counts tokens anyway.
    stages: { ...filterOptions.stages, value: finewebFilters.filter((name) => name !== "count") },
    ...tokenizerOptions,
    ...validationOptions,
    ...modelOptions,
    ...trainingOptions,
    ...monitoringOptions,
  },
  examples: [
    {
      does: "train a small model on the texts that come with the program: a few minutes on two cores",
      typed: "",
    },
    { does: "train on your own text", typed: "--source notes.txt --out runs/notes" },
    {
      does: "nanoGPT's character model on a file, for two minutes",
      typed: "--preset shakespeare-char-cpu --source tinyshakespeare.txt --time-limit 2m",
    },
  ],
  often: [
    "source",
    "stages",
    "tokenizer",
    "vocabSize",
    "valTokens",
    "preset",
    "layers",
    "heads",
    "channels",
    "seqLen",
    "initFrom",
    "batchSize",
    "steps",
    "timeLimit",
    "optimizer",
    "lr",
    "evalEvery",
    "sampleEvery",
    "samplePrompt",
    "checkpointEvery",
    "workers",
    "out",
    "resume",
    "device",
    "seed",
    "dryRun",
  ],
  presets: trainingPresets,
  batchToSkip,
  settle: (o, isGiven) => settledValues(o, { isGiven }),
  twiceAsLong: (o) => twiceAsLong(o),
  remark: (o, run) => scheduleRemark(o, run),
  adapt: (o, states, { out }) => withBatchSize(o, withShardsIn(shardsOf(out), states)),
  barrierEvery: 64, // documents; a resumed run filters at most this many again
  estimates: true,
  speedHints: "training",
  workersFor: "engine",
  async build(o, env) {
    checkRereadable(o);
    await checkHellaswag(o);
    const reading = { ...pagesFor(o.stages), ...readingOf(o) };
    const held = holdingOut(o, { env, reading });
    const source = held.source(await openSource(o.source, reading));
    const start = await startingModel(o, env);
    const estimated = await vocabSizeOf(o, env), packBytes = await env.largestPack();
    const schedule = scheduleOf(o) ?? openScheduleOf(o, { env, vocabSize: estimated });
    // Throws if the sizes do not fit into memory, before a tokenizer is trained or a file is written.
    checkMemory(trainingPlan(o, { vocabSize: estimated, start, packBytes }), await env.engine());
    const filtered = o.stages === null || o.stages.length > 0;
    const tokenizer = await tokenizerFor(o, {
      documents: from(source).via(await sampleFilters(o, env)).via(held.mark),
      filtered,
      env,
    });
    await removeIfThere(`${env.out}/${SAMPLE_FOLDER}`);
    const { vocabSize } = tokenizer;
    const plan = trainingPlan(o, { vocabSize, start, packBytes, ranks: env.ranks });
    const dir = shardsOf(env.out);
    const validation = await openValidation({
      validation: [`${dir}/val_000000.bin`],
      training: () => wholeFiles([`${dir}/train_000000.bin`]),
      counted: o.evalEvery * plan.tokensPerStep,
      vocabSize,
      tokenizer,
    });
    return from(source)
      .via(await filters(o, { ...env, workers: 1 })) // the other threads train
      .pipe(someDocuments({ filtered }))
      .via(held.mark)
      .pipe(encode(tokenizer))
      .pipe(shard({ dir, vocabSize, validationTokens: held.validationTokens }))
      .via(await training(o, { env, plan, start, tokenizer, validation, schedule }));
  },
  helpNotes: largestModelLines,
  async plan(o, env) {
    const start = await startingModel(o, env);
    const inputs = { vocabSize: await vocabSizeOf(o, env), start, packBytes: await env.largestPack() };
    return trainingPlanLines(o, inputs, env);
  },
  finish: async (o, env) => {
    const { results, hints } = await nextSteps("fineweb-gpt2", { env, longer: twiceAsLong(o) });
    return { results: [...await profileLines(o, env), ...results, ...await adapterLines(o, env)], hints };
  },
});

/** Returns the folder of a run's shards. */
function shardsOf(out: string): string {
  return `${out}/shards`;
}
