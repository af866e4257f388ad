/**
 * Tests files as sources: their documents, resuming after each document, and the errors for damaged files.
 *
 * @module
 */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { checkSource } from "../../../../stages/flow/check_resume.ts";
import { chain } from "../../../../stages/source/chain.ts";
import { htmlFile } from "../../../../stages/source/files/html.ts";
import { parquetFile } from "../../../../stages/source/files/parquet.ts";
import { jsonFile, jsonlFile } from "../../../../stages/source/files/json_files.ts";
import { standardInput } from "../../../../stages/source/files/standard_input.ts";
import { textFile } from "../../../../stages/source/files/text.ts";
import { equal, fails, read, resumesAnywhere, withFolder } from "../source_checks.ts";

const encoder = new TextEncoder();

const book = Array.from(
  { length: 60 },
  (_, i) => `Chapter ${i}\n${`Line of paragraph ${i}, é and 😀.\n`.repeat(8)}`,
)
  .join("\n");

Deno.test("textFile() splits a book at blank lines, in any compression, and resumes after each document", () =>
  withFolder(async (path) => {
    const plain = path("book.txt", book);
    const packed = gzipSync(book.slice(0, 5000)), rest = gzipSync(book.slice(5000));
    const frames = [zstdCompressSync(book.slice(0, 5000)), zstdCompressSync(book.slice(5000))];
    let texts: string[] | null = null;
    for (
      const file of [
        plain,
        path("book.txt.gz", new Uint8Array([...packed, ...rest])), // two members
        path("book.txt.zst", new Uint8Array([...frames[0], ...frames[1]])), // two frames
      ]
    ) {
      const make = () => textFile(file, { documentBytes: 2000 });
      await checkSource(make);
      const docs = await resumesAnywhere(make);
      equal(docs.map((doc) => doc.text).join("\n\n"), book.trimEnd());
      if (docs.length < 8) throw new Error(`Only ${docs.length} documents`);
      for (const doc of docs) {
        if (!doc.text.startsWith("Chapter")) throw new Error(`Not at a paragraph: ${doc.text.slice(0, 40)}`);
      }
      equal(new Set(docs.map((doc) => doc.id)).size, docs.length);
      texts ??= docs.map((doc) => doc.text);
      equal(docs.map((doc) => doc.text), texts);
    }
  }));

Deno.test("textFile() reads a short file as one document, without blank lines around it", () =>
  withFolder(async (path) => {
    const file = path("a.md", "\ufeff\n\n  First.\r\n\r\nSecond.\n\n");
    const docs = await resumesAnywhere(() => textFile(file));
    equal(docs.map((doc) => [doc.id, doc.text]), [[file, "  First.\n\nSecond."]]);
  }));

Deno.test("textFile() splits text without blank lines, and without line ends, and keeps every character", () =>
  withFolder(async (path) => {
    const names = Array.from({ length: 5000 }, (_, i) => `name${i}`).join("\n");
    const docs = await resumesAnywhere(() => textFile(path("names.txt", names), { documentBytes: 1000 }), [
      0,
      1,
      5,
    ]);
    equal(docs.map((doc) => doc.text).join("\n"), names);
    const line = "é😀".repeat(3000);
    const parts = await resumesAnywhere(() => textFile(path("line.txt", line), { documentBytes: 1000 }), [
      0,
      1,
      3,
    ]);
    equal(parts.map((doc) => doc.text).join(""), line);
    if (parts.length < 3) throw new Error(`Only ${parts.length} documents`);
  }));

Deno.test("textFile() with skip reads invalid UTF-8 as U+FFFD and counts it, and yields nothing for a blank file", () =>
  withFolder(async (path) => {
    const bad = path("bad.txt", new Uint8Array([97, 0xff, 98, 0xc3, 10, 99]));
    const { items, dropped } = await read(textFile(bad, { damaged: "skip" }));
    equal(items.map((doc) => doc.text), ["a\ufffdb\ufffd\nc"]);
    equal(dropped, ["bad_bytes"]);
    equal((await read(textFile(path("blank.txt", "\n \n\n")))).items, []);
  }));

