import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { philox } from "../../../kernels/random/philox.ts";
import { checkSource } from "../../../stages/flow/check_resume.ts";
import type { Source } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { findParts, partsOfRank, type SourcePart } from "../../../stages/source/parts.ts";
import { fileSource } from "../../../stages/source/files/file_source.ts";
import { serveFiles } from "../format/web/unsteady_server.ts";
import { context, read } from "./source_checks.ts";
import { joined } from "../bytes.ts";

const encoder = new TextEncoder();

/** Lines of 20 to 400 bytes with multi-byte characters; a few of the lines are blank. */
const lines = Array.from({ length: 120 }, (_, i) => {
  const [a, b] = philox(1, "lines", i);
  if (a % 17 === 0) return "";
  return JSON.stringify({ id: `d${i}`, text: `${i} ${"hé 🌍 ".repeat(1 + b % 60)}` });
});
const text = encoder.encode(`${lines.join("\n")}\n`);

/** Returns gzip members of `size` decompressed bytes each, regardless of line ends, as bgzip writes them. */
function members(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    parts.push(new Uint8Array(gzipSync(bytes.subarray(at, at + size))));
  }
  return joined(parts);
}

function record(
  type: string,
  { id, body }: { readonly id: string; readonly body: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const head =
    `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Record-ID: <urn:${id}>\r\nContent-Length: ${body.length}\r\n\r\n`;
  return joined([encoder.encode(head), new Uint8Array(body), encoder.encode("\r\n\r\n")]);
}

/**
 * One gzip member per record. Some payloads are gzip data too, so that gzip headers also occur inside
 * members.
 */
const archive = joined(Array.from({ length: 40 }, (_, i) => {
  const inner = gzipSync(encoder.encode(`inner ${i}`), { level: 0 });
  const body = i % 3 === 0 ? new Uint8Array(inner) : encoder.encode(`Text number ${i}. `.repeat(1 + i % 7));
  return new Uint8Array(
    gzipSync(record(i % 3 === 0 ? "resource" : "conversion", { id: `r${i}`, body }), { level: 0 }),
  );
}));

const rows = lines.flatMap((line): { id: string; text: string }[] => line === "" ? [] : [JSON.parse(line)]);
const parquet = new Uint8Array(parquetWriteBuffer({
  columnData: [
    { name: "text", data: rows.map(({ text }) => text), type: "STRING" },
    { name: "id", data: rows.map(({ id }) => id), type: "STRING" },
  ],
  rowGroupSize: 10,
}));

const paragraphs = encoder.encode(
  Array.from({ length: 60 }, (_, i) => `Paragraph ${i} ${"word ".repeat(i % 9)}\nsecond line\n`).join("\n"),
);

const files: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "lines.jsonl": text,
  "members.jsonl.gz": members(text, 700),
  "single.jsonl.gz": new Uint8Array(gzipSync(text)),
  // The content says how a file is packed, not its name.
  "members.jsonl": members(text, 700),
  "plain.jsonl.gz": text,
  "frame.jsonl": new Uint8Array(zstdCompressSync(text)),
  "archive.warc.gz": archive,
  "rows.parquet": parquet,
  "text.txt": paragraphs,
};

