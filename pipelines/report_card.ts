/**
 * The pipeline `report-card`: asks a model the questions of a task, and counts what is right, what is wrong
 * and where it says that it does not know.
 *
 * @module
 */
import type { CardEvent } from "../stages/flow/events.ts";
import type { Stage } from "../stages/flow/stage.ts";
import { from } from "../stages/flow/flow.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { answerGroup, groupsOf } from "../stages/rl/answer_group.ts";
import { openModel } from "../stages/model/model_session.ts";
import { cardTable } from "../stages/report/event_lines.ts";
import { readEvents } from "../stages/report/metrics.ts";
import type { QuestionGroup, Task } from "../stages/task/verified/task.ts";
import { integer, path } from "./cli/option_types.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import { shellWord } from "./cli/shell_word.ts";
import {
  type ChatModel,
  chatModel,
  chatModelOptions,
  checkInferenceMemory,
  newestChatModel,
} from "./parts/chat/chat_model.ts";
import { planLines } from "./parts/plan_lines.ts";
import { openTask, taskHelp, taskSourceOption } from "./parts/posttrain/tasks.ts";
import { toolOptions } from "./parts/posttrain/tool_options.ts";
import { openTools } from "./parts/posttrain/tools.ts";

const asked = { group: "Questions", fixed: true };

const options = {
  checkpoint: path(
    "model to ask: a run's folder or checkpoint, a Hugging Face folder, a .gguf, a .pt, an llm.c .bin; default: the newest of runs/assistant, rl, dpo and sft",
    { value: null, placeholder: "MODEL", stored: "model", group: "Model", fixed: true },
  ),
  ...chatModelOptions,
  task: path(`task: ${taskHelp}`, { value: "assistant", placeholder: "NAME|FILE.ts", ...asked }),
  source: taskSourceOption(asked),
  items: integer("most questions of each group", { value: 60, min: 1, max: 1_000_000, ...asked }),
  maxTokens: integer("longest answer; default: what the context leaves", {
    value: null,
    min: 1,
    unit: "tokens",
    ...asked,
  }),
  ...toolOptions({ group: "Tools", fixed: true }),
};

/** Questions that are answered at once. */
const TEXTS = 32;

export default pipeline({
  about: 'questions of a task → a table of right, wrong and "I do not know"',
  options,
  examples: [
    { does: "the newest model of this folder's runs, on all that the assistant is taught", typed: "" },
    {
      does: "what a published model makes of the same questions, without tools",
      typed: "--checkpoint SmolLM2-135M-Instruct.Q4_1.gguf --tools none --items 10",
    },
    { does: "100 held-out sums", typed: "--checkpoint runs/rl --task arithmetic --items 100" },
  ],
  often: ["checkpoint", "task", "source", "items", "tools", "maxTokens", "out"],
  spares: ["logEvery"],
  barrierEvery: 1,
  speedHints: "sampling",
  workersFor: "engine",
  async build(o, env) {
    const { task } = await openTask(o.task, o.source), model = await modelOf(o);
    return from(asSource("questions", () => groupsOf(task))).pipe(await answering(model, { o, env, task }));
  },
  plan: async (o) => {
    const { plan: { parameterCount, memory } } = await modelOf(o);
    return planLines({ parameterCount, memory });
  },
  async finish({ checkpoint }, { out }) {
    const rows = (await readEvents(`${out}/metrics.jsonl`)).filter((event) => event.type === "card");
    const path = checkpoint ?? await newestChatModel();
    return {
      results: cardTable(rows),
      hints: [`To talk to it: deno task pipeline chat --checkpoint ${shellWord(path)}`],
    };
  },
});

/** A model that answers in a chat template. */
type AnsweringModel = ChatModel & { readonly template: NonNullable<ChatModel["template"]> };

async function modelOf(o: Values<typeof options>): Promise<AnsweringModel> {
  const path = o.checkpoint ?? await newestChatModel(), model = await chatModel(path, o, { texts: TEXTS });
  const { template } = model;
  if (template !== null) return { ...model, template };
  throw new RangeError(
    `Cannot ask ${path}: it has no chat template: give --template nanochat, chatml or the file of a Jinja template`,
  );
}

/** The stage that asks the questions of each group, with the most likely token at each place. */
async function answering(
  { plan, weights, tokenizer, template }: AnsweringModel,
  { o, env, task }: { readonly o: Values<typeof options>; readonly env: Env; readonly task: Task },
): Promise<Stage<QuestionGroup, CardEvent>> {
  const toolbox = await openTools(o, { tokenizer, template, keepsFacts: false }), engine = await env.engine();
  checkInferenceMemory(plan, engine);
  return {
    name: "answer",
    open: async () => ({ model: await openModel(engine, { plan, weights }) }),
    async *push(group, { model }, ctx) {
      const row = await answerGroup(model, { task, group, items: o.items }, {
        tokenizer,
        template,
        temperature: 0,
        maxTokens: o.maxTokens ?? plan.cacheLength,
        seed: env.seed,
        signal: ctx.signal,
        stopping: () => ctx.signal.aborted, // answers take a moment: a stop waits for them
        ...(toolbox !== null && { toolbox }),
      });
      ctx.emit(row);
      yield row;
    },
    save: () => null,
    async close({ model }) {
      toolbox?.[Symbol.dispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}
