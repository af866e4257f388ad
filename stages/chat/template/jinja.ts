/**
 * Chat templates written in Jinja, as Hugging Face's tokenizers have them.
 *
 * What is trained on is exact or refused: templates with `{% generation %}` blocks say it themselves; for all
 * others, a conversation up to an answer must be the beginning of the conversation with the answer, and that
 * of the whole conversation.
 *
 * @module
 */
import { Template } from "@huggingface/jinja";
import type { Tokenizer } from "../../token/tokenizer.ts";
import { textEnds } from "../../token/end_of_text.ts";
import type { Conversation, Message } from "../conversation.ts";
import { hasGenerationBlocks, type Markers, takeMarkers, withMarkers } from "./jinja_markers.ts";
import { jinjaVariables } from "./jinja_variables.ts";
import { encodeMasked, type Span } from "./masked_text.ts";
import { isTag } from "./tags.ts";
import type { CallResult, ChatTemplate, Rendered } from "./template.ts";

/** Private characters, which text has hardly ever: the guard and the two markers. */
const PRIVATE = ["\u{F8F0}", "\u{F8F1}", "\u{F8F2}"] as const;

/** A Jinja template and its name. */
export interface JinjaOptions {
  /** Source of the template. */
  readonly source: string;
  /** Name, for messages. */
  readonly name: string;
}

/** Returns a template. Throws SyntaxError if it is not valid Jinja. */
export function jinjaTemplate(tokenizer: Tokenizer, { source, name }: JinjaOptions): ChatTemplate {
  return new JinjaTemplate(tokenizer, { source, name });
}

class JinjaTemplate implements ChatTemplate {
  readonly name: string;
  readonly source: string;
  readonly ends: ReadonlySet<number>;
  readonly calls: "tags" | null;
  readonly #tokenizer: Tokenizer;
  readonly #template: Template;
  readonly #isMarked: boolean;
  readonly #guarded: RegExp | null;
  #resultForm: number | null = null;
  readonly #markers: Markers = { begin: PRIVATE[1], end: PRIVATE[2] };

