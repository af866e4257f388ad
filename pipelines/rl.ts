/**
 * Trains a model by the rewards of its own answers: questions → answers → rewards → batches → train.
 *
 * @module
 */
import { permutation } from "../kernels/random/philox.ts";
import { pack } from "../stages/chat/pack.ts";
import { render } from "../stages/chat/render.ts";
import { rowBatches } from "../stages/chat/row_batches.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { type Flow, from } from "../stages/flow/flow.ts";
import { afterBatches, type BatchOrNumber } from "../stages/rl/after_batches.ts";
import { checkAnswers, checkTasks } from "../stages/rl/check_answers.ts";
import { RewardGuard } from "../stages/rl/guard.ts";
import { klKinds } from "../stages/rl/kl.ts";
import { algorithms } from "../stages/rl/policy_loss.ts";
import { rolloutBatch } from "../stages/rl/rollout_batch.ts";
import { SUM_LENGTH } from "../stages/task/verified/arithmetic.ts";
import { heldOutFrom, type Task } from "../stages/task/verified/task.ts";
import { orGiveBack } from "../stages/rl/until_stopped.ts";
import { type BatchContext, train } from "../stages/train/train.ts";
import { flag, integer, number, oneOf, path } from "./cli/option_types.ts";
import { pipeline } from "./cli/pipeline.ts";
import { finishRun } from "./parts/posttrain/chat_end.ts";
import { chatOptions, rateOption } from "./parts/posttrain/chat_options.ts";
import {
  announceParts,
  chatSchedule,
  chatSettings,
  firstSteps,
  shareOf,
} from "./parts/posttrain/chat_schedule.ts";
import { taskSource } from "./parts/posttrain/example_source.ts";
import { closing } from "./parts/posttrain/closing.ts";
import { Reference, referencePlan } from "./parts/posttrain/reference.ts";
import { hashOfTexts, sameInput } from "./parts/posttrain/same_input.ts";
import {
  chatPlan,
  chatTraining,
  type ChatValues,
  shapeOf,
  type StartingPoint,
  startingPoint,
} from "./parts/posttrain/starting_point.ts";
import { openTask, taskHelp, taskSourceOption } from "./parts/posttrain/tasks.ts";
import { toolOptions } from "./parts/posttrain/tool_options.ts";
import { openTools } from "./parts/posttrain/tools.ts";
import { above0, oneOfValues, unlessOff } from "./parts/options/requirements.ts";
import { planLines } from "./parts/plan_lines.ts";
import { keepTokenizer } from "./parts/resume/kept_tokenizer.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { checkMemory } from "./parts/training_plan.ts";

const fixed = true;
const task = { group: "Task", fixed };
const policy = { group: "Policy gradient", fixed };
/** Algorithms that divide rewards; the two others have advantages of their own. */
const scaled = algorithms.filter((name) => name !== "reinforce" && name !== "rloo");
const withKl = above0("kl", "--kl X above 0");

const options = {
  task: path(`task: ${taskHelp}`, { value: "arithmetic", placeholder: "NAME|FILE.ts", ...task }),
  source: taskSourceOption(task),
  ...toolOptions(task),
  group: integer("number of samples for each question", { value: 16, min: 2, max: 1024, ...policy }),
  algorithm: oneOf("how answers are weighed", { value: "grpo", choices: algorithms, ...policy }),
  scaleRewards: oneOf(
    "what rewards are divided by: the standard deviation of their group, or of all; or nothing",
    {
      value: "group",
      choices: ["group", "batch", "none"],
      ...policy,
      requires: unlessOff(
        oneOfValues("algorithm", scaled, `--algorithm ${scaled.slice(0, -1).join(", ")} or ${scaled.at(-1)}`),
        "group",
      ),
    },
  ),
  epsilonHigh: number("highest ratio of cispo: factor by which a token may have become more probable", {
    value: 1,
    min: 0,
    ...policy,
    requires: oneOfValues("algorithm", ["cispo"], "--algorithm cispo"),
  }),
  kl: number("factor of the divergence from the model that the run starts from; 0 = none", {
    value: 0,
    min: 0,
    ...policy,
  }),
  klEstimator: oneOf("estimator of the divergence", {
    value: "k3",
    choices: klKinds,
    ...policy,
    requires: withKl,
  }),
  maskCutOff: flag("leave answers that were cut off out of the loss", { value: false, ...policy }),
  temperature: number("temperature of the answers, in training too", { value: 1, min: 0.01, ...policy }),
  maxTokens: integer("longest answer; default: what the sequence leaves", {
    value: null,
    min: 1,
    unit: "tokens",
    ...policy,
  }),
  ...chatOptions,
  lr: rateOption("a twentieth", 1e-6),
  worldSteps: { ...chatOptions.worldSteps, value: 150 },
  batchSize: { ...chatOptions.batchSize, about: "sequences per micro-batch, one for each answer", value: 64 },
  checkpointEvery: { ...chatOptions.checkpointEvery, value: 20 },
  checkEvery: integer("steps between checks on held-out questions; 0 = never", {
    value: 50,
    min: 0,
    group: "Evaluation and checkpoints",
  }),
  checkItems: integer("held-out questions in a check", {
    value: 100,
    min: 1,
    group: "Evaluation and checkpoints",
    requires: above0("checkEvery", "--check-every N above 0"),
  }),
};

