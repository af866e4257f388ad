/**
 * Trains a model to answer: conversations → tokens with masks → rows → batches → train → answers.
 *
 * @module
 */
import { examples } from "../stages/chat/read/example_stages.ts";
import { pack } from "../stages/chat/pack.ts";
import { render } from "../stages/chat/render.ts";
import { rowBatches } from "../stages/chat/row_batches.ts";
import type { Example } from "../stages/chat/conversation.ts";
import { type Flow, from } from "../stages/flow/flow.ts";
import type { Batch } from "../stages/items.ts";
import type { Plan } from "../stages/model/plan.ts";
import { checkAnswers, checkTasks } from "../stages/rl/check_answers.ts";
import { orGiveBack } from "../stages/rl/until_stopped.ts";
import { train } from "../stages/train/train.ts";
import { integer, oneOf, path } from "./cli/option_types.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import { finishRun } from "./parts/posttrain/chat_end.ts";
import { chatOptions } from "./parts/posttrain/chat_options.ts";
import { announceParts, chatSchedule, chatSettings, firstSteps } from "./parts/posttrain/chat_schedule.ts";
import { checkOptions, checksOf, exampleOptions, openExamples } from "./parts/posttrain/example_options.ts";
import { taskSource, worldSource } from "./parts/posttrain/example_source.ts";
import { inspectExamples } from "./parts/posttrain/inspect_examples.ts";
import {
  chatPlan,
  chatTraining,
  type ChatValues,
  shapeOf,
  type StartingPoint,
  startingPoint,
} from "./parts/posttrain/starting_point.ts";
import { sameInput } from "./parts/posttrain/same_input.ts";
import { type OpenedTask, openTask, taskHelp, taskSourceOption } from "./parts/posttrain/tasks.ts";
import { worldTasks } from "./parts/posttrain/world_tasks.ts";
import { UsefulExamples } from "./parts/posttrain/useful_examples.ts";
import { given, unlessOff } from "./parts/options/requirements.ts";
import { planLines } from "./parts/plan_lines.ts";
import { keepTokenizer } from "./parts/resume/kept_tokenizer.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { checkMemory } from "./parts/training_plan.ts";

const data = { group: "Data", fixed: true };
const fromModel = given("initFrom", "--init-from PATH");

const options = {
  ...exampleOptions({
    records: "conversations",
    fields: "{messages}, {conversations}, {instruction, output} or {prompt, completion}",
  }),
  task: path(
    `train on the solutions of a task in place of --data, and check held-out questions: ${taskHelp}`,
    {
      value: null,
      placeholder: "NAME|FILE.ts",
      ...data,
      requires: fromModel,
    },
  ),
  source: taskSourceOption(data),
  trainOn: oneOf("tokens to train on: what the assistant writes, or all", {
    value: "answers",
    choices: ["answers", "all"],
    ...data,
  }),
  pack: oneOf(
    "none: one conversation per sequence; best-fit: several, which do not see each other",
    { value: "none", choices: ["none", "best-fit"], ...data, requires: unlessOff(fromModel, "none") },
  ),
  overlong: oneOf("conversations longer than a sequence: cut keeps their beginning, drop drops them", {
    value: "cut",
    choices: ["cut", "drop"],
    ...data,
  }),
  inspect: integer("print N conversations with the tokens that are trained on coloured, and train nothing", {
    value: 0,
    min: 0,
    group: "Data",
  }),
  ...chatOptions,
  ...checkOptions,
};

