/**
 * Tests documents in an object store, behind a connection that fails.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { from } from "../../../stages/flow/flow.ts";
import { listS3 } from "../../../stages/format/web/s3/list.ts";
import { getS3, putS3 } from "../../../stages/format/web/s3/objects.ts";
import { useS3Settings } from "../../../stages/format/web/s3/settings.ts";
import { findRemote, readRemote } from "../../../stages/format/web/remote.ts";
import { writeParquet } from "../../../stages/sink/parquet.ts";
import { findParts, partsSource } from "../../../stages/source/parts.ts";
import { s3Files } from "../../../stages/source/s3.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { BUCKET, type StoreFault, storeTest } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";

const utf8 = new TextEncoder();
const quick = { firstPause: 1, tries: 4 };

async function put(files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>): Promise<void> {
  for (const [key, content] of Object.entries(files)) {
    await putS3(`s3://${BUCKET}/${key}`, typeof content === "string" ? utf8.encode(content) : content);
  }
}

async function texts(...uris: readonly string[]): Promise<string[]> {
  const documents = from(await openSource(uris, quick)).stream();
  return (await Array.fromAsync(documents)).map(({ text }) => text);
}

const line = (text: string): string => `${JSON.stringify({ text })}\n`;

storeTest("a source is an object, a folder, a glob or a bucket, in the order of paths", async () => {
  await put({
    "web/b.jsonl": line("b"),
    "web/a.jsonl.gz": new Uint8Array(gzipSync(line("a"))),
    "web/deep/c.jsonl.zst": new Uint8Array(zstdCompressSync(line("c"))),
    "web/README.md": "a card",
    "web/.hidden/d.jsonl": line("hidden"),
    "web/empty.jsonl": "",
    "website.txt": "beside",
    "odd name+(1)?#%41é*.txt": "odd",
  });
  deepStrictEqual(await texts(`s3://${BUCKET}/web`), ["a", "b", "c"]);
  deepStrictEqual(await texts(`s3://${BUCKET}/web/`), ["a", "b", "c"]);
  deepStrictEqual(await texts(`s3://${BUCKET}/web/*.jsonl.gz`), ["a"]);
  deepStrictEqual(await texts(`s3://${BUCKET}/web/**/c.*`), ["c"]);
  deepStrictEqual(await texts(`s3://${BUCKET}/web/{b,none}.jsonl`), ["b"]);
  deepStrictEqual(await texts(`s3://${BUCKET}/website.txt`), ["beside"]);
  deepStrictEqual(await texts(`s3://${BUCKET}/odd name+(1)?#%41é*.txt`), ["odd"]);
  await rejects(texts(`s3://${BUCKET}/web/b`), /neither an object of this key nor one in such a folder/);
  await rejects(texts(`s3://${BUCKET}/none/*`), /No object matches/);
  await rejects(texts(`s3://${BUCKET}/web/empty.jsonl`), /empty/);
  await rejects(texts(`s3://no-such-bucket/x.txt`), /NoSuchBucket: check the bucket/);
  await rejects(texts("s3://x"), /expected s3:\/\/BUCKET\/KEY/);
});

storeTest("a list of several pages is complete", async (store) => {
  const names = Array.from({ length: 7 }, (_, i) => `many/${i}.txt`);
  await put(Object.fromEntries(names.map((name) => [name, name])));
  // The store lists two keys at a time, whatever it is asked for.
  const choose = (uris: readonly string[]): readonly string[] => uris;
  store.pageSize = 2;
  deepStrictEqual(
    (await s3Files(`s3://${BUCKET}/many`, { choose })).map(({ uri }) => uri),
    names.map((name) => `s3://${BUCKET}/${name}`),
  );
  strictEqual(store.requests.filter((each) => each.includes("continuation-token")).length, 3);
});

storeTest("Parquet in a store is read by ranges, in parts between row groups", async (store) => {
  await withFolder(async (dir) => {
    const documents = Array.from({ length: 2500 }, (_, i) => ({ id: `${i}`, text: `${i} `.repeat(50) }));
    await from(documents).pipe(writeParquet({ dir })).run();
    const bytes = await Deno.readFile(`${dir}/00000.parquet`);
    await put({ "00000.parquet": bytes });
    const uri = `s3://${BUCKET}/00000.parquet`;
    store.requests.length = 0;
    deepStrictEqual(await texts(uri), documents.map(({ text }) => text));
    const parts = await findParts([uri], { partBytes: Math.ceil(bytes.length / 3) });
    ok(parts.length >= 3, `${parts.length}`);
    const read = await Array.fromAsync(from(partsSource("parts", parts)).stream());
    deepStrictEqual(read.map(({ text }) => text), documents.map(({ text }) => text));
  });
});

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 31 + (i >> 8));

