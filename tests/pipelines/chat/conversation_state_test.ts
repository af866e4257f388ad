/**
 * Tests the conversation of the chat with the model that tests of the server teach.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { chatLoop } from "../../../pipelines/chat/chat_loop.ts";
import { runCommand } from "../../../pipelines/chat/commands.ts";
import { ConversationState } from "../../../pipelines/chat/conversation_state.ts";
import type { Lines } from "../../../pipelines/chat/lines.ts";
import type { AnswerPart } from "../../../stages/answer/answer_reader.ts";
import { exampleOf } from "../../../stages/chat/read/examples.ts";
import { TokenGenerator } from "../../../stages/sample/token_generator.ts";
import { Memory } from "../../../stages/tool/memory.ts";
import { Toolbox } from "../../../stages/tool/toolbox.ts";
import { beforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";
import { openTaught, SEQUENCE, template, tokenizer } from "../serve/taught_model.ts";

const weather = {
  name: "weather",
  about: "Weather of a city",
  argument: "city",
  run: (city: string) => ({ output: city === "Oslo" ? "wet" : "dry" }),
};

type Options = ConstructorParameters<typeof ConversationState>[1];

async function withState(
  options: Partial<Options>,
  work: (state: ConversationState) => Promise<void>,
): Promise<void> {
  await using session = await openTaught(1);
  const state = new ConversationState("", {
    generator: new TokenGenerator(session),
    tokenizer,
    template,
    toolbox: null,
    memory: null,
    toolsHaveMemory: false,
    sampling: { temperature: 0 },
    seed: 1,
    maxTokens: 120,
    think: null,
    context: SEQUENCE,
    ...options,
  });
  await beforeDeadline(work(state));
}

async function ask(state: ConversationState, text: string): Promise<readonly string[]> {
  const parts: string[] = [];
  let last = "";
  for await (const part of state.answer(text, new AbortController().signal)) {
    if (part.type === "end" || part.type === "call") continue;
    if (part.type === last) parts[parts.length - 1] += part.text;
    else parts.push(`${part.type}:${part.text}`);
    last = part.type;
  }
  return parts;
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

test("answers follow each other in one conversation, which can be taken back", () =>
  withState({}, async (state) => {
    deepEqual(await ask(state, "hi"), ["text:Hello! How are you?"]);
    equal(state.tokens, 29);
    deepEqual(await ask(state, "ok"), ["text:Good to hear."]);
    deepEqual(state.messages.map(({ content }) => content), [
      "hi",
      "Hello! How are you?",
      "ok",
      "Good to hear.",
    ]);
    equal(state.takeBack(), "ok");
    deepEqual(await ask(state, "ok"), ["text:Good to hear."]);
  }));

test("thoughts are apart, limited by a budget, and off for 0", async () => {
  await withState({}, async (state) => {
    deepEqual(await ask(state, "think"), ["thought:let me see", "text:forty-two"]);
    equal(state.messages[1].reasoning, "let me see");
  });
  await withState({ think: 3 }, async (state) => {
    const [thought] = await ask(state, "think");
    equal(thought, "thought:let");
  });
  await withState({ think: 0 }, async (state) => {
    ok(
      tokenizer.decode(
        template.prompt({ id: "1", messages: [{ role: "user", content: "x" }] }, { thinks: false }),
      ).endsWith("a:-"),
    );
    const before = template.prompt({ id: "1", messages: [{ role: "user", content: "hi" }] }).length;
    for await (const part of state.answer("hi", new AbortController().signal)) {
      if (part.type === "end") equal(state.tokens - part.tokens, before + 1);
    }
  });
});

test("a tool runs within the answer, and its call is part of the conversation", () =>
  withState({ toolbox: new Toolbox([weather], { tokenizer, template }) }, async (state) => {
    deepEqual(await ask(state, "rain?"), ['code:weather("Oslo")', "output:wet", "text:It rains in Oslo."]);
    deepEqual(state.messages.map(({ role }) => role), ["user", "assistant", "tool", "assistant"]);
    deepEqual(state.messages[1].toolCalls, [{ name: "weather", arguments: { city: "Oslo" } }]);
    equal(state.takeBack(), "rain?");
    deepEqual(state.messages, []);
  }));

test("the oldest turns make room, the system message and the facts stay, and a message that is too long is refused", () =>
  withFolder((dir) =>
    withState({ memory: null, maxTokens: 30 }, async () => {
      const memory = await Memory.open(`${dir}/facts.json`);
      await memory.remember("x is y");
      await withState({ memory, maxTokens: 30 }, async (state) => {
        state.system = "Be brief.";
        for (let turn = 0; turn < 12; turn++) {
          await ask(state, `question ${turn}`);
          ok(state.tokens <= SEQUENCE, `${state.tokens}`);
        }
        equal(state.messages.length, 24);
        await rejects(ask(state, "x".repeat(300)), /tokens with .*facts, tools\), and the model takes 256/);
        equal(state.messages.length, 24);
      });
    })
  ));

test("a message without a system message that is too long is refused by its own length", () =>
  withState({}, async (state) => {
    await rejects(
      ask(state, "x".repeat(300)),
      /^RangeError: The message has \d+ tokens, and the model takes/,
    );
    deepEqual(state.messages, []);
  }));

test("an answer that is ended stays as far as it came", () =>
  withState({}, async (state) => {
    const stop = new AbortController(), seen: AnswerPart[] = [];
    for await (const part of state.answer("count", stop.signal)) {
      if (part.type === "end") continue;
      seen.push(part);
      if (seen.length === 3) stop.abort();
    }
    const text = seen.map((part) => "text" in part ? part.text : "").join("");
    deepEqual(state.messages.map(({ content }) => content), ["count", text]);
    ok(text.length >= 3 && text.length < 10, text);
  }));

/** Lines of a test. */
function linesOf(all: readonly string[]): Lines {
  const left = [...all];
  return {
    isTerminal: false,
    next: () => Promise.resolve(left.shift() ?? null),
    onInterrupt: () => ({ [Symbol.dispose]() {} }),
    close() {},
  };
}

