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
import { checkAnswers } from "../stages/rl/check_answers.ts";
import { pairBatch, pairGroups, type RenderedPair, renderPair } from "../stages/rl/pair_batches.ts";
import { preferenceLosses } from "../stages/rl/preference_loss.ts";
import { repeat } from "../stages/source/repeat.ts";
import { openSource } from "../stages/source/uri.ts";
import { littleWorld } from "../stages/task/verified/little_world.ts";
import { type BatchContext, train } from "../stages/train/train.ts";
import { integer, number, oneOf, path, repeatedPaths } from "./cli/option_types.ts";
import { pipeline } from "./cli/pipeline.ts";
import { chatEnd } from "./parts/posttrain/chat_end.ts";
import { chatOptions } from "./parts/posttrain/chat_options.ts";
import { chatSchedule, chatSettings, firstSteps } from "./parts/posttrain/chat_schedule.ts";
import { worldSource } from "./parts/posttrain/example_source.ts";
import { Reference } from "./parts/posttrain/reference.ts";
import {
  chatPlan,
  type ChatValues,
  shapeOf,
  type StartingPoint,
  startingPoint,
} from "./parts/posttrain/starting_point.ts";
import { handOf } from "./parts/posttrain/tools.ts";
import { worldTasks } from "./parts/posttrain/world_tasks.ts";
import { above0, given, oneOfValues } from "./parts/options/requirements.ts";
import { planLines } from "./parts/plan_lines.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { checkMemory, divergenceOf } from "./parts/training_plan.ts";

const data = { group: "Data", fixed: true };
const fromModel = given("initFrom", "--init-from PATH");

const options = {
  data: repeatedPaths(
    "preferences: JSON lines, JSON, Parquet or Arrow of {prompt, chosen, rejected}, as texts or messages; a path, folder, glob, https URL or hf:OWNER/NAME[@REVISION][/PATH]; may be repeated; several are mixed by size, or by weight as URI*WEIGHT",
    { value: [], placeholder: "URI", ...data, requires: fromModel },
  ),
  damaged: oneOf("records that are no preferences: refuse stops with an error; skip counts them", {
    value: "refuse",
    choices: ["refuse", "skip"],
    ...data,
    requires: fromModel,
  }),
  hubToken: path("file with an access token of the Hugging Face Hub; default: the Hub's own token file", {
    value: null,
    placeholder: "FILE",
    group: "Data",
    requires: fromModel,
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
  worldSteps: { ...chatOptions.worldSteps, value: 300 },
  batchSize: { ...chatOptions.batchSize, about: "sequences per micro-batch, two for each pair" },
  checkEvery: integer("steps between checks on held-out questions; 0 = never", {
    value: 100,
    min: 0,
    group: "Evaluation and checkpoints",
    requires: {
      option: "initFrom",
      accepts: (value) => value === null,
      typed: "a command without --init-from",
    },
  }),
  checkItems: integer("held-out questions of each task in a check", {
    value: 40,
    min: 1,
    group: "Evaluation and checkpoints",
    requires: above0("checkEvery", "--check-every N above 0"),
  }),
};

type Item = { readonly pairs: readonly RenderedPair[] } | BatchOrNumber;

export default pipeline({
  about: "train a model to prefer the better of two answers",
  options,
  examples: [
    { does: "a new model that learns the little world, and then to prefer its right answers", typed: "" },
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
  settle: (o, isGiven) => Promise.resolve(chatSettings(o, isGiven, { share: 0.05, ownSteps: 100 })),
  barrierEvery: 64, // examples
  speedHints: "training",
  workersFor: "engine",
  async build(o, env) {
    const start = await startingPoint(o, env), { tokenizer, template, seqLen, isNew } = start;
    const shape = shapeOf(o, start), engine = await env.engine();
    if (shape[1] % 2 !== 0) {
      throw new RangeError(`Cannot divide --batch-size ${shape[1]} into pairs: give an even number`);
    }
    const plan = chatPlan(o, start, {
      weighted: true,
      texts: start.isNew ? 16 : 0,
      packBytes: await env.largestPack(),
    });
    checkMemory(plan, engine);
    await chatEnd.keep(start, env);
    const reference = new Reference({ engine, start, initFrom: o.initFrom, env, shape, temperature: 1 });
    const pairs = shape[0] * shape[1] / 2, rendering = { tokenizer, template };
    const world = isNew ? await littleWorld() : null;
    const { loss: kind, beta, labelSmoothing: smoothing } = o;
    const prepare = async (item: Item, { model, step, ctx }: BatchContext) => {
      if ("batch" in item) return item.batch;
      const own = "pairs" in item
        ? item.pairs
        : await Promise.all(Array.from({ length: pairs }, async (_, i) => {
          return renderPair(await world!.preference(item.number * pairs + i), rendering);
        }));
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
    const trained = (await itemFlow(o, { start, pairs, size: seqLen + 1 })).pipe(train<Item>({
      engine,
      plan,
      prepare,
      schedule: chatSchedule(o, { share: isNew ? 0.05 : 1 }),
      steps: o.steps,
      checkpointEvery: o.checkpointEvery,
      divergence: divergenceOf(o),
      skippedBatches: env.skippedBatches,
      ...(start.weights !== undefined && { weights: start.weights }),
      ...(start.adapters !== null && { adapters: start.adapters }),
    })).pipe(reference.stage());
    if (!isNew || o.checkEvery === 0) return trained;
    return trained.pipe(checkAnswers({
      every: o.checkEvery,
      tasks: await worldTasks(),
      items: o.checkItems,
      tokenizer,
      template,
      maxTokens: seqLen,
      temperature: 0,
      hand: handOf(["calculator"], start),
    }));
  },
  async plan(o, env) {
    const start = await startingPoint(o, env);
    const plan = chatPlan(o, start, {
      weighted: true,
      texts: start.isNew ? 16 : 0,
      packBytes: await env.largestPack(),
    });
    return planLines({ ...plan, steps: o.steps });
  },
  finish: async (o, env) => await chatEnd.finish("dpo", o, env),
});

/** The pairs of --data; without it, conversations of the little world, and then numbers of its pairs. */
async function itemFlow(
  o: ChatValues & {
    readonly data: readonly string[];
    readonly damaged: "refuse" | "skip";
    readonly hubToken: string | null;
  },
  { start, pairs, size }: { readonly start: StartingPoint; readonly pairs: number; readonly size: number },
): Promise<Flow<Item>> {
  const { tokenizer, template, isNew } = start, shape = shapeOf(o, start);
  if (isNew) {
    return from(worldSource({ sentences: 0 })).pipe(render({ tokenizer, template }))
      .pipe(pack({ size, group: shape[0] * shape[1] }))
      .pipe(rowBatches(shape))
      .pipe(afterBatches(firstSteps(o)));
  }
  if (o.data.length === 0) {
    throw new RangeError("Nothing to train on: give --data URI, a file of preferences");
  }
  const { damaged, hubToken } = o;
  return from(repeat(await openSource(o.data, { records: true, damaged, hubToken }), Infinity))
    .pipe(preferences({ damaged }))
    .pipe(pairGroups({ tokenizer, template, pairs, size }))
    .pipe(map("items", (group): Item => ({ pairs: group })));
}