/** Updates in a row without a gradient after which a run ends. */
const MAX_EMPTY = 20;

/** Updates between two of which the best and the worst answer are shown. */
const TRANSCRIPT_EVERY = 20;

export default pipeline({
  about: "train a model by the rewards of its own answers to a task",
  options,
  examples: [
    { does: "a new model that learns the little world, and then when to use its calculator", typed: "" },
    {
      does: "adapters for a model, on problems of GSM8K",
      typed:
        "--init-from SmolLM2-135M-Instruct.Q4_1.gguf --task gsm8k --source gsm8k.jsonl --lora 8 --tools none",
    },
    {
      does: "a task of your own with another algorithm",
      typed: "--init-from runs/sft --task ./my_task.ts --algorithm dr-grpo --group 8",
    },
  ],
  often: [
    "initFrom",
    "task",
    "source",
    "tools",
    "group",
    "algorithm",
    "kl",
    "temperature",
    "lora",
    "batchSize",
    "steps",
    "lr",
    "out",
  ],
  batchToSkip,
  settle: async (o, isGiven) => ({
    ...await chatSettings(o, isGiven, { name: "rl", ownSteps: 100 }),
    ...(o.initFrom === null && o.task === "arithmetic" && o.seqLen === null && { seqLen: SUM_LENGTH }),
  }),
  barrierEvery: 16,
  speedHints: "training",
  workersFor: "engine",
  async build(o, env) {
    const start = await startingPoint(o, env), { tokenizer, template, seqLen, isNew } = start;
    const shape = shapeOf(o, start), answers = shape[0] * shape[1], { temperature } = o;
    if (answers % o.group !== 0) {
      throw new RangeError(
        `Cannot divide ${answers} answers of a step into groups of ${o.group}: give --batch-size a multiple of --group`,
      );
    }
    const { task, hash } = await openTask(o.task, o.source), engine = await env.engine();
    const toolbox = await openTools(o, { tokenizer, template, keepsFacts: false });
    const tools = toolbox === null ? {} : { toolbox };
    const plan = chatPlan(o, start, {
      weighted: true,
      reference: o.kl > 0,
      temperature,
      texts: Math.min(answers, 64),
      packBytes: await env.largestPack(),
      ranks: env.ranks,
    });
    checkMemory(plan, engine);
    env.emit({ type: "run", pipeline: "", parameters: plan.parameterCount, memory: plan.memory });
    await keepTokenizer(tokenizer, env);
    announceParts(o, {
      first: `solutions of ${task.name}`,
      then: "from the rewards of its own answers",
      env,
    });
    const reference = new Reference({ engine, start, initFrom: o.initFrom, env, shape, temperature });
    const guard = new RewardGuard(env.skippedBatches), questions = answers / o.group;
    let empty = 0;
    const checks = {
      tasks: [task],
      items: o.checkItems,
      tokenizer,
      template,
      maxTokens: o.maxTokens ?? seqLen,
      temperature: 0,
      ...tools,
    };
    const answered = async (
      item: BatchOrNumber,
      { model, step, item: batchNumber, ctx, reported }: BatchContext,
    ) => {
      if ("batch" in item) return item.batch;
      if (guard.collapsed.has(batchNumber)) return null; // skipped before the run was stopped
      if (batchNumber === 0 && o.checkEvery > 0) await checkTasks(model, { step, ctx }, checks);
      const base = o.kl > 0 ? await reference.of(model) : null;
      await reported(); // so that the time of the last update does not count as this one's rollouts
      const { batch, event, timing } = await rolloutBatch(
        model,
        indicesOf(task, { ...item, questions, seed: env.seed }),
        {
          tokenizer,
          template,
          temperature,
          maxTokens: o.maxTokens ?? seqLen,
          seed: env.seed,
          signal: ctx.signal,
          stopping: () => ctx.stopping,
          task,
          group: o.group,
          shape,
          loss: {
            algorithm: o.algorithm,
            beta: o.kl,
            kl: o.klEstimator,
            epsilonHigh: o.epsilonHigh,
            maxLength: seqLen,
          },
          scale: o.algorithm === "reinforce" ? "none" : o.scaleRewards,
          maskCutOff: o.maskCutOff,
          reference: base,
          ...tools,
        },
      );
      ctx.emit({ type: "rollout", step, item: item.number, ...event });
      ctx.emit({ type: "timing", step, item: item.number, ...timing });
      if (item.number % TRANSCRIPT_EVERY === 0) {
        ctx.emit({ type: "sample", step, prompt: "The best answer of the update. ", text: event.best });
        ctx.emit({ type: "sample", step, prompt: "The worst answer of the update. ", text: event.worst });
      }
      guard.add({ reward: event.reward, step, batch: batchNumber });
      empty = batch === null ? empty + 1 : 0;
      if (empty === MAX_EMPTY) {
        throw new RangeError(
          `Nothing to learn: in ${MAX_EMPTY} updates in a row, all answers to each question had the same reward (now ${
            event.reward.toFixed(3)
          }): if it is the highest, the task is learned; else give a task that the model solves sometimes, a larger --group, or train it on solutions first (sft)`,
        );
      }
      return batch;
    };
    const prepare = (item: BatchOrNumber, context: BatchContext) => orGiveBack(() => answered(item, context));
    const rate = chatSchedule(o, { share: isNew ? shareOf("rl") : 1 }), first = firstSteps(o);
    const hashes = {
      [`the task ${o.task}`]: hash,
      ...(toolbox !== null && { "what the tools know": hashOfTexts(toolbox.texts()) }),
      ...(o.kl > 0 && await reference.hashes()),
    };
    const trained = itemFlow(o, { start, size: seqLen + 1, task })
      .pipe(sameInput<BatchOrNumber>(hashes))
      .pipe(train<BatchOrNumber>({
        engine,
        plan,
        prepare,
        schedule: (step) => rate(step) / (step < first ? 1 : 3 ** guard.collapsed.size),
        ...chatTraining(o, start, env),
      }))
      .pipe(guard.stage())
      .pipe(closing("reference", async () => {
        toolbox?.[Symbol.dispose]();
        await reference[Symbol.asyncDispose]();
      }));
    if (o.checkEvery === 0) return trained;
    return trained.pipe(checkAnswers({ every: o.checkEvery, after: first, ...checks }));
  },
  async plan(o, env) {
    const start = await startingPoint(o, env), { temperature } = o, shape = shapeOf(o, start);
    const texts = Math.min(shape[0] * shape[1], 64);
    const plan = chatPlan(o, start, {
      weighted: true,
      reference: o.kl > 0,
      temperature,
      texts,
      packBytes: await env.largestPack(),
      ranks: env.ranks,
    });
    const reference = o.kl > 0 ? referencePlan(start, { shape, temperature }) : null;
    return planLines({
      ...plan,
      steps: o.steps,
      ...(reference !== null && { referenceMemory: reference.memory }),
    });
  },
  finish: async (o, env) => await finishRun("rl", o, env),
});

