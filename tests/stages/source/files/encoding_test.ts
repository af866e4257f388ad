/**
 * Tests text files in any encoding: bytes are checked, byte order marks are recognized, a line can be a
 * document, and a folder can be a source.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { rejects, throws } from "node:assert/strict";
import { checkSource } from "../../../../stages/flow/check_resume.ts";
import { firstBadByte } from "../../../../stages/format/text/encodings.ts";
import { jsonFile, jsonlFile } from "../../../../stages/source/files/json_files.ts";
import { textFile } from "../../../../stages/source/files/text.ts";
import { findParts } from "../../../../stages/source/parts.ts";
import { openSource } from "../../../../stages/source/uri.ts";
import { equal, read, resumesAnywhere, withFolder } from "../source_checks.ts";

/** "Åsa, Örjan", then Cyrillic, then Japanese, in encodings that are not UTF-8. */
const encoded: Readonly<Record<string, readonly [text: string, bytes: readonly number[]]>> = {
  latin1: ["Åsa\nÖrjan", [0xC5, 0x73, 0x61, 10, 0xD6, 0x72, 0x6A, 0x61, 0x6E]],
  "windows-1251": ["Да\nНет", [0xC4, 0xE0, 10, 0xCD, 0xE5, 0xF2]],
  shift_jis: ["日本\n語", [0x93, 0xFA, 0x96, 0x7B, 10, 0x8C, 0xEA]],
  "utf-16le": ["é\n日", [0xE9, 0, 10, 0, 0xE5, 0x65]],
};

for (const [encoding, [text, bytes]] of Object.entries(encoded)) {
  Deno.test(`textFile() reads ${encoding} when told so, and otherwise names the file and the byte`, () =>
    withFolder(async (path) => {
      const once = Uint8Array.from(bytes), file = path("a.txt", once);
      equal((await read(textFile(file, { encoding }))).items.map((doc) => doc.text), [text]);
      const packed = path("a.txt.gz", gzipSync(once));
      equal((await read(textFile(packed, { encoding }))).items.map((doc) => doc.text), [text]);
      const bad = bytes.findIndex((byte) => byte >= 0x80);
      await rejects(
        () => read(textFile(file)),
        new RegExp(`byte ${bad} of .*a\\.txt: 0x.*--encoding.*--damaged skip`),
      );
      const { items, dropped } = await read(textFile(file, { damaged: "skip" }));
      equal([items.length, dropped.includes("bad_bytes")], [1, true]);

      const newline = encoding === "utf-16le" ? [10, 0, 10, 0] : [10, 10];
      const long = path("long.txt", Uint8Array.from(Array(300).fill([...bytes, ...newline]).flat()));
      const make = () => textFile(long, { encoding, documentBytes: 500 });
      await checkSource(make);
      const docs = await resumesAnywhere(make, [0, 1, 3]);
      equal(docs.map((doc) => doc.text).join("\n\n"), Array(300).fill(text).join("\n\n"));
    }));
}

Deno.test("textFile() recognizes byte order marks, whatever the encoding says, and keeps U+FEFF inside", () =>
  withFolder(async (path) => {
    const marked = {
      "8.txt": [0xEF, 0xBB, 0xBF, 0x61, 10, 0xEF, 0xBB, 0xBF, 0x62],
      "16le.txt": [0xFF, 0xFE, 0x61, 0, 10, 0, 0xFF, 0xFE, 0x62, 0],
      "16be.txt": [0xFE, 0xFF, 0, 0x61, 0, 10, 0xFE, 0xFF, 0, 0x62],
    };
    for (const [name, bytes] of Object.entries(marked)) {
      for (const encoding of ["utf-8", "latin1"]) {
        const { items } = await read(textFile(path(name, Uint8Array.from(bytes)), { encoding }));
        equal(items.map((doc) => doc.text), ["a\n\ufeffb"]);
      }
    }
    const [part] = await findParts([path("big.txt", Uint8Array.from(marked["16le.txt"]))], { partBytes: 4 });
    equal((await read(part.source)).items.map((doc) => doc.text), ["a\n\ufeffb"]);
  }));

