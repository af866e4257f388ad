/**
 * Tests nanochat's form of conversations against tokens and masks from nanochat's own code.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import { exampleOf } from "../../../stages/chat/read/examples.ts";
import { nanochatTemplate, nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { Rendered } from "../../../stages/chat/template/template.ts";
import type { Conversation } from "../../../stages/chat/conversation.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";

const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
// Ids of characters are those of bytes up to 127; special tokens begin at 128 here and at 256 in nanochat.
const tokenizer = new CharTokenizer(characters, nanochatTokens);
const template = nanochatTemplate(tokenizer);

function shifted({ ids }: Rendered): number[] {
  return Array.from(ids, (id) => id < 128 ? id : id + 128);
}

function conversation(messages: unknown): Conversation {
  const example = exampleOf({ id: "1", fields: { messages } });
  if (!("messages" in example)) throw new Error("not a conversation");
  return example;
}

Deno.test("nanochatTemplate() writes nanochat's tokens and masks", () => {
  const rendered = template.render(conversation([
    { role: "user", content: "hi" },
    { role: "assistant", content: "yo" },
  ]));
  deepEqual(shifted(rendered), [256, 257, 104, 105, 258, 259, 121, 111, 260]);
  deepEqual([...rendered.weights], [0, 0, 0, 0, 0, 0, 1, 1, 1]);
});

Deno.test("nanochatTemplate() trains on code, not on what it printed", () => {
  const rendered = template.render(conversation([
    { role: "user", content: "?" },
    {
      role: "assistant",
      content: [
        { type: "text", text: "sure" },
        { type: "python", text: "1+1" },
        { type: "python_output", text: "2" },
        { type: "text", text: "it is 2" },
      ],
    },
  ]));
  const part = (weight: number) =>
    tokenizer.decode([...rendered.ids].filter((_, i) => rendered.weights[i] === weight));
  equal(part(1), "sure<|python_start|>1+1<|python_end|>it is 2<|assistant_end|>");
  equal(part(0), "<|bos|><|user_start|>?<|user_end|><|assistant_start|><|output_start|>2<|output_end|>");
});

Deno.test("nanochatTemplate() merges a system message, and keeps special text as text", () => {
  const messages = [
    { role: "system", content: "S" },
    { role: "user", content: "<|bos|>" },
    { role: "assistant", content: "<|assistant_end|>" },
  ];
  const rendered = template.render(conversation(messages));
  equal([...rendered.ids].filter((id) => tokenizer.isSpecialToken(id)).length, 5);
  equal(
    tokenizer.decode(rendered.ids),
    "<|bos|><|user_start|>S\n\n<|bos|><|user_end|><|assistant_start|><|assistant_end|><|assistant_end|>",
  );
  const prompt = template.prompt(conversation(messages.slice(0, 2)));
  deepEqual([...prompt], [...rendered.ids].slice(0, prompt.length));
});

Deno.test("nanochatTemplate() refuses turns out of order, naming the message", () => {
  const refused: readonly [unknown[], RegExp][] = [
    [[{ role: "assistant", content: "a" }], /message 1 is of the assistant/],
    [[{ role: "user", content: "a" }, { role: "user", content: "b" }], /message 2 is of the user/],
    [[{ role: "system", content: "a" }, { role: "assistant", content: "b" }], /must follow the system/],
    [[{ role: "user", content: "a" }, { role: "tool", content: "b" }], /message 2 is of the tool/],
  ];
  for (const [messages, why] of refused) throws(() => template.render(conversation(messages)), why);
  throws(
    () =>
      template.prompt(conversation([{ role: "user", content: "a" }, { role: "assistant", content: "b" }])),
    /its last message is not the user's/,
  );
  throws(() => nanochatTemplate(new CharTokenizer(["a"])), /no special token <\|bos\|>/);
});
