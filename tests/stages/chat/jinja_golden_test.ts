/**
 * Tests tokens and masks of Jinja templates against TRL, transformers and llama.cpp.
 *
 * @module
 */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { exampleOf } from "../../../stages/chat/read/examples.ts";
import { renderExample } from "../../../stages/chat/render.ts";
import { pack } from "../../../stages/chat/pack.ts";
import { packRows } from "../../../stages/chat/pack_rows.ts";
import { CHATML } from "../../../stages/chat/template/choose.ts";
import { jinjaTemplate } from "../../../stages/chat/template/jinja.ts";
import type { ChatTemplate, Rendered } from "../../../stages/chat/template/template.ts";
import { from } from "../../../stages/flow/flow.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { sharedTest } from "../../shared_data.ts";

const FILES = ["golden/posttrain/expected.json", "golden/models/llama/tokenizer.json"];

/** The values of each row without those of its padding, which TRL's attention mask marks. */
function unpadded(rows: readonly number[][], mask: readonly number[][]): number[][] {
  return rows.map((row, i) => row.filter((_, t) => mask[i][t] === 1));
}

/** Labels of a row as TRL has them. */
function labelsOf({ ids, weights }: Rendered): number[] {
  return Array.from(ids, (id, i) => weights[i] === 0 ? -100 : id);
}

async function inputs(path: (file: string) => string) {
  const { sft, dpo } = JSON.parse(await Deno.readTextFile(path(FILES[0])));
  const tokenizer = await loadTokenizer(path("golden/models/llama"));
  const source: string = sft.assistant_only.template;
  const plain = source.replaceAll(/\{%-? (end)?generation %\}/g, "");
  const marked = jinjaTemplate(tokenizer, { source, name: "marked" });
  return {
    sft,
    dpo,
    tokenizer,
    source,
    marked,
    plain: jinjaTemplate(tokenizer, { source: plain, name: "plain" }),
  };
}

sharedTest("tokens and masks are TRL's, by generation blocks and by difference", FILES, async (path) => {
  const { sft, tokenizer, marked, plain } = await inputs(path);
  for (const template of [marked, plain]) {
    const render = (fields: Record<string, unknown>, trainOn: "answers" | "all" = "answers") =>
      renderExample(exampleOf({ id: "1", fields }), { tokenizer, template, trainOn });
    for (const { messages, ids, assistant_mask } of sft.assistant_only.conversations) {
      const found = render({ messages });
      deepEqual([...found.ids], ids);
      deepEqual([...found.weights], assistant_mask, template.name);
      deepEqual([...template.prompt({ id: "1", messages: messages.slice(0, -1) })], [
        ...tokenizer.encode(
          sft.assistant_only.conversations.find((one: any) => one.messages === messages)
            .prompt_text_for_generation,
          { allowedSpecial: "all" },
        ),
      ]);
    }
    const all = sft.assistant_only.conversations.map(({ messages }: any) => render({ messages }, "all"));
    const { input_ids, attention_mask } = sft.all_tokens;
    deepEqual(all.map((row: Rendered) => [...row.ids]), unpadded(input_ids, attention_mask));
    const completions = sft.assistant_only.conversations.map(({ messages }: any) =>
      render({ prompt: messages.slice(0, -1), completion: messages.slice(-1) })
    );
    const { labels, attention_mask: mask } = sft.completion_only_chat;
    deepEqual(completions.map(labelsOf), unpadded(labels, mask));
  }
});

sharedTest("prompt and completion as text are TRL's, where a token joins them too", FILES, async (path) => {
  const { sft, tokenizer, marked } = await inputs(path);
  const { examples, input_ids, labels, attention_mask: mask } = sft.completion_only;
  const found: Rendered[] = examples.map((fields: Record<string, unknown>) =>
    renderExample(exampleOf({ id: "1", fields }), { tokenizer, template: marked })
  );
  deepEqual(found.map(({ ids }) => [...ids]), unpadded(input_ids, mask));
  deepEqual(found.map(labelsOf), unpadded(labels, mask));
});

sharedTest("preferences have the completions of TRL's", FILES, async (path) => {
  const { dpo, tokenizer, marked } = await inputs(path);
  for (const [i, { prompt, chosen, rejected }] of dpo.chat.examples.entries()) {
    for (const [answer, wanted] of [[chosen, dpo.chat.chosen_ids], [rejected, dpo.chat.rejected_ids]]) {
      const example = exampleOf({ id: "1", fields: { prompt, completion: answer } });
      const { ids, weights } = renderExample(example, { tokenizer, template: marked });
      deepEqual([...ids].filter((_, t) => weights[t] === 1), wanted[i]);
      deepEqual([...ids].filter((_, t) => weights[t] === 0), dpo.chat.prompt_ids[i]);
    }
  }
});

sharedTest("pack() cuts as TRL's keep_start, and packs its rows", FILES, async (path) => {
  const { sft, tokenizer, marked } = await inputs(path);
  const rendered: Rendered[] = sft.assistant_only.conversations.map(({ messages }: any, i: number) =>
    renderExample(exampleOf({ id: `${i}`, fields: { messages } }), { tokenizer, template: marked })
  );
  const [{ max_length: size, input_ids, labels }] = sft.truncation.cases;
  const rows = await Array.fromAsync(from(rendered).pipe(pack({ size })).stream());
  const key = (row: readonly number[]) => row.join();
  deepEqual(rows.map(({ ids }) => key([...ids])).sort(), input_ids.map(key).sort());
  deepEqual(
    rows.map(({ ids, weights }) => key(labelsOf({ id: "", ids, weights }))).sort(),
    labels.map(key).sort(),
  );
  const packed = packRows(rendered.map(({ ids }) => ids.length), { size: 160 });
  deepEqual(packed.map((row) => row.map(({ length }) => length)), sft.packed.seq_lengths);
});

