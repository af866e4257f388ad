/**
 * Tests damaged input under both policies: which documents are read, what is reported, and where a run
 * resumes.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { RunEvent } from "../../../../stages/flow/events.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { checkSource } from "../../../../stages/flow/check_resume.ts";
import type { Source } from "../../../../stages/flow/stage.ts";
import type { Document } from "../../../../stages/items.ts";
import { htmlFile } from "../../../../stages/source/files/html.ts";
import { parquetFile } from "../../../../stages/source/files/parquet.ts";
import { jsonFile, jsonlFile } from "../../../../stages/source/files/json_files.ts";
import { standardInput } from "../../../../stages/source/files/standard_input.ts";
import { textFile } from "../../../../stages/source/files/text.ts";
import { openSource } from "../../../../stages/source/uri.ts";
import { warcFile } from "../../../../stages/source/files/warc.ts";
import { fails, read, resumesAnywhere, withFolder } from "../source_checks.ts";
import { joined } from "../../bytes.ts";

const skip = { damaged: "skip" } as const;
const encoder = new TextEncoder();

/**
 * Returns the texts, the number of drops per reason, and the notes of a whole run. Also checks that the
 * source can be resumed after each document, or after each number of documents in `cuts`.
 */
async function outcome(make: () => Source<Document> | Promise<Source<Document>>, cuts?: readonly number[]) {
  await resumesAnywhere(make, cuts);
  if (cuts === undefined) {
    const source = await make();
    await checkSource(() => source);
  }
  const texts: string[] = [], notes: string[] = [];
  let dropped: Readonly<Record<string, number>> = {};
  const source = await make();
  await from(source).pipe<never>({
    name: "out",
    open: () => null,
    push: (doc) => (texts.push(doc.text), []),
  }).run({
    onEvent(event: RunEvent) {
      if (event.type === "note") notes.push(event.text);
      if (event.type === "stage" && event.name === source.name) dropped = event.dropped;
    },
  });
  return { texts, dropped, notes };
}

