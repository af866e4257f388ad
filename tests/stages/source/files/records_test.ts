/**
 * Tests what documents carry along of the records that they come from.
 *
 * @module
 */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Source } from "../../../../stages/flow/stage.ts";
import type { Document } from "../../../../stages/items.ts";
import { jsonFile, jsonlFile } from "../../../../stages/source/files/json_files.ts";
import { parquetFile } from "../../../../stages/source/files/parquet.ts";
import { decimalValue, isoTime } from "../../../../stages/source/files/parquet_values.ts";
import { fileReader } from "../../../../stages/source/files/file_source.ts";
import { findParts, partsSource } from "../../../../stages/source/parts.ts";
import { standardInput } from "../../../../stages/source/files/standard_input.ts";
import { contextWith } from "../../context.ts";
import { read, resumesAnywhere, withFolder } from "../source_checks.ts";

const line = (fields: unknown) => `${JSON.stringify(fields)}\n`;

/** The documents of a source without their path, and the notes that it emits. */
async function readWithNotes(source: Source<Document>) {
  const notes: string[] = [];
  const ctx = contextWith({ emit: (event) => event.type === "note" && notes.push(event.text) });
  const docs: Document[] = [];
  const state = await source.open(ctx);
  for await (const { filePath: _, ...doc } of source.read(state, ctx)) docs.push(doc);
  return { docs, notes };
}

async function documentsOf(source: Source<Document>): Promise<readonly Document[]> {
  return (await readWithNotes(source)).docs;
}

Deno.test("documents keep further fields of a record, and those under its metadata, as metadata", () =>
  withFolder(async (path) => {
    const meta = {
      url: "http://a",
      date: "2024",
      text: "meta",
      id: "9",
      language_score: 0.5,
      custom: { k: 1 },
    };
    const file = path(
      "a.jsonl",
      line({ text: "a", id: "7", source: "wiki", score: 3, meta: { lang: "en" }, nothing: null }) +
        line({ text: "b", id: "8", metadata: meta }) +
        line({ text: "c", id: "9", metadata: JSON.stringify(meta), custom: 2 }) +
        line({ text: "d", id: "10", metadata: [1], date: 2024, url: null, dump: "" }),
    );
    deepStrictEqual(await documentsOf(jsonlFile(file)), [
      { id: "7", text: "a", metadata: { source: "wiki", score: 3, meta: { lang: "en" }, nothing: null } },
      {
        id: "8",
        text: "b",
        url: "http://a",
        date: "2024",
        languageScore: 0.5,
        metadata: { text: "meta", id: "9", custom: { k: 1 } },
      },
      {
        id: "9",
        text: "c",
        url: "http://a",
        date: "2024",
        languageScore: 0.5,
        metadata: { text: "meta", id: "9", custom: 2, metadata: { custom: { k: 1 } } },
      },
      { id: "10", text: "d", metadata: { metadata: [1], date: 2024 } },
    ]);
    await resumesAnywhere(() => jsonlFile(file));
  }));

Deno.test("integers beyond 2^53 stay exact, in ids and in metadata, in JSON and Parquet", () =>
  withFolder(async (path) => {
    const json =
      '{"text":"a \\"12345678901234567\\"","id":9007199254740993,"n":[-18446744073709551615,1.5,3]}';
    const wanted = { n: ["-18446744073709551615", 1.5, 3] };
    for (const source of [jsonlFile(path("a.jsonl", json)), jsonFile(path("a.json", `[${json}]`))]) {
      const [doc] = await documentsOf(source);
      deepStrictEqual(doc, { id: "9007199254740993", text: 'a "12345678901234567"', metadata: wanted });
    }
    const ids = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n];
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: "text", data: ["a", "b", "c"], type: "STRING" },
        { name: "id", data: ids, type: "INT64" },
        { name: "n", data: ids, type: "INT64" },
      ],
    });
    const docs = await documentsOf(parquetFile(path("a.parquet", new Uint8Array(bytes))));
    deepStrictEqual(docs.map(({ id, metadata }) => [id, metadata?.n]), [
      ["9007199254740991", 9007199254740991],
      ["9007199254740992", "9007199254740992"],
      ["9007199254740993", "9007199254740993"],
    ]);
  }));

