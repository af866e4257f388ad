import { gzipSync } from "node:zlib";
import { deepStrictEqual, rejects } from "node:assert/strict";
import { csvRecords } from "../../../../stages/format/text/csv.ts";
import { csvFile } from "../../../../stages/source/files/csv.ts";
import { fileReader } from "../../../../stages/source/files/file_source.ts";
import { read, resumesAnywhere, withFolder } from "../source_checks.ts";

async function* pieces(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

async function records(text: string, options: { length?: number; limit?: number } = {}) {
  const { length = 1000, ...rest } = options;
  return await Array.fromAsync(csvRecords(pieces(text, length), { name: "x", delimiter: ",", ...rest }));
}

Deno.test("csvRecords() splits RFC 4180's records, wherever the pieces of the text end", async () => {
  const text = 'a,b\r\n1,"x, ""y""\r\nz\r"\n\r\n"",\n"q"r, s \n,"\n"\r\nlast,"""",';
  const wanted = [
    { fields: ["a", "b"], line: 1 },
    { fields: ["1", 'x, "y"\r\nz\r'], line: 2 },
    { fields: ["", ""], line: 5 },
    { fields: ["qr", " s "], line: 6 },
    { fields: ["", "\n"], line: 7 },
    { fields: ["last", '"', ""], line: 9 },
  ];
  for (let length = 1; length <= text.length; length++) {
    deepStrictEqual(await records(text, { length }), wanted);
  }
  deepStrictEqual(await records(""), []);
  deepStrictEqual(await records("a"), [{ fields: ["a"], line: 1 }]);
});

Deno.test("csvRecords() refuses quotes that are not closed, and bounds a record", async () => {
  await rejects(records('a\n"b\nc'), /line 2 of x: a quote is not closed/);
  deepStrictEqual((await records("abc,def\n", { limit: 6 })).length, 1);
  await rejects(records("abc,defg\n", { limit: 6 }), RangeError);
  await rejects(records(`"${"x".repeat(100)}`, { length: 1, limit: 50 }), /longer than 50 characters/);
});

Deno.test("csvFile() reads a table's texts, in any delimiter, encoding and compression", () =>
  withFolder(async (path) => {
    const table = (between: string) =>
      [["id", "text", "n"], ["1", '"é, b\n""c"""', "2"], ["2", "d", ""]]
        .map((row) => row.join(between)).join("\r\n");
    const latin1 = Uint8Array.from(table(","), (letter) => letter.charCodeAt(0));
    const files = [
      csvFile(path("a.csv", `\ufeff${table(",")}\n`)),
      csvFile(path("b.csv", table(";").replace('"é, b', '"é, b'))),
      fileReader(path("c.tsv.gz", gzipSync(table("\t")))),
      fileReader(path("d.csv", table("\t"))),
      fileReader(path("e.csv", latin1), { encoding: "latin1" }),
    ];
    for (const file of files) {
      const { items } = await read(file);
      deepStrictEqual(items.map(({ filePath: _, ...doc }) => doc), [
        { id: "1", text: 'é, b\n"c"', metadata: { n: "2" } },
        { id: "2", text: "d", metadata: { n: "" } },
      ]);
    }
    await resumesAnywhere(() => csvFile(path("a.csv", table(","))));
    const other = csvFile(path("f.csv", "title,body\nx,y\n"), { textKey: "body", idKey: "title" });
    deepStrictEqual((await read(other)).items.map(({ id, text }) => [id, text]), [["x", "y"]]);
  }));

Deno.test("csvFile() names the line of a wrong record, or drops it", () =>
  withFolder(async (path) => {
    const bad = path("a.csv", "text,n\na,1\nb,2,3\nc\nd,4\n");
    await rejects(read(csvFile(bad)), /line 3 of .*a\.csv: it has 3 fields, the first line 2: put fields/);
    const { items, dropped } = await read(csvFile(bad, { damaged: "skip" }));
    deepStrictEqual([items.map(({ text }) => text), dropped], [["a", "d"], ["bad_record", "bad_record"]]);
    await rejects(
      read(csvFile(path("b.csv", "body,n\na,1\n"))),
      /no column "text": its first line names body, n/,
    );
    const open = path("c.csv", 'text\na\n"b\n');
    await rejects(read(csvFile(open)), /a quote is not closed/);
    const rest = await read(csvFile(open, { damaged: "skip" }));
    deepStrictEqual([rest.items.map(({ text }) => text), rest.dropped], [["a"], ["damaged"]]);
    await rejects(
      read(csvFile(path("d.csv", new Uint8Array([116, 101, 120, 116, 10, 0xFF])))),
      /not valid UTF-8/,
    );
  }));
