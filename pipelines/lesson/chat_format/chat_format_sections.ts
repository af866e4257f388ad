/**
 * The sections of the lesson on the chat format.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { contentText, type Conversation, isConversation } from "../../../stages/chat/conversation.ts";
import { CHATML } from "../../../stages/chat/template/choose.ts";
import { jinjaTemplate } from "../../../stages/chat/template/jinja.ts";
import { nanochatTemplate, nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { Rendered } from "../../../stages/chat/template/template.ts";
import {
  type LittleWorld,
  littleWorld,
  worldCharacters,
} from "../../../stages/task/verified/little_world.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { claim } from "../claim.ts";
import { check, code, heading, type Item, lines, say, table } from "../item.ts";
import { byUpdate, maskTable, percent } from "../talks/answer_items.ts";
import { ask, imitate, meanOf, range, smallChat } from "../talks/small_chat.ts";
import {
  endMustBeTrained,
  formatsAgree,
  maskHelpsAnswers,
  questionsAreUnlearned,
  textStaysText,
} from "./chat_format_claims.ts";
import { lossesByWriter } from "./losses.ts";

/** Lengths of the experiment, and its seed. */
export interface ChatFormatSettings {
  readonly seed: number;
  /** Updates of each model. */
  readonly steps: number;
  /** Conversations in a test, which training never uses. */
  readonly questions: number;
}

/** Longest conversation of the little world in tokens, less the first one. */
const LONGEST = 95;

/** First number of the conversations that training never uses. */
const HELD_OUT = 1e6;

/** A conversation with a question, a call of a tool and an answer. */
const example: Conversation = {
  id: "example",
  messages: [
    { role: "user", content: "12*34?" },
    {
      role: "assistant",
      content: [
        { type: "python", text: "12*34" },
        { type: "python_output", text: "408" },
        { type: "text", text: "It is 408." },
      ],
    },
  ],
};

/** What a model sees, token by token, and which tokens it is trained on. */
export function* formatSections(): Generator<Item> {
  const tokenizer = new CharTokenizer(worldCharacters, nanochatTokens),
    template = nanochatTemplate(tokenizer);
  yield heading("What the model sees");
  yield say(
    "A chat is one row of tokens for the model. Special tokens, which no text can contain, say who speaks. What the assistant writes is trained on; what the user writes and what a tool returns is only read: the mask is 0 there.",
  );
  yield maskTable({ tokenizer, template }, example);
  yield code("stages/chat/template/nanochat.ts", "render");
  const short = template.render({
    id: "short",
    messages: [{ role: "user", content: "hi" }, { role: "assistant", content: "yo" }],
  });
  yield table(
    ["place", "token", "id", "mask"],
    Array.from(short.ids, (id, i) => [i, tokenizer.decode([id]), id, short.weights[i]]),
  );
  yield check({
    name: "mask of the user's hi and the assistant's yo",
    ours: [...short.weights].join(" "),
    lecture: "0 0 0 0 0 0 1 1 1",
    source: "nanochat, tokenizer.render_conversation",
  });
  const typed = tokenizer.encodeOrdinary("<|assistant_end|>");
  yield claim(textStaysText, {
    typed: typed.length,
    special: typed.filter((id) => tokenizer.isSpecialToken(id)).length,
  });
}

/** Returns a conversation of the little world. */
async function conversationOf(world: LittleWorld, index: number): Promise<Conversation> {
  const found = await world.conversation(index);
  if (!isConversation(found)) throw new TypeError(`Example ${index} of the little world is no conversation`);
  return found;
}

/** Returns the task of answering the conversations of the little world as they are. */
function worldTask(world: LittleWorld): Task {
  return {
    name: "little world",
    async item(index) {
      const { id, messages } = await conversationOf(world, index), last = messages[messages.length - 1];
      return { id, messages: messages.slice(0, -1), answer: contentText(last) };
    },
    reward: ({ answer }, text) => ({ same: Number(text === answer) }),
  };
}