Deno.test("jsonlFile() yields one document per line, in any compression, and resumes after each", () =>
  withFolder(async (path) => {
    const lines =
      '\ufeff{"text":"one","id":"a","url":"u","language_score":0.9}\r\n\n{"text":"two","metadata":{"date":"d"}}\n' +
      '{"text":"three é","id":7}';
    const plain = path("a.jsonl", lines);
    const docs = await resumesAnywhere(() => jsonlFile(plain));
    equal(docs, [
      { id: "a", text: "one", url: "u", filePath: plain, languageScore: 0.9 },
      { id: `${plain}:3`, text: "two", date: "d", filePath: plain },
      { id: "7", text: "three é", filePath: plain },
    ]);
    await checkSource(() => jsonlFile(plain));
    const packed = path("a.jsonl.gz", gzipSync(lines));
    equal(
      (await resumesAnywhere(() => jsonlFile(packed))).map((doc) => doc.text),
      docs.map((doc) => doc.text),
    );
  }));

Deno.test("jsonlFile() names the line that is wrong and the reason", () =>
  withFolder(async (path) => {
    const bad = path("bad.jsonl", '{"text":"one"}\n{"text":"two"\n');
    await fails(() => read(jsonlFile(bad)), SyntaxError, "Cannot read line 2 of");
    await fails(() => read(jsonlFile(bad)), SyntaxError, "(byte 15)");
    await fails(
      () => read(jsonlFile(path("b.jsonl", '{"body":"x","title":"y"}'))),
      TypeError,
      "fields are body, title",
    );
    await fails(() => read(jsonlFile(path("c.jsonl", "[1]"))), TypeError, "Line 1 of");
    await fails(() => read(jsonlFile(path("d.jsonl", '{"text":3}'))), TypeError, 'no string in field "text"');
  }));

Deno.test("jsonFile() yields the records of an array, or a single record", () =>
  withFolder(async (path) => {
    const list = path("a.json", '[{"text":"one"},{"text":"two","id":"b"}]');
    const docs = await resumesAnywhere(() => jsonFile(list));
    equal(docs.map((doc) => [doc.id, doc.text]), [[`${list}:1`, "one"], ["b", "two"]]);
    equal((await read(jsonFile(path("b.json", '{"text":"only"}')))).items.map((doc) => doc.text), ["only"]);
    await fails(
      () => read(jsonFile(path("c.json", '{"text":"a"}\n{"text":"b"}'))),
      SyntaxError,
      "rename the file to .jsonl",
    );
    await fails(() => read(jsonFile(path("d.json", "{"))), SyntaxError, "correct the file");
  }));

Deno.test("parquetFile() reads the columns of a document, and resumes after each row", () =>
  withFolder(async (path) => {
    const texts = Array.from({ length: 30 }, (_, i) => `Row ${i} é`);
    const bytes = new Uint8Array(parquetWriteBuffer({
      columnData: [
        { name: "text", data: texts, type: "STRING" },
        { name: "id", data: texts.map((_, i) => `id${i}`), type: "STRING" },
        { name: "token_count", data: texts.map((_, i) => BigInt(i)), type: "INT64" },
        { name: "other", data: texts.map((_, i) => i), type: "INT32" },
      ],
      rowGroupSize: 7,
    }));
    const file = path("a.parquet", bytes);
    const docs = await resumesAnywhere(() => parquetFile(file), [0, 1, 7, 29, 30]);
    equal(docs.map((doc) => doc.text), texts);
    equal(docs[3], { id: "id3", text: "Row 3 é", filePath: file, tokenCount: 3, metadata: { other: 3 } });
    const cut = path("cut.parquet", bytes.subarray(0, bytes.length - 20));
    await fails(() => read(parquetFile(cut)), Deno.errors.InvalidData, "as Parquet");
    const none = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: "body", data: ["x"], type: "STRING" }] }),
    );
    await fails(
      () => read(parquetFile(path("b.parquet", none))),
      TypeError,
      'no column "text": its columns are body',
    );
    await fails(() => read(parquetFile("/nowhere/a.parquet")), Deno.errors.NotFound, "check the path");
  }));

