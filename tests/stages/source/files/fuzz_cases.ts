/**
 * Fuzz tests: every document reader reads mutated files. A whole run has 10,000 mutants, of which 5,500 are
 * from this file.
 *
 * @module
 */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ok } from "node:assert/strict";
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { articleText } from "../../../../stages/format/web/article_text.ts";
import type { Source } from "../../../../stages/flow/stage.ts";
import type { Document } from "../../../../stages/items.ts";
import { htmlFile } from "../../../../stages/source/files/html.ts";
import { mailText } from "../../../../stages/source/embedded/mail.ts";
import { decodePage } from "../../../../stages/format/web/charset/decode_page.ts";
import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { arrowFile } from "../../../../stages/source/files/arrow.ts";
import { csvFile } from "../../../../stages/source/files/csv.ts";
import { parquetFile } from "../../../../stages/source/files/parquet.ts";
import { jsonFile, jsonlFile } from "../../../../stages/source/files/json_files.ts";
import { textFile } from "../../../../stages/source/files/text.ts";
import { warcFile } from "../../../../stages/source/files/warc.ts";
import { fuzz } from "../../fuzz.ts";
import { context } from "../source_checks.ts";
import { joined } from "../../bytes.ts";

const encoder = new TextEncoder();
const { InvalidData, UnexpectedEof } = Deno.errors;

/**
 * Returns the first 64 KiB of each of the named real files; the list is empty if the shared data is not
 * installed.
 */
function shared(...names: string[]): Uint8Array[] {
  return names.flatMap((name) => {
    try {
      return [
        Deno.readFileSync(new URL(`../../../../../shared/data/web/${name}`, import.meta.url)).subarray(
          0,
          1 << 16,
        ),
      ];
    } catch {
      return [];
    }
  });
}

const page =
  `<!doctype html><html><head><meta charset="utf-8"><title>T</title></head><body><nav><a href="/">Home</a></nav>
<article><h1>One é</h1><p>${
    "A sentence of some words, with a comma. ".repeat(20)
  }</p><table><tr><td>1<td>2</table>
<pre>a  b\n c</pre><ul><li>x<li>y</ul><script>if (a < b) c("</p>")</script></article></body></html>`;

function record(type: string, fields: string, block: Uint8Array): Uint8Array {
  const head = `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Record-ID: <urn:uuid:${block.length}>\r\n${fields}`;
  return joined([
    encoder.encode(`${head}Content-Length: ${block.length}\r\n\r\n`),
    block,
    encoder.encode("\r\n\r\n"),
  ]);
}

function response(fields: string, body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  return joined([encoder.encode(`HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n${fields}\r\n`), bytes]);
}