/** Numbers of updates; for a new model, solutions of the task come before. */
function itemFlow(
  o: ChatValues,
  { start, size, task }: {
    readonly start: StartingPoint;
    readonly size: number;
    readonly task: Task;
  },
): Flow<BatchOrNumber> {
  const { tokenizer, template, isNew } = start, shape = shapeOf(o, start);
  if (!isNew) {
    const numbers = function* (): Generator<BatchOrNumber> {
      for (let number = 0;; number++) yield { number };
    };
    return from(asSource("questions", numbers));
  }
  return from(taskSource(task)).pipe(render({ tokenizer, template }))
    .pipe(pack({ size, group: shape[0] * shape[1] }))
    .pipe(rowBatches(shape))
    .pipe(afterBatches(firstSteps(o)));
}

/**
 * Returns the questions of an update: the next ones; of a task with a fixed number, in a new order in each
 * pass, without those that are held out.
 */
function indicesOf(
  task: Task,
  { number, questions, seed }: { readonly number: number; readonly questions: number; readonly seed: number },
): readonly number[] {
  const next = Array.from({ length: questions }, (_, i) => number * questions + i);
  if (task.size === undefined) return next;
  const size = heldOutFrom(task), orders = new Map<number, Uint32Array>();
  return next.map((i) => {
    const pass = Math.floor(i / size);
    const order = orders.get(pass) ?? permutation(seed, `${task.name}.${pass}`, size);
    orders.set(pass, order);
    return order[i % size];
  });
}
