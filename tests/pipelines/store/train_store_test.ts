/**
 * Tests runs whose folder is in an object store.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { bytesOfTokens } from "../../../stages/format/tokens/token_file.ts";
import { listS3 } from "../../../stages/format/web/s3/list.ts";
import { askS3, getS3, putS3 } from "../../../stages/format/web/s3/objects.ts";
import { BUCKET, storeTest, type TestStore } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { same } from "../kill.ts";
import { started, type Typed, typed } from "./programs.ts";

const RUN = `s3://${BUCKET}/runs/small`;
const local = `runs/s3/${BUCKET}/runs/small`;
const files = ["model.safetensors", "optimizer.safetensors"];

/** Words of a small training run, whose shards lie one folder above. */
function words(steps: number, out: string): string {
  return `train --shard-format nanogpt --vocab-size 50 --layers 1 --heads 2 --channels 16 --seq-len 16 ` +
    `--batch-size 4 --dropout 0.1 --steps ${steps} --schedule-steps 40 --checkpoint-every 5 --eval-every 10 ` +
    `--eval-batches 2 --workers 1 --json --train-shards ../train.bin --val-shards ../val.bin --out ${out}`;
}

/** Calls `work` with a folder that has shards, and the folders of two machines. */
async function withMachines(work: (dir: string) => Promise<void>): Promise<void> {
  await withFolder(async (dir) => {
    const tokens = Uint32Array.from(
      { length: 20_000 },
      (_, i) => Math.floor(50 * uniformAt(1, "tokens", i) ** 2),
    );
    for (const name of ["train", "val"]) await Deno.writeFile(`${dir}/${name}.bin`, bytesOfTokens(tokens, 2));
    for (const name of ["a", "b"]) await Deno.mkdir(`${dir}/${name}`);
    await work(dir);
  });
}

async function keys(): Promise<string[]> {
  return (await Array.fromAsync(listS3(`${RUN}/`))).map(({ uri }) => uri.slice(RUN.length + 1));
}

/** Throws unless the store's checkpoint is complete, if it has one; returns its name. */
async function checkpointInStore(): Promise<string | null> {
  const manifest = await getS3(`${RUN}/store.json`);
  const listed: readonly string[] = JSON.parse(manifest?.text ?? '{"files":[]}').files;
  const there = new Set(await keys());
  for (const path of listed) ok(there.has(path), `${path} is missing`);
  if (!listed.includes("checkpoints/latest")) return null;
  const name = (await getS3(`${RUN}/checkpoints/latest`))!.text.trim();
  for (const file of ["manifest.json", "stream.json", ...files]) {
    ok(listed.includes(`checkpoints/${name}/${file}`), `${name}/${file} is missing`);
  }
  return name;
}

storeTest(
  "a run in a store resumes on an empty machine with the bits of a run on disk",
  (store) =>
    withMachines(async (dir) => {
      const whole = await typed(words(40, "whole"), { cwd: `${dir}/a`, store });
      strictEqual(whole.code, 0, whole.err);
      const first = await interrupted(words(40, RUN), { cwd: `${dir}/a`, store });
      strictEqual(first.code, 130, first.err);
      ok(first.err.includes(`Stored in ${RUN}`), first.err);
      ok(
        /To resume: .*task .*pipeline train --out s3:\/\/corpus\/runs\/small\n/.test(first.err),
        first.err,
      );
      const step = Number((await checkpointInStore())?.slice("step-".length));
      ok(step >= 7 && step < 40, `${step}`);
      await Deno.remove(`${dir}/a/runs`, { recursive: true });
      const second = await typed(words(40, RUN), { cwd: `${dir}/b`, store });
      strictEqual(second.code, 0, second.err);
      ok(/Fetching \d+ files of the run in s3:/.test(second.err), second.err);
      await same(
        `${dir}/a/whole`,
        `${dir}/b/${local}`,
        files.map((file) => `checkpoints/step-000040/${file}`),
      );
      strictEqual(await checkpointInStore(), "step-000040");
      const stored = (await keys()).filter((key) => key !== "store.json");
      deepStrictEqual(stored, await filesIn(`${dir}/b/${local}`), "the store holds what the folder holds");
      for (const key of stored.filter((key) => /json|html/.test(key))) {
        const { text } = await askS3(`${RUN}/${key}`, { action: "read" });
        ok(!/never\/be\/printed|TESTKEYID/.test(text), `${key} holds credentials`);
      }
      // The command typed again says that all is done, and uploads nothing.
      store.requests.length = 0;
      const again = await typed(words(40, RUN), { cwd: `${dir}/b`, store });
      strictEqual(again.code, 0, again.err);
      ok(/is finished/.test(again.out), again.out);
      const puts = store.requests.filter((each) =>
        each.startsWith("PUT") && !/store\.json|latest/.test(each)
      );
      deepStrictEqual(puts, []);
    }),
);