Deno.test("NaN and Infinity, as Python writes them, are null outside of strings", () =>
  withFolder(async (path) => {
    const first =
      '{"text":"a NaN \\\\\\" Infinity","language_score":NaN,"x":[-Infinity,Infinity,{"NaN":NaN}]}';
    const file = path("a.jsonl", `${first}\n{"text":"b","y":1e400,"token_count":1e400}`);
    deepStrictEqual(await documentsOf(jsonlFile(file)), [
      { id: `${file}:1`, text: 'a NaN \\" Infinity', metadata: { x: [null, null, { NaN: null }] } },
      { id: `${file}:2`, text: "b", metadata: { y: null } },
    ]);
    await rejects(read(jsonlFile(path("b.jsonl", '{"text":"a","x":Nan}'))), SyntaxError);
  }));

Deno.test("a field that is nested too deep is left out with a note, once for each name", () =>
  withFolder(async (path) => {
    const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
    const file = path(
      "a.jsonl",
      `{"text":"a","x":${nested(100)}}\n{"text":"b","x":${nested(101)},"y":1}\n{"text":"c","x":${
        nested(9000)
      }}\n`,
    );
    const { docs, notes } = await readWithNotes(jsonlFile(file));
    deepStrictEqual(docs.map(({ metadata }) => JSON.stringify(metadata)), [
      `{"x":${nested(100)}}`,
      '{"y":1}',
      undefined,
    ]);
    strictEqual(notes.length, 1);
    match(notes[0], /Left out field "x" of records of .*a\.jsonl/);
    await resumesAnywhere(() => jsonlFile(file));
    const ids = path("b.jsonl", `{"text":"a","id":9007199254740993,"x":${nested(100_000)}}`);
    await rejects(read(jsonlFile(ids)), /nested too deep/);
  }));

Deno.test("a field named __proto__ is data", () =>
  withFolder(async (path) => {
    const [doc] = await documentsOf(
      jsonlFile(path("a.jsonl", '{"text":"a","__proto__":{"url":"x"},"constructor":1}')),
    );
    strictEqual(doc.url, undefined);
    strictEqual(JSON.stringify(doc.metadata), '{"__proto__":{"url":"x"},"constructor":1}');
  }));

Deno.test("textKey and idKey choose the fields; content is the text where text is none", () =>
  withFolder(async (path) => {
    const fields = { text: "t", content: "c", body: "b", id: "1", key: 5, other: [1] };
    const file = path("a.jsonl", line(fields));
    const first = async (source: Source<Document>) => (await documentsOf(source))[0];
    const { text, content, body, id, key, other } = fields;
    deepStrictEqual(await first(jsonlFile(file)), { id, text, metadata: { content, body, key, other } });
    deepStrictEqual(await first(jsonlFile(file, { textKey: "body", idKey: "key" })), {
      id: "5",
      text: body,
      metadata: { text, content, id, other },
    });
    strictEqual((await first(jsonlFile(path("c.jsonl", line({ content, text: null }))))).text, "c");
    strictEqual((await first(jsonFile(path("a.json", line(fields)), { textKey: "body" }))).text, "b");
    const input = new Blob([line(fields)]).stream();
    strictEqual((await first(standardInput(input, { textKey: "content" }))).text, "c");
    await rejects(read(jsonlFile(file, { textKey: "Body" })), /no string in field "Body".*give --text-key/);
    await rejects(
      read(jsonlFile(file, { idKey: "other" })),
      /no text or number in field "other".*give --id-key/,
    );
    const bytes = parquetWriteBuffer({
      columnData: [{ name: "content", data: ["c"], type: "STRING" }, {
        name: "key",
        data: [5],
        type: "INT32",
      }],
    });
    const parquet = path("a.parquet", new Uint8Array(bytes));
    deepStrictEqual(await first(parquetFile(parquet, { idKey: "key" })), { id: "5", text: "c" });
    await rejects(
      read(parquetFile(parquet, { textKey: "body" })),
      /no column "body".*content, key: give --text-key/,
    );
    await rejects(read(jsonlFile(path("d.jsonl", '{"text":null}'))), /which is null.*--damaged skip/);
  }));

