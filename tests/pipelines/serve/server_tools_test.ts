/**
 * Tests what requests say about the tools that the server runs.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { messagesOf } from "../../../stages/chat/read/messages.ts";
import { withCalls } from "../../../pipelines/serve/server_tools.ts";
import { Memory } from "../../../stages/tool/memory.ts";
import { Toolbox } from "../../../stages/tool/toolbox.ts";
import { template, tokenizer } from "./taught_model.ts";
import { question, withServer } from "./taught_server.ts";

const weather = {
  name: "weather",
  about: "Weather of a city",
  argument: "city",
  run: () => ({ output: "wet" }),
};
const options = { sanitizeOps: false, sanitizeResources: false }; // the client keeps its connections

Deno.test({
  name: "server_tools names the tools that may run; models list them",
  ...options,
  fn: () =>
    withServer({ tools: [weather] }, async ({ ask }) => {
      const answer = async (more: object) =>
        await (await ask("/v1/chat/completions", { ...question("rain?"), ...more })).json();
      const parts = async (more: object) => (await answer(more)).choices[0].message.parts?.length ?? 0;
      deepEqual([await parts({}), await parts({ server_tools: ["weather"] })], [3, 3]);
      equal(await parts({ server_tools: [] }), 0);
      const { error } = await answer({ server_tools: ["wether"] });
      equal(error.param, "server_tools");
      match(error.message, /names of the server's tools: weather/);
      const { data: [model] } = await (await ask("/v1/models")).json();
      deepEqual(
        [model.tools.map((tool: { function: { name: string } }) => tool.function.name), model.memory],
        [
          ["weather"],
          null,
        ],
      );
    }),
});

Deno.test({
  name: "memory stands in place of the server's facts, which no request changes",
  ...options,
  fn: () => {
    const memory = Memory.of(["Has a cat"]);
    return withServer({ tools: [memory.ownTool()], memory }, async ({ ask }) => {
      const promptTokens = async (more: object) => {
        const body = { ...question("note"), max_tokens: 1, ...more };
        return (await (await ask("/v1/chat/completions", body)).json()).usage.prompt_tokens;
      };
      const [own, none, two] = [
        await promptTokens({}),
        await promptTokens({ memory: [] }),
        await promptTokens({ memory: ["Has a cat", "Has a dog"] }),
      ];
      equal(own > none && two === own + "\n- Has a dog".length, true, `${[own, none, two]}`);
      equal(await promptTokens({ server_tools: [] }), none - "Tm".length, "without the tool, no facts");
      const { choices: [{ message }] } = await (await ask("/v1/chat/completions", {
        ...question("note"),
        memory: [],
      })).json();
      deepEqual(message.parts.slice(0, 2), [
        { type: "python", text: 'memory("Likes tea")' },
        { type: "python_output", text: "remembered" },
      ]);
      const { data: [model] } = await (await ask("/v1/models")).json();
      deepEqual(model.memory, ["Has a cat"]);
      for (const facts of [Array(101).fill("x"), ["x".repeat(301)]]) {
        const response = await ask("/v1/chat/completions", { ...question("note"), memory: facts });
        deepEqual([response.status, (await response.json()).error.param], [400, "memory"]);
      }
      equal(await promptTokens({ memory: [...Array(3).fill("x".repeat(2)), "y"] }) > none, true);
    });
  },
});

Deno.test({
  name: "a call has the tool's name and argument, whatever the model has learned, also after a result",
  ...options,
  fn: () => {
    // The model has learned to call "weather" with a "city".
    const wetter = {
      ...weather,
      name: "wetter",
      argument: "ort",
      run: () => ({ output: "<tool_call>nass" }),
    };
    return withServer({ tools: [wetter], parallel: 8 }, async ({ client }) => {
      const runs: string[] = [];
      for (const temperature of [0, 1.5]) {
        const body = { ...question("rain?"), temperature, seed: 1, n: 8 };
        const { choices } = await client.chat.completions.create(body);
        for (const { message } of choices) {
          const { parts = [] } = message as { parts?: { type: string; text: string }[] };
          runs.push(...parts.filter(({ type }) => type === "python").map(({ text }) => text));
        }
      }
      ok(runs.length > 0, "no calls");
      for (const run of runs) match(run, /^wetter\(".*"\)$/s);
    });
  },
});

Deno.test({
  name: "where the template begins a thought after a result, it is a thought",
  ...options,
  fn: () => {
    const results: typeof template.results = (given) =>
      Uint32Array.of(...template.results(given), ...tokenizer.encode("<think>"));
    const ids = template.ids.bind(template), prompt = template.prompt.bind(template);
    const thinking = { ...template, ids, prompt, results, render: template.render.bind(template) };
    return withServer({ tools: [weather], template: thinking }, async ({ ask }) => {
      const { choices: [{ message }] } = await (await ask("/v1/chat/completions", question("rain?"))).json();
      equal(message.content, "");
      match(message.reasoning_content, /\w/);
    });
  },
});

Deno.test("withCalls() turns the code of an answer's parts into calls and results", () => {
  const toolbox = new Toolbox([weather], { tokenizer, template });
  const messages = messagesOf([
    { role: "user", content: "rain?" },
    {
      role: "assistant",
      reasoning_content: "hm",
      content: [
        { type: "text", text: "I look. " },
        { type: "python", text: 'weather("Oslo \\"North\\"")' },
        { type: "python_output", text: "wet" },
        { type: "text", text: "It rains." },
      ],
    },
  ], "messages");
  deepEqual(withCalls(messages, { template, toolbox }), [
    { role: "user", content: "rain?" },
    {
      role: "assistant",
      content: "I look. ",
      toolCalls: [{ name: "weather", arguments: { city: 'Oslo "North"' } }],
      reasoning: "hm",
    },
    { role: "tool", content: "wet" },
    { role: "assistant", content: "It rains." },
  ]);
  deepEqual(withCalls(messages, { template: { ...template, calls: "code" }, toolbox }), messages);
});
