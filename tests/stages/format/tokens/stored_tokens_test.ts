/**
 * Tests reading token files in an object store by ranges.
 *
 * @module
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { writeMegatronIndex } from "../../../../stages/format/tokens/megatron.ts";
import { shardHeader } from "../../../../stages/format/tokens/llmc_shard.ts";
import { StoredTokens, type StoredTokensOptions } from "../../../../stages/format/tokens/stored_tokens.ts";
import { bytesOfTokens } from "../../../../stages/format/tokens/token_file.ts";
import { openTokens, type TokenFormat } from "../../../../stages/format/tokens/token_formats.ts";
import { listS3 } from "../../../../stages/format/web/s3/list.ts";
import { putS3 } from "../../../../stages/format/web/s3/objects.ts";
import { BUCKET, storeTest, type TestStore } from "../../../object_store.ts";
import { withFolder } from "../../../temporary.ts";

const fast = { firstPause: 1, idle: 2000 };
const BLOCK = 1 << 20;

/** Puts bytes into the store, and returns what opens them. */
async function stored(name: string, bytes: Uint8Array<ArrayBuffer>) {
  await putS3(`s3://${BUCKET}/${name}`, bytes);
  return async (options: Partial<StoredTokensOptions> = {}, dir = "/none"): Promise<StoredTokens> => {
    const objects = await Array.fromAsync(listS3(`s3://${BUCKET}/${name}`, { limit: 1 }));
    return await StoredTokens.open(objects, {
      format: "llmc",
      copyPath: () => `${dir}/${name}`,
      ...fast,
      ...options,
    });
  };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A shard of llm.c that ends in its third block, and its ids. */
function threeBlocks(): { readonly ids: Uint32Array; readonly bytes: Uint8Array<ArrayBuffer> } {
  const ids = Uint32Array.from({ length: BLOCK + 5000 }, (_, i) => i * 31 % 65_521),
    bytes = bytesOfTokens(ids, 2);
  const all = new Uint8Array(1024 + bytes.length);
  all.set(shardHeader(ids.length, 2));
  all.set(bytes, 1024);
  return { ids, bytes: all };
}

/** Number of requests for content since the last call. */
function requestsOf(store: TestStore): number {
  const count = store.requests.filter((request) => /^GET \/corpus\/[^?]/.test(request)).length;
  store.requests.length = 0;
  return count;
}

storeTest("StoredTokens reads every format as openTokens() does", () =>
  withFolder(async (dir) => {
    const ids = Uint32Array.from({ length: 1000 }, (_, i) => i * i % 60_000);
    const text = "{'descr': '<u2', 'fortran_order': False, 'shape': (1000,), }".padEnd(117) + "\n";
    const head = new Uint8Array(10);
    head.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length, 0]);
    const index = new Uint8Array(BigUint64Array.of(400n, 1000n).buffer);
    const files: readonly (readonly [name: string, bytes: Uint8Array<ArrayBuffer>, format?: TokenFormat])[] =
      [
        ["two.bin", joined(shardHeader(1000, 2), bytesOfTokens(ids, 2))],
        ["four.bin", joined(shardHeader(1000, 4), bytesOfTokens(ids.map((id) => 100 * id), 4))],
        ["nano.bin", bytesOfTokens(ids, 2), "nanogpt"],
        ["numpy.npy", joined(head, new TextEncoder().encode(text), bytesOfTokens(ids, 2))],
        ["trove.ds", bytesOfTokens(ids, 4)],
        ["megatron.bin", bytesOfTokens(ids, 4)],
      ];
    await Deno.writeFile(`${dir}/trove.ds.index`, index);
    for (const [name, bytes, format = "llmc"] of files) {
      await Deno.writeFile(`${dir}/${name}`, bytes);
      if (name === "megatron.bin") writeMegatronIndex(`${dir}/${name}`, { separated: false, width: 4 });
      const local = openTokens({ path: `${dir}/${name}`, format });
      // Only what lies beside the file is on this machine.
      await Deno.remove(`${dir}/${name}`);
      const tokens = await (await stored(name, bytes))({ format }, dir), [{ path, count }] = tokens.files;
      strictEqual(count, local.count, name);
      for (const [start, length] of [[0, 1000], [0, 1], [999, 1], [17, 500], [1000, 0]]) {
        deepStrictEqual(await tokens.read({ path, start, count: length }), local.read(start, length), name);
      }
      await rejects(
        tokens.read({ path, start: 1, count: 1000 }),
        /Cannot read tokens 1 to 1000 of s3:\/\/corpus\/\S+: it has 1000/,
      );
      local.close();
    }
    await rejects(
      async () => await (await stored("bad.bin", new Uint8Array(2000)))(),
      /Cannot read the shard s3:\/\/corpus\/bad\.bin: byte 0 has magic number 0/,
    );
    await rejects(
      async () => await (await stored("empty.bin", new Uint8Array(0)))(),
      /s3:\/\/corpus\/empty\.bin: the file is empty/,
    );
  }));

