import { gzipSync } from "node:zlib";
import { checkSource } from "../../../../stages/flow/check_resume.ts";
import { importPackage } from "../../../../stages/disk/packages.ts";
import { unpackWithDictionary } from "../../../../stages/format/packed/zstd_dictionary.ts";
import { warcFile } from "../../../../stages/source/files/warc.ts";
import { sharedTest } from "../../../shared_data.ts";
import { context, equal, fails, read, resumesAnywhere } from "../source_checks.ts";

function record(type: string, fields: Record<string, string>, block: string | Uint8Array): Uint8Array {
  const body = typeof block === "string" ? new TextEncoder().encode(block) : block;
  const head = Object.entries({ "WARC-Type": type, ...fields, "Content-Length": String(body.length) })
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return new Uint8Array([...new TextEncoder().encode(`WARC/1.0\r\n${head}\r\n`), ...body, 13, 10, 13, 10]);
}

function response(fields: string, body: string): string {
  return `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`;
}

async function archive(
  records: readonly Uint8Array[],
  use: (plain: string, packed: string) => Promise<void>,
) {
  const home = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${home}/a.warc`, new Uint8Array(records.flatMap((bytes) => [...bytes])));
    await Deno.writeFile(
      `${home}/a.warc.gz`,
      new Uint8Array(records.flatMap((bytes) => [...gzipSync(bytes)])),
    );
    await use(`${home}/a.warc`, `${home}/a.warc.gz`);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("warcFile() yields pages and conversions, drops other records by reason, resumes after each", () =>
  archive([
    record("warcinfo", {}, "software: x"),
    record("response", {
      "WARC-Record-ID": "<urn:uuid:1>",
      "WARC-Target-URI": "<http://a/>",
      "WARC-Date": "2024-01-01T00:00:00Z",
    }, response("Content-Type: text/html; charset=utf-8", "<p>One é</p>")),
    record(
      "response",
      {},
      response(
        "Content-Type: text/html\r\nTransfer-Encoding: chunked",
        "7\r\n<p>Two \r\n3\r\nand\r\n0\r\n\r\n",
      ),
    ),
    record("response", {}, response("Content-Type: image/png", "PNG")),
    record("response", {}, response("Server: x", "<html><p>Three</html>")), // recognized by its content
    record("request", {}, "GET / HTTP/1.1\r\n\r\n"),
    record(
      "response",
      { "WARC-Identified-Payload-Type": "application/pdf" },
      response("Content-Type: text/html", "%PDF"),
    ),
    record("response", {}, response("Content-Type: text/html", "")),
    record("conversion", { "Content-Type": "text/plain", "WARC-Target-URI": "http://b/" }, "Four"),
  ], async (plain, packed) => {
    for (const path of [plain, packed]) {
      const docs = await resumesAnywhere(() => warcFile(path));
      equal(docs.map((doc) => doc.text), ["One é", "Two and", "Three", "Four"]);
      equal(docs[0], {
        id: "<urn:uuid:1>",
        text: "One é",
        filePath: path,
        url: "http://a/",
        date: "2024-01-01T00:00:00Z",
      });
      equal(docs[1].id, `${path}:3`);
      await checkSource(() => warcFile(path));
    }
    const ctx = context();
    const source = warcFile(plain);
    for await (const _ of source.read(await source.open(ctx), ctx));
    equal(ctx.dropped, ["not_a_page", "not_a_page", "no_text"]);
  }));

Deno.test("warcFile() decodes content codings, and ignores a Content-Encoding field whose body is not encoded", () => {
  const packed = gzipSync("<p>Packed</p>");
  const head = new TextEncoder().encode(
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n",
  );
  return archive([
    record("response", {}, new Uint8Array([...head, ...packed])),
    record("response", {}, response("Content-Type: text/html\r\nContent-Encoding: gzip", "<p>Plain</p>")),
    // A decompression bomb.
    record("response", {}, new Uint8Array([...head, ...gzipSync(new Uint8Array(70 << 20))])),
  ], async (plain) => {
    equal((await read(warcFile(plain))).items.map((doc) => doc.text), ["Packed", "Plain"]);
  });
});

Deno.test("warcFile() reads frames with a dictionary that the file begins with, resumes after each, and says what is missing", async () => {
  const zstd = await importPackage("@bokuweb/zstd-wasm");
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0); // opens the library
  await unpackWithDictionary(frame, { dictionary: new Uint8Array(9), length: 0 });
  const page = (name: string) =>
    record(
      "response",
      {},
      response("Content-Type: text/html", `<p>The ${name} flows past the old harbour.</p>`),
    );
  const dictionary = page("brook"), context = zstd.createCCtx();
  const frames = ["river", "stream"].map((name) => zstd.compressUsingDict(context, page(name), dictionary));
  const head = (
    content: Uint8Array,
  ) => [0x5d, 0x2a, 0x4d, 0x18, content.length & 255, content.length >> 8, 0, 0];
  const home = await Deno.makeTempDir();
  try {
    const path = `${home}/a.warc.zst`,
      texts = ["The river flows past the old harbour.", "The stream flows past the old harbour."];
    for (const stored of [dictionary, zstd.compress(dictionary)]) {
      await Deno.writeFile(
        path,
        Uint8Array.from([...head(stored), ...stored, ...frames.flatMap((frame) => [...frame])]),
      );
      equal((await resumesAnywhere(() => warcFile(path))).map((doc) => doc.text), texts);
    }
    const other = dictionary.map((byte) => byte ^ 1);
    await Deno.writeFile(path, Uint8Array.from([...head(other), ...other, ...frames[0]]));
    await fails(() => read(warcFile(path)), SyntaxError, `record 1 of ${path}`);
    // A frame that names the dictionary 7, of which the file has none.
    await Deno.writeFile(path, Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 1, 9, 0, 0, 97));
    await fails(
      () => read(warcFile(path)),
      Deno.errors.InvalidData,
      "needs a dictionary, which the file does not begin with",
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("warcFile() reads resources, counts revisits, and drops HTTP errors, damage and binary data by reason", () => {
  const page = "Content-Type: text/html";
  const packed = new Uint8Array([
    ...new TextEncoder().encode(
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\n\r\n",
    ),
    255,
    254,
    0,
    1,
    2,
    3,
    4,
    5,
  ]);
  return archive([
    record("resource", { "Content-Type": "text/html; charset=utf-8" }, "<p>Resource é</p>"),
    record("resource", { "Content-Type": "image/png" }, "PNG"),
    record("response", { "Content-Type": "text/html" }, "<p>Bare</p>"),
    record("revisit", {}, response(page, "")),
    record("response", {}, response(page, "<p>Gone</p>").replace("200 OK", "404 Not Found")),
    record("response", {}, response(page, "<p>Moved</p>").replace("200 OK", "301 Moved")),
    record("response", {}, response(page, "<p>Partial</p>").replace("200 OK", "206 Partial Content")),
    record("response", {}, packed),
    record("response", {}, response(page, "\u0001\u0002\u0003".repeat(40))),
    record("conversion", { "Content-Type": "text/plain" }, "Five"),
  ], async (plain) => {
    for (const httpErrors of ["drop", "keep"] as const) {
      const kept = httpErrors === "keep";
      const { items, dropped } = await read(warcFile(plain, { httpErrors }));
      const errors = kept ? ["Gone", "Moved"] : [];
      equal(items.map((doc) => doc.text), ["Resource é", "Bare", ...errors, "Partial", "Five"]);
      equal(dropped, [
        "not_a_page",
        "revisit",
        ...(kept ? [] : ["http_error", "http_error"]),
        "damaged",
        "binary",
      ]);
    }
  });
});

Deno.test("warcFile() names the record where an archive is truncated or invalid", async () => {
  const home = await Deno.makeTempDir();
  try {
    const whole = record("response", {}, response("Content-Type: text/html", "<p>One</p>"));
    const path = `${home}/a.warc`;
    await Deno.writeFile(path, new Uint8Array([...whole, ...whole.subarray(0, whole.length - 10)]));
    await fails(
      () => read(warcFile(path)),
      Deno.errors.UnexpectedEof,
      `record 2 of ${path} (byte ${whole.length})`,
    );
    await Deno.writeTextFile(path, "<html>");
    await fails(() => read(warcFile(path)), SyntaxError, 'it begins with "<html>"');
    await Deno.writeTextFile(path, "WARC/1.0\r\nContent-Length: x\r\n\r\n");
    await fails(() => read(warcFile(path)), SyntaxError, "Content-Length is x");
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

sharedTest("warcFile() reads archives written by other programs", [
  "web/sample-0000.warc.gz",
  "web/whirlwind.warc.gz",
  "web/whirlwind.warc.wet.gz",
  "web/example.warc.gz",
  "web/example-iana.org-chunked.warc",
  "web/example-trunc.warc",
], async (path) => {
  const count = async (name: string) =>
    (await read(warcFile(path(name)))).items.filter((doc) => doc.text.length > 50).length;
  equal(await count("web/whirlwind.warc.gz"), 1);
  equal(await count("web/whirlwind.warc.wet.gz"), 1);
  equal(await count("web/example-iana.org-chunked.warc"), 1);
  const sample = (await read(warcFile(path("web/sample-0000.warc.gz")))).items;
  if (sample.length < 15) throw new Error(`${sample.length} of 22 pages have text`);
  await resumesAnywhere(() => warcFile(path("web/example.warc.gz")));
  // This archive contains zeros where a record should begin.
  const broken = () => read(warcFile(path("web/example-trunc.warc")));
  await fails(broken, SyntaxError, "record 4 of");
  await fails(broken, SyntaxError, "fetch the file again");
});
