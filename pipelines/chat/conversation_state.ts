/**
 * A conversation in the terminal: its messages, what the model is told before them, and its next answer.
 *
 * @module
 */
import type { AnswerPart } from "../../stages/answer/answer_reader.ts";
import { type AnswerSummary, generateAnswer } from "../../stages/answer/generate_answer.ts";
import { beginsThought } from "../../stages/answer/tagged_text.ts";
import { toolboxConstraint } from "../../stages/answer/toolbox_constraint.ts";
import { ThinkHand } from "../../stages/answer/think_hand.ts";
import { withWrittenTools } from "../../stages/answer/written_tools.ts";
import type { Message, Part } from "../../stages/chat/conversation.ts";
import { nanochatIds } from "../../stages/chat/template/nanochat.ts";
import type { ChatTemplate } from "../../stages/chat/template/template.ts";
import type { SamplingOptions } from "../../stages/sample/sample_token.ts";
import type { TokenGenerator } from "../../stages/sample/token_generator.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import type { Memory } from "../../stages/tool/memory.ts";
import type { Toolbox } from "../../stages/tool/toolbox.ts";

/** What answers with which settings. */
export interface ConversationOptions {
  readonly generator: TokenGenerator;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly toolbox: Toolbox | null;
  readonly memory: Memory | null;
  /** Whether the tools tell the model of the memory. */
  readonly toolsHaveMemory: boolean;
  readonly sampling: SamplingOptions;
  readonly seed: number;
  /** Largest number of tokens of an answer. */
  readonly maxTokens: number;
  /** Largest number of tokens of a thought: 0 asks for none; null: no limit. */
  readonly think: number | null;
  /** Largest number of tokens of the conversation. */
  readonly context: number;
}

/** Share of the context that is kept free for an answer: older turns make room for it. */
const ANSWER_SHARE = 1 / 4;

/** The messages so far, and the next answer. */
export class ConversationState {
  /** Text that the model is told first; empty: none. */
  system: string;
  /** Messages of the user, the assistant and tools. */
  messages: Message[] = [];
  /** Number of tokens of the last prompt and its answer. */
  tokens = 0;
  readonly #options: ConversationOptions;
  #answers = 0;

  /** A conversation without messages. */
  constructor(system: string, options: ConversationOptions) {
    this.system = system;
    this.#options = options;
  }

  /** The last message of the user; null if there is none. */
  get lastQuestion(): string | null {
    const last = this.messages.findLast(({ role }) => role === "user");
    return typeof last?.content === "string" ? last.content : null;
  }

  /** Removes the last message of the user and all after it. Returns its text; null if there is none. */
  takeBack(): string | null {
    const at = this.messages.findLastIndex(({ role }) => role === "user"), text = this.lastQuestion;
    if (at >= 0) this.messages.length = at;
    return text;
  }