  constructor(tokenizer: Tokenizer, { source, name }: JinjaOptions) {
    this.name = name;
    this.source = source;
    this.#tokenizer = tokenizer;
    this.calls = source.includes("<tool_call>") ? "tags" : null;
    this.#isMarked = hasGenerationBlocks(source);
    const timeless = withMarkers(source, this.#markers).replaceAll("strftime_now", "fixed_time");
    try {
      this.#template = new Template(timeless);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new SyntaxError(`Cannot use the chat template ${name}: it is not valid Jinja: ${why}`, { cause });
    }
    const names = [...tokenizer.special.keys()].filter((text) => !isTag(text) && text.length > 1)
      .sort((a, b) => b.length - a.length);
    this.#guarded = names.length === 0
      ? null
      : new RegExp(names.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "gu");
    this.ends = this.#endsOf();
  }

  render(conversation: Conversation): Rendered {
    const { text, spans: marked } = this.#write(conversation, false);
    this.#checkCalls(conversation, text);
    const { id, completion } = conversation;
    if (completion !== undefined && conversation.messages.length === completion + 1) {
      return { id, ...this.#afterPrompt(conversation, { text, completion }) };
    }
    const spans = this.#isMarked ? this.#chosen(conversation, marked) : this.#bySteps(conversation, text);
    return { id, ...this.#encode(text, spans) };
  }

  ids(conversation: Conversation): Uint32Array {
    return this.#encode(this.#write(conversation, false).text, []).ids;
  }

  prompt(
    conversation: Pick<Conversation, "id" | "messages" | "tools">,
    { thinks }: { readonly thinks?: boolean | undefined } = {},
  ): Uint32Array {
    return this.#encode(this.#write(conversation, true, thinks).text, []).ids;
  }

  results(results: readonly CallResult[]): Uint32Array {
    this.#resultForm ??= this.#findResultForm();
    const messages = resultForms(results)[this.#resultForm];
    const before = this.#write({ id: "results", messages: messages.slice(0, 2) }, false).text;
    const after = this.#write({ id: "results", messages }, true).text;
    return this.#encode(after.slice(this.#answerEnd(before, 0)), []).ids;
  }

  /** Index of the first form of results that the template writes after an unchanged answer. */
  #findResultForm(): number {
    const content = "result 7";
    const found = resultForms([{ name: "tool", content }]).findIndex((messages) => {
      try {
        const before = this.#write({ id: "results", messages: messages.slice(0, 2) }, false).text;
        const after = this.#write({ id: "results", messages }, true).text;
        return after.startsWith(before) && after.slice(before.length).includes(content);
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause;
        return false; // the template refuses this form
      }
    });
    if (found >= 0) return found;
    throw new RangeError(
      `Cannot write results of calls: the chat template ${this.name} has no form for them`,
    );
  }

  #encode(text: string, spans: readonly Span[]) {
    return encodeMasked(this.#tokenizer, text, { spans, guard: PRIVATE[0] });
  }

  /** All tokens after those that the prompt has too: as TRL, for prompts and completions. */
  #afterPrompt(
    conversation: Conversation,
    { text, completion }: { readonly text: string; readonly completion: number },
  ) {
    const { ids } = this.#encode(text, []);
    const prompt = this.prompt({ ...conversation, messages: conversation.messages.slice(0, completion) });
    let from = 0;
    while (from < prompt.length && prompt[from] === ids[from]) from++;
    return { ids, weights: Float32Array.from(ids, (_, i) => Number(i >= from)) };
  }

  /** Throws TypeError if the template leaves calls of tools out, which would then train empty answers. */
  #checkCalls(conversation: Conversation, text: string): void {
    const { id, messages } = conversation,
      index = messages.findIndex(({ toolCalls }) => toolCalls !== undefined);
    if (index < 0) return;
    const without = messages.map(({ toolCalls: _, ...message }) => message);
    try {
      if (this.#write({ ...conversation, messages: without }, false).text !== text) return;
    } catch (cause) {
      if (cause instanceof TypeError) return; // the template needs the calls
      throw cause;
    }
    throw new TypeError(
      `Cannot write conversation ${id}: the chat template ${this.name} leaves out the calls of tools in message ${
        index + 1
      }: give --template with one that writes them`,
    );
  }

  /** The spans of `{% generation %}` blocks that are trained on. */
  #chosen(conversation: Conversation, spans: readonly Span[]): readonly Span[] {
    const answers = answersOf(conversation), trained = answers.filter(({ isTrained }) => isTrained);
    if (trained.length === answers.length) return spans;
    if (spans.length === answers.length) return spans.filter((_, i) => answers[i].isTrained);
    throw this.#inexact(
      conversation.id,
      `it has ${spans.length} {% generation %} blocks for ${answers.length} answers, of which some have no weight`,
    );
  }

