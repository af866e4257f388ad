/**
 * Tests the server with OpenAI's own client.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import OpenAI from "openai";
import { counted, tokenizer, weatherTool } from "./taught_model.ts";
import { question, until, withServer } from "./taught_server.ts";

const options = { sanitizeOps: false, sanitizeResources: false }; // the client keeps its connections
const written = { name: "weather", arguments: '{"city":"Oslo"}' };

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `openai client: ${name}`, ...options, fn });
}

test("a conversation, whole and streamed, with usage and what was cached", () =>
  withServer({}, async ({ client }) => {
    const first = await client.chat.completions.create(question("hi"));
    equal(first.choices[0].message.content, "Hello! How are you?");
    equal(first.choices[0].finish_reason, "stop");
    equal(first.object, "chat.completion");
    deepEqual(
      [first.usage?.prompt_tokens, first.usage?.completion_tokens, first.usage?.total_tokens],
      [9, 20, 29],
    );
    const messages = [
      { role: "user" as const, content: "hi" },
      { role: "assistant" as const, content: "Hello! How are you?" },
      { role: "user" as const, content: "ok" },
    ];
    const stream = await client.chat.completions.create({
      ...question(""),
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "Good to hear.");
    equal(chunks[0].choices[0].delta.role, "assistant");
    deepEqual(chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason ?? [])).flat(), [
      "stop",
    ]);
    const usage = chunks.at(-1)?.usage;
    equal(usage?.completion_tokens, 14);
    ok((usage?.prompt_tokens_details?.cached_tokens ?? 0) >= 27, "the first turn was kept");
    ok(chunks.slice(0, -1).every(({ usage }) => usage === null));
  }));

test("calls of tools, one and several, streamed and with their results", () =>
  withServer({}, async ({ client }) => {
    const tools = [weatherTool];
    const { choices: [choice] } = await client.chat.completions.create({ ...question("rain?"), tools });
    equal(choice.finish_reason, "tool_calls");
    equal(choice.message.content, null);
    const [call] = choice.message.tool_calls ?? [];
    ok(call.type === "function" && call.id.startsWith("call_"));
    deepEqual(call.function, written);
    const result = { role: "tool" as const, tool_call_id: call.id, content: "wet" };
    const after = await client.chat.completions.create({
      ...question(""),
      messages: [...question("rain?").messages, choice.message, result],
      tools,
    });
    equal(after.choices[0].message.content, "It rains in Oslo.");
    const runner = client.chat.completions.stream({ ...question("both?"), tools });
    const final = await runner.finalChatCompletion();
    equal(final.choices[0].message.content, "I look.");
    deepEqual(
      final.choices[0].message.tool_calls?.map((call) => call.type === "function" && call.function.arguments),
      ['{"city":"Oslo"}', '{"city":"Rome"}'],
    );
    const single = await client.chat.completions.create({
      ...question("both?"),
      tools,
      parallel_tool_calls: false,
    });
    equal(single.choices[0].message.tool_calls?.length, 1);
    const none = await client.chat.completions.create({ ...question("hi"), tools, tool_choice: "none" });
    equal(none.choices[0].message.content, "Hello! How are you?");
    const forced = await client.chat.completions.create({
      ...question("rain?"),
      tools,
      tool_choice: { type: "function", function: { name: "weather" } },
    });
    deepEqual(forced.choices[0].message.tool_calls?.map((call) => "function" in call && call.function), [
      written,
    ]);
  }));

test("a tool that the server runs is part of the answer, and no call for the client", () => {
  const tool = {
    name: "weather",
    about: "Weather of a city",
    argument: "city",
    run: (city: string) => ({ output: city === "Oslo" ? "wet" : "dry" }),
  };
  return withServer({ tools: [tool] }, async ({ client, ask }) => {
    const { choices: [{ message, finish_reason }] } = await client.chat.completions.create(question("rain?"));
    deepEqual([message.content, message.tool_calls, finish_reason], ["It rains in Oslo.", undefined, "stop"]);
    const parts = [
      { type: "python", text: 'weather("Oslo")' },
      { type: "python_output", text: "wet" },
      { type: "text", text: "It rains in Oslo." },
    ];
    deepEqual(Reflect.get(message, "parts"), parts);
    const text = await (await ask("/v1/chat/completions", { ...question("rain?"), stream: true })).text();
    const deltas = text.split("\n\n").filter((event) => event.startsWith("data: {"))
      .map((event) => JSON.parse(event.slice("data: ".length)).choices[0].delta);
    deepEqual(deltas.flatMap((delta) => delta.parts ?? []), parts.slice(0, 2));
    equal(deltas.map((delta) => delta.content ?? "").join(""), "It rains in Oslo.");
  });
});

test("each answer has an id of its request, which the log has with the server's errors", () => {
  const tool = {
    name: "weather",
    about: "Weather of a city",
    argument: "city",
    run: (): never => {
      throw new Error("out of order");
    },
  };
  const seen: string[] = [], log = (_: unknown, request: string) => void seen.push(request);
  return withServer({ tools: [tool], log }, async ({ client, ask }) => {
    const { request_id } = await client.chat.completions.create(question("hi")).withResponse();
    ok(/^req_[\da-f]{24}$/.test(request_id ?? ""), `${request_id}`);
    await rejects(client.chat.completions.create(question("rain?")), (error) => {
      ok(error instanceof OpenAI.InternalServerError);
      deepEqual(seen, [error.requestID]);
      return !error.message.includes("out of order");
    });
    const response = await ask("/v1/chat/completions", { ...question("rain?"), stream: true });
    ok((await response.text()).includes("server_error"));
    deepEqual(seen.slice(1), [response.headers.get("x-request-id")]);
  });
});

test("stop strings and token ids end an answer and are not part of it", () =>
  withServer({}, async ({ client }) => {
    const ask = async (stop: string | string[]) =>
      (await client.chat.completions.create({ ...question("count"), stop })).choices[0];
    equal((await ask("5")).message.content, "1 2 3 4 ");
    equal((await ask(["12", "7 8"])).message.content, "1 2 3 4 5 6 ");
    equal((await ask("5")).finish_reason, "stop");
    const stream = await client.chat.completions.create({ ...question("count"), stop: " 5 6", stream: true });
    const pieces = (await Array.fromAsync(stream)).map(({ choices }) => choices[0].delta.content ?? "");
    equal(pieces.join(""), "1 2 3 4");
    const body = { ...question("count"), stop_token_ids: ["9".charCodeAt(0)] };
    equal((await client.chat.completions.create(body)).choices[0].message.content, "1 2 3 4 5 6 7 8 ");
    const short = await client.chat.completions.create({ ...question("count"), max_completion_tokens: 3 });
    deepEqual([short.choices[0].message.content, short.choices[0].finish_reason], ["1 2", "length"]);
  }));

test("log probabilities of tokens, whose bytes join to the text", () =>
  withServer({}, async ({ client }) => {
    const body = { ...question("price"), logprobs: true, top_logprobs: 3 };
    const { choices: [{ message, logprobs }] } = await client.chat.completions.create(body);
    equal(message.content, "Das kostet 5 € 😀.");
    const bytes = (logprobs?.content ?? []).flatMap((token) => token.bytes ?? []);
    equal(new TextDecoder().decode(Uint8Array.from(bytes)), message.content);
    for (const { token, logprob, top_logprobs } of logprobs?.content ?? []) {
      ok(logprob <= 0 && logprob > -1 && top_logprobs.length === 3);
      deepEqual([top_logprobs[0].token, top_logprobs[0].logprob], [token, logprob]);
    }
    const stream = await client.chat.completions.create({ ...body, stream: true });
    const streamed = (await Array.fromAsync(stream)).flatMap(({ choices }) =>
      choices[0].logprobs?.content ?? []
    );
    deepEqual(streamed, logprobs?.content);
    const whole = await client.completions.create({
      model: "taught",
      prompt: "<|im_start|>u:hi<|im_end|><|im_start|>a:",
      temperature: 0,
      logprobs: 2,
      max_tokens: 6,
    });
    equal(whole.choices[0].text, "Hello!");
    deepEqual(whole.choices[0].logprobs?.tokens, [..."Hello!"]);
    deepEqual(whole.choices[0].logprobs?.text_offset, [0, 1, 2, 3, 4, 5]);
    equal(Object.keys(whole.choices[0].logprobs?.top_logprobs?.[0] ?? {}).length, 2);
  }));

test("thoughts are told from the answer, and can be turned off", () =>
  withServer({}, async ({ client }) => {
    const { choices: [{ message }] } = await client.chat.completions.create(question("think"));
    deepEqual([message.content, Reflect.get(message, "reasoning_content")], ["forty-two", "let me see"]);
    const plain = await client.chat.completions.create({ ...question("think"), max_tokens: 1 });
    const off = await client.chat.completions.create({
      ...question("think"),
      reasoning_effort: "none",
      max_tokens: 1,
    });
    equal(off.usage?.prompt_tokens, 1 + (plain.usage?.prompt_tokens ?? 0)); // the template writes a dash
  }));

test("the same seed gives the same choices, and choices of one request differ", () =>
  withServer({}, async ({ client }) => {
    const body = { model: "taught", prompt: "x", temperature: 2, seed: -7, n: 4, max_tokens: 12 };
    const texts = async () => (await client.completions.create(body)).choices.map(({ text }) => text);
    const first = await texts();
    deepEqual(await texts(), first);
    equal(new Set(first).size, 4);
    const several = await client.completions.create({ ...body, prompt: ["x", "y"], n: 1, echo: true });
    deepEqual(several.choices.map(({ text, index }) => [text[0], index]), [["x", 0], ["y", 1]]);
    const ids = await client.completions.create({ ...body, prompt: [...tokenizer.encode("x")] });
    deepEqual(ids.choices.map(({ text }) => text), first);
    const other = await client.completions.create({ ...body, seed: 8 });
    ok(other.choices.some(({ text }, i) => text !== first[i]));
  }));

test("models, and errors with the types of the client", () =>
  withServer({ token: "secret", queue: 0, parallel: 1 }, async ({ client, address }) => {
    const { data } = await client.models.list();
    deepEqual(data.map(({ id, object }) => [id, object]), [["taught", "model"]]);
    equal((await client.models.retrieve("taught")).created, 1_700_000_000);
    await rejects(client.models.retrieve("gpt-9"), OpenAI.NotFoundError);
    const create = (body: object) =>
      client.chat.completions.create({ ...question("hi"), ...body, stream: false });
    await rejects(create({ model: "gpt-9" }), (error) => {
      ok(error instanceof OpenAI.NotFoundError);
      deepEqual([error.code, error.param, error.type], ["model_not_found", "model", "invalid_request_error"]);
      return true;
    });
    await rejects(create({ temperature: 3 }), (error) => {
      ok(error instanceof OpenAI.BadRequestError);
      equal(error.param, "temperature");
      return true;
    });
    await rejects(create({ messages: [{ role: "user", content: "x".repeat(300) }] }), (error) => {
      ok(error instanceof OpenAI.BadRequestError);
      equal(error.code, "context_length_exceeded");
      return true;
    });
    await rejects(create({ n: 2 }), OpenAI.RateLimitError);
    const stranger = new OpenAI({ baseURL: `${address}/v1`, apiKey: "wrong", maxRetries: 0 });
    await rejects(stranger.models.list(), OpenAI.AuthenticationError);
  }));

test("a client that leaves frees its place, streamed or not", () =>
  withServer({ parallel: 1, pause: 20 }, async ({ client, generator, api }) => {
    for (const stream of [true, false]) {
      const stop = new AbortController();
      const answer = client.chat.completions.create({ ...question("count"), stream }, {
        signal: stop.signal,
      });
      const ended = answer.then(async (events) => {
        if (Symbol.asyncIterator in events) { for await (const _ of events) stop.abort(); }
      }).catch(() => {});
      if (!stream) {
        await until(() => generator.texts.active > 0);
        stop.abort();
      }
      await ended;
      await until(() => generator.texts.active + generator.texts.waiting === 0);
      equal(
        (await client.chat.completions.create(question("hi"))).choices[0].message.content,
        "Hello! How are you?",
      );
    }
    ok(api.metrics.aborted >= 1);
  }));

test("8 clients at once get the answers that they get alone", () =>
  withServer({ parallel: 8 }, async ({ client }) => {
    const ask = async (i: number) => {
      const body = {
        model: "taught",
        prompt: `<|im_start|>u:${i}`,
        seed: i,
        temperature: 1.5,
        max_tokens: 24,
      };
      const { choices: [{ text, logprobs }] } = await client.completions.create({ ...body, logprobs: 3 });
      return { text, logprobs };
    };
    const alone: Awaited<ReturnType<typeof ask>>[] = [];
    for (let i = 0; i < 8; i++) alone.push(await ask(i));
    deepEqual(await Promise.all(Array.from({ length: 8 }, (_, i) => ask(i))), alone);
    equal(new Set(alone.map(({ text }) => text)).size, 8);
    equal(counted.length > 0, true);
  }));
