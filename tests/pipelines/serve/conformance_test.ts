/**
 * Tests the table of fields in pipelines/serve/README.md, row by row.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { chatOnlyFields, refusedChatFields } from "../../../pipelines/serve/chat_fields.ts";
import { completionOnlyFields } from "../../../pipelines/serve/completion_fields.ts";
import { ignoredFields, sharedFields } from "../../../pipelines/serve/sampling_fields.ts";
import { weatherTool } from "./taught_model.ts";
import { question, withServer } from "./taught_server.ts";

const page = await Deno.readTextFile(new URL("../../../pipelines/serve/README.md", import.meta.url));

/** The table's rows: a field, what becomes of it in both APIs, and the test of what it does. */
const table = [...page.matchAll(/^\| `(\w+)` +\| (\w+) +\| (\w+) +\|.*\| `(\w+)` *\|$/gm)];
const rows = table.map(([, field, chat, completions]) => ({ field, chat, completions }));

/** Values that a request may have, and others that it may not; both for the fields that differ by API. */
const values: Readonly<
  Record<string, { readonly good: unknown; readonly bad: unknown; readonly more?: object }>
> = {
  model: { good: "taught", bad: 7 },
  messages: { good: [{ role: "developer", content: [{ type: "text", text: "hi" }] }], bad: [] },
  prompt: { good: [[1, 2], [3]], bad: [1.5] },
  stream: { good: false, bad: "yes" },
  stream_options: { good: { include_usage: true }, bad: { include: true }, more: { stream: true } },
  n: { good: 2, bad: 0 },
  stop: { good: ["a", "b"], bad: [""] },
  stop_token_ids: { good: [5], bad: [1e9] },
  seed: { good: -3, bad: 0.5 },
  max_tokens: { good: 2, bad: 0 },
  max_completion_tokens: { good: 2, bad: -1 },
  temperature: { good: 0.3, bad: 2.1 },
  top_p: { good: 0.5, bad: 0 },
  top_k: { good: 5, bad: -1 },
  min_p: { good: 0.1, bad: 1.5 },
  repetition_penalty: { good: 1.1, bad: 0 },
  presence_penalty: { good: -2, bad: 2.5 },
  frequency_penalty: { good: 2, bad: "1" },
  logit_bias: { good: { 5: -100 }, bad: { x: 1 } },
  logprobs: { good: true, bad: "all" },
  top_logprobs: { good: 20, bad: 21, more: { logprobs: true } },
  echo: { good: true, bad: 1 },
  best_of: { good: 1, bad: 2 },
  suffix: { good: "", bad: "end" },
  tools: { good: [weatherTool], bad: [{ type: "web_search" }] },
  tool_choice: { good: "auto", bad: "sometimes" },
  parallel_tool_calls: { good: false, bad: 1 },
  response_format: { good: { type: "json_object" }, bad: { type: "xml" } },
  modalities: { good: ["text"], bad: ["audio"] },
  reasoning_effort: { good: "low", bad: "much" },
  server_tools: { good: [], bad: ["none"] },
  memory: { good: ["The user likes tea"], bad: [1] },
  chat_template_kwargs: { good: { enable_thinking: true }, bad: { other: 1 } },
};

Deno.test("the table of the README has each field once, and the class that the code has", () => {
  const classOf = (lists: Readonly<Record<string, readonly string[]>>) => (field: string) =>
    Object.entries(lists).find(([, names]) => names.includes(field))?.[0] ?? "unknown";
  const chat = classOf({
    honoured: [...sharedFields, ...chatOnlyFields],
    ignored: ignoredFields,
    refused: Object.keys(refusedChatFields),
  });
  const completions = classOf({
    honoured: [...sharedFields, ...completionOnlyFields],
    ignored: ignoredFields,
    refused: ["suffix"],
  });
  const fields = [
    ...sharedFields,
    ...ignoredFields,
    ...chatOnlyFields,
    ...completionOnlyFields,
    ...Object.keys(refusedChatFields),
    "suffix",
  ];
  deepEqual(rows.map(({ field }) => field).sort(), [...new Set(fields)].sort());
  deepEqual(rows, rows.map(({ field }) => ({ field, chat: chat(field), completions: completions(field) })));
});

Deno.test("the table has each field that OpenAI's own client knows", async () => {
  const types = new URL("./resources/", import.meta.resolve("openai"));
  const known = new Set(rows.map(({ field }) => field));
  for (
    const [file, name] of [
      ["chat/completions/completions.d.ts", "ChatCompletionCreateParamsBase"],
      ["completions.d.ts", "CompletionCreateParamsBase"],
    ]
  ) {
    const text = await Deno.readTextFile(new URL(file, types));
    const [, body] = new RegExp(`interface ${name} \\{\n([^]*?)\n\\}`).exec(text) ?? [];
    const fields = [...body?.matchAll(/^ {4}(\w+)\??:/gm) ?? []].map(([, field]) => field);
    ok(fields.length > 10, `${fields}`);
    deepEqual(fields.filter((field) => !known.has(field)), []);
  }
});

Deno.test("the test that the table names for a field has it", async () => {
  for (const [, field, chat, , test] of table) {
    if (test === "conformance") continue; // of all fields, below
    const source = await Deno.readTextFile(new URL(`${test}_test.ts`, import.meta.url));
    const isThere = chat === "ignored" ? /ignoredFields/ : new RegExp(`\\b${field}\\b`);
    ok(isThere.test(source), `${test}_test.ts does not speak of ${field}`);
  }
});

Deno.test({
  name: "each field of the table is honoured, ignored or refused as it says",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: (t) =>
    withServer({ parallel: 2 }, async ({ ask }) => {
      for (const { field, ...apis } of rows) {
        await t.step(field, async () => {
          for (const [api, support] of Object.entries(apis)) {
            const base = api === "chat" ? question("hi") : { model: "taught", prompt: "a" };
            const path = api === "chat" ? "/v1/chat/completions" : "/v1/completions";
            const { good, bad, more } = values[field] ?? { good: "x", bad: "x" };
            const send = async (value: unknown) => {
              const isCount = field === "logprobs" && api === "completions" && value === true;
              const response = await ask(path, {
                ...base,
                max_tokens: 2,
                ...more,
                [field]: isCount ? 3 : value,
              });
              const text = await response.text();
              return { status: response.status, param: response.ok ? null : JSON.parse(text).error.param };
            };
            const refused = await send(bad), accepted = await send(good), empty = await send(null);
            switch (support) {
              case "honoured":
                equal(accepted.status, 200);
                equal(refused.status, 400);
                ok(refused.param.startsWith(field), `${refused.param}`);
                equal(empty.status, ["messages", "prompt"].includes(field) ? 400 : 200);
                break;
              case "ignored":
                deepEqual([refused.status, accepted.status], [200, 200]);
                break;
              default: // refused, or unknown to this API
                deepEqual([refused.status, refused.param], [400, field]);
            }
          }
        });
      }
    }),
});
