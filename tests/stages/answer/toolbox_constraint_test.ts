/**
 * Tests the constraint of answers with calls of tools that run within them.
 *
 * @module
 */
import { deepStrictEqual, equal } from "node:assert/strict";
import { toolboxConstraint } from "../../../stages/answer/toolbox_constraint.ts";
import { CHATML } from "../../../stages/chat/template/choose.ts";
import { jinjaTemplate } from "../../../stages/chat/template/jinja.ts";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { calculator } from "../../../stages/tool/calculator.ts";

const END = 257;
const tokenizer = new BpeTokenizer({
  pattern: "none",
  tokens: Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  merges: [],
  special: new Map([["<|im_start|>", 256], ["<|im_end|>", END]]),
});
const template = jinjaTemplate(tokenizer, { source: CHATML, name: "test" });
const written = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "1+1"}}\n</tool_call>';

/** Returns the first character of a text that the model may not choose; null: none. */
function firstForbidden(constraint: ReturnType<typeof toolboxConstraint>, text: string): number | null {
  const bytes = new TextEncoder().encode(text);
  for (let i = 0; i < bytes.length; i++) {
    if (constraint.allowed()?.[bytes[i]] === 0) return i;
    constraint.take(bytes[i]);
  }
  return null;
}

const force = (constraint: ReturnType<typeof toolboxConstraint>, text: string) =>
  tokenizer.encode(text, { allowedSpecial: "all" }).forEach((id) => constraint.take(id));

Deno.test("toolboxConstraint() holds for the calls of each message, and results may hold anything", () => {
  const options = { tokenizer, template, inThought: false };
  const constraint = toolboxConstraint([calculator()], options), wrong = "<tool_call>{}";
  const at = wrong.indexOf("}");
  for (const result of ["2", "<tool_call>nonsense", "<think>", '<tool_call>{"name": "']) {
    equal(firstForbidden(constraint, `So: ${written}`), null);
    equal(constraint.allowed()?.[END] ?? 1, 1);
    constraint.take(END);
    force(constraint, `\n<|im_start|>tool\n${result}<|im_end|>\n<|im_start|>assistant\n`);
  }
  equal(firstForbidden(constraint, `That is${wrong}`), "That is".length + at);
  deepStrictEqual(constraint.allowed()?.[END], 0, "a call cannot be left open");
});

Deno.test("toolboxConstraint() leaves thoughts free, those that the template begins after a result too", () => {
  const thought = toolboxConstraint([calculator()], { tokenizer, template, inThought: true });
  equal(firstForbidden(thought, `<tool_call>x</think>${written}`), null);
  thought.take(END);
  force(thought, "\n<|im_start|>assistant\n<think>\n");
  equal(firstForbidden(thought, `<tool_call>x</think>${written}`), null);
  thought.take(END);
  force(thought, "\n<|im_start|>assistant\n");
  equal(firstForbidden(thought, "<tool_call>x"), "<tool_call>".length);
});
