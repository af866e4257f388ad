/**
 * Tests the tree of turns of the chat page.
 *
 * @module
 */
import { deepStrictEqual, equal, throws } from "node:assert/strict";
import { contentText } from "../../../../stages/chat/conversation.ts";
import { messagesOf } from "../../../../stages/chat/read/messages.ts";
import * as conversationModule from "../../../../pipelines/page/chat/conversation.js";

const tree: any = conversationModule; // a module of the page, whose types would be guessed from its values

const answer = (text: string, model = "a") => ({
  model,
  parts: text === "" ? [] : [{ type: "text", text }],
  tokens: [],
  status: "done",
  error: null,
  usage: null,
});

/** Adds a turn with an answer in each column that has one. */
function add(
  conversation: unknown,
  parent: number | null,
  [text, one, two]: string[],
) {
  const turn = tree.addTurn(conversation, { parent, text });
  turn.answers = [answer(one), two === undefined ? null : answer(two, "b")];
  return turn;
}

function talk() {
  const conversation = tree.emptyConversation();
  const first = add(conversation, null, ["hi", "Hello"]),
    second = add(conversation, first.id, ["why", "So", "Because"]);
  const edited = add(conversation, first.id, ["how", "Thus"]);
  return { conversation, first, second, edited };
}

Deno.test("path() follows the branch that is shown; show() changes it", () => {
  const { conversation, first, second, edited } = talk();
  deepStrictEqual(tree.path(conversation), [first, edited]);
  tree.show(conversation, second);
  deepStrictEqual(tree.path(conversation), [first, second]);
  deepStrictEqual(tree.siblings(conversation, second), [second, edited]);
});

Deno.test("messagesUpTo() takes the answers of a column, and the first where the column has none", () => {
  const { conversation, second } = talk();
  const texts = (options: object) =>
    tree.messagesUpTo(conversation, second, options).map((
      { role, content }: { role: string; content: string },
    ) => `${role}: ${content}`);
  deepStrictEqual(texts({ column: 1, system: "Be kind", open: true }), [
    "system: Be kind",
    "user: hi",
    "assistant: Hello",
    "user: why",
  ]);
  deepStrictEqual(texts({ column: 1 }).at(-1), "assistant: Because");
});

Deno.test("messagesUpTo() leaves out turns whose answer failed at once", () => {
  const conversation = tree.emptyConversation();
  const failed = add(conversation, null, ["hi", ""]), next = add(conversation, failed.id, ["again", "Yes"]);
  equal(tree.messagesUpTo(conversation, next, { column: 0, open: true }).length, 1);
});

Deno.test("what exported() writes, imported() reads, and writes again", () => {
  const { conversation } = talk();
  const text = tree.exported(conversation, { system: "Be kind" });
  equal(text.trim().split("\n").length, 3);
  const { conversation: read, system } = tree.imported(text);
  equal(system, "Be kind");
  equal(tree.exported(read, { system }), text);
  deepStrictEqual(read.turns.map(({ text }: { text: string }) => text), ["hi", "why", "how"]);
});

Deno.test("thoughts and tools survive exported() and imported()", () => {
  const conversation = tree.emptyConversation();
  const turn = add(conversation, null, ["12 * 34?", "408"]);
  turn.answers[0].parts = [
    { type: "thought", text: "multiply" },
    { type: "code", text: "12*34" },
    { type: "output", text: "408" },
    { type: "text", text: "408" },
  ];
  const text = tree.exported(conversation, { system: "" }), { conversation: read } = tree.imported(text);
  deepStrictEqual(read.turns[0].answers[0].parts, turn.answers[0].parts);
  const [, message] = messagesOf(JSON.parse(text).messages, "messages"); // as training reads them
  deepStrictEqual([message.reasoning, contentText(message)], ["multiply", "12*34408408"]);
});

Deno.test("imported() says which line is wrong", () => {
  const good = JSON.stringify({
    messages: [{ role: "user", content: "a" }, { role: "assistant", content: "b" }],
  });
  throws(() => tree.imported(`${good}\n{`), /Line 2 is not JSON/);
  throws(
    () => tree.imported(`${good}\n{"messages":[{"role":"tool","content":""}]}`),
    /Line 2 has no list of messages/,
  );
  throws(
    () => tree.imported(`{"messages":[{"role":"user","content":"a"}]}`),
    /Line 1: the last message has no answer/,
  );
  throws(() => tree.imported("\n"), /The file has no conversation/);
});
