/**
 * Tests sources that are URLs or Hub datasets, read from a local HTTP server that fails on demand.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { hubFiles } from "../../../stages/source/hub.ts";
import { findSource, openSource } from "../../../stages/source/uri.ts";
import { type Fault, serveFiles } from "../format/web/unsteady_server.ts";
import { equal, fails, read, resumesAnywhere } from "./source_checks.ts";

const encoder = new TextEncoder();
const quick = { firstPause: 1 };
const lines = Array.from(
  { length: 500 },
  (_, i) => JSON.stringify({ id: `d${i}`, text: `Text ${i} `.repeat(40) }),
);
const jsonl = encoder.encode(lines.join("\n"));
const texts = lines.map((line) => JSON.parse(line).text);

/** Gzip members of 50 lines each, as crawlers and log writers produce them. */
const members = Array.from(
  { length: 10 },
  (_, i) => gzipSync(encoder.encode(`${lines.slice(50 * i, 50 * i + 50).join("\n")}\n`)),
);
const packed = new Uint8Array(members.reduce((sum, { length }) => sum + length, 0));
members.reduce((at, member) => (packed.set(member, at), at + member.length), 0);

const parquet = new Uint8Array(parquetWriteBuffer({
  columnData: [
    { name: "text", data: texts, type: "STRING" },
    { name: "unwanted", data: texts.map((_, i) => `${i}`.repeat(2000)), type: "STRING" },
  ],
  rowGroupSize: 100,
  codec: "UNCOMPRESSED",
}));

Deno.test("openSource() reads JSON lines, compressed or not, from a server that fails", async () => {
  await using server = serveFiles({ "/a.jsonl": jsonl, "/a.jsonl.gz": packed });
  for (const path of ["/a.jsonl", "/a.jsonl.gz?token=a.b"]) {
    const source = await openSource([`${server.origin}${path}`]);
    server.faults.push(null, { cutAfter: 2000 }, { status: 503, retryAfter: "0" }, { cutAfter: 1000 });
    deepStrictEqual((await read(source)).items.map((doc) => doc.text), texts);
    strictEqual(server.faults.splice(0).length, 0);
  }
});

Deno.test("openSource() resumes in a remote file at the line, in a compressed file at the line's gzip member", async () => {
  await using server = serveFiles({ "/a.jsonl": jsonl, "/a.jsonl.gz": packed });
  for (const path of ["/a.jsonl", "/a.jsonl.gz"]) {
    await resumesAnywhere(() => openSource([`${server.origin}${path}`]), [0, 1, 49, 50, 51, 499, 500]);
  }
  const fresh = () => openSource([`${server.origin}/a.jsonl.gz`]);
  const { saved } = await read(await fresh(), { limit: 449 });
  const source = await fresh();
  const before = server.requests.length;
  strictEqual((await read(source, { saved })).items.length, 51);
  const start = packed.length - members[9].length - members[8].length;
  deepStrictEqual(server.requests.slice(before), [
    "/a.jsonl.gz bytes=0-0", // whether it is still the same file: its version, and its content as it is short
    `/a.jsonl.gz bytes=0-${packed.length - 1}`,
    "/a.jsonl.gz bytes=0-0",
    `/a.jsonl.gz bytes=${start}-${packed.length - 1}`,
  ]);
});

Deno.test("openSource() requests only the needed columns and row groups of a remote Parquet file", async () => {
  await using server = serveFiles({ "/a.parquet": parquet });
  const source = await openSource([`${server.origin}/a.parquet`], { metadata: false });
  server.faults.push(null, { cutAfter: 50 });
  deepStrictEqual((await read(source)).items.map((doc) => doc.text), texts);
  let bytes = 0;
  for (const line of server.requests) {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(line) ?? [];
    bytes += Number(last) - Number(first) + 1;
  }
  ok(bytes < 0.7 * parquet.length, `${bytes} of ${parquet.length} bytes requested`);
});

Deno.test("openSource() refuses a wrong URL before the run", async () => {
  await using server = serveFiles({ "/empty.txt": new Uint8Array(0), "/a.doc": jsonl });
  const { NotFound } = Deno.errors;
  await fails(() => openSource([`${server.origin}/none.jsonl`]), NotFound, "check the address");
  await fails(() => openSource([`${server.origin}/a.doc`]), RangeError, "its file type is unknown");
  await fails(() => openSource([`${server.origin}/empty.txt`]), Deno.errors.InvalidData, "the file is empty");
});

