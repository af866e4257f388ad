/**
 * Tests how the text of an answer is split, however it arrives.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { clientCalls, withObjectArguments, withWrittenTools } from "../../../stages/answer/written_tools.ts";
import { type Segment, TaggedText } from "../../../stages/answer/tagged_text.ts";

/** Joins the pieces of texts and thoughts that follow each other. */
function joined(segments: readonly Segment[]): readonly string[] {
  const all: { kind: string; text: string }[] = [];
  for (const { kind, text } of segments) {
    const last = all.at(-1);
    if (last !== undefined && last.kind === kind && kind !== "call") last.text += text;
    else all.push({ kind, text });
  }
  return all.map(({ kind, text }) => `${kind}:${text}`);
}

function split(text: string, cuts: readonly number[], options: { calls: boolean; inThought?: boolean }) {
  const tagged = new TaggedText(options), all: Segment[] = [];
  for (let i = 0; i <= cuts.length; i++) all.push(...tagged.push(text.slice(cuts[i - 1] ?? 0, cuts[i])));
  return joined([...all, ...tagged.end()]);
}

const cases: readonly (readonly [string, { calls: boolean; inThought?: boolean }, readonly string[]])[] = [
  ["Hello <b>", { calls: true }, ["text:Hello <b>"]],
  [" Hello ", { calls: true }, ["text: Hello "]],
  ["<think>a\nb</think>\n\nc", { calls: false }, ["thought:a\nb", "text:c"]],
  ["\n<think>a</think>c", { calls: false }, ["thought:a", "text:c"]],
  ["b <think>a</think>", { calls: false }, ["text:b <think>a</think>"]],
  ["a</think>\nc", { calls: false, inThought: true }, ["thought:a", "text:c"]],
  ["<think>never ends", { calls: false }, ["thought:never ends"]],
  ["x <tool_call>{}</tool_call>\n<tool_call>[]</tool_call>\n", { calls: true }, [
    "text:x ",
    "call:{}",
    "call:[]",
  ]],
  ["<tool_call>{}", { calls: true }, ["call:{}"]],
  ["<tool_call>{}</tool_call>", { calls: false }, ["text:<tool_call>{}</tool_call>"]],
  ["<think>a</think>\n<tool_call>1</tool_call>z", { calls: true }, ["thought:a", "call:1", "text:z"]],
  ["<thin", { calls: true }, ["text:<thin"]],
  ["  ", { calls: true }, ["text:  "]],
  ["", { calls: true }, []],
];

Deno.test("TaggedText splits an answer alike however it is cut into pieces", () => {
  for (const [text, options, wanted] of cases) {
    deepEqual(split(text, [], options), wanted, text);
    deepEqual(split(text, [...text].map((_, i) => i), options), wanted, `${text} by characters`);
    for (let i = 0; i < 20; i++) {
      const cuts = [0, 1, 2].map((k) => Math.floor(uniformAt(k, text, i) * text.length)).sort((a, b) =>
        a - b
      );
      deepEqual(split(text, cuts, options), wanted, `${text} at ${cuts}`);
    }
  }
});

Deno.test("TaggedText shows text as soon as it cannot be a tag", () => {
  const tagged = new TaggedText({ calls: true });
  deepEqual(tagged.push("Hello <"), [{ kind: "text", text: "Hello " }]);
  deepEqual(tagged.push("too"), []);
  deepEqual(tagged.push("x"), [{ kind: "text", text: "<toox" }]);
});

Deno.test("clientCalls() takes one call or a list, and nothing else", () => {
  const names = new Set(["f", "g"]);
  const call = (name: string, json: string) => ({ name, arguments: json });
  deepEqual(clientCalls('\n{"name": "f", "arguments": {"a": 1}}\n', names), [call("f", '{"a":1}')]);
  deepEqual(clientCalls('{"name":"f","parameters":{}}', names), [call("f", "{}")]);
  deepEqual(clientCalls('{"name":"f"}', names), [call("f", "{}")]);
  deepEqual(clientCalls('{"name":"f","arguments":"{\\"a\\": 1}"}', names), [call("f", '{"a": 1}')]);
  deepEqual(clientCalls('[{"name":"f"},{"name":"g"}]', names)?.map(({ name }) => name), ["f", "g"]);
  for (
    const wrong of [
      "",
      "{",
      "[]",
      "7",
      "null",
      '{"name":7}',
      '{"name":"h"}',
      '{"name":"f","arguments":[1]}',
      '{"name":"f","arguments":"x"}',
      '[{"name":"f"},7]',
    ]
  ) {
    equal(clientCalls(wrong, names), null, wrong);
  }
});

Deno.test("withWrittenTools() puts tools into the system message, and calls and results into text", () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  const call = { name: "f", arguments: '{"a":1}', id: "1" };
  const messages = withObjectArguments([
    { role: "system", content: "Be brief." },
    { role: "user", content: "hi" },
    { role: "assistant", content: "", toolCalls: [call] },
    { role: "tool", content: "7", toolCallId: "1" },
  ]);
  deepEqual(messages[2].toolCalls, [{ ...call, arguments: { a: 1 } }]);
  const written = withWrittenTools({ id: "1", messages, tools }).messages;
  deepEqual(written.map(({ role }) => role), ["system", "user", "assistant", "user"]);
  equal(written[0].content.toString().startsWith("Be brief.\n\n# Tools"), true);
  equal(written[0].content.toString().includes(JSON.stringify(tools[0])), true);
  equal(written[2].content, '<tool_call>\n{"name":"f","arguments":{"a":1}}\n</tool_call>');
  equal(written[3].content, "<tool_response>\n7\n</tool_response>");
  deepEqual(withWrittenTools({ id: "1", messages: messages.slice(0, 2) }).messages, messages.slice(0, 2));
});