storeTest(
  "a run that is killed while it uploads leaves a complete state, and resumes elsewhere",
  (store) =>
    withMachines(async (dir) => {
      const whole = await typed(words(40, "whole"), { cwd: `${dir}/a`, store });
      strictEqual(whole.code, 0, whole.err);
      for (const pattern of [/config\.json/, /model\.safetensors/, /checkpoints\/latest/, /store\.json/]) {
        await killedAtRequest(store, { dir, pattern });
        await checkpointInStore();
        await Deno.remove(`${dir}/a/runs`, { recursive: true }).catch(() => {});
      }
      const end = await typed(words(40, RUN), { cwd: `${dir}/b`, store });
      strictEqual(end.code, 0, end.err);
      await same(
        `${dir}/a/whole`,
        `${dir}/b/${local}`,
        files.map((file) => `checkpoints/step-000040/${file}`),
      );
      strictEqual(await checkpointInStore(), "step-000040");
    }),
);

/** Runs a command and presses Ctrl-C, so to speak, after its seventh step. */
async function interrupted(
  line: string,
  where: Typed,
): Promise<{ readonly code: number; readonly err: string }> {
  const process = started(line, where);
  const err = new Response(process.stderr).text();
  let said = "", sent = false;
  for await (const piece of process.stdout.pipeThrough(new TextDecoderStream())) {
    said += piece;
    if (sent || said.split('"type":"step"').length - 1 < 7) continue;
    process.kill("SIGINT");
    sent = true;
  }
  const { code } = await process.status;
  return { code, err: await err };
}

/** Kills a run when the store has received its second PUT whose path matches. */
async function killedAtRequest(
  store: TestStore,
  { dir, pattern }: { readonly dir: string; readonly pattern: RegExp },
): Promise<void> {
  const process = started(words(40, RUN), { cwd: `${dir}/a`, store });
  let seen = 0;
  store.onRequest = (method, path) => {
    if (method !== "PUT" || !pattern.test(path) || ++seen < (pattern.test("store.json") ? 3 : 1)) return null;
    process.kill("SIGKILL");
    return "reset";
  };
  await Promise.all([process.stdout.cancel(), process.stderr.cancel()]);
  const { signal } = await process.status;
  store.onRequest = null;
  strictEqual(signal, "SIGKILL", `${pattern}`);
}

storeTest("a run that another process takes over ends and says so", (store) =>
  withMachines(async (dir) => {
    const first = started(words(40, RUN), { cwd: `${dir}/a`, store });
    const other = JSON.stringify({
      format: 1,
      owner: { process: "x", folder: "y", pid: 7, host: "beta", since: "2026-01-02T03:04:05.000Z" },
      files: [],
    });
    let count = 0, written: Promise<unknown> | null = null;
    store.onRequest = (method, path) => {
      // Another process claims the run after this one has.
      if (method === "PUT" && /store\.json/.test(path) && ++count === 2) {
        written = putS3(`${RUN}/store.json`, new TextEncoder().encode(other));
        store.onRequest = null;
      }
      return null;
    };
    const { code, stderr } = await first.output();
    await written;
    const text = new TextDecoder().decode(stderr);
    strictEqual(code, 1, text);
    ok(/process 7 on host beta has taken it over at 2026-01-02 03:04:05 UTC: stop that one/.test(text), text);
    strictEqual((await getS3(`${RUN}/store.json`))?.text, other);
  }));

