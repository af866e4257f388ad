/**
 * nanochat's form of conversations: nine special tokens, and no text between the turns. The text of each
 * part is encoded by itself, so that the text of a special token in a message stays text. Source:
 * karpathy/nanochat, tokenizer.render_conversation.
 *
 * @module
 */
import type { Tokenizer } from "../../token/tokenizer.ts";
import { contentText, type Conversation, type Message, type Part } from "../conversation.ts";
import { withCode } from "./nanochat_calls.ts";
import type { ChatTemplate, Rendered } from "./template.ts";

/** nanochat's special tokens, in the order of their ids. */
export const nanochatTokens = [
  "<|bos|>",
  "<|user_start|>",
  "<|user_end|>",
  "<|assistant_start|>",
  "<|assistant_end|>",
  "<|python_start|>",
  "<|python_end|>",
  "<|output_start|>",
  "<|output_end|>",
] as const;

/** Ids of nanochat's special tokens. */
export interface NanochatIds {
  readonly bos: number;
  readonly user: readonly [start: number, end: number];
  readonly assistant: readonly [start: number, end: number];
  readonly python: readonly [start: number, end: number];
  readonly output: readonly [start: number, end: number];
}

/** Returns whether a tokenizer has all of nanochat's special tokens. */
export function hasNanochatTokens({ special }: Pick<Tokenizer, "special">): boolean {
  return nanochatTokens.every((name) => special.has(name));
}

/** Returns the ids of nanochat's special tokens. Throws RangeError, naming the first that is missing. */
export function nanochatIds({ special }: Pick<Tokenizer, "special">): NanochatIds {
  const missing = nanochatTokens.find((name) => !special.has(name));
  if (missing !== undefined) {
    throw new RangeError(
      `Cannot use the template nanochat: the tokenizer has no special token ${missing}: give --template with another, or a tokenizer with nanochat's special tokens`,
    );
  }
  const [bos, ...rest] = nanochatTokens.map((name) => special.get(name)!);
  const pair = (i: number): readonly [number, number] => [rest[2 * i], rest[2 * i + 1]];
  return { bos, user: pair(0), assistant: pair(1), python: pair(2), output: pair(3) };
}

/** Returns nanochat's template. Throws RangeError if the tokenizer lacks one of its special tokens. */
export function nanochatTemplate(tokenizer: Tokenizer): ChatTemplate {
  const ids = nanochatIds(tokenizer);
  return {
    name: "nanochat",
    source: null,
    ends: new Set([ids.assistant[1], ids.bos]),
    calls: "code",
    render: (conversation) => render(conversation, { tokenizer, ids }),
    ids: (conversation) => render(conversation, { tokenizer, ids }).ids,
    prompt({ id, messages }) {
      const whole = withCode(messages), isOpen = messages.at(-1)?.role === "tool";
      const before = render({ id, messages: whole }, { tokenizer, ids, isPrompt: !isOpen });
      // After the output of code the assistant's turn goes on.
      return isOpen ? before.ids.slice(0, -1) : Uint32Array.of(...before.ids, ids.assistant[0]);
    },
    results() {
      throw new RangeError("Cannot write results of calls as messages: nanochat's are parts of the answer");
    },
  };
}

function render(
  { id, messages: given, completion = 0 }: Conversation,
  { tokenizer, ids, isPrompt = false }: {
    readonly tokenizer: Tokenizer;
    readonly ids: NanochatIds;
    readonly isPrompt?: boolean;
  },
): Rendered {
  const out: number[] = [ids.bos], weights: number[] = [0];
  const add = (more: Iterable<number>, weight: number): void => {
    for (const one of more) {
      out.push(one);
      weights.push(weight);
    }
  };
  const { messages, merged } = withoutSystem(given, id);
  for (const [i, message] of messages.entries()) {
    const { role } = message, expected = i % 2 === 0 ? "user" : "assistant";
    if (role !== expected) {
      throw fault(id, `message ${i + merged + 1} is of the ${role}, expected the ${expected}`);
    }
    if (role === "user") {
      add([ids.user[0], ...tokenizer.encodeOrdinary(contentText(message)), ids.user[1]], 0);
      continue;
    }
    const isTrained = message.weight !== 0 && i + merged >= completion;
    add([ids.assistant[0]], 0);
    for (const part of partsOf(message, id)) {
      const text = tokenizer.encodeOrdinary(part.text);
      if (part.type === "text") add(text, Number(isTrained));
      if (part.type === "python") add([ids.python[0], ...text, ids.python[1]], Number(isTrained));
      if (part.type === "python_output") add([ids.output[0], ...text, ids.output[1]], 0);
    }
    add([ids.assistant[1]], Number(isTrained));
  }
  if (isPrompt && messages.at(-1)?.role !== "user") throw fault(id, "its last message is not the user's");
  return { id, ids: Uint32Array.from(out), weights: Float32Array.from(weights) };
}

/**
 * Merges a system message into the user's first message; `merged` is the number of messages that are gone.
 */
function withoutSystem(
  messages: readonly Message[],
  id: string,
): { readonly messages: readonly Message[]; readonly merged: number } {
  const [system, user, ...rest] = messages;
  if (system?.role !== "system") return { messages, merged: 0 };
  if (user?.role !== "user") throw fault(id, "a message of the user must follow the system message");
  const content = `${contentText(system)}\n\n${contentText(user)}`;
  return { messages: [{ ...user, content }, ...rest], merged: 1 };
}

function partsOf({ content, toolCalls, reasoning }: Message, id: string): readonly Part[] {
  if (toolCalls !== undefined || reasoning !== undefined) {
    throw fault(
      id,
      "the assistant's calls of tools and thoughts have no form in it: give parts of type python",
    );
  }
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

function fault(id: string, why: string): TypeError {
  return new TypeError(`Cannot write conversation ${id} with the template nanochat: ${why}`);
}
