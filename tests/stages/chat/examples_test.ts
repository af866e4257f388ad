/**
 * Tests the readers of conversations: every format gives the same conversation, and faults name their place.
 *
 * @module
 */
import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { parquetWriteBuffer } from "hyparquet-writer";
import { exampleOf, preferenceOf } from "../../../stages/chat/read/examples.ts";
import { examples } from "../../../stages/chat/read/example_stages.ts";
import { from } from "../../../stages/flow/flow.ts";
import { openSource } from "../../../stages/source/uri.ts";

const read = (fields: Record<string, unknown>) => exampleOf({ id: "1", fields });
const wanted = [{ role: "user", content: "Q" }, { role: "assistant", content: "A" }];

Deno.test("exampleOf() reads every format as the same conversation", () => {
  const forms = [
    { messages: wanted },
    { messages: [{ role: "user", content: [{ type: "text", text: "Q" }] }, wanted[1]] },
    { conversations: [{ from: "human", value: "Q" }, { from: "gpt", value: "A" }] },
    { instruction: "Q", input: "", output: "A" },
    { instruction: "Q", output: "A" },
  ];
  for (const form of forms) {
    const example = read(form);
    if (!("messages" in example)) throw new Error("not a conversation");
    deepEqual(
      example.messages.map(({ role, content }) => ({
        role,
        content: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
      })),
      wanted,
    );
  }
  deepEqual(read({ prompt: [wanted[0]], completion: [wanted[1]] }), {
    id: "1",
    messages: wanted,
    completion: 1,
  });
  deepEqual(read({ prompt: "Q", completion: "A" }), { id: "1", prompt: "Q", completion: "A" });
  deepEqual(read({ instruction: "Q", input: "I", output: "A" }), {
    id: "1",
    messages: [{ role: "user", content: "Q\n\nI" }, wanted[1]],
  });
});

Deno.test("exampleOf() reads calls of tools in OpenAI's and ShareGPT's form", () => {
  const call = { name: "add", arguments: { a: 1 } };
  const openAi = read({
    tools: [{ name: "add" }],
    messages: [wanted[0], { role: "assistant", content: null, tool_calls: [{ id: "x", function: call }] }, {
      role: "tool",
      tool_call_id: "x",
      content: "2",
    }],
  });
  deepEqual(openAi, {
    id: "1",
    tools: [{ name: "add" }],
    messages: [wanted[0], { role: "assistant", content: "", toolCalls: [{ ...call, id: "x" }] }, {
      role: "tool",
      content: "2",
      toolCallId: "x",
    }],
  });
  deepEqual(read({ conversations: [{ from: "function_call", value: JSON.stringify(call) }] }), {
    id: "1",
    messages: [{ role: "assistant", content: "", toolCalls: [call] }],
  });
});

Deno.test("exampleOf() names the message and the field of a fault", () => {
  const faults: readonly [Record<string, unknown>, RegExp][] = [
    [{ text: "a" }, /fields text: expected messages/],
    [{ messages: [] }, /messages is \[\]: expected a list/],
    [{ messages: [{ role: "robot", content: "" }] }, /messages\[0\]\.role is "robot"/],
    [{ messages: [wanted[0], { role: "assistant" }] }, /messages\[1\]\.content is missing/],
    [{ messages: [{ role: "user", content: [{ type: "image", url: "x" }] }] }, /messages\[0\]\.content\[0\]/],
    [{ messages: [{ role: "assistant", content: "", weight: 2 }] }, /weight is 2: expected 0 or 1/],
    [{ conversations: [{ from: "human" }] }, /conversations\[0\]\.value is missing/],
    [{ prompt: "a", completion: [wanted[1]] }, /completion is .*both as texts/],
    [{ instruction: 1, output: "a" }, /instruction is 1/],
    [{ messages: [wanted[0]], tools: "{" }, /tools is "\{"/],
  ];
  for (const [fields, why] of faults) {
    throws(() => read(fields), (error: Error) => why.test(error.message), `${why}`);
  }
});

Deno.test("preferenceOf() finds the prompt where the answers begin with it", () => {
  const same = { chosen: [wanted[0], wanted[1]], rejected: [wanted[0], { role: "assistant", content: "B" }] };
  for (const fields of [same, { ...same, prompt: "Q" }]) {
    const { chosen, rejected } = preferenceOf({ id: "1", fields });
    deepEqual(chosen, { id: "1", messages: same.chosen, completion: 1 });
    deepEqual(rejected, { id: "1", messages: same.rejected, completion: 1 });
  }
  deepEqual(preferenceOf({ id: "1", fields: { chosen: "Q: yes", rejected: "Q: no" } }), {
    chosen: { id: "1", prompt: "Q: ", completion: "yes" },
    rejected: { id: "1", prompt: "Q: ", completion: "no" },
  });
  throws(
    () => preferenceOf({ id: "1", fields: { prompt: "a", chosen: "b" } }),
    /expected chosen and rejected/,
  );
});

Deno.test("conversations are read from JSON lines, lists alone, JSON, Parquet and standard forms alike", async () => {
  const dir = await Deno.makeTempDir();
  const record = { messages: wanted }, two = [record, { messages: [...wanted, ...wanted] }];
  await Deno.writeTextFile(`${dir}/a.jsonl`, two.map((one) => JSON.stringify(one)).join("\n"));
  await Deno.writeTextFile(`${dir}/b.jsonl`, two.map((one) => JSON.stringify(one.messages)).join("\n"));
  await Deno.writeTextFile(`${dir}/c.json`, JSON.stringify(two));
  const parquet = parquetWriteBuffer({
    columnData: [{ name: "messages", data: two.map((one) => one.messages), type: "JSON" }],
  });
  await Deno.writeFile(`${dir}/d.parquet`, new Uint8Array(parquet));
  for (const name of ["a.jsonl", "b.jsonl", "c.json", "d.parquet"]) {
    const source = await openSource([`${dir}/${name}`], { records: true });
    const found = await Array.fromAsync(from(source).pipe(examples()).stream());
    deepEqual(found.map((one) => "messages" in one && one.messages), two.map((one) => one.messages), name);
  }
  await Deno.writeTextFile(`${dir}/bad.jsonl`, `${JSON.stringify(record)}\n{"text":"a"}\n`);
  const bad = await openSource([`${dir}/bad.jsonl`], { records: true });
  await rejects(
    async () => await Array.fromAsync(from(bad).pipe(examples()).stream()),
    (error: Error) => /bad\.jsonl:2/.test(String(error.cause ?? error)) || /bad\.jsonl:2/.test(error.message),
  );
  const kept = await Array.fromAsync(from(bad).pipe(examples({ damaged: "skip" })).stream());
  equal(kept.length, 1);
});
