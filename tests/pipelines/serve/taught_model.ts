/**
 * A small model that knows a few conversations by heart, so that tests of the API know its answers: text,
 * thoughts, calls of tools, and characters of several tokens.
 *
 * @module
 */
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Message } from "../../../stages/chat/conversation.ts";
import { rowOf } from "../../../stages/chat/packed_row.ts";
import { jinjaTemplate } from "../../../stages/chat/template/jinja.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { Memory } from "../../../stages/tool/memory.ts";
import { schemaOf } from "../../../stages/tool/tool.ts";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";

/** The tokenizer: bytes, and ChatML's special tokens. */
export const tokenizer = new BpeTokenizer({
  pattern: "none",
  tokens: Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  merges: [],
  special: new Map([["<|endoftext|>", 256], ["<|im_start|>", 257], ["<|im_end|>", 258]]),
});

/** Source of the chat template: roles of one letter, and tools and calls in few tokens. */
export const templateSource =
  "{% if tools %}T{% for tool in tools %}{{ tool.function.name[:1] }}{% endfor %}" +
  "{% endif %}{% for message in messages %}<|im_start|>{{ message.role[:1] }}:{{ message.content }}" +
  "{% for call in message.tool_calls or [] %}<tool_call>{{ call.function.arguments.city }}</tool_call>" +
  "{% endfor %}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>a:" +
  "{% if enable_thinking is defined and not enable_thinking %}-{% endif %}{% endif %}";

/** The chat template. */
export const template = jinjaTemplate(tokenizer, { source: templateSource, name: "of the test" });

/** A tool that the model calls. */
export const weatherTool = {
  type: "function",
  function: {
    name: "weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
} as const;

const memoryTool = schemaOf(Memory.of([]).tool());

/** The answer to "count". */
export const counted = Array.from({ length: 20 }, (_, i) => `${i + 1}`).join(" ");

const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });
const call = { name: "weather", arguments: { city: "Oslo" }, id: "1" };
const noted = '<tool_call>\n{"name": "memory", "arguments": {"fact": "Likes tea"}}\n</tool_call>';
const written = '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>';

/** What the model knows: a conversation, and the answer to it. */
const lessons: readonly {
  readonly messages: readonly Message[];
  readonly tools?: readonly (typeof weatherTool | ReturnType<typeof schemaOf>)[];
  readonly answer: string;
}[] = [
  { messages: [user("hi")], answer: "Hello! How are you?" },
  { messages: [user("hi"), assistant("Hello! How are you?"), user("ok")], answer: "Good to hear." },
  { messages: [user("count")], answer: counted },
  { messages: [user("price")], answer: "Das kostet 5 € 😀." },
  { messages: [user("think")], answer: "<think>let me see</think>\n\nforty-two" },
  { messages: [user("rain?")], tools: [weatherTool], answer: written },
  {
    messages: [user("both?")],
    tools: [weatherTool],
    answer: `I look.${written}${written.replace("Oslo", "Rome")}`,
  },
  {
    messages: [user("rain?"), { ...assistant(""), toolCalls: [call] }, { role: "tool", content: "wet" }],
    tools: [weatherTool],
    answer: "It rains in Oslo.",
  },
  {
    messages: [user("rain?"), assistant(written), { role: "tool", content: "wet" }],
    tools: [weatherTool],
    answer: "It rains in Oslo.",
  },
  { messages: [user("note")], tools: [memoryTool], answer: noted },
  {
    messages: [user("note"), assistant(noted), { role: "tool", content: "remembered" }],
    tools: [memoryTool],
    answer: "Noted.",
  },
  {
    messages: [user("md")],
    answer: "# Top\n**bold** `x`\n\n- one\n- two\n<img src=x onerror=hit=1>[a](javascript:hit=1)",
  },
];

/** Longest text that the model takes. */
export const SEQUENCE = 256;

const model = gpt({
  layers: 2,
  heads: 4,
  channels: 64,
  seqLen: SEQUENCE,
  vocabSize: tokenizer.vocabSize,
  vocabPad: 1,
});

let taught: Promise<TensorMap> | null = null;

/** Teaches the model. Throws an error if it has not learned its conversations. */
async function teach(): Promise<TensorMap> {
  const length = 176, shape = [1, lessons.length, length] as const;
  const rows = lessons.map(({ messages, tools, answer }, i) => {
    const conversation = { id: `${i}`, messages, ...(tools && { tools }) };
    const prompt = template.prompt(conversation), ids = [...prompt, ...tokenizer.encode(answer), 258];
    const weights = ids.map((_, at) => Number(at >= prompt.length));
    return rowOf([{ ids: Uint32Array.from(ids), weights: Float32Array.from(weights) }], length + 1);
  });
  const flat = (part: (row: typeof rows[number]) => Iterable<number>) =>
    rows.flatMap((row) => [...part(row)]);
  const batch = {
    inputs: Uint32Array.from(flat(({ ids }) => ids.slice(0, -1))),
    targets: Uint32Array.from(flat(({ ids }) => ids.slice(1))),
    mask: Float32Array.from(flat(({ weights }) => weights.slice(1))),
    shape,
  };
  const planned = plan({ model, training: { optimizer: adamw(), shape, clip: 1, weighted: true } });
  const weights = initialWeights(model, 1);
  await using session = await openModel(await openCpu(), { plan: planned, weights });
  let loss = Infinity;
  for (let step = 0; step < 400 && loss > 0.005; step++) {
    ({ loss } = await session.step(batch, { learningRate: 5e-3 * Math.min(1, (step + 1) / 20), step }));
  }
  if (loss > 0.05) throw new Error(`The model of the test has not learned: its loss is ${loss}`);
  return await session.weights();
}

/** Opens the taught model for several texts at once. */
export async function openTaught(texts: number) {
  const planned = plan({ model, sampling: { texts, scores: true } });
  return await openModel(await openCpu(), { plan: planned, weights: await (taught ??= teach()) });
}