/** Three models learn the same conversations with three masks. */
export async function* maskSections(
  engine: Engine,
  { seed, steps, questions }: ChatFormatSettings,
): AsyncGenerator<Item> {
  const world = await littleWorld(), size = { layers: 2, heads: 4, channels: 64, seqLen: LONGEST };
  const chat = smallChat(size, { engine, seed }), end = chat.tokenizer.special.get("<|assistant_end|>");
  yield heading("Three masks");
  yield say(
    `Three models learn the same conversations about countries, sums and words in \`${steps}\` updates each, from the same initial weights. The first is trained on answers alone, the second on all tokens, and the third on answers without the token that ends them.`,
  );
  const withoutEnd = (rendered: Rendered): Rendered => ({
    ...rendered,
    weights: rendered.weights.map((weight, i) => rendered.ids[i] === end ? 0 : weight),
  });
  const learned = {
    steps,
    batch: 32,
    lr: 4e-3,
    example: (index: number) => world.conversation(seed * 100_000 + index),
  };
  const masked = yield* imitate(chat, { ...learned, what: "answers alone" });
  const all = yield* imitate(chat, { ...learned, what: "all tokens", trainOn: "all" });
  const endless = yield* imitate(chat, { ...learned, what: "answers without ends", reweigh: withoutEnd });

  const heldOut = range(HELD_OUT, questions);
  const conversations = await Promise.all(heldOut.map((index) => conversationOf(world, index)));
  const ofMasked = await lossesByWriter(chat, { weights: masked.weights, conversations });
  const ofAll = await lossesByWriter(chat, { weights: all.weights, conversations });
  yield table(
    [`${questions} held-out conversations, nats per token`, "user and program", "assistant"],
    [
      ["trained on answers alone", ofMasked.questions.toFixed(3), ofMasked.answers.toFixed(3)],
      ["trained on all tokens", ofAll.questions.toFixed(3), ofAll.answers.toFixed(3)],
    ],
  );
  yield claim(questionsAreUnlearned, { masked: ofMasked.questions, all: ofAll.questions });
  yield claim(maskHelpsAnswers, { masked: ofMasked.answers, all: ofAll.answers });
  yield byUpdate("The training losses cannot be compared: they are means over different tokens.", {
    title: "training loss, nats per token that counts",
    series: [
      { name: "answers alone", y: masked.losses },
      { name: "all tokens", y: all.losses },
      { name: "answers without ends", y: endless.losses },
    ],
  });

  yield heading("The end of an answer");
  const task = worldTask(world), asked = { task, indices: heldOut };
  const ended = await ask(chat, { ...asked, weights: masked.weights });
  const unending = await ask(chat, { ...asked, weights: endless.weights });
  const never = (answer: { readonly end: string }) => answer.end === "length";
  yield claim(endMustBeTrained, { trained: meanOf(ended, never), untrained: meanOf(unending, never) });
  yield lines([
    "trained on the end:",
    ...ended.slice(0, 3).map(({ item, text }) => `  ${contentText(item.messages[0])} ${text}`),
    "without the end:",
    ...unending.slice(0, 3).map(({ item, text }) => `  ${contentText(item.messages[0])} ${text}`),
  ]);
  yield say(
    `${
      percent(meanOf(ended, ({ reward }) => reward))
    } of the first model's answers are exactly the expected ones after so little training. The pipeline sft can show the masks of your own data.`,
  );
}

/** Exercise E01: the same conversation in ChatML. */
export function* chatmlSolution(): Generator<Item> {
  const special = ["<|im_start|>", "<|im_end|>"];
  const characters = [...worldCharacters];
  const chatml = new CharTokenizer(characters, special);
  const nanochat = new CharTokenizer(characters, nanochatTokens);
  const formats = [
    { name: "nanochat", tokenizer: nanochat, template: nanochatTemplate(nanochat) },
    {
      name: "ChatML",
      tokenizer: chatml,
      template: jinjaTemplate(chatml, { source: CHATML, name: "chatml" }),
    },
  ];
  const conversation: Conversation = {
    id: "capital",
    messages: [
      { role: "user", content: "What is the capital of France?" },
      { role: "assistant", content: "Paris." },
    ],
  };
  yield say(
    "ChatML writes the speaker's name as text after one special token. Most formats are Jinja templates that come with a model; which tokens are the answer is found by rendering the conversation with and without it.",
  );
  const trained: string[] = [];
  for (const { name, tokenizer, template } of formats) {
    yield say(`${name}:`);
    yield maskTable({ tokenizer, template }, conversation);
    const { ids, weights } = template.render(conversation);
    trained.push(
      tokenizer.decode([...ids].filter((id, i) => weights[i] === 1 && !tokenizer.isSpecialToken(id))),
    );
  }
  yield claim(formatsAgree, { nanochat: trained[0], chatml: trained[1].trim() });
}