Deno.test("parquetFile() keeps times, dates, decimals, lists and structures, and says which columns it leaves out", () =>
  withFolder(async (path) => {
    const bytes = parquetWriteBuffer({
      schema: [
        { name: "root", num_children: 8 },
        { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        { name: "date", type: "INT64", converted_type: "TIMESTAMP_MICROS", repetition_type: "OPTIONAL" },
        { name: "day", type: "INT32", converted_type: "DATE", repetition_type: "OPTIONAL" },
        {
          name: "price",
          type: "INT64",
          converted_type: "DECIMAL",
          scale: 2,
          precision: 18,
          repetition_type: "OPTIONAL",
        },
        { name: "tags", converted_type: "LIST", repetition_type: "OPTIONAL", num_children: 1 },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        { name: "element", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        { name: "author", repetition_type: "OPTIONAL", num_children: 2 },
        { name: "name", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        { name: "born", type: "INT64", repetition_type: "OPTIONAL" },
        { name: "raw", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
        { name: "ok", type: "BOOLEAN", repetition_type: "OPTIONAL" },
      ],
      columnData: [
        { name: "text", data: ["a", "b", "c"] },
        { name: "date", data: [new Date(1704164645120), null, new Date(0)] },
        { name: "day", data: [new Date(0), new Date(-86_400_000), null] },
        { name: "price", data: [12.34, null, 0.1] },
        { name: "tags", data: [["x", null], [], null] },
        { name: "author", data: [{ name: "N", born: 1n }, { name: null, born: 2n ** 60n + 1n }, null] },
        { name: "raw", data: [new Uint8Array([1, 255]), null, null] },
        { name: "ok", data: [true, null, false] },
      ],
    });
    const file = path("a.parquet", new Uint8Array(bytes));
    const { docs, notes } = await readWithNotes(parquetFile(file));
    deepStrictEqual(docs.map(({ id: _, ...doc }) => doc), [
      {
        text: "a",
        date: "2024-01-02T03:04:05.12Z",
        metadata: {
          day: "1970-01-01",
          price: 12.34,
          tags: ["x", null],
          author: { name: "N", born: 1 },
          ok: true,
        },
      },
      {
        text: "b",
        metadata: {
          day: "1969-12-31",
          price: null,
          tags: [],
          author: { name: null, born: "1152921504606846977" },
          ok: null,
        },
      },
      {
        text: "c",
        date: "1970-01-01T00:00:00Z",
        metadata: { day: null, price: 0.1, tags: null, author: null, ok: false },
      },
    ]);
    deepStrictEqual(notes, [
      `Left out of the 3 rows of ${file}: raw (bytes): metadata cannot hold their values`,
    ]);
    await resumesAnywhere(() => parquetFile(file));
    const bare = await readWithNotes(parquetFile(file, { metadata: false }));
    deepStrictEqual(bare.docs, docs.map(({ metadata: _, ...doc }) => doc));
    deepStrictEqual(bare.notes, []);
  }));

Deno.test("isoTime() keeps every digit of a second, before 1970 too, and is null out of range", () => {
  strictEqual(isoTime(-1n, 3), "1969-12-31T23:59:59.999Z");
  strictEqual(isoTime(1704164645123456789n, 9), "2024-01-02T03:04:05.123456789Z");
  strictEqual(isoTime(1704164645000000n, 6), "2024-01-02T03:04:05Z");
  strictEqual(isoTime(2n ** 62n, 3), null);
});

Deno.test("decimalValue() is a number only where that has the same digits", () => {
  strictEqual(decimalValue(1230n, 2), 12.3);
  strictEqual(decimalValue(-5, 3), -0.005);
  strictEqual(decimalValue(12345678901234567890n, 4), "1234567890123456.789");
  strictEqual(decimalValue(Uint8Array.of(0xFF, 0x9C), 2), -1);
  strictEqual(decimalValue(null, 2), null);
});

Deno.test("the content of a file decides whether it holds JSON lines or one value", () =>
  withFolder(async (path) => {
    const rows = [{ text: "a", id: "1" }, { text: "b", id: "2" }], lines = rows.map(line).join("");
    const forms = {
      "lines.json": `\n\ufeff${lines}`,
      "lines.json.gz": gzipSync(lines),
      "blank.json": `${line(rows[0])}\n \n${line(rows[1])}`,
      "array.jsonl": JSON.stringify(rows),
      "pretty.jsonl": JSON.stringify(rows, null, 2),
      "lines.jsonl": lines,
      "array.json": JSON.stringify(rows),
      "columns.json": JSON.stringify({ text: ["a", "b"], id: ["1", "2"] }),
      "columns.jsonl": line({ text: ["a", "b"], id: ["1", "2"] }),
    };
    for (const [name, content] of Object.entries(forms)) {
      const file = path(name, content), make = () => fileReader(file);
      deepStrictEqual((await documentsOf(make())).map(({ id, text }) => ({ text, id })), rows, name);
      await resumesAnywhere(make);
      const parts = await findParts([file], { partBytes: 20 });
      deepStrictEqual(
        (await documentsOf(partsSource("parts", parts))).map(({ text }) => text),
        ["a", "b"],
        name,
      );
    }
    for (const name of ["one.json", "one.jsonl"]) {
      deepStrictEqual(await documentsOf(fileReader(path(name, line(rows[0])))), [rows[0]]);
      deepStrictEqual(
        (await documentsOf(fileReader(path(name, JSON.stringify(rows[0], null, 1))))).length,
        1,
      );
    }
    await rejects(read(fileReader(path("cut.json", `${line(rows[0])}{"text":"b`))), /Cannot read line 2/);
  }));

Deno.test("a list of texts is one document for each, which share the other fields", () =>
  withFolder(async (path) => {
    const fields = { text: ["a", "b", "c"], n: [1, 2, 3], both: [1, 2], source: "s" };
    const file = path(
      "a.jsonl",
      line({ text: "first" }) + line(fields) + line({ text: [] }) + line({ text: "last" }),
    );
    const docs = await documentsOf(jsonlFile(file));
    deepStrictEqual(docs.map(({ id, text }) => [id, text]), [
      [`${file}:1`, "first"],
      [`${file}:2:1`, "a"],
      [`${file}:2:2`, "b"],
      [`${file}:2:3`, "c"],
      [`${file}:4`, "last"],
    ]);
    deepStrictEqual(docs[2].metadata, { n: 2, both: [1, 2], source: "s" });
    await resumesAnywhere(() => jsonlFile(file));
    await rejects(read(jsonlFile(path("b.jsonl", line({ text: ["a", 1] })))), /which is a list/);
  }));

Deno.test("a date that counts from 1970 is text in ISO 8601, other numbers stay in the metadata", () =>
  withFolder(async (path) => {
    const dates = [
      1704067200,
      1704164645001,
      1704164645000001,
      20240131,
      2024,
      31_536_000,
      31_536_001,
      1.5e9 + 0.5,
      -1,
    ];
    const file = path("a.jsonl", dates.map((date) => line({ text: "a", date })).join(""));
    deepStrictEqual(
      (await documentsOf(jsonlFile(file))).map(({ date, metadata }) => date ?? metadata?.date),
      [
        "2024-01-01T00:00:00Z",
        "2024-01-02T03:04:05.001Z",
        "2024-01-02T03:04:05.000001Z",
        20240131,
        2024,
        31_536_000,
        "1971-01-01T00:00:01Z",
        1.5e9 + 0.5,
        -1,
      ],
    );
  }));
