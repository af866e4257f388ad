/**
 * Tests stored bodies that do not match their header. Each kind was reported for some reader of archives.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { decodeBody, decodeUnmarked } from "../../../../stages/format/web/content_coding.ts";
import { parseResponse } from "../../../../stages/format/web/http.ts";

const text = "<p>The river flows slowly past the old harbour, where the boats lie.</p>".repeat(9);
const plain = new TextEncoder().encode(text);

function bytes(...parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    parts.flatMap((part) => [...(typeof part === "string" ? new TextEncoder().encode(part) : part)]),
  );
}

function response(
  fields: string,
  body: Uint8Array | string,
): { text: string; damaged: boolean; status: number } {
  const found = parseResponse(bytes(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`, body));
  if (found === null) throw new Error("not a response");
  return { text: new TextDecoder().decode(found.body), damaged: found.damaged, status: found.status };
}

const badCrc = () => {
  const packed = Uint8Array.from(gzipSync(plain));
  packed.fill(0, -8);
  return packed;
};
const withName = bytes(
  Uint8Array.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3),
  "name\0",
  deflateRawSync(plain),
  "12345678",
);

Deno.test("decodeBody() tells unpacked, plain and damaged bodies apart", () => {
  const outcomes: [coding: string, body: Uint8Array, outcome: string][] = [
    ["gzip", gzipSync(plain), "unpacked"],
    ["x-gzip", gzipSync(plain), "unpacked"],
    ["gzip", bytes(gzipSync(plain), "<!-- served by cache -->"), "unpacked"],
    ["gzip", badCrc(), "unpacked"],
    ["gzip", withName, "unpacked"],
    ["gzip", zstdCompressSync(plain), "unpacked"], // the coding is another than the header says
    ["deflate", deflateSync(plain), "unpacked"],
    ["deflate", deflateRawSync(plain), "unpacked"],
    ["deflate", gzipSync(plain), "unpacked"],
    ["br", brotliCompressSync(plain), "unpacked"],
    ["zstd", zstdCompressSync(plain), "unpacked"],
    ...["gzip", "deflate", "br", "zstd", "identity"].map((
      coding,
    ): [string, Uint8Array, string] => [coding, plain, "plain"]),
    [
      "gzip",
      bytes(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3), Uint8Array.of(255, 255, 255, 255)),
      "damaged",
    ],
    ["br", Uint8Array.of(0xff, 0xfe, 0, 1, 2, 3, 4, 5, 6), "damaged"],
    ["zstd", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 255, 255, 255), "damaged"],
  ];
  for (const [coding, body, outcome] of outcomes) {
    const decoded = decodeBody(bytes(body), coding);
    strictEqual(decoded.outcome, outcome, coding);
    if (outcome !== "damaged") strictEqual(new TextDecoder().decode(decoded.bytes), text, coding);
  }
  strictEqual(decodeUnmarked(bytes(gzipSync(plain))).outcome, "unpacked");
  strictEqual(decodeUnmarked(plain).outcome, "plain");
});

Deno.test("decodeBody() unpacks truncated bodies as far as they go", () => {
  const long = new TextEncoder().encode(
    Array.from({ length: 20_000 }, (_, i) => `Sentence ${i * 7919 % 10007}. `).join(""),
  );
  for (
    const [coding, packed] of [["gzip", gzipSync(long)], ["deflate", deflateSync(long)], [
      "br",
      brotliCompressSync(long),
    ]] as const
  ) {
    const { outcome, bytes: found } = decodeBody(bytes(packed.subarray(0, packed.length >> 1)), coding);
    strictEqual(outcome, "unpacked", coding);
    const part = new TextDecoder().decode(found);
    strictEqual(part.length > 1000 && new TextDecoder().decode(long).startsWith(part), true, coding);
  }
});

Deno.test("parseResponse() removes all layers of compression, wherever they are declared", () => {
  const whole = { text, damaged: false, status: 200 };
  const double = gzipSync(gzipSync(plain));
  deepStrictEqual(response("Content-Encoding: gzip", double), whole);
  deepStrictEqual(response("Content-Encoding: gzip, gzip", double), whole);
  deepStrictEqual(response("Content-Type: text/html", gzipSync(plain)), whole);
  const chunk = (body: Uint8Array) => bytes(`${body.length.toString(16)}\r\n`, body, "\r\n0\r\n\r\n");
  deepStrictEqual(response("Transfer-Encoding: gzip, chunked", chunk(gzipSync(plain))), whole);
  deepStrictEqual(response("Transfer-Encoding: deflate, chunked", chunk(deflateSync(plain))), whole);
  deepStrictEqual(
    response("Transfer-Encoding: chunked\r\nContent-Encoding: br", chunk(brotliCompressSync(plain))),
    whole,
  );
  strictEqual(response("Content-Encoding: br", Uint8Array.of(0xff, 0xfe, 0, 1, 2, 3, 4, 5, 6)).damaged, true);
});

Deno.test("parseResponse() joins repeated and folded fields, and skips interim responses", () => {
  const fields = (head: string) =>
    parseResponse(bytes(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`))?.fields.get("content-type");
  strictEqual(fields("Content-Type: text/html;\r\n charset=x"), "text/html; charset=x");
  strictEqual(
    fields("Content-Type: text/html; charset=x\r\nContent-Type: text/html"),
    "text/html; charset=x, text/html",
  );
  strictEqual(parseResponse(bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/2 204\r\n\r\n"))?.status, 204);
  strictEqual(parseResponse(bytes("HTTP/1.1 100 Continue\r\n\r\n"))?.status, 100);
  strictEqual(parseResponse(bytes("<html>")), null);
});