const commit = "0123456789012345678901234567890123456789";

/** Returns a server with the part of the Hub's API that is needed to list and read a dataset. */
function hub() {
  const tree = [
    { type: "directory", path: "data", size: 0, oid: "1" },
    { type: "file", path: "README.md", size: 5, oid: "2" },
    { type: "file", path: "data/b.parquet", size: parquet.length, oid: "3" },
    { type: "file", path: "data/a c.jsonl", size: jsonl.length, oid: "4" },
    { type: "file", path: "data/picture.png", size: 9, oid: "5" },
  ];
  const listed = (folder: string) => () =>
    Response.json(tree.filter(({ path }) => path.startsWith(folder) && path !== folder));
  const info = () =>
    Response.json({
      _id: "1",
      id: "o/n",
      sha: commit,
      private: false,
      gated: false,
      likes: 0,
      downloads: 0,
      lastModified: "2024-01-01T00:00:00.000Z",
    });
  return serveFiles({
    "/api/datasets/o/n/revision/HEAD": info,
    [`/api/datasets/o/n/revision/v1`]: info,
    [`/api/datasets/o/n/tree/${commit}`]: listed(""),
    [`/api/datasets/o/n/tree/${commit}/data`]: listed("data"),
    [`/datasets/o/n/resolve/${commit}/data/a c.jsonl`]: jsonl,
    [`/datasets/o/n/resolve/${commit}/data/b.parquet`]: parquet,
  });
}

Deno.test("hubFiles() lists the files of a dataset, a folder, a glob or a path, at one commit", async () => {
  await using server = hub();
  const names = async (uri: string) => {
    const files = await hubFiles(uri, {
      ...quick,
      hubUrl: server.origin,
      accepts: (name) => !name.endsWith(".png"),
    });
    return files.map(({ url }) => {
      ok(url.startsWith(`${server.origin}/datasets/o/n/resolve/${commit}/`), url);
      return decodeURIComponent(url.slice(`${server.origin}/datasets/o/n/resolve/${commit}/`.length));
    });
  };
  const both = ["data/a c.jsonl", "data/b.parquet"];
  equal(await names("hf:o/n"), both);
  equal(await names("hf:o/n/README.md"), ["README.md"]);
  equal(await names("hf://datasets/o/n/data/"), both);
  equal(await names("hf:o/n@v1/data/*.parquet"), ["data/b.parquet"]);
  equal(await names("hf:o/n/data/b.parquet"), ["data/b.parquet"]);
  await fails(() => names("hf:o/n/data/*.warc.gz"), Deno.errors.NotFound, "check the path");
  await fails(() => names("hf:o/missing"), Deno.errors.NotFound, "no such dataset");
  await fails(() => names("hf:n"), RangeError, "expected hf:OWNER/NAME");
});

Deno.test("findSource() reads the files of a Hub dataset one after another", async () => {
  await using server = hub();
  const { source, summary } = await findSource(["hf:o/n/data"], { ...quick, hubUrl: server.origin });
  equal([summary.files.length, summary.bytes], [2, jsonl.length + parquet.length]);
  deepStrictEqual((await read(source)).items.map((doc) => doc.text), [...texts, ...texts]);
});

Deno.test("hubFiles() retries when the Hub is busy, and explains why a request is rejected", async () => {
  let answers: Fault[] = [{ status: 429, retryAfter: "0" }, { status: 503 }];
  await using server = serveFiles({
    "/api/datasets/o/n/revision/HEAD": () => {
      const next = answers.shift();
      const status = typeof next === "object" && "status" in next ? next.status : 401;
      return new Response("{}", { status, headers: { "retry-after": "0" } });
    },
  });
  await fails(
    () => hubFiles("hf:o/n", { ...quick, hubUrl: server.origin }),
    Deno.errors.PermissionDenied,
    "private or gated",
  );
  answers = Array(9).fill({ status: 502 });
  await fails(
    () => hubFiles("hf:o/n", { firstPause: 1, tries: 3, hubUrl: server.origin }),
    Deno.errors.ConnectionReset,
    "3 tries in a row failed",
  );
});
