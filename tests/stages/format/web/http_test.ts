/**
 * Tests HTTP responses as archives store them: chunked bodies, compressed bodies, and the memory that hostile
 * bodies need.
 *
 * @module
 */
import { strictEqual, throws } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parseResponse } from "../../../../stages/format/web/http.ts";

function response(fields: string, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  return all;
}

function bodyOf(fields: string, body: string | Uint8Array): string {
  return new TextDecoder().decode(parseResponse(response(fields, body))?.body);
}

Deno.test("parseResponse() joins chunks, also of a truncated body, and keeps a body that is not chunked", () => {
  const chunked = "Transfer-Encoding: chunked";
  strictEqual(bodyOf(chunked, "3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n"), "abcde");
  strictEqual(bodyOf(chunked, "3\r\nabc\r\n9\r\nde"), "abcde");
  strictEqual(bodyOf(chunked, "3\r\nabc\r\nxyz"), "abc");
  strictEqual(bodyOf(chunked, "<p>plain"), "<p>plain");
  strictEqual(bodyOf(chunked, "3"), "3");
});

Deno.test("parseResponse() copies a body of one-byte chunks once", () => {
  const count = 1 << 20;
  strictEqual(
    parseResponse(response("Transfer-Encoding: chunked", "1\na".repeat(count)))?.body.length,
    count,
  );
  strictEqual(
    parseResponse(response("Transfer-Encoding: chunked", "1\na".repeat(9)))?.body.buffer.byteLength,
    27,
  );
});

Deno.test("parseResponse() unpacks at most five layers of compression", () => {
  const packed = (times: number) => {
    let body = new Uint8Array(gzipSync("<p>x"));
    for (let i = 1; i < times; i++) body = new Uint8Array(gzipSync(body));
    return bodyOf(`Content-Encoding: ${Array(times).fill("gzip").join(", ")}`, body);
  };
  strictEqual(packed(5), "<p>x");
  throws(() => packed(6), RangeError);
});
