/**
 * Tests reading over an unreliable network, from a server on loopback.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { findRemote, readRemote, type RemoteReadOptions } from "../../../../stages/format/web/remote.ts";
import { type Fault, serveFiles } from "./unsteady_server.ts";

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i * 31 + (i >> 8));
const files = { "/file": bytes };
const quick = { firstPause: 1, tries: 4, idle: 10_000 };

async function all(url: string, options: RemoteReadOptions = {}): Promise<Uint8Array> {
  const parts = await Array.fromAsync(readRemote(await findRemote(url, quick), { ...quick, ...options }));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

Deno.test("findRemote() gives size and version", async () => {
  await using server = serveFiles(files);
  const url = `${server.origin}/file`;
  deepStrictEqual(await findRemote(url), { url, size: 100_000, version: '"v1"', ranges: true });
  deepStrictEqual(server.requests, ["/file bytes=0-0"]);
});

Deno.test("readRemote() gives the bytes of a file, or of a range", async () => {
  await using server = serveFiles(files);
  const url = `${server.origin}/file`;
  deepStrictEqual(await all(url), bytes);
  deepStrictEqual(await all(url, { start: 99_990 }), bytes.subarray(99_990));
  deepStrictEqual(await all(url, { start: 500, end: 700 }), bytes.subarray(500, 700));
  strictEqual(server.requests.at(-1), "/file bytes=500-699");
});

Deno.test("readRemote() continues after a broken connection and requests only the rest", async () => {
  await using server = serveFiles(files);
  const url = `${server.origin}/file`;
  const file = await findRemote(url);
  server.faults.push({ cutAfter: 30_000 }, { cutAfter: 0 }, { cutAfter: 5_000 });
  const parts = await Array.fromAsync(readRemote(file, quick));
  deepStrictEqual(new Uint8Array(await new Blob(parts).arrayBuffer()), bytes);
  const starts = server.requests.slice(1).map((line) => Number(/bytes=(\d+)-/.exec(line)?.[1]));
  strictEqual(starts.length, 4);
  strictEqual(starts[0], 0);
  ok(starts[1] <= 30_000 && starts[2] === starts[1] && starts[3] >= starts[2], String(starts));
});

Deno.test("readRemote() pauses as the server asks, and retries after 429, 503 and silence", async () => {
  for (
    const fault of [
      { status: 429, retryAfter: "0" },
      { status: 503 },
      { status: 429, retryAfter: new Date(0).toUTCString() },
      { stallAfter: 2_000 },
      "no ranges",
    ] satisfies Fault[]
  ) {
    await using server = serveFiles(files);
    const file = await findRemote(`${server.origin}/file`);
    server.faults.push(fault);
    const parts = await Array.fromAsync(readRemote(file, { ...quick, idle: 50, start: 1000 }));
    deepStrictEqual(new Uint8Array(await new Blob(parts).arrayBuffer()), bytes.subarray(1000));
  }
});

Deno.test("readRemote() gives up after too many failures in a row and names the byte", async () => {
  await using server = serveFiles(files);
  const file = await findRemote(`${server.origin}/file`);
  server.faults.push({ cutAfter: 40_000 }, ...Array<Fault>(4).fill({ status: 502 }));
  await rejects(Array.fromAsync(readRemote(file, quick)), (error) => {
    ok(error instanceof Deno.errors.ConnectionReset);
    ok(/4 tries in a row failed at byte \d+, the last with: the server answered 502/.test(error.message));
    return true;
  });
});

Deno.test("readRemote() counts failures from 0 after progress", async () => {
  await using server = serveFiles(files);
  const file = await findRemote(`${server.origin}/file`);
  for (let i = 0; i < 12; i++) server.faults.push({ cutAfter: 8_000 }, { status: 503 });
  const parts = await Array.fromAsync(readRemote(file, quick));
  deepStrictEqual(new Uint8Array(await new Blob(parts).arrayBuffer()), bytes);
});

Deno.test("readRemote() refuses to mix two versions of a file", async () => {
  await using server = serveFiles(files);
  const file = await findRemote(`${server.origin}/file`);
  server.faults.push({ cutAfter: 30_000 }, "changed");
  await rejects(Array.fromAsync(readRemote(file, quick)), /its version is now "v2", it was "v1"/);
});

Deno.test("findRemote() has an error class for each kind of error response", async () => {
  await using server = serveFiles({
    "/secret": () => new Response("", { status: 403 }),
    "/odd": () => new Response("", { status: 418 }),
  });
  await rejects(findRemote(`${server.origin}/none`), Deno.errors.NotFound);
  await rejects(findRemote(`${server.origin}/secret`), Deno.errors.PermissionDenied);
  await rejects(findRemote(`${server.origin}/odd`), Deno.errors.Http);
  await rejects(findRemote("http://["), RangeError);
});

Deno.test("readRemote() ends at once when aborted, also during a pause", async () => {
  await using server = serveFiles(files);
  const file = await findRemote(`${server.origin}/file`);
  server.faults.push({ status: 503, retryAfter: "300" }, { stallAfter: 10 });
  for (let i = 0; i < 2; i++) {
    const stop = new AbortController();
    const reading = Array.fromAsync(readRemote(file, { signal: stop.signal }));
    while (server.requests.length < 2 + i) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error("enough"));
    await rejects(reading, /enough/);
  }
});
