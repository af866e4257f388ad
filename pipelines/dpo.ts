/**
 * Trains a model on preferences: pairs of answers → tokens → log probabilities → batches → train.
 *
 * @module
 */
import { preferences } from "../stages/chat/read/example_stages.ts";
import { pack } from "../stages/chat/pack.ts";
import { render } from "../stages/chat/render.ts";
import { rowBatches } from "../stages/chat/row_batches.ts";
import { type Flow, from } from "../stages/flow/flow.ts";
import { map } from "../stages/flow/stage.ts";
import { afterBatches, type BatchOrNumber } from "../stages/rl/after_batches.ts";
import { pairBatch, pairGroups, type RenderedPair, renderPair } from "../stages/rl/pair_batches.ts";
import { preferenceLosses } from "../stages/rl/preference_loss.ts";
import type { Plan } from "../stages/model/plan.ts";
import { checkAnswers } from "../stages/rl/check_answers.ts";
import { arithmetic, calculatedOverGuessed, SUM_LENGTH } from "../stages/task/verified/arithmetic.ts";
import { type BatchContext, train } from "../stages/train/train.ts";
import { number, oneOf } from "./cli/option_types.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import { finishRun } from "./parts/posttrain/chat_end.ts";
import { chatOptions, rateOption } from "./parts/posttrain/chat_options.ts";
import {
  announceParts,
  chatSchedule,
  chatSettings,
  firstSteps,
  shareOf,
} from "./parts/posttrain/chat_schedule.ts";
import { checkOptions, checksOf, exampleOptions, openExamples } from "./parts/posttrain/example_options.ts";
import { taskSource } from "./parts/posttrain/example_source.ts";
import { closing } from "./parts/posttrain/closing.ts";
import { Reference, referencePlan } from "./parts/posttrain/reference.ts";
import { sameInput } from "./parts/posttrain/same_input.ts";
import { UsefulExamples } from "./parts/posttrain/useful_examples.ts";
import {
  chatPlan,
  chatTraining,
  type ChatValues,
  shapeOf,
  type StartingPoint,
  startingPoint,
} from "./parts/posttrain/starting_point.ts";
import { notGiven, oneOfValues } from "./parts/options/requirements.ts";
import { planLines } from "./parts/plan_lines.ts";
import { keepTokenizer } from "./parts/resume/kept_tokenizer.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { checkMemory } from "./parts/training_plan.ts";

const options = {
  ...exampleOptions({
    records: "preferences",
    fields: "{prompt, chosen, rejected}, as texts or messages",
  }),
  loss: oneOf("loss of a pair: DPO's, IPO's, a hinge, or DPO's for labels of which some are wrong", {
    value: "sigmoid",
    choices: preferenceLosses,
    group: "Loss",
    fixed: true,
  }),
  beta: number("how near the model stays to the one that it starts from", {
    value: 0.1,
    min: 1e-6,
    group: "Loss",
    fixed: true,
  }),
  labelSmoothing: number("share of labels that are taken to be wrong, from 0 to 0.499", {
    value: 0.1,
    min: 0,
    max: 0.499,
    group: "Loss",
    fixed: true,
    requires: oneOfValues("loss", ["robust"], "--loss robust"),
  }),
  ...chatOptions,
  lr: rateOption("a twentieth", 1e-6),
  worldSteps: { ...chatOptions.worldSteps, value: 150 },
  batchSize: { ...chatOptions.batchSize, about: "sequences per micro-batch, two for each pair" },
  ...checkOptions,
  checkEvery: {
    ...checkOptions.checkEvery,
    value: 50,
    requires: notGiven("initFrom", "a command without --init-from"),
  },
  checkItems: { ...checkOptions.checkItems, value: 100 },
};

type Item = { readonly pairs: readonly RenderedPair[] } | BatchOrNumber;