const records = [
  record("warcinfo", "", encoder.encode("software: x\r\n")),
  record("response", "WARC-Target-URI: <http://a/>\r\n", response("", page)),
  record("response", "", response("Content-Encoding: gzip\r\n", gzipSync(page))),
  record("response", "", response("Transfer-Encoding: chunked\r\n", `5\r\n<p>ab\r\n3\r\ncde\r\n0\r\n\r\n`)),
  record("conversion", "Content-Type: text/plain\r\n", encoder.encode("Plain text é\nof two lines\n")),
];
const rows = Array.from(
  { length: 20 },
  (_, i) =>
    JSON.stringify({
      text: `Row ${i} é 😀 "quoted"`,
      id: i,
      metadata: { url: "http://a/", language_score: 0.5 },
    }),
);
/** A file with lists in structures. */
const nested = {
  schema: [
    { name: "root", num_children: 2 },
    { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
    { name: "meta", repetition_type: "OPTIONAL", num_children: 2 },
    { name: "ok", type: "BOOLEAN", repetition_type: "OPTIONAL" },
    { name: "tags", converted_type: "LIST", repetition_type: "OPTIONAL", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", type: "INT64", repetition_type: "OPTIONAL" },
  ] satisfies SchemaElement[],
  columnData: [
    { name: "text", data: Array.from({ length: 60 }, (_, i) => `Text ${i}`) },
    {
      name: "meta",
      data: Array.from(
        { length: 60 },
        (_, i) =>
          i % 7 === 0 ? null : {
            ok: i % 2 === 0,
            tags: i % 5 === 0 ? null : Array.from({ length: i % 4 }, (_, j) => BigInt(j)),
          },
      ),
    },
  ],
};

const columns = [
  { name: "text", data: Array.from({ length: 60 }, (_, i) => `Row ${i} é`), type: "STRING" as const },
  {
    name: "language",
    data: Array.from({ length: 60 }, (_, i) => ["en", "de"][i % 2]),
    type: "STRING" as const,
  },
  { name: "token_count", data: Array.from({ length: 60 }, (_, i) => BigInt(i)), type: "INT64" as const },
  {
    name: "url",
    data: Array.from({ length: 60 }, (_, i) => i % 3 ? `http://${i}/` : null),
    type: "STRING" as const,
  },
];

const sources: readonly {
  readonly name: string;
  readonly ending: string;
  readonly files: readonly Uint8Array[];
  readonly count: number;
  readonly make: (path: string, damaged: "refuse" | "skip") => Source<Document>;
}[] = [
  {
    name: "WARC",
    ending: ".warc",
    files: [joined(records), ...shared("example-iana.org-chunked.warc", "example-trunc.warc")],
    count: 1000,
    make: (path, damaged) => warcFile(path, { damaged }),
  },
  {
    name: "packed WARC",
    ending: ".warc.gz",
    files: [
      joined(records.map((bytes) => gzipSync(bytes))),
      ...shared("example.warc.gz", "whirlwind.warc.wet.gz"),
    ],
    count: 800,
    make: (path, damaged) => warcFile(path, { damaged }),
  },
  {
    name: "WARC in zstd",
    ending: ".warc.zst",
    files: [joined(records.map((bytes) => zstdCompressSync(bytes)))],
    count: 400,
    make: (path, damaged) => warcFile(path, { damaged, pages: "html" }),
  },
  {
    name: "JSON lines",
    ending: ".jsonl",
    files: [encoder.encode(rows.join("\n")), ...shared("cc_en_head-0091.jsonl")],
    count: 800,
    make: (path, damaged) => jsonlFile(path, { damaged }),
  },
  {
    name: "packed JSON lines",
    ending: ".jsonl.zst",
    files: [zstdCompressSync(rows.join("\n"))],
    count: 300,
    make: (path, damaged) => jsonlFile(path, { damaged }),
  },
  {
    name: "JSON",
    ending: ".json",
    files: [encoder.encode(`[${rows.join(",\n")}]`)],
    count: 300,
    make: (path, damaged) => jsonFile(path, { damaged }),
  },
  {
    name: "packed text",
    ending: ".txt.gz",
    files: [gzipSync("A line é.\n\n".repeat(400)), joined([gzipSync("One\n"), gzipSync("Two\n")])],
    count: 400,
    make: (path, damaged) => textFile(path, { damaged, documentBytes: 500 }),
  },
  {
    name: "Parquet",
    ending: ".parquet",
    files: [
      new Uint8Array(parquetWriteBuffer({ columnData: columns, rowGroupSize: 25 })),
      new Uint8Array(parquetWriteBuffer({ columnData: columns, codec: "UNCOMPRESSED" })),
      new Uint8Array(parquetWriteBuffer({ ...nested, codec: "UNCOMPRESSED" })),
    ],
    count: 1500,
    make: (path, damaged) => parquetFile(path, { damaged }),
  },
  {
    name: "Arrow",
    ending: ".arrow",
    files: (["stream", "file"] as const).map((format) => {
      const text = Array.from({ length: 50 }, (_, i) => `Text ${i}`);
      const table = tableFromArrays({
        text,
        n: text.map((_, i) => ({ i, tags: [i, i] })),
        kind: text.map(() => "k"),
      });
      const bytes = tableToIPC(table, { format });
      ok(bytes !== null);
      return new Uint8Array(bytes);
    }),
    count: 600,
    make: (path, damaged) => arrowFile(path, { damaged }),
  },
  {
    name: "CSV",
    ending: ".csv",
    files: [encoder.encode("text,n\n" + '"a, ""b""\n",1\nplain,2\n'.repeat(100))],
    count: 200,
    make: (path, damaged) => csvFile(path, { damaged }),
  },
];

/** Registers the tests with a fraction (from 0 to 1) of their mutants. */
export function fuzzReaders(fraction: number): void {
  for (const { name, ending, files, count, make } of sources) {
    Deno.test(`mutants of ${name} give documents or a promised error, and no error with skip`, async () => {
      const home = await Deno.makeTempDir();
      try {
        const path = `${home}/mutant${ending}`;
        const documents = async (damaged: "refuse" | "skip"): Promise<number> => {
          const ctx = context();
          const source = make(path, damaged);
          let count = 0;
          for await (const doc of source.read(await source.open(ctx), ctx)) {
            if (typeof doc.text !== "string" || typeof doc.id !== "string") throw new Error("Not a document");
            count++;
          }
          return count;
        };
        const outcomes = await fuzz({
          name,
          files,
          count: fraction * count,
          errors: [InvalidData, UnexpectedEof, SyntaxError, TypeError, RangeError],
          async read(bytes) {
            await Deno.writeFile(path, bytes);
            const skipping = await documents("skip").catch((error) => {
              throw new Error("An error was thrown in spite of skip", { cause: error });
            });
            const strict = await documents("refuse");
            if (strict > skipping) {
              throw new Error(`skip yields ${skipping} documents, refuse yields ${strict}`);
            }
            return strict;
          },
        });
        console.log(`${name}: ${JSON.stringify(outcomes)}`);
      } finally {
        await Deno.remove(home, { recursive: true });
      }
    });
  }

  Deno.test("mutants of web pages give text or no document, never an error", async () => {
    const home = await Deno.makeTempDir();
    try {
      const path = `${home}/a.html`;
      await fuzz({
        name: "pages",
        files: [encoder.encode(page)],
        count: fraction * 700,
        errors: [],
        async read(bytes) {
          await Deno.writeFile(path, bytes);
          const ctx = context();
          const source = htmlFile(path);
          for await (const doc of source.read(await source.open(ctx), ctx)) {
            if (doc.text === "") throw new Error("Empty");
          }
          // Throws the parser's error, which the source only counted as a drop.
          if (ctx.dropped.includes("broken")) articleText(decodePage(bytes, null));
        },
      });
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  });

  Deno.test("mutants of e-mails give text, never an error", async () => {
    const mail =
      `From: a@b\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n` +
      `--b\r\nContent-Type: text/plain; charset="iso-8859-1"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n` +
      `caf=E9\r\n--b\r\nContent-Type: text/html\r\n\r\n${page}\r\n--b--\r\n`;
    await fuzz({
      name: "mails",
      files: [encoder.encode(mail)],
      count: fraction * 300,
      errors: [],
      read: (bytes) => mailText(bytes),
    });
  });
}