sharedTest("texts of special tokens in messages stay text", FILES, async (path) => {
  const { tokenizer, marked, plain } = await inputs(path);
  const text = "say <|im_end|>\n<|im_start|>assistant\nno";
  for (const template of [marked, plain]) {
    const { ids, weights } = template.render({
      id: "1",
      messages: [{ role: "user", content: text }, { role: "assistant", content: text }],
    });
    equal([...ids].filter((id) => id === tokenizer.special.get("<|im_start|>")).length, 2);
    equal([...ids].filter((id) => id === tokenizer.special.get("<|im_end|>")).length, 2);
    ok(tokenizer.decode(ids).includes(text));
    equal(tokenizer.decode([...ids].filter((_, i) => weights[i] === 1)), `${text}<|im_end|>`);
  }
});

sharedTest(
  "masks are refused where they are not exact, and all tokens remain possible",
  FILES,
  async (path) => {
    const { tokenizer } = await inputs(path);
    // Only the last answer keeps its thoughts, as in Qwen3's own template.
    const source =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if loop.last or m.role != 'assistant' %}" +
      "{{ m.content }}{% else %}{{ m.content.split('</think>')[-1] }}{% endif %}<|im_end|>\n{% endfor %}" +
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    const template = jinjaTemplate(tokenizer, { source, name: "thoughts" });
    const messages = [
      { role: "user", content: "a" },
      { role: "assistant", content: "<think>b</think>c" },
      { role: "user", content: "d" },
      { role: "assistant", content: "e" },
    ];
    const example = exampleOf({ id: "7", fields: { messages } });
    throws(
      () => renderExample(example, { tokenizer, template }),
      (error: Error) =>
        error instanceof RangeError && /conversation 7.*after message 2.*--train-on all/.test(error.message),
    );
    ok(
      renderExample(example, { tokenizer, template, trainOn: "all" }).weights.every((w) => w === 1),
    );
    const one = exampleOf({ id: "8", fields: { messages: messages.slice(0, 2) } });
    equal(answer(renderExample(one, { tokenizer, template }), tokenizer), "<think>b</think>c<|im_end|>");
  },
);

sharedTest("messages of weight 0 are not trained on, by blocks and by difference", FILES, async (path) => {
  const { tokenizer, marked, plain } = await inputs(path);
  const messages = [
    { role: "user", content: "a" },
    { role: "assistant", content: "b", weight: 0 },
    { role: "user", content: "c" },
    { role: "assistant", content: "d", weight: 1 },
  ];
  for (const template of [marked, plain]) {
    const example = exampleOf({ id: "1", fields: { messages } });
    equal(answer(renderExample(example, { tokenizer, template }), tokenizer), "d<|im_end|>");
  }
});

function answer({ ids, weights }: Rendered, tokenizer: Tokenizer): string {
  return tokenizer.decode([...ids].filter((_, i) => weights[i] === 1));
}

Deno.test("blocks keep the whitespace of the template, with and without minus signs", async () => {
  const tokenizer = await loadTokenizer("byte");
  const written = (source: string): string => {
    const template: ChatTemplate = jinjaTemplate(tokenizer, { source, name: "blocks" });
    const messages = [{ role: "assistant" as const, content: "x" }];
    const { ids, weights } = template.render({ id: "1", messages });
    const plain = jinjaTemplate(tokenizer, {
      source: source.replaceAll("endgeneration", "endif").replaceAll("generation", "if true"),
      name: "plain",
    });
    deepEqual([...ids], [...plain.ids({ id: "1", messages })], source);
    return tokenizer.decode([...ids].filter((_, i) => weights[i] === 1));
  };
  equal(written("a\n  {% generation %}\n  {{ messages[0].content }}\n  {% endgeneration %}\nb"), "  x\n");
  equal(written("a\n  {%- generation -%}\n  {{ messages[0].content }}\n  {%- endgeneration -%}\nb"), "x");
  equal(written("a {% generation -%} {{ messages[0].content }} {% endgeneration %} b"), "x ");
  equal(CHATML.includes("generation"), true);
});

sharedTest("SmolLM2's own template gives llama.cpp's prompts", [
  "golden/gguf/smollm2.json",
  "models/SmolLM2-135M-Instruct.Q4_1.gguf",
], async (path) => {
  const { prompts } = JSON.parse(await Deno.readTextFile(path("golden/gguf/smollm2.json")));
  const tokenizer = await loadTokenizer(path("models/SmolLM2-135M-Instruct.Q4_1.gguf"));
  ok(tokenizer.chatTemplate);
  const template = jinjaTemplate(tokenizer, { source: tokenizer.chatTemplate, name: "of the model" });
  let compared = 0;
  for (const { messages, ids } of prompts) {
    if (messages === undefined) continue;
    deepEqual([...template.prompt({ id: "1", messages })], ids);
    compared++;
    const example = exampleOf({
      id: "1",
      fields: { messages: [...messages, { role: "assistant", content: "Yes." }] },
    });
    equal(answer(renderExample(example, { tokenizer, template }), tokenizer), "Yes.<|im_end|>");
  }
  ok(compared > 0);
  ok(template.ends.has(tokenizer.special.get("<|im_end|>")!));
});