export default pipeline({
  about: "train a model to prefer the better of two answers",
  options,
  examples: [
    { does: "a new model that learns sums, and then to calculate rather than to guess", typed: "" },
    {
      does: "adapters for a model, on pairs in JSON lines",
      typed: "--init-from SmolLM2-135M-Instruct.Q4_1.gguf --data pairs.jsonl --lora 8",
    },
    {
      does: "the same with IPO's loss",
      typed: "--init-from SmolLM2-135M-Instruct.Q4_1.gguf --data pairs.jsonl --lora 8 --loss ipo --beta 0.2",
    },
  ],
  often: ["initFrom", "data", "template", "loss", "beta", "lora", "batchSize", "steps", "lr", "out"],
  batchToSkip,
  settle: async (o, isGiven) => ({
    ...await chatSettings(o, isGiven, { name: "dpo", ownSteps: 100 }),
    ...(o.initFrom === null && !isGiven("batchSize") && { batchSize: 64 }),
    ...(o.initFrom === null && o.seqLen === null && { seqLen: SUM_LENGTH }),
  }),
  barrierEvery: 64, // examples
  speedHints: "training",
  workersFor: "engine",
  async build(o, env) {
    const start = await startingPoint(o, env), { tokenizer, template, seqLen, isNew } = start;
    const shape = shapeOf(o, start), engine = await env.engine();
    if (shape[1] % 2 !== 0) {
      throw new RangeError(`Cannot divide --batch-size ${shape[1]} into pairs: give an even number`);
    }
    const plan = await planOf(o, start, env);
    checkMemory(plan, engine);
    env.emit({ type: "run", pipeline: "", parameters: plan.parameterCount, memory: plan.memory });
    await keepTokenizer(tokenizer, env);
    announceParts(o, {
      first: "sums by guessing and by the calculator",
      then: "to prefer answers that calculate to guesses that are wrong",
      env,
    });
    const reference = new Reference({ engine, start, initFrom: o.initFrom, env, shape, temperature: 1 });
    const pairs = shape[0] * shape[1] / 2, rendering = { tokenizer, template };
    const { loss: kind, beta, labelSmoothing: smoothing } = o;
    const prepare = async (item: Item, { model, step, ctx, reported }: BatchContext) => {
      if ("batch" in item) return item.batch;
      await reported(); // the event of the last update comes before that of this one's pairs
      const own = "pairs" in item
        ? item.pairs
        : Array.from({ length: pairs }, (_, i) =>
          renderPair(calculatedOverGuessed(item.number * pairs + i), rendering));
      const base = await reference.of(model);
      const { batch, result } = await pairBatch(own, {
        policy: model,
        reference: base,
        kind,
        beta,
        smoothing,
        shape,
      });
      ctx.emit({ type: "preference", step, ...result });
      return batch;
    };
    const trained = (await itemFlow(o, { start, pairs, size: seqLen + 1 }))
      .pipe(sameInput(await reference.hashes()))
      .pipe(train<Item>({
        engine,
        plan,
        prepare,
        schedule: chatSchedule(o, { share: isNew ? shareOf("dpo") : 1 }),
        ...chatTraining(o, start, env),
      }))
      .pipe(closing("reference", () => reference[Symbol.asyncDispose]()));
    if (!isNew || o.checkEvery === 0) return trained;
    return trained.pipe(checkAnswers({
      every: o.checkEvery,
      after: firstSteps(o),
      ...checksOf(o, start, [arithmetic()]),
      temperature: 1, // at 0, a model that calculates a little more often than not always calculates
    }));
  },
  async plan(o, env) {
    const start = await startingPoint(o, env),
      reference = referencePlan(start, {
        shape: shapeOf(o, start),
        temperature: 1,
      });
    return planLines({
      ...await planOf(o, start, env),
      steps: o.steps,
      ...(reference !== null && { referenceMemory: reference.memory }),
    });
  },
  finish: async (o, env) => await finishRun("dpo", o, env),
});

/** The pairs of --data; without it, solutions of sums, and then numbers of pairs. */
async function itemFlow(
  o: ChatValues & Values<ReturnType<typeof exampleOptions>>,
  { start, pairs, size }: { readonly start: StartingPoint; readonly pairs: number; readonly size: number },
): Promise<Flow<Item>> {
  const { tokenizer, template, isNew } = start, shape = shapeOf(o, start);
  if (isNew) {
    return from(taskSource(arithmetic())).pipe(render({ tokenizer, template }))
      .pipe(pack({ size, group: shape[0] * shape[1] }))
      .pipe(rowBatches(shape))
      .pipe(afterBatches(firstSteps(o)));
  }
  const useful = new UsefulExamples(), { onExample } = useful, { damaged } = o;
  return from(await openExamples(o, { records: "preferences", useful }))
    .pipe(preferences({ damaged }))
    .pipe(pairGroups({ tokenizer, template, pairs, size, damaged, onExample }))
    .pipe(map("items", (group): Item => ({ pairs: group })));
}

async function planOf(o: ChatValues, start: StartingPoint, env: Env): Promise<Plan> {
  return chatPlan(o, start, {
    weighted: true,
    reference: true,
    texts: start.isNew ? 64 : 0,
    packBytes: await env.largestPack(),
    ranks: env.ranks,
  });
}