export default pipeline({
  about: "train a model to answer, on conversations",
  options,
  examples: [
    { does: "a new model that learns the little world, and then to answer questions about it", typed: "" },
    {
      does: "adapters for a model, on conversations in JSON lines",
      typed: "--init-from SmolLM2-135M-Instruct.Q4_1.gguf --data chats.jsonl --lora 8",
    },
    {
      does: "the same on the solutions of a task, with its held-out questions before and after",
      typed: "--init-from SmolLM2-135M-Instruct.Q4_1.gguf --task spelling-bee --lora 8",
    },
  ],
  often: [
    "initFrom",
    "data",
    "task",
    "template",
    "trainOn",
    "pack",
    "inspect",
    "lora",
    "batchSize",
    "steps",
    "lr",
    "out",
  ],
  writes: (given) => !(Number(given("inspect") ?? 0) > 0),
  batchToSkip,
  settle: async (o, isGiven) => ({
    ...await chatSettings(o, isGiven, { name: "sft", ownSteps: 300 }),
    ...(o.initFrom === null && !isGiven("batchSize") && { batchSize: 32 }),
  }),
  barrierEvery: 64, // examples
  speedHints: "training",
  workersFor: "engine",
  async build(o, env) {
    const start = await startingPoint(o, env), { tokenizer, template, seqLen, isNew } = start;
    const shape = shapeOf(o, start), rows = shape[0] * shape[1], { trainOn } = o;
    const opened = o.task === null ? null : await openTask(o.task, o.source), useful = new UsefulExamples();
    const rendered = (await exampleFlow(o, { rows, isNew, opened, useful }))
      .pipe(render({ tokenizer, template, trainOn, damaged: o.damaged }));
    if (o.inspect > 0) return rendered.pipe(inspectExamples(o.inspect, { tokenizer, env }));
    const packing = packingOf(o), segmented = packing === "best-fit", engine = await env.engine();
    const plan = await planOf(o, start, env);
    checkMemory(plan, engine);
    env.emit({ type: "run", pipeline: "", parameters: plan.parameterCount, memory: plan.memory });
    await keepTokenizer(tokenizer, env);
    announceParts(o, {
      first: "sentences about countries, sums and words",
      then: "conversations about them",
      env,
    });
    const tasks = isNew ? await worldTasks() : opened === null ? [] : [opened.task];
    const checks = checksOf(o, start, tasks), asks = tasks.length > 0 && o.checkEvery > 0;
    const trained = rendered
      .pipe(pack({ size: seqLen + 1, packing, overlong: o.overlong, onExample: useful.onExample }))
      .pipe(rowBatches(shape, { segmented }))
      .pipe(
        train<Batch>({
          engine,
          plan,
          prepare: (batch, { model, step, ctx }) =>
            orGiveBack(async () => {
              if (step === 0 && asks && !isNew) await checkTasks(model, { step, ctx }, checks);
              return batch;
            }),
          schedule: chatSchedule(o),
          ...chatTraining(o, start, env),
        }),
        { ahead: 2 },
      );
    if (!asks) return trained;
    return trained.pipe(checkAnswers({ every: o.checkEvery, after: firstSteps(o), ...checks }));
  },
  plan: async (o, env) => planLines({ ...await planOf(o, await startingPoint(o, env), env), steps: o.steps }),
  finish: async (o, env) => o.inspect > 0 ? { results: [], hints: [] } : await finishRun("sft", o, env),
});

/** The value of --pack. */
type PackValue = { readonly pack: "none" | "best-fit" };

/** The values that the plan depends on. */
type PlanValues = ChatValues & PackValue & Values<typeof checkOptions> & { readonly task: string | null };

/** The texts of the little world are short: they are always packed. */
function packingOf({ initFrom, pack }: ChatValues & PackValue): PackValue["pack"] {
  return initFrom === null ? "best-fit" : pack;
}

/** Examples of the little world in a row, about. */
const WORLD_EXAMPLES = 2.3;

/** The examples of --data or --task, again and again; without them, those of the little world. */
async function exampleFlow(
  o: ChatValues & Values<ReturnType<typeof exampleOptions>> & { readonly inspect: number },
  { rows, isNew, opened, useful }: {
    readonly rows: number;
    readonly isNew: boolean;
    readonly opened: OpenedTask | null;
    readonly useful: UsefulExamples;
  },
): Promise<Flow<Example>> {
  if (isNew) {
    return from(
      worldSource({ sentences: o.inspect > 0 ? 0 : Math.round(WORLD_EXAMPLES * rows * firstSteps(o)) }),
    );
  }
  if (opened !== null) {
    if (o.data.length > 0) throw new RangeError("Cannot train on --data and on --task: give one of them");
    return from(taskSource(opened.task)).pipe(sameInput({ "the task": opened.hash }));
  }
  const source = await openExamples(o, { records: "conversations", useful: o.inspect > 0 ? null : useful });
  return from(source).pipe(examples({ damaged: o.damaged }));
}

async function planOf(o: PlanValues, start: StartingPoint, env: Env): Promise<Plan> {
  return chatPlan(o, start, {
    segmented: packingOf(o) === "best-fit",
    texts: start.isNew ? 16 : o.task === null || o.checkEvery === 0 ? 0 : Math.min(16, o.checkItems),
    packBytes: await env.largestPack(),
    ranks: env.ranks,
  });
}
