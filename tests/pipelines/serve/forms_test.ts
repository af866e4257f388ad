/**
 * Tests answers in the forms that requests ask for, with OpenAI's own client: whatever the model would rather
 * write, JSON is JSON, and the arguments of a forced call fit the tool's schema.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { template, tokenizer, weatherTool } from "./taught_model.ts";
import { question, withServer } from "./taught_server.ts";

const options = { sanitizeOps: false, sanitizeResources: false }; // the client keeps its connections

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ...options, fn });
}

const person = {
  type: "object",
  properties: {
    kind: { enum: ["cat", "dog"] },
    age: { type: "integer" },
    tags: { type: "array", items: { type: "boolean" }, maxItems: 2 },
    name: { type: "string", maxLength: 5 },
  },
  required: ["kind", "age"],
  additionalProperties: false,
} as const;

/** Checks a value of the schema `person`. */
function checkPerson(text: string): void {
  const { kind, age, tags = [], name = "", ...others } = JSON.parse(text);
  ok(kind === "cat" || kind === "dog", text);
  ok(
    Number.isInteger(age) && Array.isArray(tags) && tags.length <= 2 &&
      tags.every((tag) => typeof tag === "boolean"),
  );
  ok(typeof name === "string" && [...name].length <= 5);
  deepEqual(others, {});
}

const petTool = { type: "function", function: { name: "pet", parameters: person } } as const;

test("json_schema: answers fit the schema at any temperature, streamed or not", () =>
  withServer({ parallel: 8 }, async ({ client }) => {
    const format = {
      type: "json_schema",
      json_schema: { name: "person", schema: person, strict: true },
    } as const;
    for (const temperature of [0, 1, 2]) {
      const body = { ...question("hi"), temperature, seed: 5, n: 8, response_format: format };
      const { choices } = await client.chat.completions.create(body);
      deepEqual(choices.map(({ finish_reason }) => finish_reason), Array(8).fill("stop"));
      for (const { message } of choices) checkPerson(message.content ?? "");
    }
    const stream = await client.chat.completions.create({
      ...question("hi"),
      response_format: format,
      stream: true,
    });
    const pieces = (await Array.fromAsync(stream)).map(({ choices }) => choices[0].delta.content ?? "");
    checkPerson(pieces.join(""));
  }));

test("json_object: the answer is an object, unless the tokens run out", () =>
  withServer({ parallel: 8 }, async ({ client }) => {
    const body = { ...question("hi"), temperature: 1.5, seed: 1, n: 8 };
    const { choices } = await client.chat.completions.create({
      ...body,
      response_format: { type: "json_object" },
    });
    for (const { message: { content }, finish_reason } of choices) {
      equal(content?.[0], "{");
      if (finish_reason === "stop") ok(!Array.isArray(JSON.parse(content ?? "")));
    }
  }));

test("a forced call has arguments that fit the tool's schema, whichever tool it is", () =>
  withServer({ parallel: 8 }, async ({ client }) => {
    const tools = [petTool, weatherTool];
    for (const temperature of [0, 2]) {
      const body = { ...question("hi"), tools, temperature, seed: 3, n: 8 };
      const named = await client.chat.completions.create({
        ...body,
        tool_choice: { type: "function", function: { name: "pet" } },
      });
      for (const { message: { tool_calls: [call] = [] }, finish_reason } of named.choices) {
        equal(finish_reason, "tool_calls");
        ok(call.type === "function" && call.function.name === "pet");
        checkPerson(call.function.arguments);
      }
      const any = await client.chat.completions.create({
        ...body,
        tool_choice: "required",
        parallel_tool_calls: false,
      });
      for (const { message: { tool_calls: [call] = [] }, finish_reason } of any.choices) {
        if (finish_reason === "length") continue; // the name of a city has no largest length
        ok(call.type === "function", "a call");
        if (call.function.name === "pet") checkPerson(call.function.arguments);
        else equal(typeof JSON.parse(call.function.arguments).city, "string");
      }
    }
  }));

test("allowed_tools leaves the model some of the tools, which it may or must call", () =>
  withServer({}, async ({ client, ask }) => {
    const choose = (mode: "auto" | "required", ...names: string[]) => ({
      type: "allowed_tools" as const,
      allowed_tools: { mode, tools: names.map((name) => ({ type: "function", function: { name } })) },
    });
    const tools = [petTool, weatherTool];
    const calls = async (content: string, tool_choice: ReturnType<typeof choose>) => {
      const { choices } = await client.chat.completions.create({ ...question(content), tools, tool_choice });
      const { tool_calls = [] } = choices[0].message;
      return tool_calls.map((call) => call.type === "function" && call.function.name);
    };
    deepEqual(await calls("rain?", choose("auto", "weather")), ["weather"]);
    deepEqual(await calls("hi", choose("auto", "weather")), []);
    ok((await calls("hi", choose("required", "pet"))).every((name) => name === "pet"));
    ok((await calls("rain?", choose("required", "pet", "weather"))).length > 0);
    for (const wrong of [choose("auto"), choose("auto", "dog"), choose("auto", "pet", "dog")]) {
      const response = await ask("/v1/chat/completions", { ...question("hi"), tools, tool_choice: wrong });
      deepEqual([response.status, (await response.json()).error.param], [400, "tool_choice"]);
    }
  }));

