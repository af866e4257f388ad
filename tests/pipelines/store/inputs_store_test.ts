/**
 * Tests options whose values are addresses in an object store: token shards, models, tokenizers.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { putS3, removeS3 } from "../../../stages/format/web/s3/objects.ts";
import { listS3 } from "../../../stages/format/web/s3/list.ts";
import { BUCKET, storeTest, type TestStore } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { onSmallDisk } from "../../small_disk.ts";
import { type Printed, started, typed } from "./programs.ts";

const SHARDS = `s3://${BUCKET}/data/small`;
const RUN = `s3://${BUCKET}/runs/small`;

/** Words of a small training run whose shards are in the store. */
function training(steps: number, more: string): string {
  return `train --train-shards ${SHARDS}/shards/train_*.bin --val-shards ${SHARDS}/shards/val_*.bin ` +
    `--layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 4 --steps ${steps} --schedule-steps 20 ` +
    `--eval-every 10 --eval-batches 2 --sample-every 0 --workers 1 ${more}`;
}

/** Calls `work` with a store that has shards, and a function that types a command on a machine of a name. */
function withShards(
  name: string,
  work: (given: {
    readonly dir: string;
    readonly store: TestStore;
    /** Runs a pipeline in the folder of a machine, which is made if it is missing; requires its exit code. */
    on(machine: string, words: string, code?: number): Promise<Printed>;
  }) => Promise<void>,
): void {
  storeTest(name, (store) =>
    withFolder(async (dir) => {
      const on = async (machine: string, words: string, code = 0): Promise<Printed> => {
        await Deno.mkdir(`${dir}/${machine}`, { recursive: true });
        const printed = await typed(words, { cwd: `${dir}/${machine}`, store });
        strictEqual(printed.code, code, `${words}: ${printed.err}`);
        return printed;
      };
      const lines = Array.from({ length: 200 }, (_, i) => `The people of town ${i} met at ${i * i} o'clock.`);
      await Deno.writeTextFile(`${dir}/text.txt`, lines.join("\n\n"));
      await on("maker", `tokenize --source ../text.txt --tokenizer byte --workers 1 --out ${SHARDS}`);
      await work({ dir, store, on });
    }));
}

const files = ["model.safetensors", "optimizer.safetensors"].map((file) => `checkpoints/step-000020/${file}`);

withShards(
  "train, sample, eval, convert and report read from a store what they read from disk",
  async ({ dir, store, on }) => {
    const local = training(20, "--out disk").replaceAll(SHARDS, `../maker/runs/s3/${BUCKET}/data/small`);
    await on("a", local);
    let count = 0;
    store.onRequest = () => ++count % 9 === 0 ? "reset" : count % 7 === 0 ? { cutAfter: 50 } : null;
    const first = await on("a", training(12, `--out ${RUN}`));
    ok(
      /Fetching \d+ files of s3:\/\/corpus\/data\/small\/shards\/train_\*\.bin, [\d.]+ KiB, to/.test(
        first.err,
      ),
      first.err,
    );
    // The second half on a machine that has neither the run nor the shards.
    await on("b", `train --out ${RUN} --steps 20`);
    for (const file of files) {
      const [disk, stored] = [`a/disk`, `b/runs/s3/${BUCKET}/runs/small`].map((run) =>
        `${dir}/${run}/${file}`
      );
      deepStrictEqual(await Deno.readFile(stored), await Deno.readFile(disk), file);
    }
    const config = JSON.parse(await Deno.readTextFile(`${dir}/b/runs/s3/${BUCKET}/runs/small/config.json`));
    strictEqual(config.options.trainShards, `${SHARDS}/shards/train_*.bin`);
    const shards = [...Deno.readDirSync(`${dir}/b/runs/fetched/${BUCKET}/data/small/shards`)].map((
      { name },
    ) => name);
    deepStrictEqual(shards.sort(), [
      "shards.json",
      "val_000000.bin", // training reads its shards by ranges
    ]);

    const asked = "--prompt The --max-tokens 20 --temperature 0";
    const onDisk = await on("a", `sample --checkpoint disk ${asked}`);
    for (const address of [RUN, `${RUN}/checkpoints/latest`, `${RUN}/checkpoints/step-000020/`]) {
      strictEqual((await on("c", `sample --checkpoint ${address} ${asked}`)).out, onDisk.out, address);
      await Deno.remove(`${dir}/c/runs`, { recursive: true });
    }
    await on("c", `convert --from ${RUN} --to ${SHARDS}/model`);
    const converted = await on("d", `sample --checkpoint ${SHARDS}/model ${asked}`);
    strictEqual(converted.out, onDisk.out);
    const gguf = await on("d", `convert --from ${SHARDS}/model --to s3://${BUCKET}/small.gguf --dtype f16`);
    ok(gguf.out.includes(`Wrote:   s3://${BUCKET}/small.gguf: GGUF model, mixed`), gguf.out);
    await on("c", `sample --checkpoint s3://${BUCKET}/small.gguf ${asked}`);
    const bin = await on("d", `convert --from ${RUN} --to s3://${BUCKET}/small.bin --vocab-pad 1`);
    ok(bin.out.includes(`sample --checkpoint s3://${BUCKET}/small.bin`), bin.out);

    const further = training(3, "--out more").replace(
      /--layers.*?--seq-len 16/,
      `--init-from s3://${BUCKET}/small.bin`,
    );
    await on("e", further);
    // A resumed run needs the model from which it started no longer.
    await removeS3(`s3://${BUCKET}/small.bin`);
    await Deno.remove(`${dir}/e/runs/fetched/${BUCKET}/small.bin`);
    await on("e", "train --out more --steps 4");
    const loss = await on("f", `eval --checkpoint ${RUN} --val-shards ${SHARDS}/shards/val_*.bin`);
    const lossOnDisk = await on(
      "a",
      `eval --checkpoint disk --val-shards ../maker/runs/s3/${BUCKET}/data/small/shards/val_*.bin`,
    );
    strictEqual(loss.out.replaceAll(RUN, ""), lossOnDisk.out.replaceAll("disk", ""));
    await on("f", `report ${RUN} --out page`);
    ok((await Deno.readTextFile(`${dir}/f/page/report.html`)).includes("step-000020"));
    const paths: string[] = [];
    for await (const { uri } of listS3(`${SHARDS}/model/`)) paths.push(uri.slice(SHARDS.length));
    ok(paths.includes("/model/config.json") && paths.includes("/model/model.safetensors"), `${paths}`);
  },
);