storeTest("readRemote() reads an object over a connection that fails in every way", async (store) => {
  await put({ file: bytes });
  const file = await findRemote(`s3://${BUCKET}/file`, quick);
  strictEqual(file.size, bytes.length);
  for (
    const faults of [
      ["reset"],
      ["lost answer", { status: 503, code: "SlowDown" }],
      [{ cutAfter: 100_000 }, { cutAfter: 50_000 }, "reset"],
      [{ status: 500, code: "InternalError" }, { status: 429 }],
      [{ status: 400, code: "RequestTimeout" }],
      [{ delay: 2000 }], // longer than `idle`
    ] satisfies StoreFault[][]
  ) {
    store.faults.push(...faults);
    const parts = await Array.fromAsync(readRemote(file, { ...quick, idle: 1000 }));
    deepStrictEqual(new Uint8Array(await new Blob(parts).arrayBuffer()), bytes);
  }
  store.faults.push(...Array<StoreFault>(4).fill("reset"));
  await rejects(Array.fromAsync(readRemote(file, quick)), Deno.errors.ConnectionReset);
});

storeTest("readRemote() refuses to mix two versions of an object", async (store) => {
  await put({ file: bytes });
  const file = await findRemote(`s3://${BUCKET}/file`, quick);
  store.faults.push({ cutAfter: 100_000 });
  const reading = readRemote(file, quick);
  await reading.next();
  await put({ file: bytes.toReversed() });
  await rejects(Array.fromAsync(reading), /Cannot continue reading s3:.*its version is now/);
});

storeTest(
  "an answer of failure that breaks off or stalls before its code is asked for again",
  async (store) => {
    const missing = `s3://${BUCKET}/missing`, once = { ...quick, idle: 300 };
    for (const fault of [{ cutAfter: 0 }, { cutAfter: 20 }, { stallAfter: 20 }]) {
      store.faults.push(fault);
      strictEqual(await getS3(missing, once), null);
      store.faults.push(fault);
      await rejects(findRemote(missing, once), /answered 404 NoSuchKey/);
    }
    deepStrictEqual(store.faults, []);
  },
);

storeTest("errors of a store say what to set, and print no credentials", async (store) => {
  const refused = async (fault: StoreFault, Class: new () => Error, message: RegExp): Promise<void> => {
    store.faults.push(fault);
    await rejects(findRemote(`s3://${BUCKET}/x`, quick), (error: Error) => {
      ok(error instanceof Class, Deno.inspect(error));
      ok(message.test(error.message), error.message);
      ok(!/never\/be\/printed|TESTKEYID/.test(Deno.inspect(error)), Deno.inspect(error));
      return true;
    });
  };
  const { NotFound, PermissionDenied, Http } = Deno.errors;
  await refused({ status: 404, code: "NoSuchKey" }, NotFound, /404 NoSuchKey: check the address/);
  await refused(
    { status: 403, code: "AccessDenied" },
    PermissionDenied,
    /may not do this: check AWS_PROFILE/,
  );
  await refused({ status: 403, code: "ExpiredToken" }, PermissionDenied, /expired: renew them/);
  await refused(
    { status: 403, code: "SignatureDoesNotMatch" },
    PermissionDenied,
    /check AWS_SECRET_ACCESS_KEY/,
  );
  await refused({ status: 403, code: "InvalidAccessKeyId" }, PermissionDenied, /check AWS_ACCESS_KEY_ID/);
  await refused({ status: 403, code: "RequestTimeTooSkewed" }, PermissionDenied, /clock is wrong/);
  await refused({ status: 418 }, Http, /418 \(without a code\): check the address, AWS_ENDPOINT_URL/);
  const elsewhere = { headers: { "x-amz-bucket-region": "eu-west-1" } };
  await refused(
    { status: 301, code: "PermanentRedirect", ...elsewhere },
    NotFound,
    /set AWS_REGION=eu-west-1/,
  );
  await refused(
    { status: 400, code: "AuthorizationHeaderMalformed", ...elsewhere },
    NotFound,
    /set AWS_REGION=eu-west-1/,
  );
  useS3Settings({ endpoint: store.origin, region: "us-east-1", pathStyle: true, credentials: null });
  await refused(
    { status: 403, code: "AccessDenied" },
    PermissionDenied,
    /there are no credentials: set AWS_/,
  );
});

storeTest("listS3() refuses what is no list, and an endless one", async (store) => {
  store.answer = () => new Response("<html>hello</html>");
  await rejects(
    Array.fromAsync(listS3(`s3://${BUCKET}/x`, quick)),
    /no list of objects: check AWS_ENDPOINT_URL/,
  );
  store.answer = () =>
    new Response(
      "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></ListBucketResult>",
    );
  await rejects(Array.fromAsync(listS3(`s3://${BUCKET}/x`, quick)), /no list of objects/);
});

storeTest("an abort ends a request, and a pause between two, at once", async (store) => {
  await put({ file: bytes });
  for (const fault of [{ delay: 20_000 }, { status: 503, headers: { "retry-after": "300" } }] as const) {
    const stop = new AbortController();
    store.faults.push(fault);
    const count = store.requests.length;
    const finding = findRemote(`s3://${BUCKET}/file`, { signal: stop.signal });
    while (store.requests.length === count) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error("enough"));
    await rejects(finding, /enough/);
  }
});