async function withFiles(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${dir}/${name}`, bytes);
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function documentsOf(parts: readonly SourcePart[]): Promise<Document[]> {
  const docs: Document[] = [];
  for (const { source } of parts) docs.push(...(await read(source)).items);
  return docs;
}

Deno.test("findParts() puts every document in exactly one part, wherever the boundaries fall", () =>
  withFiles(async (dir) => {
    for (const name of Object.keys(files).filter((name) => name !== "text.txt")) {
      const path = `${dir}/${name}`;
      const whole = (await read(fileSource(path))).items;
      ok(whole.length > 20, `${whole.length} documents in ${name}`);
      for (const partBytes of [97, 331, 1000, 1024, 5000, 1e6]) {
        const parts = await findParts([path], { partBytes });
        deepStrictEqual(await documentsOf(parts), whole, `${name} in parts of ${partBytes}`);
        const { length } = files[name];
        const count = ["single.jsonl.gz", "frame.jsonl"].includes(name) ? 1 : Math.ceil(length / partBytes);
        if (name !== "rows.parquet") strictEqual(parts.length, count, `parts of ${partBytes} of ${name}`);
        else if (partBytes < 100) strictEqual(parts.length, Math.ceil(rows.length / 10)); // its row groups
        strictEqual(new Set(parts.map(({ source }) => source.name)).size, parts.length);
      }
    }
  }));

Deno.test("findParts() splits text at line ends, and no text is lost or read twice", () =>
  withFiles(async (dir) => {
    const path = `${dir}/text.txt`;
    for (const partBytes of [10, 97, 500]) {
      const docs = await documentsOf(await findParts([path], { partBytes }));
      const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
      deepStrictEqual(docs.flatMap(({ text }) => words(text)), words(new TextDecoder().decode(paragraphs)));
      strictEqual(new Set(docs.map(({ id }) => id)).size, docs.length);
    }
  }));

Deno.test("findParts() keeps lines whole for boundaries at every byte of a line", () =>
  withFiles(async (dir) => {
    const path = `${dir}/short.jsonl`;
    await Deno.writeTextFile(
      path,
      Array.from({ length: 12 }, (_, i) => `{"id":"${i}","text":"t${"x".repeat(i)}"}\n`).join(""),
    );
    const whole = (await read(fileSource(path))).items;
    for (let partBytes = 1; partBytes < 90; partBytes++) {
      deepStrictEqual(
        await documentsOf(await findParts([path], { partBytes })),
        whole,
        `parts of ${partBytes}`,
      );
    }
  }));

Deno.test("findParts() loses the same records of a damaged archive as the whole file does, counted once", () =>
  withFiles(async (dir) => {
    const path = `${dir}/damaged.warc.gz`;
    const damaged = archive.slice();
    const at = Math.floor(damaged.length / 2) + 40;
    damaged.fill(0xee, at, at + 30);
    await Deno.writeFile(path, damaged);
    const all = async (sources: readonly Source<Document>[]) => {
      const ctx = context();
      const ids: string[] = [];
      for (const source of sources) {
        const state = await source.open(ctx);
        for await (const { id } of source.read(state, ctx)) ids.push(id);
      }
      return { ids, dropped: ctx.dropped };
    };
    const expected = await all([fileSource(path, { damaged: "skip" })]);
    deepStrictEqual(expected.dropped.filter((reason) => reason !== "not_a_page"), ["damaged"]);
    for (const partBytes of [97, 331, 1000, 4000]) {
      const parts = await findParts([path], { partBytes, damaged: "skip" });
      deepStrictEqual(await all(parts.map(({ source }) => source)), expected, `parts of ${partBytes}`);
    }
  }));

Deno.test("Parts can be stopped after any item and resumed without a difference", () =>
  withFiles(async (dir) => {
    for (const name of Object.keys(files)) {
      const parts = await findParts([`${dir}/${name}`], { partBytes: 1100 });
      for (const { source } of parts.slice(0, 4)) await checkSource(source);
    }
  }));

Deno.test("Parts of a remote file are read by range requests", async () => {
  await using server = serveFiles({ "/a.warc.gz": archive, "/a.jsonl": text, "/a.parquet": parquet });
  for (const name of ["a.warc.gz", "a.jsonl", "a.parquet"]) {
    const uri = `${server.origin}/${name}`;
    const parts = await findParts([uri], { partBytes: 800 });
    ok(parts.length > 2);
    deepStrictEqual(
      (await documentsOf(parts)).map(({ id }) => id),
      (await read(fileSource(uri))).items.map(({ id }) => id),
    );
  }
});

Deno.test("partsOfRank() distributes all parts in order, evenly by bytes", () =>
  withFiles(async (dir) => {
    const parts = await findParts([`${dir}/lines.jsonl`, `${dir}/archive.warc.gz`, "embedded:sotu"], {
      partBytes: 300,
    });
    for (const world of [1, 2, 3, 4, 50, 1000]) {
      const byRank = Array.from({ length: world }, (_, rank) => partsOfRank(parts, { rank, world }));
      deepStrictEqual(byRank.flat(), parts);
    }
    const even = parts.slice(0, -1);
    const sizes = Array.from({ length: 4 }, (_, rank) => partsOfRank(even, { rank, world: 4 }).length);
    ok(Math.max(...sizes) - Math.min(...sizes) <= 2, `${sizes}`);
  }));
