/**
 * Tests the server with the AI SDK's client of OpenAI-compatible servers.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, isStepCount, jsonSchema, streamText, tool } from "ai";
import { withServer } from "./taught_server.ts";

function test(name: string, work: (model: ReturnType<typeof createOpenAICompatible>) => Promise<void>): void {
  Deno.test({
    name: `AI SDK: ${name}`,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      withServer(
        {},
        ({ address }) =>
          work(createOpenAICompatible({ name: "here", baseURL: `${address}/v1`, includeUsage: true })),
      ),
  });
}

const settings = { temperature: 0, maxRetries: 0 };

test("an answer and its usage, whole and streamed", async (provider) => {
  const { text, usage, finishReason } = await generateText({
    ...settings,
    model: provider("taught"),
    prompt: "hi",
  });
  deepEqual([text, finishReason], ["Hello! How are you?", "stop"]);
  deepEqual([usage.inputTokens, usage.outputTokens], [9, 20]);
  const stream = streamText({ ...settings, model: provider("taught"), prompt: "price" });
  equal((await Array.fromAsync(stream.textStream)).join(""), "Das kostet 5 € 😀.");
  ok((await stream.usage).outputTokens !== undefined);
});

test("thoughts apart from the text", async (provider) => {
  const answer = await generateText({ ...settings, model: provider("taught"), prompt: "think" });
  deepEqual([answer.text, answer.reasoningText], ["forty-two", "let me see"]);
});

test("a tool that runs between two steps", async (provider) => {
  const cities: string[] = [];
  const weather = tool({
    description: "Weather of a city",
    inputSchema: jsonSchema<{ city: string }>({ type: "object", properties: { city: { type: "string" } } }),
    execute: ({ city }) => {
      cities.push(city);
      return Promise.resolve("wet");
    },
  });
  const options = { ...settings, model: provider("taught"), tools: { weather }, stopWhen: isStepCount(3) };
  const answer = await generateText({ ...options, prompt: "rain?" });
  deepEqual([answer.text, cities], ["It rains in Oslo.", ["Oslo"]]);
  const stream = streamText({ ...options, prompt: "rain?" });
  equal((await Array.fromAsync(stream.textStream)).join(""), "It rains in Oslo.");
  equal(cities.length, 2);
});

test("completions, and errors with their status", async (provider) => {
  const { text } = await generateText({
    ...settings,
    model: provider.completionModel("taught"),
    prompt: "hi",
    maxOutputTokens: 5,
  });
  ok(text.length <= 5);
  await rejects(
    generateText({ ...settings, model: provider("gpt-9"), prompt: "hi" }),
    (error) =>
      APICallError.isInstance(error) && error.statusCode === 404 && /does not exist/.test(error.message),
  );
});
