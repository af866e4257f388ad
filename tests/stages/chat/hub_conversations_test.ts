/**
 * Tests conversations and questions from the Hugging Face Hub, in Parquet with nested columns as its datasets
 * have them, on a server that answers as the Hub does.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { parquetWriteBuffer } from "hyparquet-writer";
import { examples, preferences } from "../../../stages/chat/read/example_stages.ts";
import { from } from "../../../stages/flow/flow.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { beforeDeadline } from "../../deadline.ts";

const commit = "0123456789012345678901234567890123456789";

/** Serves the files of the dataset `o/n`, also in ranges. */
function hub(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) {
  const controller = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: controller.signal, onListen() {} },
    (request) => {
      const path = decodeURIComponent(new URL(request.url).pathname);
      if (path.startsWith("/api/datasets/o/n/revision/")) {
        const info = { _id: "1", id: "o/n", private: false, gated: false, lastModified: "2024-01-01" };
        return Response.json({ ...info, sha: commit });
      }
      if (path.startsWith(`/api/datasets/o/n/tree/${commit}`)) {
        return Response.json(
          [...files].map(([path, { length: size }]) => ({ type: "file", path, size, oid: "1" })),
        );
      }
      const data = files.get(path.replace(`/datasets/o/n/resolve/${commit}/`, ""));
      if (data === undefined) return new Response("", { status: 404 });
      const headers = { "etag": '"1"', "accept-ranges": "bytes" };
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
      if (first === undefined) return new Response(data, { headers });
      const end = Math.min(data.length, last === "" ? Infinity : Number(last) + 1);
      return new Response(data.subarray(Number(first), end), {
        status: 206,
        headers: { ...headers, "content-range": `bytes ${first}-${end - 1}/${data.length}` },
      });
    },
  );
  return {
    hubUrl: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await server.finished;
    },
  };
}

/** The schema of a column of lists of messages, as PyArrow writes it. */
function messagesColumn(name: string) {
  const text = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" } as const;
  return [
    { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "OPTIONAL", num_children: 2 },
    { name: "content", ...text },
    { name: "role", ...text },
  ] as const;
}

/** Writes records whose fields are lists of messages, in row groups of two. */
function parquet(records: readonly Readonly<Record<string, unknown>>[]): Uint8Array<ArrayBuffer> {
  const names = Object.keys(records[0]);
  const buffer = parquetWriteBuffer({
    columnData: names.map((name) => ({ name, data: records.map((record) => record[name]) })),
    schema: [{ name: "root", num_children: names.length }, ...names.flatMap(messagesColumn)],
    rowGroupSize: 2,
  });
  return new Uint8Array(buffer);
}

const user = (content: string) => ({ content, role: "user" });
const assistant = (content: string) => ({ content, role: "assistant" });

Deno.test("conversations come from the Hub's Parquet files, of a split and of the whole dataset, in order", async () => {
  const of = (i: number) => ({ messages: [user(`question ${i} é`), assistant(`answer ${i}`)] });
  const long = { messages: [user("a"), assistant("b"), user("c"), assistant("d")] };
  await using server = hub(
    new Map([
      ["data/test-00000-of-00001.parquet", parquet([of(9)])],
      ["data/train-00000-of-00002.parquet", parquet([of(0), long, of(1)])],
      ["data/train-00001-of-00002.parquet", parquet([of(2)])],
    ]),
  );
  const read = async (uri: string) => {
    const source = await openSource([uri], { records: true, hubUrl: server.hubUrl });
    const found = await beforeDeadline(Array.fromAsync(from(source).pipe(examples()).stream()));
    return found.map((example) => "messages" in example ? example.messages : []);
  };
  const trained = [of(0), long, of(1), of(2)].map(({ messages }) => messages);
  deepEqual(await read("hf:o/n/data/train-*.parquet"), trained);
  equal((await read("hf:o/n@main")).length, 5);
});

Deno.test("preferences come from the Hub's Parquet files", async () => {
  const record = { chosen: [user("q"), assistant("yes")], rejected: [user("q"), assistant("no")] };
  await using server = hub(new Map([["data/train.parquet", parquet([record, record, record])]]));
  const source = await openSource(["hf:o/n"], { records: true, hubUrl: server.hubUrl });
  const found = await beforeDeadline(Array.fromAsync(from(source).pipe(preferences()).stream()));
  equal(found.length, 3);
  const [{ chosen, rejected }] = found;
  deepEqual(["messages" in chosen && chosen.messages, "messages" in rejected && rejected.messages], [
    record.chosen,
    record.rejected,
  ]);
});