Deno.test("textFile() names the first bad byte in a long file, and counts lines with bad bytes under skip", () =>
  withFolder(async (path) => {
    const bytes = new TextEncoder().encode("A line of text, é.\n".repeat(20_000));
    for (const at of [0, 5, 99_999, 200_003, bytes.length - 1]) {
      const broken = bytes.slice();
      broken[at] = 0xFF;
      const file = path("a.txt", broken);
      await rejects(() => read(textFile(file)), new RegExp(`byte ${at} of .*a\\.txt: 0xFF`));
      await rejects(
        () => read(textFile(file, { encoding: "shift_jis" })),
        /byte \d+ of .*a\.txt: 0x.*valid SHIFT_JIS/,
      );
      const { items, dropped } = await read(textFile(file, { damaged: "skip" }));
      equal([dropped, items.map((doc) => doc.text).join("").split("\ufffd").length], [["bad_bytes"], 2]);
    }
    const cut = path("cut.txt", Uint8Array.of(0x61, 0xE6, 0x97));
    await rejects(() => read(textFile(cut)), /byte 1 of .*cut\.txt: 0xE6/);
  }));

Deno.test("firstBadByte() is where a character is wrong, truncated or overlong", () => {
  for (
    const [bytes, at] of [
      [[0x61], null],
      [[0xC3, 0xA9], null],
      [[0x61, 0xC3], 1],
      [[0x61, 0xC3, 0x61], 1],
      [[0xE6, 0x97, 0x61], 0],
      [[0xF0, 0x9F, 0x98], 0],
      [[0x61, 0x80, 0x80], 1],
      [[0xC0, 0x80], 0],
      [[0xED, 0xA0, 0x80], 0],
    ] as const
  ) equal(firstBadByte(Uint8Array.from(bytes)), at);
});

Deno.test("textFile() makes a document of each line if asked to, and resumes after each", () =>
  withFolder(async (path) => {
    const file = path("names.txt", "Åsa\n\n  \nÖrjan\r\nLi");
    const docs = await resumesAnywhere(() => textFile(file, { split: "lines" }));
    equal(docs.map((doc) => doc.text), ["Åsa", "Örjan", "Li"]);
    equal(new Set(docs.map((doc) => doc.id)).size, 3);
    throws(() => textFile(file, { encoding: "klingon" }), /Unknown encoding "klingon".*windows-1252/);
  }));

Deno.test("jsonlFile() and jsonFile() name the byte that is not UTF-8, and count it under skip", () =>
  withFolder(async (path) => {
    const bytes = new TextEncoder().encode('{"text":"a"}\n{"text":"?"}\n{"text":"c"}');
    bytes[bytes.indexOf(63)] = 0xE5;
    const lines = path("a.jsonl", bytes);
    await rejects(
      () => read(jsonlFile(lines)),
      /line 2 of .*a\.jsonl .*byte 22 of the file is not valid UTF-8/,
    );
    const { items, dropped } = await read(jsonlFile(lines, { damaged: "skip" }));
    equal([items.map((doc) => doc.text), dropped], [["a", "c"], ["no_json"]]);
    const whole = path("a.json", bytes.slice(13, 25));
    await rejects(() => read(jsonFile(whole)), /byte 9 of .*a\.json: 0xE5/);
  }));

Deno.test("openSource() reads a folder: all files that can be read, in order of name, but no hidden or empty ones", () =>
  withFolder(async (path) => {
    const dir = path("b.md", "second").replace(/\/b\.md$/, "");
    for (const folder of ["a", ".git", "c"]) await Deno.mkdir(`${dir}/${folder}`);
    path("a/z.txt", "first");
    path("c/page.html", "<p>Third, a sentence that is long enough to be the text of a page.</p>");
    for (const name of [".git/x.txt", ".hidden.md", "photo.jpg"]) path(name, "no");
    path("empty.md", "");
    const texts = (await read(await openSource([dir]))).items.map((doc) => doc.text);
    equal(texts.map((text) => text.slice(0, 6)), ["first", "second", "Third,"]);
    equal((await read(await openSource([`${dir}/`]))).items.length, 3);
    await rejects(openSource([`${dir}/.git/none`]), Deno.errors.NotFound);
    await Deno.mkdir(`${dir}/empty`);
    path("empty/photo.jpg", "no");
    await rejects(openSource([`${dir}/empty`]), /the folder has no file of a type.*\.txt/);
  }));