/** Words that read a tokenizer in the store, and nothing else of size. */
const reading = `tokenizer --inspect people --tokenizer ${SHARDS}/tokenizer --page page.html`;
const copies = `runs/fetched/${BUCKET}/data/small/tokenizer`;

/** Requests for the content of objects, since the last call. */
function contents(store: TestStore): readonly string[] {
  const gets = store.requests.filter((request) => /^GET \/corpus\/[^?]/.test(request));
  store.requests.length = 0;
  return gets;
}

withShards("objects are fetched again only if they have changed", async ({ dir, store, on }) => {
  const first = await on("a", reading);
  ok(
    /Fetching \d files of s3:\/\/corpus\/data\/small\/tokenizer, [\d.]+ KiB, to runs\/fetched\/corpus/.test(
      first.err,
    ),
    first.err,
  );
  ok(contents(store).length > 2);
  strictEqual((await on("a", reading)).out, first.out);
  deepStrictEqual(contents(store), []);
  // Another object of the same size and in the same second.
  const json = await Deno.readTextFile(`${dir}/a/${copies}/report.json`);
  await putS3(`${SHARDS}/tokenizer/report.json`, new TextEncoder().encode(json.replace("257", "258")));
  const [{ modified }] = await Array.fromAsync(listS3(`${SHARDS}/tokenizer/report.json`));
  await Deno.utime(`${dir}/a/${copies}/report.json`, modified / 1000, modified / 1000);
  await on("a", reading);
  ok((await Deno.readTextFile(`${dir}/a/${copies}/report.json`)).includes("258"));
  deepStrictEqual(contents(store).map((each) => each.split("/").at(-1)), ["report.json", "report.json"]);
  // A copy that was changed here is replaced, one whose object was removed is removed.
  await Deno.writeTextFile(`${dir}/a/${copies}/report.json`, json);
  await removeS3(`${SHARDS}/tokenizer/tokenizer.tiktoken`);
  await on("a", reading);
  ok((await Deno.readTextFile(`${dir}/a/${copies}/report.json`)).includes("258"));
  const left = [...Deno.readDirSync(`${dir}/a/${copies}`)].map(({ name }) => name);
  ok(left.includes("tokenizer.json") && !left.includes("tokenizer.tiktoken"), `${left}`);
});

