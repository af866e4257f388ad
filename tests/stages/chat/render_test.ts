/**
 * Tests what the stage `render` does with conversations that a template cannot write.
 *
 * @module
 */
import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import type { Conversation, Message } from "../../../stages/chat/conversation.ts";
import { render } from "../../../stages/chat/render.ts";
import { CHATML } from "../../../stages/chat/template/choose.ts";
import { jinjaTemplate } from "../../../stages/chat/template/jinja.ts";
import { from } from "../../../stages/flow/flow.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";

const characters = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
const tokenizer = new CharTokenizer(characters, ["<|im_start|>", "<|im_end|>"]);
const template = (source: string) => jinjaTemplate(tokenizer, { source, name: "test" });
const user: Message = { role: "user", content: "q" },
  assistant: Message = { role: "assistant", content: "a" };

function conversation(id: string, messages: readonly Message[]): Conversation {
  return { id, messages };
}

Deno.test("render() refuses or skips conversations that the template cannot write, or not exactly", async () => {
  const strict = `{% if messages[0].role != 'user' %}{{ raise_exception('user first') }}{% endif %}${CHATML}`;
  const examples = [
    conversation("1", [user, assistant]),
    conversation("2", [assistant]),
    conversation("3", [user]),
  ];
  const options = { tokenizer, template: template(strict) };
  await rejects(
    from(examples).pipe(render(options)).run(),
    /conversation 2 with the chat template test: user first; or leave such records out with --damaged skip/,
  );
  const dropped: unknown[] = [];
  const kept = await Array.fromAsync(
    from(examples).pipe(render({ ...options, damaged: "skip" })).stream({
      onEvent: (event) => event.type === "stage" && event.name === "render" && dropped.push(event.dropped),
    }),
    ({ id }) => id,
  );
  deepEqual(kept, ["1", "3"]);
  deepEqual(dropped.at(-1), { unwritable: 1 });
});

Deno.test("a template that leaves out calls of tools is refused: it would train empty answers", () => {
  const call: Message = { role: "assistant", content: "", toolCalls: [{ name: "f", arguments: {} }] };
  const called = conversation("1", [user, call, { role: "tool", content: "r" }, assistant]);
  throws(
    () => template(CHATML).render(called),
    /leaves out the calls of tools in message 2: give --template/,
  );
  const writes = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}" +
    "{% for c in m.tool_calls or [] %}{{ c.function | tojson }}{% endfor %}<|im_end|>\n{% endfor %}" +
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
  const { ids, weights } = template(writes).render(called);
  equal(
    tokenizer.decode(ids.filter((_, i) => weights[i] !== 0)),
    '{"name": "f", "arguments": {}}<|im_end|>a<|im_end|>',
  );
});

Deno.test("render() says once that a template does not write the tools of conversations", async () => {
  const tools = [{ type: "function", function: { name: "f" } }], notes: string[] = [];
  const examples = ["1", "2"].map((id) => ({ ...conversation(id, [user, assistant]), tools }));
  const noted = async (source: string) => {
    notes.length = 0;
    await from(examples).pipe(render({ tokenizer, template: template(source) })).run({
      onEvent: (event) => event.type === "note" && notes.push(event.text),
    });
    return notes.length;
  };
  equal(await noted(CHATML), 1);
  match(notes[0], /does not write which tools a conversation has/);
  equal(await noted(`{{ tools | tojson if tools else '' }}${CHATML}`), 0);
});