  /**
   * Answers a message of the user. An answer that is ended early stays in the conversation as far as it came.
   * Throws RangeError for a message that is too long, which then is not part of the conversation, and
   * TypeError for one that the template cannot write.
   */
  async *answer(
    text: string,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerPart | AnswerSummary, void, undefined> {
    const { generator, tokenizer, template, toolbox, sampling, seed, think, maxTokens, context } =
      this.#options;
    const before = this.messages.length;
    this.messages.push({ role: "user", content: text });
    const parts: AnswerPart[] = [];
    try {
      const prompt = this.#prompt();
      this.tokens = prompt.length;
      const inThought = beginsThought(tokenizer, prompt);
      const isCode = template.calls === "code";
      const events = generateAnswer(generator, {
        tokenizer,
        isChat: true,
        inThought,
        tools: new Set(isCode ? [] : toolbox?.tools.map(({ name }) => name)),
        ...(isCode && { code: nanochatIds(tokenizer) }),
        toolHand: toolbox?.hand() ?? null,
        hand: think === null || think === 0 ? null : new ThinkHand(tokenizer, { budget: think, inThought }),
        request: {
          prompt,
          key: `answer.${this.#answers++}`,
          ...(toolbox !== null && !isCode && {
            constraint: toolboxConstraint(toolbox.tools, { tokenizer, template, inThought }),
          }),
        },
        sampling: { ...sampling, ends: template.ends, maxTokens, maxLength: context, seed, signal },
      });
      for await (const part of events) {
        if (part.type === "end") this.tokens = prompt.length + part.tokens;
        else {
          if (part.type !== "call") this.tokens += part.tokens.length;
          parts.push(part);
        }
        yield part;
      }
    } catch (error) {
      if (!signal.aborted && parts.length === 0) this.messages.length = before;
      if (!signal.aborted) throw error;
    } finally {
      if (this.messages.length > before) this.messages.push(...this.#messagesOf(parts));
    }
  }

  /** The tokens of the conversation up to the answer. The oldest turns are left out if it is too long. */
  #prompt(): Uint32Array {
    const { template, toolbox, context, think, memory, toolsHaveMemory } = this.#options;
    const facts = memory === null || toolsHaveMemory ? "" : memory.prompt();
    const system = [this.system, facts].filter((text) => text !== "").join("\n\n");
    const room = context - Math.min(this.#options.maxTokens, Math.ceil(context * ANSWER_SHARE));
    for (let from = 0;; from = this.#nextTurn(from)) {
      const messages: Message[] = [
        ...system === "" ? [] : [{ role: "system" as const, content: system }],
        ...this.messages.slice(from),
      ];
      const asked = toolbox?.announce({ id: "of this chat", messages }) ?? { id: "of this chat", messages };
      const written = template.calls === null ? { ...asked, ...withWrittenTools(asked) } : asked;
      const prompt = template.prompt(written, { thinks: think === 0 ? false : undefined });
      if (prompt.length <= room) return prompt;
      if (this.#nextTurn(from) < this.messages.length) continue;
      if (prompt.length < context) return prompt;
      throw new RangeError(
        `The message has ${prompt.length} tokens${
          system === "" && toolbox === null
            ? ""
            : " with what stands before it (system message, facts, tools)"
        }, and the model takes ${context} with its answer: shorten it, or start with a larger --context`,
      );
    }
  }

  /** Returns the parts of an answer as messages: one in nanochat's form, else one before each call. */
  #messagesOf(parts: readonly AnswerPart[]): readonly Message[] {
    const { template, toolbox } = this.#options;
    if (template.calls === "code") return [{ role: "assistant", content: nanochatContent(parts) }];
    const all: Message[] = [];
    let text = "", thought = "";
    const add = (more: Pick<Message, "toolCalls">): void => {
      all.push({ role: "assistant", content: text, ...thought !== "" && { reasoning: thought }, ...more });
      [text, thought] = ["", ""];
    };
    for (const part of parts) {
      if (part.type === "text") text += part.text;
      if (part.type === "thought") thought += part.text;
      if (part.type === "code" && part.run !== undefined) {
        const { name, input } = part.run, tool = toolbox?.tools.find((each) => each.name === name);
        add({ toolCalls: [{ name, arguments: { [tool?.argument ?? "input"]: input } }] });
      }
      if (part.type === "output") all.push({ role: "tool", content: part.text });
    }
    if (text !== "" || thought !== "" || all.length === 0) add({});
    return all;
  }

  /** Index of the next message of the user after this one; the number of messages if there is none. */
  #nextTurn(from: number): number {
    const next = this.messages.findIndex(({ role }, i) => i > from && role === "user");
    return next < 0 ? this.messages.length : next;
  }
}

function nanochatContent(parts: readonly AnswerPart[]): Message["content"] {
  const content: Part[] = [];
  for (const part of parts) {
    const type = part.type === "text" ? "text" : part.type === "code" ? "python" : "python_output";
    if (part.type === "call" || part.type === "thought") continue;
    const last = content.at(-1);
    if (type === "text" && last?.type === "text") {
      content[content.length - 1] = { type, text: last.text + part.text };
    } else content.push({ type, text: part.text });
  }
  return content.every(({ type }) => type === "text") ? content.map(({ text }) => text).join("") : content;
}