storeTest(
  "a store that ignores conditions is used, and the run says what that means",
  (store) =>
    withMachines(async (dir) => {
      store.ignoredHeaders.add("if-none-match").add("if-match");
      const run = await typed(words(7, RUN), { cwd: `${dir}/a`, store });
      strictEqual(run.code, 0, run.err);
      ok(/does not check conditions of writes \(If-Match\)/.test(run.err), run.err);
      strictEqual(await checkpointInStore(), "step-000007");
    }),
);

storeTest(
  "a store that is away for a while does not end a run, only its last upload",
  (store) =>
    withMachines(async (dir) => {
      let away = false;
      store.onRequest = (method, path) => {
        if (method === "PUT" && path.includes("model.safetensors")) away = true;
        return away ? { status: 403, code: "AccessDenied" } : null;
      };
      const run = await typed(words(12, RUN), { cwd: `${dir}/a`, store });
      strictEqual(run.code, 1, run.err);
      ok(/AccessDenied: these credentials may not do this: check AWS_PROFILE/.test(run.err), run.err);
      store.onRequest = null;
      strictEqual(await checkpointInStore(), null);
      const again = await typed(words(12, RUN), { cwd: `${dir}/a`, store });
      strictEqual(again.code, 0, again.err);
      ok(/is finished/.test(again.out), again.out);
      strictEqual(await checkpointInStore(), "step-000012");
    }),
);

storeTest(
  "--out in a store is refused where it cannot be a run's, before anything is computed",
  (store) =>
    withMachines(async (dir) => {
      const refused = async (line: string, message: RegExp): Promise<void> => {
        const { code, err } = await typed(line, { cwd: `${dir}/a`, store });
        ok(message.test(err), err);
        strictEqual(code, 2, err);
      };
      await putS3(`s3://${BUCKET}/other/notes.txt`, new TextEncoder().encode("mine"));
      await refused(
        words(5, `s3://${BUCKET}`),
        /a run needs a folder in its bucket: expected s3:\/\/corpus\/NAME/,
      );
      await refused(words(5, "s3://x/y"), /expected s3:\/\/BUCKET\/KEY/);
      await refused(
        words(5, `s3://${BUCKET}/other`),
        /holds other objects, such as s3:\/\/corpus\/other\/notes.txt/,
      );
      await refused(
        words(5, `s3://no-such-bucket/x`),
        /NoSuchBucket: check the bucket, and AWS_ENDPOINT_URL/,
      );
      const run = await typed(words(5, RUN), { cwd: `${dir}/a`, store });
      strictEqual(run.code, 0, run.err);
      await refused(
        `${words(5, RUN)} --resume never`,
        /it holds a run: give another --out, or remove its objects/,
      );
      await refused(`train --resume ${RUN}`, /give --out s3:\/\/corpus\/runs\/small/);
      store.requests.length = 0;
      const dry = await typed(`${words(9, RUN)} --dry-run`.replace(" --json", ""), {
        cwd: `${dir}/b`,
        store,
      });
      strictEqual(dry.code, 0, dry.err);
      deepStrictEqual(store.requests, []);
    }),
);

/** Files below a run's folder that belong to the run, sorted. */
async function filesIn(folder: string, within = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${within}`)) {
    if (name === "run.lock" || name === "store.json") continue;
    if (isDirectory) found.push(...await filesIn(folder, `${within}${name}/`));
    else found.push(`${within}${name}`);
  }
  return found.sort();
}
