/**
 * Tests writing to an object store, over a connection that fails.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { askS3, getS3, putS3, removeS3 } from "../../../../../stages/format/web/s3/objects.ts";
import { S3ConditionError } from "../../../../../stages/format/web/s3/s3_request.ts";
import { uploadFile } from "../../../../../stages/format/web/s3/upload.ts";
import { findRemote, readRemote } from "../../../../../stages/format/web/remote.ts";
import { BUCKET, type StoreFault, storeTest, type TestStore } from "../../../../object_store.ts";
import { withFile } from "../../../../temporary.ts";

const MIB = 2 ** 20;
const partBytes = 5 * MIB;
const uri = `s3://${BUCKET}/a folder/file`;
const quick = { firstPause: 1, tries: 4 };
const bytes = Uint8Array.from({ length: 2 * partBytes + 1 }, (_, i) => i * 31 + (i >> 8));

async function stored(): Promise<Uint8Array> {
  const parts = await Array.fromAsync(readRemote(await findRemote(uri, quick), quick));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function unfinished(): Promise<number> {
  const { text } = await askS3(`s3://${BUCKET}/`, { action: "list", query: { uploads: "" } });
  return text.split("<UploadId>").length - 1;
}

const parts = ({ requests }: TestStore): number =>
  requests.filter((each) => /^PUT .*partNumber/.test(each)).length;

storeTest(
  "uploadFile() writes files up to a part in one request, longer ones in parts",
  (store) =>
    withFile(bytes, async (path) => {
      for (
        const [size, count] of [[partBytes - 1, 0], [partBytes, 0], [partBytes + 1, 2], [2 * partBytes, 2], [
          2 * partBytes + 1,
          3,
        ]]
      ) {
        store.requests.length = 0;
        await uploadFile(path, uri, { ...quick, bytes: size, partBytes });
        strictEqual(parts(store), count, `${size} bytes`);
        deepStrictEqual(await stored(), bytes.subarray(0, size));
      }
      await rejects(uploadFile(path, uri, { ...quick, bytes: bytes.length + 1 }), /ends 1 bytes early/);
      deepStrictEqual(await stored(), bytes);
    }),
);

storeTest(
  "uploadFile() gives the same object over a connection that fails in every way",
  (store) =>
    withFile(bytes, async (path) => {
      const onPart = (fault: StoreFault) => (method: string, at: string) =>
        method === "PUT" && at.includes("partNumber") ? fault : null;
      const onCompletion = (fault: StoreFault) => (method: string, at: string) =>
        method === "POST" && at.includes("uploadId") ? fault : null;
      for (
        const [name, faultFor] of Object.entries({
          "a part reset": onPart("reset"),
          "a part's answer lost": onPart("lost answer"),
          "a part refused": onPart({ status: 503, code: "SlowDown" }),
          "the last request reset": onCompletion("reset"),
          "the last answer lost": onCompletion("lost answer"),
          "the upload forgotten": onCompletion({ status: 404, code: "NoSuchUpload" }),
          "an error after 200": onCompletion({ status: 200, code: "InternalError" }),
        })
      ) {
        let left = 2;
        store.onRequest = (method, at) => {
          const fault = left > 0 ? faultFor(method, at) : null;
          if (fault !== null) left--;
          return fault;
        };
        await uploadFile(path, uri, { ...quick, partBytes });
        strictEqual(left, 0, name);
        deepStrictEqual(await stored(), bytes, name);
        strictEqual(await unfinished(), 0, name);
        await removeS3(uri);
      }
    }),
);

storeTest(
  "an upload that fails leaves the object as it was, and no parts",
  (store) =>
    withFile(bytes, async (path) => {
      await putS3(uri, bytes.subarray(0, 10));
      store.onRequest = (method, at) => method === "PUT" && at.includes("partNumber=3") ? "reset" : null;
      await rejects(uploadFile(path, uri, { ...quick, partBytes }), Deno.errors.ConnectionReset);
      deepStrictEqual(await stored(), bytes.subarray(0, 10));
      strictEqual(await unfinished(), 0);
      const stop = new AbortController();
      store.onRequest = (method, at) => {
        if (method === "PUT" && at.includes("partNumber=2")) stop.abort(new Error("enough"));
        return null;
      };
      await rejects(uploadFile(path, uri, { ...quick, partBytes, signal: stop.signal }), /enough/);
      deepStrictEqual(await stored(), bytes.subarray(0, 10));
    }),
);

storeTest(
  "uploadFile() removes what a killed process has left of the same object, and nothing else",
  (store) =>
    withFile(bytes, async (path) => {
      for (const other of [uri, `${uri}.txt`]) {
        await askS3(other, { action: "write", method: "POST", query: { uploads: "" } });
      }
      strictEqual(await unfinished(), 2);
      await uploadFile(path, uri, { ...quick, partBytes });
      strictEqual(await unfinished(), 1);
      deepStrictEqual(await stored(), bytes);
      store.onRequest = (method, at) =>
        // credentials without the right to list
        method === "GET" && at.includes("uploads") ? { status: 403, code: "AccessDenied" } : null;
      await uploadFile(path, uri, { ...quick, partBytes });
    }),
);

storeTest(
  "uploadFile() holds no more parts in memory than it may",
  (store) =>
    withFile(bytes, async (path) => {
      for (const parallel of [1, 2]) {
        let inFlight = 0, most = 0;
        store.onRequest = (method, at) => {
          if (method !== "PUT" || !at.includes("partNumber")) return null;
          most = Math.max(most, ++inFlight);
          setTimeout(() => inFlight--, 300);
          return { delay: 300 };
        };
        await uploadFile(path, uri, { ...quick, partBytes, parallel });
        ok(most <= parallel, `${most} parts in flight`);
      }
    }),
);

storeTest("putS3() writes only if its condition holds", async () => {
  const one = new TextEncoder().encode("one"), two = new TextEncoder().encode("two");
  strictEqual(await getS3(uri), null);
  const etag = await putS3(uri, one, { condition: "absent" });
  await rejects(putS3(uri, two, { condition: "absent" }), S3ConditionError);
  deepStrictEqual(await getS3(uri), { text: "one", etag });
  const next = await putS3(uri, two, { condition: { etag } });
  await rejects(putS3(uri, one, { condition: { etag } }), S3ConditionError);
  deepStrictEqual(await getS3(uri), { text: "two", etag: next });
  await removeS3(uri);
  await removeS3(uri);
  strictEqual(await getS3(uri), null);
});
