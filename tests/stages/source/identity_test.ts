import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { shardHeader } from "../../../stages/format/tokens/llmc_shard.ts";
import { embedded } from "../../../stages/source/embedded/embedded.ts";
import { fileSource } from "../../../stages/source/files/file_source.ts";
import { standardInput } from "../../../stages/source/files/standard_input.ts";
import { checkIdentity, identityOf } from "../../../stages/source/identity.ts";
import { findParts, partsSource } from "../../../stages/source/parts.ts";
import { tokenShards } from "../../../stages/source/token_shards.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { withFolder } from "../../temporary.ts";
import { context, read } from "./source_checks.ts";

const lines = (count: number, word = "word") =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify({ id: `${i}`, text: `${word} ${i}` })}\n`).join(
    "",
  );
const refusal = (says: RegExp) => (error: unknown) => {
  ok(error instanceof Deno.errors.InvalidData && says.test(error.message), `${error}`);
  return true;
};

/** Writes a text and sets the time of its last change. */
async function write(path: string, text: string | Uint8Array<ArrayBuffer>, seconds = 1e9): Promise<void> {
  await (typeof text === "string" ? Deno.writeTextFile(path, text) : Deno.writeFile(path, text));
  await Deno.utime(path, seconds, seconds);
}

const changes: Readonly<Record<string, readonly [(path: string) => Promise<void>, RegExp]>> = {
  "truncated": [(path) => write(path, lines(40)), /it had \d+ bytes, it has \d+ bytes: put it back/],
  "appended to": [(path) => write(path, lines(51)), /it had \d+ bytes, it has \d+ bytes/],
  "replaced by another of its size and time": [
    (path) => write(path, lines(50, "ward")),
    /its content is another/,
  ],
  "zeroed": [async (path) => await write(path, new Uint8Array((await Deno.stat(path)).size)), /its content/],
  "changed in one byte": [(path) => write(path, lines(50).replace("word 25", "word 95")), /its content/],
};

for (const [what, [change, says]] of Object.entries(changes)) {
  Deno.test(`a source does not resume in a file that was ${what}`, () =>
    withFolder(async (dir) => {
      const path = `${dir}/a.jsonl`;
      await write(path, lines(50));
      const { saved } = await read(fileSource(path), { limit: 5 });
      strictEqual((await read(fileSource(path), { saved })).items.length, 45); // unchanged
      await change(path);
      await rejects(read(fileSource(path), { saved }), refusal(says));
      await rejects(read(fileSource(path), { saved }), refusal(/Cannot resume in .*a\.jsonl/));
    }));
}

Deno.test("the identity of a short file covers every byte, and not its time", () =>
  withFolder(async (dir) => {
    const path = `${dir}/file`, blocks = 3;
    for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 3 * 65_536]) {
      const bytes = new Uint8Array(size);
      await write(path, bytes);
      const before = await identityOf(path, { blocks });
      for (const at of size === 0 ? [] : [0, size >> 1, size - 1]) {
        const changed = bytes.slice();
        changed[at] = 1;
        await write(path, changed);
        ok((await identityOf(path, { blocks })).hash !== before.hash, `byte ${at} of ${size}`);
      }
      await write(path, bytes, 1e9 + 1);
      deepStrictEqual(await identityOf(path, { blocks }), before);
    }
  }));

Deno.test("the identity of a long file covers its ends, blocks at equal distances and its time", () =>
  withFolder(async (dir) => {
    const path = `${dir}/file`, blocks = 3, size = 10 * 65_536 + 1;
    const bytes = new Uint8Array(size);
    await write(path, bytes);
    const before = await identityOf(path, { blocks });
    for (const at of [0, 65_535, size >> 1, size - 65_536, size - 1]) {
      const changed = bytes.slice();
      changed[at] = 1;
      await write(path, changed);
      ok((await identityOf(path, { blocks })).hash !== before.hash, `byte ${at}`);
    }
    await write(path, bytes, 1e9 + 1);
    const now = await identityOf(path, { blocks });
    throws(
      () => checkIdentity(path, { saved: before, now }),
      /it was last modified at 2001.*touch -d 2001-09-09T01:46:40\.000Z/,
    );
    checkIdentity(path, { saved: before, now: before });
  }));

Deno.test("a glob refuses changes of files that were read already or not yet, and files that come or go", () =>
  withFolder(async (dir) => {
    const all = async () => await openSource([`${dir}/*.jsonl`]);
    const restore = async () => {
      for (const name of ["b", "d", "f"]) await write(`${dir}/${name}.jsonl`, lines(10, name));
    };
    await restore();
    const { saved } = await read(await all(), { limit: 15 }); // in d
    for (const name of ["b", "d", "f"]) {
      const path = `${dir}/${name}.jsonl`;
      await write(path, lines(10, name.toUpperCase()));
      await rejects(read(await all(), { saved }), refusal(new RegExp(`${name}.jsonl: it has changed`)));
      await Deno.remove(path);
      await rejects(
        read(await all(), { saved }),
        refusal(new RegExp(`${name}.jsonl is no longer among the files: put it back`)),
      );
      await restore();
    }
    for (const name of ["a", "c", "e"]) {
      await write(`${dir}/${name}.jsonl`, lines(1));
      await rejects(
        read(await all(), { saved }),
        refusal(new RegExp(`${name}.jsonl was not among the files`)),
      );
      await Deno.remove(`${dir}/${name}.jsonl`);
    }
    await write(`${dir}/g.jsonl`, lines(10));
    strictEqual((await read(await all(), { saved })).items.length, 25); // files may be added at the end
  }));

Deno.test("the parts of split files save the identity of the files", () =>
  withFolder(async (dir) => {
    const uri = `${dir}/*.jsonl`, other = `${dir}/b.jsonl`;
    await write(`${dir}/a.jsonl`, lines(50));
    await write(other, lines(50, "other"));
    const all = async () => partsSource("all", await findParts([uri], { partBytes: 300 }));
    const { saved } = await read(await all(), { limit: 5 });
    strictEqual((await read(await all(), { saved })).items.length, 95);
    await write(other, lines(50, "OTHER"));
    await rejects(read(await all(), { saved }), refusal(/b\.jsonl: it has changed/));
  }));

Deno.test("an embedded corpus saves the version of its package, and does not resume in another", async () => {
  const { saved } = await read(embedded("sotu"), { limit: 2 });
  ok(/^\d+\.\d+\.\d+$/.test(saved.version ?? ""), saved.version);
  strictEqual((await read(embedded("sotu"), { saved, limit: 3 })).items.length, 3);
  await rejects(
    read(embedded("sotu"), { saved: { ...saved, version: "0.0.1" } }),
    refusal(/its package @stdlib\/datasets-sotu had version 0\.0\.1, it has/),
  );
});

Deno.test("every kind of source that is read from a file refuses a changed file, also in a glob and a mix", () =>
  withFolder(async (dir) => {
    const other = `${dir}/other.jsonl`;
    await write(other, lines(50, "other"));
    for (const kind of ["txt", "md", "html", "jsonl", "json", "warc"]) {
      const path = `${dir}/a.${kind}`;
      await write(path, "x".repeat(100));
      const source = fileSource(path);
      const state = await source.open(context());
      await write(path, "y".repeat(100));
      await rejects(read(source, { saved: structuredClone(state) }), refusal(/its content is another/));
      await Deno.remove(path);
    }
    await write(`${dir}/b.jsonl`, lines(50));
    for (const uris of [[`${dir}/*.jsonl`], [`${dir}/b.jsonl`, other]]) {
      await write(other, lines(50, "other"));
      const { saved } = await read(await openSource(uris), { limit: 70 });
      strictEqual((await read(await openSource(uris), { saved })).items.length, 30);
      await write(other, lines(50, "OTHER"));
      await rejects(read(await openSource(uris), { saved }), refusal(/other\.jsonl: it has changed/));
    }
  }));

Deno.test("a run does not resume in token shards that were zeroed, and names the shard", () =>
  withFolder(async (dir) => {
    const shardOf = (fill: number) => {
      const bytes = new Uint8Array(1024 + 2 * 3000).fill(fill, 1024);
      bytes.set(shardHeader(3000, 2));
      return bytes;
    };
    for (const name of ["a", "b"]) await write(`${dir}/${name}.bin`, shardOf(1));
    const source = tokenShards({ globs: [`${dir}/*.bin`], extentTokens: 1000 });
    const { saved } = await read(source, { limit: 2 });
    strictEqual((await read(source, { saved })).items.length, 4);
    await write(`${dir}/b.bin`, shardOf(0)); // of the same size and time, with its header
    await rejects(read(source, { saved }), refusal(/b\.bin: it has changed/));
  }));

Deno.test("standard input is compared with what was read of it before", async () => {
  const stream = (text: string, chunk = 1000) => {
    const bytes = new TextEncoder().encode(text);
    return ReadableStream.from((function* () {
      for (let at = 0; at < bytes.length; at += chunk) yield bytes.slice(at, at + chunk);
    })());
  };
  for (const count of [5, 4000]) { // less and more than the head that is compared
    const text = lines(5000);
    const { saved } = await read(standardInput(stream(text)), { limit: count });
    strictEqual((await read(standardInput(stream(text, 777)), { saved })).items.length, 5000 - count);
    const again = await read(standardInput(stream(text, 777)), { saved, limit: 10 });
    strictEqual((await read(standardInput(stream(text)), { saved: again.saved })).items.length, 4990 - count);
    const changed = text.replace("word 3", "ward 3");
    await rejects(read(standardInput(stream(changed)), { saved }), refusal(/begins otherwise than before/));
    const short = text.slice(0, saved.offset - 1);
    await rejects(read(standardInput(stream(short)), { saved }), refusal(/ends after \d+ of the \d+ bytes/));
  }
});

Deno.test("a source does not resume in a body that the server has changed, with and without a version", async () => {
  let text = lines(50), etag: string | null = '"1"';
  const handler = (request: Request): Response => {
    const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.get("range") ?? "") ?? [];
    const bytes = new TextEncoder().encode(text), start = Number(first ?? 0);
    const end = last ? Number(last) + 1 : bytes.length;
    const headers = {
      ...(etag !== null && { etag }),
      "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
    };
    return new Response(bytes.slice(start, end), { status: 206, headers });
  };
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  const source = fileSource(`http://127.0.0.1:${server.addr.port}/a.jsonl`);
  for (const version of ['"1"', null]) {
    [text, etag] = [lines(50), version];
    const { saved } = await read(source, { limit: 5 });
    strictEqual((await read(source, { saved })).items.length, 45);
    text = lines(50, "ward"); // of the same length
    await rejects(read(source, { saved }), refusal(/content is another/));
    if (version === null) continue;
    [text, etag] = [lines(50), '"2"'];
    await rejects(read(source, { saved }), refusal(/version was "1", it is "2"/));
    etag = version;
    text = lines(49);
    await rejects(read(source, { saved }), refusal(/it had \d+ bytes, it has \d+ bytes/));
  }
});

Deno.test("a position of an earlier version, without an identity, is resumed", () =>
  withFolder(async (dir) => {
    await write(`${dir}/a.jsonl`, lines(50));
    const { saved: { identities: _, ...saved } } = await read(fileSource(`${dir}/a.jsonl`), { limit: 5 });
    strictEqual((await read(fileSource(`${dir}/a.jsonl`), { saved })).items.length, 45);
    strictEqual((await Array.fromAsync(from(fileSource(`${dir}/a.jsonl`)).stream())).length, 50);
  }));
