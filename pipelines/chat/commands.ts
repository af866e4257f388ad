/**
 * The commands of the chat: lines that begin with a slash.
 *
 * @module
 */
import { explained } from "../../stages/disk/file_error.ts";
import { exists, writeWhole } from "../../stages/disk/whole_files.ts";
import type { Memory } from "../../stages/tool/memory.ts";
import { nearest } from "../cli/args.ts";
import type { ConversationState } from "./conversation_state.ts";

/** What commands act on. */
export interface CommandContext {
  readonly state: ConversationState;
  readonly memory: Memory | null;
  /** Shows a line. */
  say(text: string): void;
  /** Says that the command could not be done. */
  fault(text: string): void;
}

/** What follows a command: the next line, an answer to a message, a message to edit, or the end. */
export type CommandResult =
  | { readonly type: "next" }
  | { readonly type: "answer"; readonly text: string }
  | { readonly type: "edit"; readonly text: string }
  | { readonly type: "leave" };

/** A command. */
interface Command {
  /** What follows the name, as the help shows it. */
  readonly takes: string;
  readonly about: string;
  run(rest: string, context: CommandContext): CommandResult | Promise<CommandResult>;
}

const next: CommandResult = { type: "next" };

const commands: Readonly<Record<string, Command>> = {
  help: {
    takes: "",
    about: "lists the commands",
    run(_, { say }) {
      const width = Math.max(
        ...Object.entries(commands).map(([name, { takes }]) => name.length + takes.length),
      );
      for (const [name, { takes, about }] of Object.entries(commands)) {
        say(`/${`${name} ${takes}`.padEnd(width + 1)}  ${about}`);
      }
      say("// at the beginning of a message stands for /; \\ at its end goes on in the next line");
      return next;
    },
  },
  clear: {
    takes: "",
    about: "begins a new conversation",
    run(_, { state, say }) {
      state.messages = [];
      say("A new conversation.");
      return next;
    },
  },
  retry: {
    takes: "",
    about: "answers the last message again",
    run(_, { state, fault }) {
      const text = state.takeBack();
      if (text === null) fault("There is no message to answer again.");
      return text === null ? next : { type: "answer", text };
    },
  },
  edit: {
    takes: "[TEXT]",
    about: "changes the last message, and answers it",
    run(rest, { state, fault }) {
      const text = state.takeBack();
      if (text === null) {
        fault("There is no message to change.");
        return next;
      }
      return rest === "" ? { type: "edit", text } : { type: "answer", text: rest };
    },
  },
  system: {
    takes: "[TEXT]",
    about: "sets what the model is told first, or shows it; /system - removes it",
    run(rest, { state, say }) {
      if (rest !== "") state.system = rest === "-" ? "" : rest;
      say(state.system === "" ? "There is no system message." : `System message: ${state.system}`);
      return next;
    },
  },
  remember: {
    takes: "TEXT",
    about: "adds a fact to the memory, which the model is told in every conversation",
    run: async (rest, { memory, say, fault }) => {
      if (memory === null) fault("There is no memory: start with --memory FILE.");
      else await change("Remembered", () => memory.remember(rest), { memory, say, fault });
      return next;
    },
  },
  forget: {
    takes: "N",
    about: "removes fact N from the memory",
    run: async (rest, { memory, say, fault }) => {
      if (memory === null) fault("There is no memory: start with --memory FILE.");
      else await change("Forgotten", () => memory.forget(Number(rest)), { memory, say, fault });
      return next;
    },
  },
  memory: {
    takes: "",
    about: "lists the facts in the memory",
    run(_, { memory, say }) {
      if (memory === null) say("There is no memory: start with --memory FILE.");
      else if (memory.facts.length === 0) say("The memory is empty: /remember TEXT adds a fact.");
      else memory.facts.forEach((fact, i) => say(`${i + 1}. ${fact}`));
      return next;
    },
  },
  save: {
    takes: "FILE",
    about: "saves the conversation as a line of JSON, as sft reads it",
    run: async (rest, { state, say, fault }) => {
      if (rest === "") fault("Give the name of a file: /save FILE.");
      else if (state.messages.length === 0) fault("There is nothing to save yet.");
      else if (await exists(rest)) fault(`There is a file ${rest} already: give another name.`);
      else {
        await writeWhole(rest, `${JSON.stringify({ messages: savedMessages(state) })}\n`);
        say(`${state.messages.length} messages saved in ${rest}.`);
      }
      return next;
    },
  },
  exit: {
    takes: "",
    about: "leaves, as Ctrl-D and Ctrl-C do at the prompt",
    run: () => ({ type: "leave" }),
  },
};

/** Changes the memory, and says so: a change that is not written is of this chat alone. */
async function change(
  what: "Remembered" | "Forgotten",
  inMemory: () => Promise<void>,
  { memory, say, fault }: Pick<CommandContext, "say" | "fault"> & { readonly memory: Memory },
): Promise<void> {
  try {
    await inMemory();
    say(`${memory.facts.length} in memory.`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const { message } = explained(
      error,
      () =>
        "put this right, and the next /remember or /forget saves all facts, or start with another --memory FILE",
    );
    fault(`${what} until you leave, but not saved: ${message}`);
  }
}

/** Runs a line that is a command. Returns null for a line that is a message. */
export async function runCommand(line: string, context: CommandContext): Promise<CommandResult | null> {
  const [, typed, rest] = /^\/(\w*)\s*([^]*)$/.exec(line.trimStart()) ?? [];
  if (typed === undefined || line.trimStart().startsWith("//")) return null;
  const name = typed === "quit" ? "exit" : typed;
  if (!Object.hasOwn(commands, name)) {
    const near = nearest(name.slice(0, 40), Object.keys(commands));
    context.fault(
      `There is no command /${typed.slice(0, 40)}${
        near === null ? ": " : `: did you mean /${near}? `
      }/help lists them.`,
    );
    return next;
  }
  try {
    return await commands[name].run(rest.trim(), context);
  } catch (error) {
    // A fact that is too long, a file that cannot be written: the conversation goes on.
    if (!(error instanceof RangeError) && !isSystemError(error)) throw error;
    context.fault(error.message);
    return next;
  }
}

/** Returns the text of a line that is a message. */
export function messageText(line: string): string {
  return line.trimStart().startsWith("//") ? line.trimStart().slice(1) : line;
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "code" in error;
}

function savedMessages({ system, messages }: ConversationState): readonly object[] {
  return [
    ...system === "" ? [] : [{ role: "system", content: system }],
    ...messages.map(({ role, content, reasoning, toolCalls }) => ({
      role,
      content,
      ...(reasoning !== undefined && { reasoning_content: reasoning }),
      ...(toolCalls !== undefined && {
        tool_calls: toolCalls.map((call) => ({
          type: "function",
          function: { name: call.name, arguments: call.arguments },
        })),
      }),
    })),
  ];
}