withShards("addresses that cannot be read or written are refused with what to do", async ({ store, on }) => {
  const refused = async (words: string, message: RegExp): Promise<void> => {
    const { err } = await on("a", words, 2);
    ok(message.test(err), err);
  };
  await refused(
    "sample --checkpoint s3://corpus/none",
    /Cannot read s3:\/\/corpus\/none: there is neither an object of this key nor such a folder: check the address/,
  );
  await refused("sample --checkpoint s3://corpus", /it is a whole bucket: expected s3:\/\/corpus\/KEY/);
  await refused("sample --checkpoint s3://no-such-bucket/x", /NoSuchBucket: check the bucket/);
  await refused("sample --checkpoint s3://x/y", /expected s3:\/\/BUCKET\/KEY/);
  await refused(
    `sample --checkpoint ${SHARDS}/tokenizer`,
    /Cannot find a model in s3:\/\/corpus\/data\/small\/tokenizer: give/,
  );
  await refused(`train --train-shards ${SHARDS}/none_*.bin`, /no object matches it: check the address/);
  await refused(
    `chat --tools memory --memory ${SHARDS}/facts.json`,
    /--memory: .*expected a path of this machine: .*copy the file first \(aws s3 cp\)/,
  );
  await refused(`ui ${SHARDS}`, /expected a path of this machine/);
  await refused(`convert --from x --to gs://corpus/x`, /an address \(gs:\) is no folder of this machine/);
  // A store that lists what is outside of the folder, and a server that is no store.
  const key = "data/model/a/../../../../../../../evil.json";
  store.answer = () =>
    new Response(
      `<ListBucketResult><Contents><Key>${key}</Key><Size>5</Size><ETag>x</ETag></Contents></ListBucketResult>`,
    );
  await refused(
    "sample --checkpoint s3://corpus/data/model",
    /evil\.json: a part of a key cannot be \. or \.\./,
  );
  store.answer = () => new Response("<html>A page</html>");
  await refused(
    "sample --checkpoint s3://corpus/data/model",
    /the answer is no list of objects: check AWS_ENDPOINT_URL/,
  );
  store.answer = null;
  store.onRequest = () => ({ status: 403, code: "AccessDenied" });
  await refused(reading, /AccessDenied: these credentials may not do this/);
});

withShards(
  "a fetch that is killed or has no room leaves nothing that a later one would take for whole",
  async ({ dir, store, on }) => {
    await Deno.mkdir(`${dir}/a`);
    const process = started(reading, { cwd: `${dir}/a`, store });
    store.onRequest = (method, path) => {
      if (method !== "GET" || !path.endsWith("/tokenizer.json")) return null;
      process.kill("SIGKILL");
      return { cutAfter: 100 };
    };
    await Promise.all([process.stdout.cancel(), process.stderr.cancel(), process.status]);
    store.onRequest = null;
    // Two at once: one waits for the other, and finds all there.
    let gets = 0, second: Promise<Printed> | null = null;
    store.onRequest = (method, path) => {
      if (method !== "GET" || !path.endsWith("/tokenizer.json") || ++gets > 1) return null;
      second = on("a", reading);
      return { delay: 6000 };
    };
    const both = [await on("a", reading), await (second ?? Promise.reject(new Error("nothing was fetched")))];
    strictEqual(both[0].out, both[1].out);
    ok(
      both.some(({ err }) => /Waiting for process \d+, which fetches from s3:\/\/corpus as well/.test(err)),
      both.map(({ err }) => err).join("---"),
    );
    strictEqual(gets, 2, "the size, and the content, once");
    const names = [...Deno.readDirSync(`${dir}/a/${copies}`)].map(({ name }) => name);
    deepStrictEqual(names.filter((name) => name.endsWith(".part")), []);
    store.onRequest = null;
    await putS3(`${SHARDS}/tokenizer/notes.txt`, new Uint8Array(200_000));
    await onSmallDisk("64k", async ({ folder, resize }) => {
      const where = { cwd: folder, store };
      const full = await typed(reading, where);
      strictEqual(full.code, 1, full.err);
      ok(
        /Cannot fetch s3:.*: the disk has too little room: it needs \d\.\d MB, .* make room on the disk/.test(
          full.err,
        ),
        full.err,
      );
      await resize("4m");
      const now = await typed(reading, where);
      strictEqual(now.code, 0, now.err);
      strictEqual(now.out, both[0].out);
    });
  },
);

withShards("adapters in a store are read with the model that they were trained for", async ({ on }) => {
  await on("a", training(2, `--out s3://${BUCKET}/base`));
  const lora = training(3, `--out s3://${BUCKET}/adapted --lora 2`)
    .replace(/--layers.*?--seq-len 16/, `--init-from s3://${BUCKET}/base`);
  await on("b", lora);
  const asked = "--prompt The --max-tokens 20 --temperature 0";
  const here = await on("b", `sample --checkpoint runs/s3/${BUCKET}/adapted ${asked}`);
  strictEqual((await on("c", `sample --checkpoint s3://${BUCKET}/adapted ${asked}`)).out, here.out);
});

withShards("convert writes into a store whole or not at all", async ({ store, on }) => {
  await on("a", training(2, "--out run"));
  const words = `convert --from run --to ${SHARDS}/model`;
  store.onRequest = (method, path) =>
    method === "PUT" && path.endsWith("/config.json") ? { status: 403, code: "AccessDenied" } : null;
  const failed = await on("a", words, 1);
  ok(/AccessDenied: these credentials may not do this/.test(failed.err), failed.err);
  deepStrictEqual(await Array.fromAsync(listS3(`${SHARDS}/model`)), []);
  store.onRequest = null;
  await on("a", words);
  store.requests.length = 0;
  await on("a", `sample --checkpoint ${SHARDS}/model --prompt a --max-tokens 2`);
  deepStrictEqual(contents(store), [], "what was written here is a copy already");
  const { err } = await on("a", words, 2);
  ok(
    /the store holds s3:\/\/corpus\/data\/small\/model\/\S+: give another address, or remove it/.test(err),
    err,
  );
});