storeTest("StoredTokens requests each block once, and that of the next range ahead", async (store) => {
  const { ids, bytes } = threeBlocks(), tokens = await (await stored("a.bin", bytes))();
  const [{ path }] = tokens.files, perBlock = BLOCK / 2 - 512; // tokens of the first, which has the header
  const read = async (start: number, count: number, next: number | null = null): Promise<number> => {
    const ahead = next === null ? null : { path, start: next, count };
    deepStrictEqual(
      await tokens.read({ path, start, count }, { next: ahead }),
      ids.subarray(start, start + count),
    );
    return requestsOf(store);
  };
  strictEqual(requestsOf(store), 1, "the header");
  strictEqual(await read(perBlock - 10, 10), 1);
  strictEqual(await read(perBlock - 10, 11), 1, "one token of the second");
  strictEqual(await read(0, perBlock), 0);
  const ahead = await read(0, 100, ids.length - 100); // the request may not have arrived yet
  strictEqual(ahead + await read(ids.length - 100, 100, ids.length), 1, "the third; nothing is behind it");
  tokens.close();
  strictEqual(await read(0, ids.length), 0);
});

storeTest("StoredTokens keeps the blocks in memory that were read last", async (store) => {
  const { bytes } = threeBlocks(), open = await stored("a.bin", bytes);
  const tokens = await open({ format: "nanogpt", blocks: 2 }), [{ path }] = tokens.files;
  const read = async (block: number): Promise<number> => {
    await tokens.read({ path, start: block * BLOCK / 2, count: 1 });
    return requestsOf(store);
  };
  requestsOf(store);
  const requests: number[] = [];
  for (const block of [0, 1, 0, 2, 0, 1, 2]) requests.push(await read(block));
  deepStrictEqual(requests, [1, 1, 0, 1, 0, 1, 1]);
});

storeTest("StoredTokens reads over a connection that fails in every way", async (store) => {
  const { ids, bytes } = threeBlocks(), open = await stored("a.bin", bytes);
  store.faults.push("reset", { status: 503 });
  // Three blocks are requested at once, so that one of them may meet many of the failures.
  const tokens = await open({ idle: 500, tries: 20 }), [{ path }] = tokens.files;
  store.faults.push("reset", { cutAfter: 100_000 }, { stallAfter: 10 }, {
    status: 500,
    code: "InternalError",
  });
  deepStrictEqual(await tokens.read({ path, start: 0, count: ids.length }), ids);
  strictEqual(store.faults.length, 0);
  // A block whose request ahead has failed is asked for again.
  const again = await open();
  await again.read({ path, start: 0, count: 1 });
  store.faults.push(...Array.from({ length: 6 }, () => "reset" as const));
  await again.read({ path, start: 0, count: 1 }, { next: { path, start: BLOCK, count: 10 } });
  const read = (): Promise<Uint32Array> =>
    again.read({ path, start: BLOCK, count: 10 }).catch((error) => {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      return read(); // it has waited for the request ahead
    });
  deepStrictEqual(await read(), ids.subarray(BLOCK, BLOCK + 10));
  strictEqual(store.faults.length, 0);
});

storeTest("StoredTokens refuses an object that has been replaced", async () => {
  const { bytes } = threeBlocks(), open = await stored("a.bin", bytes), tokens = await open();
  const [{ path }] = tokens.files;
  await tokens.read({ path, start: 0, count: 1 });
  bytes[3000] ^= 1;
  await stored("a.bin", bytes);
  await rejects(
    tokens.read({ path, start: BLOCK, count: 1 }),
    /Cannot continue reading s3:\/\/corpus\/a\.bin: its version is now .* when reading began: start over with --resume never/,
  );
  const objects = await Array.fromAsync(listS3(path, { limit: 1 }));
  bytes[3000] ^= 1;
  await stored("a.bin", bytes);
  await rejects(
    StoredTokens.open(objects, { format: "llmc", copyPath: () => "/none" }),
    /its version is now/,
  );
});

storeTest("An abort ends reading, and closing what is read ahead", async (store) => {
  const { bytes } = threeBlocks(), tokens = await (await stored("a.bin", bytes))(), [{ path }] = tokens.files;
  const abort = new AbortController();
  store.onRequest = () => {
    abort.abort(new Error("enough"));
    return { stallAfter: 0 };
  };
  await rejects(
    Promise.resolve(tokens.read({ path, start: 0, count: 1 }, { signal: abort.signal })),
    /enough/,
  );
  store.onRequest = null;
  await tokens.read({ path, start: 0, count: 1 });
  store.onRequest = () => ({ stallAfter: 0 });
  await tokens.read({ path, start: 0, count: 1 }, { next: { path, start: BLOCK, count: 1 } });
  tokens.close(); // otherwise the test would leave a request behind
});
