/**
 * Trains a model by the rewards of its own answers: questions → answers → rewards → batches → train.
 *
 * @module
 */
import { pack } from "../stages/chat/pack.ts";
import { render } from "../stages/chat/render.ts";
import { rowBatches } from "../stages/chat/row_batches.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { type Flow, from } from "../stages/flow/flow.ts";
import { afterBatches, type BatchOrNumber } from "../stages/rl/after_batches.ts";
import { checkAnswers } from "../stages/rl/check_answers.ts";
import type { Plan } from "../stages/model/plan.ts";
import { RewardGuard } from "../stages/rl/guard.ts";
import { SUM_LENGTH } from "../stages/task/verified/arithmetic.ts";
import type { Task } from "../stages/task/verified/task.ts";
import { train } from "../stages/train/train.ts";
import { type Env, pipeline } from "./cli/pipeline.ts";
import { finishRun } from "./parts/posttrain/chat_end.ts";
import { chatOptions, rateOption } from "./parts/posttrain/chat_options.ts";
import {
  announceParts,
  chatSchedule,
  chatSettings,
  firstSteps,
  shareOf,
} from "./parts/posttrain/chat_schedule.ts";
import { closing } from "./parts/posttrain/closing.ts";
import { taskSource } from "./parts/posttrain/example_source.ts";
import { policyOptions, questionOptions } from "./parts/posttrain/policy_options.ts";
import { Reference, referencePlan } from "./parts/posttrain/reference.ts";
import { type PolicyValues, rollouts } from "./parts/posttrain/rollouts.ts";
import { hashOfTexts, sameInput } from "./parts/posttrain/same_input.ts";
import {
  chatPlan,
  chatTraining,
  type ChatValues,
  shapeOf,
  type StartingPoint,
  startingPoint,
} from "./parts/posttrain/starting_point.ts";
import { openTask } from "./parts/posttrain/tasks.ts";
import { openTools } from "./parts/posttrain/tools.ts";
import { planLines } from "./parts/plan_lines.ts";
import { keepTokenizer } from "./parts/resume/kept_tokenizer.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { checkMemory } from "./parts/training_plan.ts";

const options = {
  ...policyOptions,
  ...chatOptions,
  lr: rateOption("a twentieth", 1e-6),
  worldSteps: { ...chatOptions.worldSteps, value: 150 },
  batchSize: { ...chatOptions.batchSize, about: "sequences per micro-batch, one for each answer", value: 64 },
  checkpointEvery: { ...chatOptions.checkpointEvery, value: 20 },
  ...questionOptions,
};

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
    const plan = await planOf(o, start, env);
    checkMemory(plan, engine);
    env.emit({ type: "run", pipeline: "", parameters: plan.parameterCount, memory: plan.memory });
    await keepTokenizer(tokenizer, env);
    announceParts(o, {
      first: `solutions of ${task.name}`,
      then: "from the rewards of its own answers",
      env,
    });
    const reference = new Reference({ engine, start, initFrom: o.initFrom, env, shape, temperature });
    const guard = new RewardGuard(env.skippedBatches);
    const checks = {
      tasks: [task],
      items: o.checkItems,
      tokenizer,
      template,
      maxTokens: o.maxTokens ?? seqLen,
      temperature: 0,
      ...(toolbox !== null && { toolbox }),
    };
    const prepare = rollouts(o, { start, task, reference, guard, checks, seed: env.seed });
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
    const start = await startingPoint(o, env), shape = shapeOf(o, start), { temperature } = o;
    const reference = o.kl > 0 ? referencePlan(start, { shape, temperature }) : null;
    return planLines({
      ...await planOf(o, start, env),
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

async function planOf(o: PolicyValues, start: StartingPoint, env: Env): Promise<Plan> {
  const shape = shapeOf(o, start);
  return chatPlan(o, start, {
    weighted: true,
    reference: o.kl > 0,
    temperature: o.temperature,
    texts: Math.min(shape[0] * shape[1], 64),
    packBytes: await env.largestPack(),
    ranks: env.ranks,
  });
}