test("a call that the model would make anyway stays as it is", () =>
  withServer({}, async ({ client }) => {
    for (const tool_choice of ["required", { type: "function", function: { name: "weather" } }] as const) {
      const { choices: [{ message }] } = await client.chat.completions.create({
        ...question("rain?"),
        tools: [weatherTool],
        tool_choice,
      });
      const [call] = message.tool_calls ?? [];
      deepEqual(call.type === "function" && call.function, { name: "weather", arguments: '{"city":"Oslo"}' });
    }
  }));

test("a call that the model chooses to make has arguments that fit the tool's schema", () =>
  withServer({ parallel: 8 }, async ({ client }) => {
    const parameters = {
      type: "object",
      properties: { city: { enum: ["Rome", "Paris"] }, days: { type: "integer", minimum: 2, maximum: 14 } },
      required: ["city", "days"],
    };
    // The model has learned to call with "Oslo", and alone.
    const tools = [{ type: "function", function: { name: "weather", parameters } } as const];
    for (const content of ["rain?", "both?"]) {
      const { choices } = await client.chat.completions.create({ ...question(content), tools, n: 2 });
      for (const { message: { tool_calls = [] }, finish_reason } of choices) {
        equal(finish_reason, "tool_calls");
        ok(tool_calls.length > 0);
        for (const call of tool_calls) {
          const { city, days, ...others } = JSON.parse(
            call.type === "function" ? call.function.arguments : "",
          );
          ok(["Rome", "Paris"].includes(city) && Number.isInteger(days) && days >= 2 && days <= 14);
          deepEqual(others, {});
        }
      }
    }
    const { choices: [{ message }] } = await client.chat.completions.create({ ...question("hi"), tools });
    ok(message.content !== "", "text stays free");
  }));

test("after a thought that the prompt begins, the form holds for the answer", () => {
  const thinking = {
    ...template,
    prompt: (...given: Parameters<typeof template.prompt>) =>
      Uint32Array.of(...template.prompt(...given), ...tokenizer.encode("<think>")),
  };
  return withServer({ template: thinking }, async ({ ask }) => {
    const response = await ask("/v1/chat/completions", {
      ...question("think"),
      response_format: { type: "json_schema", json_schema: { name: "x", schema: { enum: [1, 2] } } },
    });
    const { choices: [{ message }] } = await response.json();
    equal(message.reasoning_content, "let me see");
    ok([1, 2].includes(JSON.parse(message.content)));
  });
});

test("schemas that cannot be obeyed are refused: of answers unless strict is false, of tools if it is true", () =>
  withServer({}, async ({ ask }) => {
    const fault = async (more: object) => {
      const response = await ask("/v1/chat/completions", { ...question("hi"), max_tokens: 1, ...more });
      const { error } = await response.json();
      return error === undefined ? response.status : `${error.param}: ${error.message}`;
    };
    const format = (schema: unknown, strict?: boolean) => ({
      response_format: { type: "json_schema", json_schema: { name: "x", schema, strict } },
    });
    const tool = (parameters: unknown, strict?: boolean) => ({
      tools: [{ type: "function", function: { name: "t", parameters, strict } }],
      tool_choice: "required",
    });
    const limited = { type: "object", properties: { a: { not: { type: "null" } } } };
    for (const strict of [true, undefined]) {
      ok(
        /^response_format: .*properties\.a: the keyword not is not supported/.test(
          `${await fault(format(limited, strict))}`,
        ),
      );
    }
    for (const tool_choice of ["required", "auto"]) {
      ok(
        /^tools: tools\.t\.parameters\.properties\.a: the keyword not is not/.test(
          `${await fault({ ...tool(limited, true), tool_choice })}`,
        ),
      );
      for (const strict of [false, undefined]) {
        equal(await fault({ ...tool(limited, strict), tool_choice }), 200);
      }
    }
    equal(await fault(format(limited, false)), 200);
    ok(
      /strict/.test(
        `${await fault({
          ...tool({}),
          tools: [{ ...tool({}).tools[0], function: { name: "t", strict: 1 } }],
        })}`,
      ),
    );
    ok(/^tools: .*must be a JSON schema of type object/.test(`${await fault(tool({ type: "string" }))}`));
    ok(/^response_format: .*expected string, number/.test(`${await fault(format({ type: "text" }))}`));
    ok(/contains itself without an end/.test(`${await fault(format({ anyOf: [{ $ref: "#" }] }))}`));
    ok(
      /^response_format\.type|^response_format:/.test(`${await fault({ response_format: { type: "xml" } })}`),
    );
    ok(/needs tool_choice/.test(`${await fault({ ...format({}), tools: [weatherTool] })}`));
    equal(await fault({ ...format({}), tools: [weatherTool], tool_choice: "none" }), 200);
  }));

test("a schema that would hold up other answers ends its own with an error that says why", () =>
  withServer({}, async ({ ask, client, logged }) => {
    const anyOf = Array.from(
      { length: 4000 },
      (_, i) => ({ type: "string", minLength: 100, maxLength: 101 + i }),
    );
    const body = {
      ...question("hi"),
      response_format: { type: "json_schema", json_schema: { name: "x", schema: { anyOf } } },
    };
    const response = await ask("/v1/chat/completions", body), { error } = await response.json();
    deepEqual([response.status, error.code], [400, "schema_too_complex"]);
    ok(/fewer alternatives/.test(error.message));
    const text = await (await ask("/v1/chat/completions", { ...body, stream: true })).text();
    ok(/"schema_too_complex"\}\}\n\n$/.test(text), text.slice(-300));
    const { choices } = await client.chat.completions.create(question("hi"));
    equal(choices[0].message.content, "Hello! How are you?");
    deepEqual(logged, []);
  }));
