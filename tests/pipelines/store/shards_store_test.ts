/**
 * Tests training on token shards that are read from an object store by ranges.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { putS3 } from "../../../stages/format/web/s3/objects.ts";
import { shardHeader } from "../../../stages/format/tokens/llmc_shard.ts";
import { bytesOfTokens } from "../../../stages/format/tokens/token_file.ts";
import { BUCKET, storeTest } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { type Printed, started, typed } from "./programs.ts";

const SHARDS = 3, TOKENS = 40_000;
const at = `s3://${BUCKET}/data`;

/** Words of a run that passes over the shards in a folder, twice. */
function training(folder: string, more: string): string {
  return `train --train-shards ${folder}/train_*.bin --vocab-size 97 --layers 1 --heads 2 --channels 16 ` +
    `--seq-len 32 --batch-size 32 --epochs 2 --sample-every 0 --checkpoint-every 10 --workers 1 ${more}`;
}

function shardOf(index: number): Uint8Array<ArrayBuffer> {
  const ids = Uint32Array.from({ length: TOKENS }, (_, i) => (i * i + 7 * index * i) % 97);
  const tokens = bytesOfTokens(ids, 2), bytes = new Uint8Array(1024 + tokens.length);
  bytes.set(shardHeader(TOKENS, 2));
  bytes.set(tokens, 1024);
  return bytes;
}

async function putShard(index: number, bytes: Uint8Array<ArrayBuffer> = shardOf(index)): Promise<void> {
  await putS3(`${at}/train_00000${index}.bin`, bytes);
}

/** Hash of the weights and the optimizer's state, and the losses, of a run. */
async function bitsOf(run: string): Promise<readonly unknown[]> {
  const step = (await Deno.readTextFile(`${run}/checkpoints/latest`)).trim();
  const files = await Promise.all(["model", "optimizer"].map(async (name) => {
    const bytes = await Deno.readFile(`${run}/checkpoints/${step}/${name}.safetensors`);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  }));
  const events = (await Deno.readTextFile(`${run}/metrics.jsonl`)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  return [step, ...files, ...events.filter(({ type }) => type === "step").map(({ loss }) => loss)];
}

/** Requests for a shard's content, headers included. */
const isContent = (method: string, path: string, index: number): boolean =>
  method === "GET" && path.startsWith(`/${BUCKET}/data/train_00000${index}.bin`);

/** Calls `work` with shards in the store and in the folder `disk`, and what a run on disk computes. */
function withShards(
  name: string,
  work: (given: {
    readonly dir: string;
    readonly store: Parameters<Parameters<typeof storeTest>[1]>[0];
    /** Runs the pipeline; requires its exit code. */
    on(words: string, code?: number): Promise<Printed>;
  }) => Promise<void>,
): void {
  storeTest(name, (store) =>
    withFolder(async (dir) => {
      await Deno.mkdir(`${dir}/disk`);
      for (let index = 0; index < SHARDS; index++) {
        await Deno.writeFile(`${dir}/disk/train_00000${index}.bin`, shardOf(index));
        await putShard(index);
      }
      await work({
        dir,
        store,
        async on(words, code = 0) {
          const printed = await typed(words, { cwd: dir, store });
          strictEqual(printed.code, code, `${words}: ${printed.err}`);
          return printed;
        },
      });
    }));
}

for (const shuffle of ["none", "windows", "shards", "all"]) {
  const keeps = shuffle === "all" ? "copies of all" : "none";
  withShards(
    `train --shuffle ${shuffle} reads shards in a store as on disk, and keeps ${keeps}`,
    async ({ dir, store, on }) => {
      await on(training("disk", `--shuffle ${shuffle} --out local`));
      let count = 0;
      store.onRequest = () => ++count % 7 === 0 ? "reset" : count % 5 === 0 ? { cutAfter: 50 } : null;
      await on(training(at, `--shuffle ${shuffle} --out stored`));
      deepStrictEqual(await bitsOf(`${dir}/stored`), await bitsOf(`${dir}/local`));
      const copies = await Array.fromAsync(Deno.readDir(`${dir}/runs/fetched/${BUCKET}/data`)).catch(
        () => [],
      );
      strictEqual(copies.length, shuffle === "all" ? SHARDS : 0);
    },
  );
}

withShards(
  "training begins before the last shard is read, and a run that is killed resumes with its bits",
  async ({ dir, store, on }) => {
    await on(training("disk", "--shuffle windows --out local"));
    const process = started(training(at, "--shuffle windows --out stored"), { cwd: dir, store });
    let requests = 0;
    store.onRequest = (method, path) => {
      // The first two requests are for the header: to count the steps, and to begin.
      if (!isContent(method, path, SHARDS - 1) || ++requests < 3) return null;
      process.kill("SIGKILL");
      return "reset";
    };
    await process.output();
    strictEqual(requests, 3);
    store.onRequest = null;
    const reached = (await Deno.readTextFile(`${dir}/stored/checkpoints/latest`)).trim();
    ok(/^step-0000[1-9]0$/.test(reached), reached);
    await on("train --out stored");
    deepStrictEqual(await bitsOf(`${dir}/stored`), await bitsOf(`${dir}/local`));
  },
);

withShards("a shard that is replaced during the run is refused by its ETag", async ({ dir, store, on }) => {
  await on(training("disk", "--shuffle windows --out local"));
  const other = shardOf(SHARDS - 1);
  other[5000] ^= 1;
  let requests = 0;
  store.onRequest = (method, path) => {
    if (!isContent(method, path, SHARDS - 1) || ++requests !== 3) return null;
    putShard(SHARDS - 1, other);
    return { delay: 2000 };
  };
  const { err } = await on(training(at, "--shuffle windows --out stored"), 1);
  ok(/Cannot continue reading s3:\/\/corpus\/data\/train_000002\.bin: its version is now/.test(err), err);
  store.onRequest = null;
  const again = await on("train --out stored", 1);
  ok(
    /Cannot resume in s3:\/\/corpus\/data\/train_000002\.bin: it has changed since the checkpoint: its version was .*, it is .*: put it back/
      .test(again.err),
    again.err,
  );
  await putShard(SHARDS - 1);
  await on("train --out stored");
  deepStrictEqual(await bitsOf(`${dir}/stored`), await bitsOf(`${dir}/local`));
});

withShards("Ctrl-C while the store is silent ends the run with a checkpoint", async ({ dir, store, on }) => {
  await on(training("disk", "--shuffle windows --out local"));
  const process = started(training(at, "--shuffle windows --out stored"), { cwd: dir, store });
  let requests = 0;
  store.onRequest = (method, path) => {
    if (!isContent(method, path, SHARDS - 1) || ++requests < 3) return null;
    process.kill("SIGINT");
    return { stallAfter: 0 };
  };
  const { code, stderr } = await process.output();
  const err = new TextDecoder().decode(stderr);
  strictEqual(code, 130, err);
  ok(/Interrupted/.test(err), err);
  store.onRequest = null;
  await on("train --out stored");
  deepStrictEqual(await bitsOf(`${dir}/stored`), await bitsOf(`${dir}/local`));
});
