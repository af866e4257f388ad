/**
 * The variables that a Jinja chat template reads. Source: transformers, `render_jinja_template`.
 *
 * @module
 */
import type { Tokenizer } from "../../token/tokenizer.ts";
import { type Conversation, type Message } from "../conversation.ts";

/**
 * The day that templates see, so that a conversation has the same tokens on every day. It is that of the
 * templates of Llama 3.1 and 3.2 themselves.
 */
const DAY = { day: "26", month: "Jul", monthName: "July", monthNumber: "07", year: "2024" };

/**
 * Returns the variables of a conversation. Throws TypeError for parts that Jinja templates have no form for.
 */
export function jinjaVariables(
  { id, messages, tools }: Pick<Conversation, "id" | "messages" | "tools">,
  { tokenizer, asksForAnswer, thinks }: {
    readonly tokenizer: Tokenizer;
    readonly asksForAnswer: boolean;
    /** Whether the answer may begin with thoughts; undefined: as the template has it. */
    readonly thinks?: boolean | undefined;
  },
): Record<string, unknown> {
  const textOfId = new Map([...tokenizer.special].reverse().map(([text, id]) => [id, text]));
  const { bos = null, eos = [], unk = null } = tokenizer.roles ?? {};
  const text = (token: number | null | undefined) => textOfId.get(token ?? -1) ?? "";
  return {
    messages: messages.map((message) => messageVariables(message, id)),
    tools: tools ?? null,
    documents: null,
    add_generation_prompt: asksForAnswer,
    ...(thinks !== undefined && { enable_thinking: thinks }),
    bos_token: text(bos),
    eos_token: text(eos[0]),
    unk_token: text(unk),
    date_string: `${DAY.day} ${DAY.month} ${DAY.year}`,
    fixed_time: (format: unknown) => formatTime(String(format)),
  };
}

function messageVariables(message: Message, id: string): Record<string, unknown> {
  const { role, content, reasoning, toolCalls, toolCallId, name } = message;
  if (typeof content !== "string" && content.some(({ type }) => type !== "text")) {
    throw new TypeError(
      `Cannot write conversation ${id} with a Jinja template: it has parts of code: write them as calls of a tool (tool_calls), or give --template nanochat`,
    );
  }
  return {
    role,
    content: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(toolCalls !== undefined && {
      tool_calls: toolCalls.map((call) => ({
        type: "function",
        ...(call.id !== undefined && { id: call.id }),
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(name !== undefined && { name }),
  };
}

/** Returns the fixed day in a format of strftime. */
function formatTime(format: string): string {
  const values: Readonly<Record<string, string>> = {
    d: DAY.day,
    b: DAY.month,
    B: DAY.monthName,
    m: DAY.monthNumber,
    Y: DAY.year,
    y: DAY.year.slice(2),
    A: "Friday",
    a: "Fri",
    H: "00",
    M: "00",
    S: "00",
  };
  return format.replace(/%([a-zA-Z])/g, (all, letter) => values[letter] ?? all);
}