test("lines are messages or commands, and what is saved is what sft reads", () =>
  withFolder((dir) =>
    withState({}, async (state) => {
      const memory = await Memory.open(`${dir}/facts.json`), file = `${dir}/talk.jsonl`;
      const faults: string[] = [];
      let out = "";
      const run = async (...lines: string[]) => {
        out = "";
        await Array.fromAsync(chatLoop({
          state,
          memory,
          lines: linesOf(lines),
          context: SEQUENCE,
          color: false,
          print: (text) => void (out += text),
          fault: (text) => void faults.push(text),
          stopping: () => false,
        }));
        return out;
      };
      equal(await run("hi", "", "  "), "Hello! How are you?\n");
      equal(await run("ok", "/retry"), "Good to hear.\nGood to hear.\n");
      equal(await run("/edit ok"), "Good to hear.\n");
      equal(await run(`/save ${file}`), `4 messages saved in ${file}.\n`);
      const fields = JSON.parse(await Deno.readTextFile(file));
      const example = exampleOf({ id: "1", fields });
      deepEqual("messages" in example && example.messages, state.messages);
      equal(await run(`/save ${file}`), "");
      ok(faults.shift()?.includes("already"));
      equal(await run(`/save ${dir}/no/such/folder/x`), "");
      ok(faults.shift()?.includes("no/such"));
      equal(await run("/remember I like tea", "/memory"), "1 in memory.\n1. I like tea\n");
      equal(await run("/remember"), "");
      ok(faults.shift()?.includes("expected 1 to"));
      equal(await run("/forget 7"), "");
      ok(faults.shift()?.includes("no fact 7"));
      equal(
        await run("/forget 1", "/memory"),
        "0 in memory.\nThe memory is empty: /remember TEXT adds a fact.\n",
      );
      equal(
        await run("/system Be kind.", "/system", "/system -"),
        "System message: Be kind.\nSystem message: Be kind.\nThere is no system message.\n",
      );
      equal(await run("/clera"), "");
      ok(faults.shift()?.includes("did you mean /clear?"));
      equal(await run("/clear", "/retry"), "A new conversation.\n");
      equal(faults.shift(), "There is no message to answer again.");
      for (
        const name of [
          "help",
          "clear",
          "retry",
          "edit",
          "system",
          "remember",
          "forget",
          "memory",
          "save",
          "exit",
        ]
      ) {
        ok((await run("/help")).includes(`/${name} `), name);
      }
      equal(await run("/exit", "hi"), "");
      await run("//hi");
      equal(state.messages[0].content, "/hi");
    })
  ));

test("a memory whose file cannot be written keeps facts until the end, and says so; later ones save all", () =>
  withFolder((dir) =>
    withState({}, async (state) => {
      const path = `${dir}/new/facts.json`, memory = await Memory.open(path), said: string[] = [];
      const say = (text: string) => void said.push(text);
      const run = (line: string) => runCommand(line, { state, memory, say, fault: say });
      await run("/remember I like tea");
      const [first] = said.splice(0);
      ok(first.startsWith(`Remembered until you leave, but not saved: Cannot write ${path}: `), first);
      ok(/there is no such .*the next \/remember or \/forget saves all.*another --memory FILE$/.test(first));
      const { run: note } = memory.tool();
      const noted = await note("Has a cat");
      ok(
        "error" in noted && noted.error.startsWith(`not saved: Cannot write ${path}`),
        JSON.stringify(noted),
      );
      await run("/forget 2");
      ok(said.splice(0)[0].startsWith("Forgotten until you leave, but not saved: Cannot write"));
      await run("/memory");
      deepEqual(said.splice(0), ["1. I like tea"]);
      await Deno.mkdir(`${dir}/new`);
      await run("/remember Has a dog");
      deepEqual(said, ["2 in memory."]);
      deepEqual((await Memory.open(path)).facts, ["I like tea", "Has a dog"]);
    })
  ));
