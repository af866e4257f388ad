/**
 * Tests what the fields of sampling do to an answer, sent by OpenAI's own client and by the AI SDK's.
 *
 * @module
 */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText } from "ai";
import { ignoredFields } from "../../../pipelines/serve/sampling_fields.ts";
import { question, withServer } from "./taught_server.ts";

const options = { sanitizeOps: false, sanitizeResources: false }; // the clients keep their connections
const hello = "Hello! How are you?";
const [a, b, c] = [..."abc"].map((letter) => letter.charCodeAt(0));

/** Calls `work` with functions that ask with some fields, by chat and by completions. Both return texts. */
function test(
  name: string,
  work: (asks: {
    chat(fields: object): Promise<string>;
    complete(fields: object): Promise<string>;
    sdk(fields: object): Promise<string>;
  }) => Promise<void>,
): void {
  const chat = { ...question("hi"), stream: false as const };
  const text = { model: "taught", prompt: "x", temperature: 0, max_tokens: 30, stream: false as const };
  Deno.test({
    name: `sampling: ${name}`,
    ...options,
    fn: () =>
      withServer({ parallel: 4 }, ({ client, address }) => {
        const provider = createOpenAICompatible({ name: "here", baseURL: `${address}/v1` });
        return work({
          chat: async (fields) =>
            (await client.chat.completions.create({ ...chat, ...fields })).choices[0].message.content ?? "",
          complete: async (fields) =>
            (await client.completions.create({ ...text, ...fields })).choices[0].text,
          sdk: async (fields) =>
            (await generateText({ model: provider("taught"), prompt: "hi", maxRetries: 0, ...fields })).text,
        });
      }),
  });
}

test("top_p, top_k and min_p leave the likeliest token alone, at any temperature", async ({ chat, complete, sdk }) => {
  const hot = { temperature: 2, seed: 3 }, short = { ...hot, max_tokens: 20 };
  notEqual(await chat(hot), hello);
  const greedy = await complete({ max_tokens: 20 });
  notEqual(await complete(short), greedy);
  for (const fields of [{ top_p: 1e-6 }, { top_k: 1 }, { min_p: 1 }]) {
    equal(await chat({ ...hot, ...fields }), hello, JSON.stringify(fields));
    equal(await complete({ ...short, ...fields }), greedy, JSON.stringify(fields));
  }
  for (const fields of [{ top_p: 1 }, { top_k: 0 }, { min_p: 0 }]) {
    equal(await chat({ ...hot, ...fields }), await chat(hot), JSON.stringify(fields));
  }
  equal(await sdk({ temperature: 2, topP: 1e-6 }), hello);
});

test("temperature 0 is greedy, 1 the default, and a seed repeats an answer", async ({ chat, sdk }) => {
  equal(await chat({ temperature: 0 }), hello);
  equal(await chat({ temperature: null, seed: 9 }), await chat({ temperature: 1, seed: 9 }));
  const hot = { temperature: 2, seed: 4 };
  equal(await chat(hot), await chat(hot));
  notEqual(await chat(hot), await chat({ ...hot, seed: 5 }));
  equal(await sdk(hot), await chat(hot));
});

test("logit_bias forbids tokens, and all but some", async ({ chat, complete }) => {
  equal(await complete({ logit_bias: { [a]: 100 }, max_tokens: 6 }), "aaaaaa");
  const without = await chat({ logit_bias: { ["H".charCodeAt(0)]: -100 }, max_tokens: 20 });
  ok(without !== hello && !without.includes("H"), without);
  equal(await chat({ logit_bias: {} }), hello);
});

test("frequency_penalty counts repetitions, presence_penalty does not, negative ones repeat", async ({ complete }) => {
  const letters = { logit_bias: { [a]: 100, [b]: 100, [c]: 100 } };
  const counts = async (fields: object) => {
    const text = await complete({ ...letters, ...fields });
    return [..."abc"].map((letter) => text.split(letter).length - 1);
  };
  const plain = await counts({}), often = await counts({ frequency_penalty: 2 });
  equal(often.reduce((sum, count) => sum + count), 30);
  ok(Math.min(...often) > 5, `${often}`); // each use costs 2, so that all are used about as often
  ok(Math.max(...plain) > Math.max(...often), `${plain}, ${often}`);
  deepEqual(await counts({ frequency_penalty: 0, presence_penalty: 0 }), plain);
  // Once all three have been used, the penalty of their presence is the same for each.
  notEqual(`${await counts({ presence_penalty: 2 })}`, `${often}`);
  ok(Math.max(...await counts({ frequency_penalty: -2 })) >= 28, "soon the same letter for ever");
});

test("repetition_penalty above 1 keeps from repeating", async ({ complete }) => {
  const distinct = async (fields: object) => new Set(await complete(fields)).size;
  ok(await distinct({ repetition_penalty: 10 }) > await distinct({}), "more characters");
  equal(await complete({ repetition_penalty: 1 }), await complete({}));
});

test("max_tokens, max_completion_tokens and stop end an answer", async ({ chat, complete, sdk }) => {
  equal(await chat({ max_tokens: 5 }), "Hello");
  equal(await chat({ max_completion_tokens: 5 }), "Hello");
  equal(await chat({ max_tokens: 9, max_completion_tokens: 5 }), "Hello", "the newer field counts");
  equal((await complete({ max_tokens: null })).length, 16, "OpenAI's default");
  equal(await chat({ stop: "!" }), "Hello");
  equal(await chat({ stop: ["How", "!"] }), "Hello");
  equal(await sdk({ temperature: 0, maxOutputTokens: 5 }), "Hello");
  equal(await sdk({ temperature: 0, stopSequences: ["!"] }), "Hello");
});

test("fields for accounts, storage and billing change nothing", async ({ chat, complete }) => {
  const all = Object.fromEntries(ignoredFields.map((name) => [name, "x"]));
  equal(await chat({ ...all, temperature: 2, seed: 1 }), await chat({ temperature: 2, seed: 1 }));
  equal(await complete(all), await complete({}));
});
