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
import { checkAnswers } from "../stages/rl/check_answers.ts";
import { repeat } from "../stages/source/repeat.ts";
import { openSource } from "../stages/source/uri.ts";
import { train } from "../stages/train/train.ts";
import { integer, oneOf, path, repeatedPaths } from "./cli/option_types.ts";
import { pipeline } from "./cli/pipeline.ts";
import { chatEnd } from "./parts/posttrain/chat_end.ts";
import { chatOptions } from "./parts/posttrain/chat_options.ts";
import { chatSchedule, chatSettings, firstSteps } from "./parts/posttrain/chat_schedule.ts";
import { worldSource } from "./parts/posttrain/example_source.ts";
import { inspectExamples } from "./parts/posttrain/inspect_examples.ts";
import { chatPlan, type ChatValues, shapeOf, startingPoint } from "./parts/posttrain/starting_point.ts";
import { handOf } from "./parts/posttrain/tools.ts";
import { worldTasks } from "./parts/posttrain/world_tasks.ts";
import { above0, given, unlessOff } from "./parts/options/requirements.ts";
import { planLines } from "./parts/plan_lines.ts";
import { batchToSkip } from "./parts/skipped_batches.ts";
import { checkMemory, divergenceOf } from "./parts/training_plan.ts";

const data = { group: "Data", fixed: true };
const fromModel = given("initFrom", "--init-from PATH");

const options = {
  data: repeatedPaths(
    "conversations: JSON lines, JSON, Parquet or Arrow of {messages}, {conversations}, {instruction, output} or {prompt, completion}; a path, folder, glob, https URL or hf:OWNER/NAME[@REVISION][/PATH]; may be repeated; several are mixed by size, or by weight as URI*WEIGHT",
    { value: [], placeholder: "URI", ...data, requires: fromModel },
  ),
  damaged: oneOf("records that are no conversations: refuse stops with an error; skip counts them", {
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
      does: "show which tokens are trained on",
      typed: "--init-from SmolLM2-135M-Instruct.Q4_1.gguf --data chats.jsonl --inspect 3",
    },
  ],
  often: [
    "initFrom",
    "data",
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
  settle: (o, isGiven) =>
    Promise.resolve({
      ...chatSettings(o, isGiven),
      ...(o.initFrom === null && !isGiven("batchSize") && { batchSize: 32 }),
    }),
  barrierEvery: 64, // examples
  speedHints: "training",
  workersFor: "engine",
  async build(o, env) {
    const start = await startingPoint(o, env), { tokenizer, template, seqLen, isNew } = start;
    const shape = shapeOf(o, start), rows = shape[0] * shape[1], { trainOn } = o;
    const rendered = (await exampleFlow(o, { rows, isNew })).pipe(render({ tokenizer, template, trainOn }));
    if (o.inspect > 0) return rendered.pipe(inspectExamples(o.inspect, { tokenizer, env }));
    const packing = packingOf(o), segmented = packing === "best-fit", engine = await env.engine();
    const plan = chatPlan(o, start, {
      segmented,
      texts: start.isNew ? 16 : 0,
      packBytes: await env.largestPack(),
    });
    checkMemory(plan, engine);
    await chatEnd.keep(start, env);
    const trained = rendered
      .pipe(pack({ size: seqLen + 1, packing, overlong: o.overlong }))
      .pipe(rowBatches(shape, { segmented }))
      .pipe(
        train({
          engine,
          plan,
          schedule: chatSchedule(o),
          steps: o.steps,
          checkpointEvery: o.checkpointEvery,
          divergence: divergenceOf(o),
          skippedBatches: env.skippedBatches,
          ...(start.weights !== undefined && { weights: start.weights }),
          ...(start.adapters !== null && { adapters: start.adapters }),
        }),
        { ahead: 2 },
      );
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
    const segmented = packingOf(o) === "best-fit";
    const plan = chatPlan(o, start, {
      segmented,
      texts: start.isNew ? 16 : 0,
      packBytes: await env.largestPack(),
    });
    return planLines({ ...plan, steps: o.steps });
  },
  finish: async (o, env) => await chatEnd.finish("sft", o, env),
});

/** The texts of the little world are short: they are always packed. */
function packingOf(
  { initFrom, pack }: ChatValues & { readonly pack: "none" | "best-fit" },
): "none" | "best-fit" {
  return initFrom === null ? "best-fit" : pack;
}

/** Examples of the little world in a row, about. */
const WORLD_EXAMPLES = 2.3;

/** The examples of --data, again and again; without it, those of the little world. */
async function exampleFlow(
  o: ChatValues & {
    readonly data: readonly string[];
    readonly damaged: "refuse" | "skip";
    readonly hubToken: string | null;
    readonly inspect: number;
  },
  { rows, isNew }: { readonly rows: number; readonly isNew: boolean },
): Promise<Flow<Example>> {
  if (isNew) {
    return from(
      worldSource({ sentences: o.inspect > 0 ? 0 : Math.round(WORLD_EXAMPLES * rows * firstSteps(o)) }),
    );
  }
  if (o.data.length === 0) {
    throw new RangeError("Nothing to train on: give --data URI, a file of conversations");
  }
  const { damaged, hubToken } = o;
  const source = await openSource(o.data, { records: true, damaged, hubToken });
  return from(repeat(source, o.inspect > 0 ? 1 : Infinity)).pipe(examples({ damaged }));
}