function record(number: number, text = `Page ${number}`): Uint8Array {
  const body = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>${text}</p>`;
  return encoder.encode(
    `WARC/1.0\r\nWARC-Type: response\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n\r\n`,
  );
}

const records = [1, 2, 3, 4, 5].map((number) => record(number));
const pages = (numbers: readonly number[]) => numbers.map((number) => `Page ${number}`);

Deno.test("warcFile() continues at the next record after a damaged one", () =>
  withFolder(async (path) => {
    const whole = joined(records);
    const third = records[0].length + records[1].length;
    const cases: [name: string, bytes: Uint8Array, kept: number[], damages: number][] = [
      ["cut", whole.subarray(0, whole.length - 20), [1, 2, 3, 4], 1],
      [
        "zeros",
        joined([...records.slice(0, 2), new Uint8Array(3000), ...records.slice(2)]),
        [1, 2, 3, 4, 5],
        1,
      ],
      ["line", whole.with(third, 0x58), [1, 2, 4, 5], 1],
      [
        "length",
        joined([...records.slice(0, 2), replaced(records[2], "Length: 5", "Length: x"), ...records.slice(3)]),
        [1, 2, 4, 5],
        1,
      ],
      ["long", joined([...records.slice(0, 3), replaced(records[3], "Length: 5", "Length: 9"), records[4]]), [
        1,
        2,
        3,
        5,
      ], 1],
    ];
    for (const [name, bytes, kept, damages] of cases) {
      for (
        const [ending, content] of [["", bytes], [".gz", gzipSync(bytes)], [
          ".zst",
          zstdCompressSync(bytes),
        ]] as const
      ) {
        const file = path(`${name}.warc${ending}`, content);
        const got = await outcome(() => warcFile(file, skip));
        deepStrictEqual(got.texts, pages(kept), file);
        deepStrictEqual(got.dropped, { damaged: damages }, file);
        strictEqual(got.notes.length, damages);
        ok(got.notes[0].includes(`of ${file} (byte `), got.notes[0]);
      }
    }
  }));

function replaced(bytes: Uint8Array, part: string, by: string): Uint8Array {
  return encoder.encode(new TextDecoder().decode(bytes).replace(part, by));
}

Deno.test("warcFile() continues at the next intact gzip member or zstd frame", () =>
  withFolder(async (path) => {
    const params = { [constants.ZSTD_c_checksumFlag]: 1 };
    for (
      const pack of [
        (bytes: Uint8Array) => gzipSync(bytes),
        (bytes: Uint8Array) => zstdCompressSync(bytes, { params }),
      ]
    ) {
      const members = records.map((bytes) => new Uint8Array(pack(bytes)));
      const ending = members[0][0] === 0x1f ? "gz" : "zst";
      const third = members[0].length + members[1].length;
      const whole = joined(members);
      const damagedAt = (at: number) => whole.with(third + at, whole[third + at] ^ 255);
      for (
        const [name, bytes, kept] of [
          ["head", damagedAt(0), [1, 2, 4, 5]],
          ["data", damagedAt(40), [1, 2, 4, 5]],
          ["missing", joined([whole.subarray(0, third + 50), whole.subarray(third + 70)]), [1, 2, 4, 5]],
          ["two", joined([damagedAt(60), members[0], members[1].subarray(0, 50), members[2]]), [
            1,
            2,
            4,
            5,
            1,
            3,
          ]],
          ["end", whole.subarray(0, whole.length - 30), [1, 2, 3, 4]],
          ["rest", joined([whole, encoder.encode("rubbish")]), [1, 2, 3, 4, 5]],
        ] as const
      ) {
        const file = path(`${name}.warc.${ending}`, bytes);
        const got = await outcome(() => warcFile(file, skip));
        deepStrictEqual(got.texts, pages(kept), file);
        deepStrictEqual(got.dropped, { damaged: name === "two" ? 2 : 1 }, file);
        ok(/(member|frame) at byte \d+/.test(got.notes[0]), got.notes[0]);
        await fails(
          () => read(warcFile(file)),
          Error,
          ` at byte ${name === "end" || name === "rest" ? "" : third}`,
        );
      }
    }
  }));

Deno.test("warcFile() does not read the rest of a file after 100 damaged places", () =>
  withFolder(async (path) => {
    const bad = encoder.encode("WARC/1.0\r\nContent-Length: x\r\n\r\n");
    const file = path("a.warc", joined([records[0], ...Array.from({ length: 150 }, () => bad), records[1]]));
    const { texts, dropped } = await outcome(() => warcFile(file, skip));
    deepStrictEqual([texts, dropped], [pages([1]), { damaged: 101 }]);
  }));

Deno.test("jsonlFile() and standardInput() skip bad lines and count them by reason", () =>
  withFolder(async (path) => {
    const lines = '{"text":"one"}\n{"text":\n\n{"body":1}\n[]\n{"text":"two"}\n{"text":"th';
    const dropped = { no_json: 2, no_text: 2 };
    const file = path("a.jsonl", lines);
    const got = await outcome(() => jsonlFile(file, skip));
    deepStrictEqual([got.texts, got.dropped], [["one", "two"], dropped]);
    strictEqual(got.notes.length, 1); // further bad lines are only counted
    ok(got.notes[0].includes(`line 2 of ${file} (byte 15)`), got.notes[0]);
    const { items } = await read(standardInput(new Blob([lines]).stream(), skip));
    deepStrictEqual(items.map((doc) => doc.text), ["one", "two"]);
    await resumesAnywhere(() => standardInput(new Blob([lines]).stream(), skip));
  }));

Deno.test("readers use the data before damaged compression, and a chain continues with the next file", () =>
  withFolder(async (path) => {
    const rows = Array.from({ length: 3000 }, (_, i) => `{"text":"row ${i} ${i * 7919 % 10007}"}\n`).join("");
    const packed = gzipSync(rows);
    const cut = path("a.jsonl.gz", packed.subarray(0, packed.length - 10));
    const { texts, dropped, notes } = await outcome(() => jsonlFile(cut, skip), [0, 1, 2000, 9999]);
    ok(texts.length > 2000);
    deepStrictEqual(texts.slice(0, 2), ["row 0 0", "row 1 7919"]);
    strictEqual(dropped.damaged, 1);
    ok(notes.some((note) => note.includes("the file ends within it")));

    const book = Array.from({ length: 3000 }, (_, i) => `Line ${i} ${i * 7919 % 10007}\n\n`).join("");
    const text = path("b.txt.gz", gzipSync(book).subarray(0, 12_000));
    const got = await outcome(() => textFile(text, { ...skip, documentBytes: 1000 }), [0, 1, 5]);
    ok(got.texts.length > 10 && book.startsWith(got.texts[0]));
    deepStrictEqual(got.dropped, { damaged: 1 });

    path("c.json", "{");
    path("d.parquet", "PAR1 no");
    path("e.warc", "");
    path("f.jsonl", '{"text":"last"}');
    const folderOf = cut.slice(0, cut.lastIndexOf("/"));
    const all = await outcome(() => openSource([`${folderOf}/*`], skip), [0, 2500]);
    strictEqual(all.texts.at(-1), "last");
    strictEqual(all.dropped.damaged, 4);
    await fails(() => openSource([`${folderOf}/*`]), Deno.errors.InvalidData, "it is empty");
  }));

Deno.test("jsonFile() and htmlFile() drop unusable records and pages", () =>
  withFolder(async (path) => {
    const list = path("a.json", '[{"text":"one"},3,{"text":"two"}]');
    const got = await outcome(() => jsonFile(list, skip));
    deepStrictEqual([got.texts, got.dropped], [["one", "two"], { no_text: 1 }]);
    const none = path("b.json", "[1,");
    deepStrictEqual((await outcome(() => jsonFile(none, skip))).dropped, { damaged: 1 });
    const bomb = path("c.html.gz", gzipSync(new Uint8Array(65 << 20)));
    deepStrictEqual((await outcome(() => htmlFile(bomb, skip))).dropped, { too_long: 1 });
  }));

Deno.test("parquetFile() skips only the damaged row group", () =>
  withFolder(async (path) => {
    const texts = Array.from({ length: 40 }, (_, i) => `Row ${i} é ${i * 7919 % 10007}`);
    const bytes = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: "text", data: texts, type: "STRING" }], rowGroupSize: 10 }),
    );
    const at = new TextDecoder("latin1").decode(bytes).indexOf("Row 10");
    const damaged = bytes.slice();
    damaged.fill(255, at - 20, at);
    const file = path("a.parquet", damaged);
    const got = await outcome(() => parquetFile(file, skip));
    deepStrictEqual(got.texts, texts.filter((_, i) => i < 10 || i >= 20));
    deepStrictEqual(got.dropped, { damaged: 1 });
    ok(got.notes[0].includes(`row group 2 of ${file} (from row 11)`), got.notes[0]);
    await fails(() => read(parquetFile(file)), Deno.errors.InvalidData, "row group 2 of");
    const cut = path("b.parquet", bytes.subarray(0, bytes.length - 9));
    deepStrictEqual((await outcome(() => parquetFile(cut, skip))).dropped, { damaged: 1 });
    const other = path(
      "c.parquet",
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "body", data: ["x"], type: "STRING" }] })),
    );
    deepStrictEqual((await outcome(() => parquetFile(other, skip))).dropped, { damaged: 1 });
  }));
