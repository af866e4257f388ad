/**
 * Turns records into examples. The keys of a record say which of the formats it has:
 *
 * - messages: `{messages}`, also a list of messages alone
 * - ShareGPT: `{conversations}`
 * - Alpaca: `{instruction, input, output}`
 * - prompt and completion: `{prompt, completion}`, two texts or two lists of messages
 * - preference: `{chosen, rejected}`, with a `prompt` or with whole conversations
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import type { MetadataValue } from "../../items.ts";
import type { Conversation, Example, Message, Preference } from "../conversation.ts";
import { messagesOf } from "./messages.ts";
import { fieldFault, RecordFault } from "./record_fault.ts";

/** A record of a file. */
export interface ExampleRecord {
  /** Id of the record. */
  readonly id: string;
  /** Its fields. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Returns the example of a record. Throws RecordFault, without the record's place, for any other record. */
export function exampleOf({ id, fields }: ExampleRecord): Example {
  const tools = toolsOf(fields.tools);
  if (fields.messages !== undefined) {
    return { id, messages: messagesOf(fields.messages, "messages"), ...tools };
  }
  if (fields.conversations !== undefined) {
    return { id, messages: messagesOf(fields.conversations, "conversations"), ...tools };
  }
  if (fields.completion !== undefined) return joined(fields.prompt, fields.completion, { id, tools });
  if (fields.instruction !== undefined) return { id, messages: alpaca(fields) };
  throw new RecordFault(
    `it has the fields ${
      briefly(fields)
    }: expected messages, conversations, prompt and completion, or instruction and output`,
  );
}

/**
 * Returns the preference of a record. Throws RecordFault, without the record's place, for any other record.
 */
export function preferenceOf({ id, fields }: ExampleRecord): Preference {
  const { prompt, chosen, rejected } = fields, tools = toolsOf(fields.tools);
  if (chosen === undefined || rejected === undefined) {
    throw new RecordFault(`it has the fields ${briefly(fields)}: expected chosen and rejected, and a prompt`);
  }
  if (prompt !== undefined && prompt !== null) {
    // Some data sets repeat the prompt at the beginning of both answers.
    if (!isChat(prompt) && isChat(chosen) && isChat(rejected)) {
      return implicit({ id, chosen, rejected, tools });
    }
    return {
      chosen: joined(prompt, chosen, { id, tools, where: "chosen" }),
      rejected: joined(prompt, rejected, { id, tools, where: "rejected" }),
    };
  }
  return implicit({ id, chosen, rejected, tools });
}

/** The preference of two whole conversations, or texts, whose common beginning is the prompt. */
function implicit(
  { id, chosen, rejected, tools }: {
    readonly id: string;
    readonly chosen: unknown;
    readonly rejected: unknown;
    readonly tools: Pick<Conversation, "tools">;
  },
): Preference {
  if (typeof chosen === "string" && typeof rejected === "string") {
    let at = 0;
    while (at < chosen.length && chosen[at] === rejected[at]) at++;
    const prompt = chosen.slice(0, at).toWellFormed().replace(/\uFFFD$/, ""), { length } = prompt;
    return {
      chosen: { id, prompt, completion: chosen.slice(length) },
      rejected: { id, prompt, completion: rejected.slice(length) },
    };
  }
  const good = messagesOf(chosen, "chosen"), bad = messagesOf(rejected, "rejected");
  let completion = 0;
  while (
    completion < Math.min(good.length, bad.length) - 1 &&
    JSON.stringify(good[completion]) === JSON.stringify(bad[completion])
  ) completion++;
  return {
    chosen: { id, messages: good, completion, ...tools },
    rejected: { id, messages: bad, completion, ...tools },
  };
}

/** Returns a prompt and what follows it as one example. */
function joined(
  prompt: unknown,
  completion: unknown,
  { id, tools, where = "completion" }: {
    readonly id: string;
    readonly tools: Pick<Conversation, "tools">;
    readonly where?: string;
  },
): Example {
  if (typeof prompt === "string" && typeof completion === "string") return { id, prompt, completion };
  if (typeof prompt === "string" || typeof completion === "string") {
    throw fieldFault(
      typeof prompt === "string" ? where : "prompt",
      typeof prompt === "string" ? completion : prompt,
      `${where === "completion" ? "both" : `prompt and ${where}`} as texts, or both as lists of messages`,
    );
  }
  const before = messagesOf(prompt, "prompt"), after = messagesOf(completion, where);
  return { id, messages: [...before, ...after], completion: before.length, ...tools };
}

function alpaca({ instruction, input, output }: ExampleRecord["fields"]): readonly Message[] {
  if (typeof instruction !== "string") throw fieldFault("instruction", instruction, "a text");
  if (typeof output !== "string") throw fieldFault("output", output, "a text");
  if (input !== undefined && input !== null && typeof input !== "string") {
    throw fieldFault("input", input, "a text, or nothing");
  }
  const content = input ? `${instruction}\n\n${input}` : instruction;
  return [{ role: "user", content }, { role: "assistant", content: output }];
}

function toolsOf(tools: unknown): Pick<Conversation, "tools"> {
  if (tools === undefined || tools === null) return {};
  let list = tools;
  if (typeof tools === "string") { // a column of text in a Parquet file
    try {
      list = JSON.parse(tools);
    } catch {
      throw fieldFault("tools", tools, "a list of JSON schemas");
    }
  }
  if (!Array.isArray(list)) throw fieldFault("tools", tools, "a list of JSON schemas");
  return list.length === 0 ? {} : { tools: list as MetadataValue[] };
}

function isChat(value: unknown): boolean {
  return Array.isArray(value) && isRecord(value[0]);
}

function briefly(fields: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(fields).slice(0, 20).map((name) => name.slice(0, 40));
  return names.join(", ") || "no names";
}
