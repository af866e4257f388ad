/**
 * Tests `echo`: the prompt as part of the answer, with the log probabilities of its tokens.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { tokenizer } from "./taught_model.ts";
import { withServer } from "./taught_server.ts";

const options = { sanitizeOps: false, sanitizeResources: false }; // the client keeps its connections
const prompt = "<|im_start|>u:hi<|im_end|><|im_start|>a:";

Deno.test({
  name: "echo: tokens of a prompt have the log probabilities with which the model would have written them",
  ...options,
  fn: () =>
    withServer({ parallel: 4 }, async ({ client, api }) => {
      const body = { model: "taught", temperature: 0, logprobs: 2 };
      const first = await client.completions.create({ ...body, prompt, max_tokens: 8 });
      const [written] = first.choices;
      const read = await client.completions.create({
        ...body,
        prompt: `${prompt}${written.text}`,
        max_tokens: 3,
        echo: true,
      });
      const [choice] = read.choices,
        { tokens = [], token_logprobs = [], top_logprobs = [], text_offset } = choice.logprobs ?? {};
      const before = "u:hia:".length; // special tokens are no part of the text
      equal(choice.text, `u:hia:${written.text}ow `);
      equal(tokens.join(""), choice.text);
      deepEqual(token_logprobs.slice(before, before + 8), written.logprobs?.token_logprobs);
      deepEqual(top_logprobs.slice(before, before + 8), written.logprobs?.top_logprobs);
      deepEqual(text_offset, [...choice.text].map((_, i) => i));
      ok(token_logprobs.every((logp) => logp !== null), "the first token of the prompt is a special one");
      deepEqual([read.usage?.prompt_tokens, read.usage?.completion_tokens], [
        tokenizer.encode(`${prompt}${written.text}`, { allowedSpecial: "all" }).length,
        3,
      ]);
      equal(api.metrics.tokens.prompt, (first.usage?.prompt_tokens ?? 0) + (read.usage?.prompt_tokens ?? 0));

      const stream = await client.completions.create({
        ...body,
        prompt: `${prompt}${written.text}`,
        max_tokens: 3,
        echo: true,
        stream: true,
      });
      const chunks = (await Array.fromAsync(stream)).map(({ choices: [choice] }) => choice);
      equal(chunks.map(({ text }) => text).join(""), choice.text);
      deepEqual(chunks.flatMap(({ logprobs }) => logprobs?.token_logprobs ?? []), token_logprobs);
      deepEqual(chunks.flatMap(({ logprobs }) => logprobs?.text_offset ?? []), text_offset);
    }),
});

Deno.test({
  name: "echo: max_tokens 0 scores a text alone; the same seed goes on as without echo",
  ...options,
  fn: () =>
    withServer({}, async ({ client, ask }) => {
      const body = { model: "taught", seed: 4, temperature: 1.5, prompt: ["ab€", "x"], n: 2 };
      const scored = await client.completions.create({ ...body, echo: true, logprobs: 0, max_tokens: 0 });
      deepEqual(scored.choices.map(({ text, finish_reason }) => [text, finish_reason]), [
        ["ab€", "length"],
        ["ab€", "length"],
        ["x", "length"],
        ["x", "length"],
      ]);
      const [one, , x] = scored.choices;
      deepEqual(one.logprobs?.token_logprobs?.map((logp) => logp === null), [
        true,
        false,
        false,
        false,
        false,
      ]);
      deepEqual(x.logprobs?.token_logprobs, [null]);
      equal(x.logprobs?.top_logprobs, null);
      const [plain, echoed] = [
        await client.completions.create({ ...body, max_tokens: 6 }),
        await client.completions.create({ ...body, max_tokens: 6, echo: true, logprobs: 1 }),
      ];
      deepEqual(
        echoed.choices.map(({ text }) => text),
        plain.choices.map(({ text }, i) => `${body.prompt[i >> 1]}${text}`),
      );
      const unscored = await client.completions.create({ ...body, echo: true, max_tokens: 0 });
      deepEqual(unscored.choices.map(({ text }) => text), ["ab€", "ab€", "x", "x"]);
      const refused = await ask("/v1/completions", { ...body, max_tokens: 0 });
      equal(refused.status, 400);
    }),
});

Deno.test({
  name: "echo: stop strings and ends within the prompt do not end the text",
  ...options,
  fn: () =>
    withServer({}, async ({ client }) => {
      const { choices: [{ text }] } = await client.completions.create({
        model: "taught",
        prompt: `a<|endoftext|>b${prompt}`,
        temperature: 0,
        stop: ["b", "!"],
        echo: true,
        logprobs: 1,
        max_tokens: 10,
      });
      ok(text.startsWith("abu:hia:"), text);
    }),
});