  /** The spans that each answer adds to the conversation before it. */
  #bySteps(conversation: Conversation, text: string): readonly Span[] {
    const spans: Span[] = [], { messages, id } = conversation;
    for (const { index, isTrained } of answersOf(conversation)) {
      if (!isTrained) continue;
      const before = this.#write({ ...conversation, messages: messages.slice(0, index) }, true).text;
      const after = this.#write({ ...conversation, messages: messages.slice(0, index + 1) }, false).text;
      const [start, end] = [before.length, this.#answerEnd(after, before.length)];
      const isExact = after.startsWith(before) && text.startsWith(after.slice(0, end)) && start < end;
      if (!isExact) {
        throw this.#inexact(
          id,
          `without the messages after message ${index + 1}, it writes the messages up to there differently`,
        );
      }
      spans.push({ start, end });
    }
    return spans;
  }

  /**
   * Index after the token that ends an answer; whitespace that the template writes after it is not counted.
   */
  #answerEnd(text: string, start: number): number {
    const trimmed = text.trimEnd();
    const isEnd = trimmed.length > start &&
      [...this.#tokenizer.special.keys()].some((name) => trimmed.endsWith(name));
    return isEnd ? trimmed.length : text.length;
  }

  /**
   * The tokens that end an answer: those of the tokenizer, and the first that the template writes after one.
   */
  #endsOf(): ReadonlySet<number> {
    const ends = new Set(textEnds(this.#tokenizer)), answer = "answer";
    const messages: Message[] = [{ role: "user", content: "q" }, { role: "assistant", content: answer }];
    try {
      const { text } = this.#write({ id: "probe", messages }, false);
      const tail = text.slice(text.lastIndexOf(answer) + answer.length);
      const [first] = [...this.#tokenizer.special].filter(([name]) => tail.trimStart().startsWith(name))
        .sort(([a], [b]) => b.length - a.length);
      if (first !== undefined) ends.add(first[1]);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause; // the template refuses this conversation
    }
    return ends;
  }

  /** Writes a conversation. The texts of special tokens in it are guarded, so that they stay text. */
  #write(
    conversation: Pick<Conversation, "id" | "messages" | "tools">,
    asksForAnswer: boolean,
    thinks?: boolean,
  ) {
    const { id } = conversation;
    const variables = jinjaVariables(conversation, { tokenizer: this.#tokenizer, asksForAnswer, thinks });
    const { messages, tools, ...others } = variables;
    let text: string;
    try {
      text = this.#template.render({ ...others, messages: this.#guard(messages), tools: this.#guard(tools) });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TypeError(`Cannot write conversation ${id} with the chat template ${this.name}: ${why}`, {
        cause,
      });
    }
    try {
      return takeMarkers(text, this.#markers);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw this.#inexact(id, cause.message);
    }
  }

  #guard(value: unknown): unknown {
    if (typeof value === "string") {
      const clean = PRIVATE.reduce((text, character) => text.replaceAll(character, "\u{FFFD}"), value);
      if (this.#guarded === null) return clean;
      return clean.replace(this.#guarded, (name) => {
        const [first] = name;
        return `${first}${PRIVATE[0]}${name.slice(first.length)}`;
      });
    }
    if (Array.isArray(value)) return value.map((item) => this.#guard(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, this.#guard(field)]));
  }

  #inexact(id: string, why: string): RangeError {
    return new RangeError(
      `Cannot tell which tokens of conversation ${id} are answers: the chat template ${this.name} has ${
        this.#isMarked ? "" : "no "
      }{% generation %} blocks, and ${why}: give --template with one that marks the answers, or --train-on all`,
    );
  }
}

/**
 * A conversation that ends with results: as messages of tools, or, for templates without these, as a message
 * of the user, in Qwen's form.
 */
function resultForms(results: readonly CallResult[]): readonly (readonly Message[])[] {
  const user: Message = { role: "user", content: "question" };
  const ids = results.map((_, i) => `call${String(i).padStart(5, "0")}`); // Mistral's have nine characters
  const calls = results.map(({ name }, i) => ({ id: ids[i], name, arguments: {} }));
  const tools = results.map(({ name, content }, i): Message => {
    return { role: "tool", name, content, toolCallId: ids[i] };
  });
  const text = results.map(({ content }) => `<tool_response>\n${content}\n</tool_response>`).join("\n");
  return [
    [user, { role: "assistant", content: "", toolCalls: calls }, ...tools],
    [user, { role: "assistant", content: "answer" }, ...tools],
    [user, { role: "assistant", content: "answer" }, { role: "user", content: text }],
  ];
}

/** Indices of the assistant's messages, and whether each is trained on. */
function answersOf(
  { messages, completion = 0 }: Conversation,
): readonly { readonly index: number; readonly isTrained: boolean }[] {
  return messages.flatMap(({ role, weight }, index) =>
    role === "assistant" ? [{ index, isTrained: weight !== 0 && index >= completion }] : []
  );
}
