/**
 * Responses as archives keep them: chunks, codings, what hostile ones cost.
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

Deno.test("parseResponse() undoes chunks, and takes what is there of a body cut short or undone already", () => {
  const chunked = "Transfer-Encoding: chunked";
  strictEqual(bodyOf(chunked, "3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n"), "abcde");
  strictEqual(bodyOf(chunked, "3\r\nabc\r\n9\r\nde"), "abcde");
  strictEqual(bodyOf(chunked, "3\r\nabc\r\nxyz"), "abc");
  strictEqual(bodyOf(chunked, "<p>plain"), "<p>plain");
  strictEqual(bodyOf(chunked, "3"), "3");
});

Deno.test("parseResponse() holds a body of one-byte chunks once", () => {
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

Deno.test("parseResponse() unpacks five times at most", () => {
  const packed = (times: number) => {
    let body = new Uint8Array(gzipSync("<p>x"));
    for (let i = 1; i < times; i++) body = new Uint8Array(gzipSync(body));
    return bodyOf(`Content-Encoding: ${Array(times).fill("gzip").join(", ")}`, body);
  };
  strictEqual(packed(5), "<p>x");
  throws(() => packed(6), RangeError);
});