Deno.test("htmlFile() yields the text of a page once, decoded by the charset that the page declares", () =>
  withFolder(async (path) => {
    const file = path(
      "a.html",
      new Uint8Array([...encoder.encode('<meta charset="iso-8859-1"><p>caf'), 0xe9]),
    );
    const docs = await resumesAnywhere(() => htmlFile(file));
    equal(docs, [{ id: file, text: "café", filePath: file }]);
    equal(
      (await read(htmlFile(path("e.html", '<meta charset="utf-16"><p>na\u00efve')))).items[0].text,
      "naïve",
    );
    equal((await read(htmlFile(path("b.html", "<p>na\u00efve</p>")))).items[0].text, "naïve");
    equal((await read(htmlFile(path("c.html", new Uint8Array([60, 112, 62, 0xe9]))))).items[0].text, "é");
    equal((await read(htmlFile(path("d.html", "<script>x</script>")))).items, []);
  }));

Deno.test("standardInput() skips the lines that were read before a resume", async () => {
  const input = () => new Blob(['{"text":"one"}\n{"text":"two"}\n\n{"text":"three","id":"c"}\n']).stream();
  const docs = await resumesAnywhere(() => standardInput(input()));
  equal(docs.map((doc) => [doc.id, doc.text]), [["-:1", "one"], ["-:2", "two"], ["c", "three"]]);
  await fails(() => read(standardInput(new Blob(["{"]).stream())), SyntaxError, "line 1 of standard input");
});

Deno.test("the error for a truncated, damaged or misnamed compressed file names the file", () =>
  withFolder(async (path) => {
    const whole = gzipSync(encoder.encode(book)), zst = zstdCompressSync(encoder.encode(book));
    const flipped = new Uint8Array(whole);
    flipped[40] ^= 255;
    const { UnexpectedEof, InvalidData, NotFound } = Deno.errors;
    await fails(
      () => read(textFile(path("a.txt.gz", whole.subarray(0, 300)))),
      UnexpectedEof,
      "a.txt.gz (gzip member at byte 0): the file ends within it",
    );
    await fails(() => read(textFile(path("b.txt.gz", flipped))), InvalidData, "not valid gzip data");
    await fails(() => read(textFile(path("c.txt.gz", "\0 no text"))), InvalidData, "not valid gzip data");
    await fails(
      () => read(textFile(path("d.txt.zst", zst.subarray(0, 100)))),
      UnexpectedEof,
      "the file ends within it",
    );
    await fails(() => read(textFile(path("e.txt.zst", "\0 no text"))), InvalidData, "not valid zstd data");
    await fails(() => read(textFile("/nowhere/f.txt")), NotFound, "check the path");
  }));

Deno.test("chain() reads sources one after another, resumes in any of them, and names a source that is missing on resume", () =>
  withFolder(async (path) => {
    const files = ["a", "b", "c"].map((name) =>
      path(`${name}.jsonl`, `{"text":"${name}1"}\n{"text":"${name}2"}\n`)
    );
    const make = () => chain("all", files.map((file) => jsonlFile(file)));
    await checkSource(make);
    const docs = await resumesAnywhere(make);
    equal(docs.map((doc) => doc.text), ["a1", "a2", "b1", "b2", "c1", "c2"]);
    const { saved } = await read(make(), { limit: 3 });
    await fails(
      () => read(chain("all", [jsonlFile(files[0])]), { saved }),
      TypeError,
      "no longer among the sources",
    );
    await fails(() => read(chain("all", [jsonlFile(files[0]), jsonlFile(files[0])])), TypeError, "twice");
  }));
