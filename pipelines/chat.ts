/**
 * The pipeline `chat`: a conversation with a model in the terminal.
 *
 * @module
 */
import { readText } from "../stages/disk/files.ts";
import { from } from "../stages/flow/flow.ts";
import type { Context, Source } from "../stages/flow/stage.ts";
import { openModel } from "../stages/model/model_session.ts";
import { checkSamplingOptions } from "../stages/sample/sample_token.ts";
import { TokenGenerator } from "../stages/sample/token_generator.ts";
import type { ChatTemplate } from "../stages/chat/template/template.ts";
import type { Toolbox } from "../stages/tool/toolbox.ts";
import { Memory } from "../stages/tool/memory.ts";
import { chatLoop } from "./chat/chat_loop.ts";
import { ConversationState } from "./chat/conversation_state.ts";
import { standardLines } from "./chat/lines.ts";
import { integer, path, text } from "./cli/option_types.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import {
  type ChatModel,
  chatModel,
  chatModelOptions,
  checkInferenceMemory,
  newestChatModel,
} from "./parts/chat/chat_model.ts";
import { samplingOptions } from "./parts/options/sampling_options.ts";
import { planLines } from "./parts/plan_lines.ts";
import { toolOptions } from "./parts/posttrain/tool_options.ts";
import { openTools } from "./parts/posttrain/tools.ts";

const options = {
  checkpoint: path(
    "model to talk to: a run's folder or checkpoint, a Hugging Face folder, a .gguf, a .pt, an llm.c .bin; default: the newest of runs/assistant, rl, dpo and sft",
    { value: null, placeholder: "MODEL", stored: "model", group: "Model" },
  ),
  ...chatModelOptions,
  system: text("what the model is told first, or FILE:PATH to read it from a file; default: nothing", {
    value: null,
    group: "Conversation",
  }),
  think: integer("largest number of tokens of a thought; 0 = an answer without thoughts; default: no limit", {
    value: null,
    min: 0,
    group: "Conversation",
  }),
  ...toolOptions({ group: "Tools" }),
  memory: path("JSON file of facts that the model is told in every conversation; /remember adds one", {
    value: null,
    placeholder: "FILE",
    group: "Conversation",
  }),
  maxTokens: integer("largest number of tokens of an answer; default: what the context leaves", {
    value: null,
    min: 1,
    group: "Sampling",
  }),
  ...samplingOptions({ temperature: 0.6 }),
};

export default pipeline({
  about: "model → a conversation in the terminal",
  writes: false,
  options,
  examples: [
    { does: "the newest model of this folder's runs", typed: "" },
    {
      does: "a published model, told who it is",
      typed: '--checkpoint SmolLM2-135M-Instruct.Q4_1.gguf --system "You are a pirate."',
    },
    { does: "a model that remembers facts about you", typed: "--checkpoint runs/sft --memory facts.json" },
  ],
  often: ["checkpoint", "system", "tools", "memory", "think", "temperature", "context", "device"],
  spares: ["out", "logEvery", "json"],
  speedHints: "sampling",
  workersFor: "engine",
  async build(o, env) {
    checkSamplingOptions(o);
    const memory = o.memory === null ? null : await Memory.open(o.memory);
    const system = o.system?.startsWith("FILE:")
      ? await readText(o.system.slice("FILE:".length))
      : o.system ?? "";
    const model = await modelOf(o), { tokenizer, template } = model;
    const toolbox = await openTools(o, { tokenizer, template, keepsFacts: true, memory });
    return from(answers(model, { o, env, memory, toolbox, system }));
  },
  async plan(o) {
    const { plan: { parameterCount, memory } } = await modelOf(o);
    return planLines({ parameterCount, memory });
  },
});

/** A model with a chat template. */
type TalkingModel = ChatModel & { readonly template: ChatTemplate };

async function modelOf(o: Values<typeof options>): Promise<TalkingModel> {
  const path = o.checkpoint ?? await newestChatModel(), model = await chatModel(path, o, { texts: 1 });
  const { template } = model;
  if (template !== null) return { ...model, template };
  throw new RangeError(
    `Cannot talk to ${path}: it has no chat template: give --template nanochat, chatml or the file of a Jinja template, or continue texts with the pipeline sample`,
  );
}

/** Returns the source of the conversation: an item for each answer. */
function answers(
  { plan, weights, tokenizer, template, name }: TalkingModel,
  { o, env, memory, toolbox, system }: {
    readonly o: Values<typeof options>;
    readonly env: Env;
    readonly memory: Memory | null;
    readonly toolbox: Toolbox | null;
    readonly system: string;
  },
): Source<number> {
  const opened = new AsyncDisposableStack();
  if (toolbox !== null) opened.use(toolbox);
  return {
    name: "answers",
    open: () => ({}),
    async *read(_state: unknown, ctx: Context) {
      const engine = await env.engine(), lines = standardLines("> ");
      checkInferenceMemory(plan, engine);
      const generator = new TokenGenerator(opened.use(await openModel(engine, { plan, weights })));
      const state = new ConversationState(system, {
        generator,
        tokenizer,
        template,
        toolbox,
        memory,
        toolsHaveMemory: o.tools?.includes("memory") ?? false,
        sampling: o,
        seed: env.seed,
        maxTokens: o.maxTokens ?? plan.cacheLength,
        think: o.think,
        context: plan.cacheLength,
      });
      if (lines.isTerminal) {
        const tools = toolbox === null ? "" : `, with ${toolbox.tools.map(({ name }) => name).join(", ")}`;
        env.print(
          `Talking to ${name}${tools}. /help lists the commands; Ctrl-C ends an answer, Ctrl-D leaves.\n`,
        );
      }
      let faults = 0;
      yield* chatLoop({
        state,
        memory,
        lines,
        context: plan.cacheLength,
        color: env.terminal.color,
        print: env.print,
        fault(text) {
          faults++;
          console.error(text);
        },
        stopping: () => ctx.stopping,
      });
      if (faults > 0) {
        throw new Error(
          `${faults === 1 ? "1 line" : `${faults} lines`} of the input could not be done: see above`,
        );
      }
    },
    close: () => opened.disposeAsync(),
  };
}
