/**
 * Tests how calls of tools are read and run, and how their results reach the model.
 *
 * @module
 */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { Message } from "../../../stages/chat/conversation.ts";
import { CHATML } from "../../../stages/chat/template/choose.ts";
import { jinjaTemplate } from "../../../stages/chat/template/jinja.ts";
import { nanochatTemplate, nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { calculator } from "../../../stages/tool/calculator.ts";
import { callsIn } from "../../../stages/tool/call_text.ts";
import { Memory } from "../../../stages/tool/memory.ts";
import { searchTool } from "../../../stages/tool/search.ts";
import type { Tool } from "../../../stages/tool/tool.ts";
import { ToolCalls } from "../../../stages/tool/tool_calls.ts";
import { Toolbox } from "../../../stages/tool/toolbox.ts";
import { withFolder } from "../../temporary.ts";

const printable = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
const echo: Tool = { name: "echo", about: "Repeats.", argument: "text", run: (text) => ({ output: text }) };

Deno.test("ToolCalls runs a tool by its name, and other code by the tools that take code", async () => {
  const calls = new ToolCalls([calculator(), echo], 9);
  const runs: readonly [string, string][] = [
    ["2*3", "6"],
    ['calculator("2*3")', "6"],
    ['echo("a \\"b\\"\\n")', 'a "b"\n'],
    [" echo ( 'it\\'s' ) ", "it's"],
    ['echo("a", "b")', "error: not an expression"],
    ['other("a")', "error: not an expression"],
    ["echo('a') + 1", "error: not an expression"],
  ];
  for (const [code, output] of runs) equal(await calls.runCode(code), output, code);
  equal(await calls.call("other", "x"), "error: no such tool: call calculator, echo");
  equal(await calls.call("constructor", "x"), "error: no such tool: call calculator, echo");
  deepEqual([calls.calls, calls.failures], [9, 5]);
  equal(await calls.runCode("1"), "error: no more than 9 calls");
  equal(await new ToolCalls([echo]).runCode("plain words"), "plain words"); // the only tool
  equal(await new ToolCalls([echo, echo]).runCode("plain words"), "error: no such tool: call echo, echo");
});

Deno.test("ToolCalls cuts a result to the tool's own limit", async () => {
  equal((await new ToolCalls([echo]).runCode("x".repeat(300))).length, 201);
  async function* documents() {
    for (const id of ["a", "b", "c"]) yield { id, text: "word ".repeat(70) };
  }
  const search = await searchTool(documents(), { passages: 2, characters: 400 });
  ok((await new ToolCalls([search]).runCode("word")).length > 600);
});

Deno.test("callsIn() reads the calls of several families, and takes nothing else for a call", () => {
  const call = { name: "f", arguments: { x: 1 } }, json = JSON.stringify(call);
  const read: readonly [string, string, unknown[]][] = [
    [`Hm.\n<tool_call>\n${json}\n</tool_call>`, "Hm.\n", [call]],
    [`<tool_call>${json}</tool_call>\n<tool_call>${json}</tool_call>`, "", [call, call]],
    [`<tool_call>${json}`, "", [call]],
    ["<tool_call>nonsense</tool_call>", "", [{ name: "", arguments: "nonsense" }]],
    [`[TOOL_CALLS] [${json},${json}]`, "", [call, call]],
    ['{"name": "f", "parameters": {"x": 1}}', "", [call]],
    ['<|python_tag|>{"name": "f", "parameters": {"x": 1}}', "", [call]],
    [
      `<think><tool_call>${json}</tool_call></think>No.`,
      `<think><tool_call>${json}</tool_call></think>No.`,
      [],
    ],
    ["plain", "plain", []],
    ['{"name": "Ann", "age": 3}', '{"name": "Ann", "age": 3}', []],
    ['{"name": broken, "arguments": 1}', '{"name": broken, "arguments": 1}', []],
    ["", "", []],
  ];
  for (const [answer, text, calls] of read) deepEqual(callsIn(answer), { text, calls }, answer);
});

Deno.test("a toolbox continues a message with calls by their results, in the form of the template", async () => {
  const tokenizer = new CharTokenizer(printable, ["<|im_start|>", "<|im_end|>"]);
  const template = jinjaTemplate(tokenizer, { source: CHATML, name: "chatml" });
  using toolbox = new Toolbox([calculator(), echo], { tokenizer, template });
  const hand = toolbox.hand(), end = tokenizer.special.get("<|im_end|>")!;
  const written = async (text: string) => {
    for (const id of tokenizer.encodeOrdinary(text)) deepEqual(await hand.after(id), []);
    return tokenizer.decode(await hand.after(end));
  };
  const call = (name: string, given: unknown) =>
    `<tool_call>${JSON.stringify({ name, arguments: given })}</tool_call>`;
  const result = (...texts: string[]) =>
    "\n" + texts.map((text) => `<|im_start|>tool\n${text}<|im_end|>\n`).join("") + "<|im_start|>assistant\n";
  equal(await written("no call"), "");
  equal(await written(call("calculator", { expression: "6*7" })), result("42"));
  equal(
    await written(`${call("echo", { text: "<|im_end|> stays text" })}${call("none", {})}`),
    result("<|im_end|> stays text", "error: no such tool: call calculator, echo"),
  );
  equal(await written(call("calculator", "1+1")), result("2"));
  equal(await written("<tool_call>{broken</tool_call>"), result("error: no more than 4 calls"));
  deepEqual([hand.calls, hand.failures], [5, 2]);
  // The results of text that looks like a special token are no special tokens.
  const ids = template.results([{ name: "echo", content: "<|im_end|>" }]);
  equal(ids.filter((id) => id === end).length, 1);
});

Deno.test("a toolbox tells a model of its tools and facts, where the template has no form for them in words", async () => {
  await withFolder(async (dir) => {
    const tokenizer = new CharTokenizer(printable, ["<|im_start|>", "<|im_end|>"]);
    const user: Message = { role: "user", content: "hi" }, asked = { id: "1", messages: [user] };
    await Deno.writeTextFile(`${dir}/m.json`, '{"facts":["likes tea"]}');
    const memory = await Memory.open(`${dir}/m.json`);
    const announced = (source: string, tools: readonly Tool[]) => {
      const template = jinjaTemplate(tokenizer, { source, name: "test" });
      const toolbox = new Toolbox(tools, { tokenizer, template, memory });
      return tokenizer.decode(template.prompt(toolbox.announce(asked)));
    };
    match(announced(CHATML, [echo]), /^<\|im_start\|>system\nWhat you remember:\n- likes tea\n\n.*"echo"/s);
    const withTools = `{% if tools %}{{ tools | tojson }}{% endif %}${CHATML}`;
    match(
      announced(withTools, [echo]),
      /^\[\{"type": "function".*system\nWhat you remember:\n- likes tea<\|/s,
    );
    const noSystem = `{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}${CHATML}`;
    match(
      announced(noSystem, [echo]),
      /^<\|im_start\|>user\nYou may call.*What you remember.*\n\nhi<\|im_end\|>/s,
    );
    const none =
      "{% for m in messages %}{% if m.role != 'user' %}{{ raise_exception('no') }}{% endif %}{% endfor %}";
    throws(() => announced(none, [echo]), /no form for them/);
    // Facts that a model remembers in an answer do not reach other answers, or the file.
    const template = nanochatTemplate(new CharTokenizer(printable, nanochatTokens));
    const box = new Toolbox([memory.ownTool()], {
      tokenizer: new CharTokenizer(printable, nanochatTokens),
      template,
    });
    const [first, second] = [box.hand(), box.hand()];
    equal(await first.call("memory", "has a cat"), "remembered");
    equal(
      await second.call("memory", "x".repeat(301)),
      "error: Cannot remember 301 characters: expected 1 to 300",
    );
    deepEqual(memory.facts, ["likes tea"]);
    deepEqual([...box.texts()], ["memory", "likes tea"]);
  });
});
