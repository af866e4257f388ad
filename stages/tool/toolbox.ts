/**
 * The tools of a model, in the form of its chat template: rollouts, checks, chat and the server run calls by
 * them.
 *
 * @module
 */
import { contentText, type Conversation } from "../chat/conversation.ts";
import { nanochatIds } from "../chat/template/nanochat.ts";
import type { ChatTemplate } from "../chat/template/template.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { CodeHand } from "./code_hand.ts";
import { MessageHand } from "./message_hand.ts";
import { schemaOf, type Tool } from "./tool.ts";
import { Memory } from "./memory.ts";
import type { ToolCalls } from "./tool_calls.ts";

/** Watches one answer, and runs its calls. */
export interface ToolHand extends ToolCalls {
  /** Returns the tokens that must follow a token which the model has chosen; usually none. */
  after(id: number): Promise<readonly number[]>;
}

/** A conversation up to an answer. */
type Asked = Pick<Conversation, "id" | "messages" | "tools">;

/** Tools in the form of a chat template. Dispose them at the end. */
export class Toolbox implements Disposable {
  /** The tools. */
  readonly tools: readonly Tool[];
  readonly #model: { readonly tokenizer: Tokenizer; readonly template: ChatTemplate };
  readonly #maxCalls: number | undefined;
  readonly #memory: Memory | undefined;

  /**
   * `maxCalls` is the largest number of calls in one answer; default 4. Throws RangeError for a template
   * without a form for calls.
   */
  constructor(
    tools: readonly Tool[],
    { maxCalls, memory, ...model }: {
      readonly tokenizer: Tokenizer;
      readonly template: ChatTemplate;
      readonly maxCalls?: number;
      /** Facts that the model is told before each conversation. */
      readonly memory?: Memory;
    },
  ) {
    this.tools = tools;
    this.#model = model;
    this.#maxCalls = maxCalls;
    this.#memory = memory;
    if (model.template.name === "nanochat") nanochatIds(model.tokenizer);
    else model.template.results([{ name: "tool", content: "" }]);
  }

  /** The facts that the model is told before each conversation; null without a memory. */
  get facts(): readonly string[] | null {
    return this.#memory?.facts ?? null;
  }

  /**
   * Returns a box with the tools of these names alone, which shares them with this one: only this one is to
   * be disposed. `facts` stand in place of the facts of the memory. Null if no tool is left. Throws
   * RangeError for facts that no memory takes.
   */
  only(names: ReadonlySet<string>, facts: readonly string[] | null = null): Toolbox | null {
    const memory = facts === null || this.#memory === undefined ? this.#memory : Memory.of(facts);
    const tools = this.tools.filter(({ name }) => names.has(name))
      .map((tool) => tool.name === "memory" && memory !== undefined ? memory.ownTool() : tool);
    if (tools.length === 0) return null;
    return new Toolbox(tools, {
      ...this.#model,
      ...(this.#maxCalls !== undefined && { maxCalls: this.#maxCalls }),
      ...(memory !== undefined && names.has("memory") && { memory }),
    });
  }

  /** Returns the watcher of one answer. */
  hand(): ToolHand {
    const { tokenizer, template } = this.#model;
    const tools = this.tools.map((tool) => tool.forAnswer?.() ?? tool);
    const options = { tokenizer, tools, ...(this.#maxCalls !== undefined && { maxCalls: this.#maxCalls }) };
    return template.name === "nanochat"
      ? new CodeHand({ ...options, tokens: nanochatIds(tokenizer) })
      : new MessageHand({ ...options, template });
  }

  /**
   * Adds the facts of the memory and the tools to a conversation: as its schemas, or, where the template does
   * not write these, as text of the system message. nanochat's form does not name tools.
   */
  announce(asked: Asked): Asked {
    const { template } = this.#model, { tools } = this;
    const conversation = withSystem(asked, this.#memory?.prompt() ?? "", template);
    if (template.name === "nanochat") return conversation;
    const given = { ...conversation, tools: [...conversation.tools ?? [], ...tools.map(schemaOf)] };
    const isWritten = template.prompt(given).length !== template.prompt(conversation).length;
    return isWritten ? given : withSystem(conversation, announcement(tools), template);
  }

  /** Returns the texts that results come from: a run that resumes with others gets other answers. */
  *texts(): Generator<string, void, undefined> {
    for (const tool of this.tools) {
      yield tool.name;
      yield* tool.texts?.() ?? [];
    }
  }

  /** Frees what the tools hold. */
  [Symbol.dispose](): void {
    for (const tool of this.tools) tool[Symbol.dispose]?.();
  }
}

/** What a model without a form for tools is told of them. */
function announcement(tools: readonly Tool[]): string {
  const [{ name, argument }] = tools;
  const example = JSON.stringify({ name, arguments: { [argument]: "..." } });
  return `You may call tools by writing <tool_call>${example}</tool_call>:\n${
    tools.map((tool) => `- ${tool.name}(${tool.argument}): ${tool.about}`).join("\n")
  }`;
}

/** Adds a text to the system message, or, where the template has none, to the first message of the user. */
function withSystem(conversation: Asked, text: string, template: ChatTemplate): Asked {
  const { messages } = conversation, [first, ...rest] = messages;
  if (text === "") return conversation;
  if (first.role === "system") {
    return {
      ...conversation,
      messages: [{ ...first, content: `${contentText(first)}\n\n${text}` }, ...rest],
    };
  }
  const added = { ...conversation, messages: [{ role: "system" as const, content: text }, ...messages] };
  try {
    template.prompt(added);
    return added;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const joined = `${text}\n\n${contentText(first)}`;
    return { ...conversation, messages: [{ ...first, content: joined }, ...rest] };
  }
}
