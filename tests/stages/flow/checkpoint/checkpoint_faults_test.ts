/**
 * Tests checkpoints under faults: damaged files, killed runs, full disks and wrong file names.
 *
 * @module
 */
import { smallDiskTest } from "../../../small_disk.ts";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import {
  openCheckpoints,
  readCheckpoint,
  TensorFile,
} from "../../../../stages/flow/checkpoint/checkpoint.ts";
import type { CheckpointJob } from "../../../../stages/flow/checkpoint/checkpoint_job.ts";
import { CheckpointThread } from "../../../../stages/flow/checkpoint/checkpoint_thread.ts";
import { checkFreeSpace, freeBytes } from "../../../../stages/flow/checkpoint/disk_space.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { at, barrierOf, model, names, temporary } from "./checkpoint_barriers.ts";

Deno.test("a checkpoint that does not fit on the disk is refused before anything is written", async () => {
  await rejects(
    checkFreeSpace(".", 1e18),
    /too little room: it needs 1000000000000\.0 MB, [\d.]+ MB are free: make room/,
  );
  await checkFreeSpace(".", 1);
  strictEqual(await freeBytes("no/such/folder"), null);
});

Deno.test("a damaged checkpoint is skipped with a message, and the one before it is used", async (t) => {
  const damages: Record<string, (folder: string) => void> = {
    "tensors truncated": (f) => Deno.truncateSync(`${f}/model.safetensors`, 40),
    "a bit of a tensor flipped": (f) => flipBit(`${f}/model.safetensors`),
    "a bit of the stream flipped": (f) => flipBit(`${f}/stream.json`),
    "the stream empty": (f) => Deno.truncateSync(`${f}/stream.json`, 0),
    "the stream missing": (f) => Deno.removeSync(`${f}/stream.json`),
    "tensors missing": (f) => Deno.removeSync(`${f}/model.safetensors`),
    "the manifest missing": (f) => Deno.removeSync(`${f}/manifest.json`),
    "the manifest truncated": (f) => Deno.truncateSync(`${f}/manifest.json`, 30),
    "the manifest empty": (f) => Deno.truncateSync(`${f}/manifest.json`, 0),
    "the manifest not an object": (f) => Deno.writeTextFileSync(`${f}/manifest.json`, "[1, 2]"),
    "the manifest without the stream": (f) => {
      const { files, ...rest } = JSON.parse(Deno.readTextFileSync(`${f}/manifest.json`));
      delete files["stream.json"];
      Deno.writeTextFileSync(`${f}/manifest.json`, JSON.stringify({ ...rest, files }));
    },
    "the manifest names a file outside": (f) => {
      const text = Deno.readTextFileSync(`${f}/manifest.json`);
      Deno.writeTextFileSync(`${f}/manifest.json`, text.replace("model.safetensors", "../model.safetensors"));
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    await t.step(name, async () => {
      await using dir = await temporary();
      const messages: string[] = [];
      const checkpoints = await openCheckpoints(dir.path, { onDamage: (text) => void messages.push(text) });
      await checkpoints.commit(at(10));
      await checkpoints.commit(at(20));
      damage(`${dir.path}/step-000020`);
      deepStrictEqual((await checkpoints.latest())?.get("train"), at(10).snapshots.get("train"));
      strictEqual(messages.length, 1);
      ok(/step-000020 cannot be used: .*: resuming from step-000010/.test(messages[0]), messages[0]);
      damage(`${dir.path}/step-000010`);
      await rejects(checkpoints.latest(), Deno.errors.InvalidData);
      await rejects(readCheckpoint(`${dir.path}/step-000010`));
    });
  }
});

Deno.test("latest() finds the newest checkpoint if the file `latest` is missing or names no checkpoint", async () => {
  await using dir = await temporary();
  const checkpoints = await openCheckpoints(dir.path);
  await checkpoints.commit(at(10));
  await checkpoints.commit(at(20));
  const wanted = at(20).snapshots.get("train");
  for (const text of ["step-000077\n", "", "../..\n", "step-000020\nstep-000010\n"]) {
    Deno.writeTextFileSync(`${dir.path}/latest`, text);
    deepStrictEqual((await checkpoints.latest())?.get("train"), wanted, JSON.stringify(text));
  }
  Deno.removeSync(`${dir.path}/latest`);
  deepStrictEqual((await checkpoints.latest())?.get("train"), wanted);
});

Deno.test("after going back to a checkpoint that is damaged, latest() prefers earlier checkpoints to later ones", async () => {
  await using dir = await temporary();
  const checkpoints = await openCheckpoints(dir.path, { keep: 0 });
  for (const step of [10, 20, 30]) await checkpoints.commit(at(step));
  Deno.writeTextFileSync(`${dir.path}/latest`, "step-000020\n");
  strictEqual((await checkpoints.latest())?.get("train")?.skip, 20);
  flipBit(`${dir.path}/step-000020/stream.json`);
  strictEqual((await checkpoints.latest())?.get("train")?.skip, 10);
  flipBit(`${dir.path}/step-000010/stream.json`);
  strictEqual((await checkpoints.latest())?.get("train")?.skip, 30);
  Deno.mkdirSync(`${dir.path}/writing-step-000050`); // left behind by a killed run
  Deno.writeTextFileSync(`${dir.path}/latest`, "step-000020\n");
  await checkpoints.commit(at(25)); // removes step 30, which belongs to the abandoned run
  deepStrictEqual(names(dir.path), ["latest", "step-000010", "step-000020", "step-000025"]);
});

Deno.test("a run killed at any point while it writes a checkpoint leaves a complete one: the new or the previous one", async () => {
  const calls = ["mkdir", "open", "rename", "remove"] as const;
  let kills = 0, before = 0, after = 0;
  for (const again of [false, true]) { // if `again`, it replaces a checkpoint of the same step
    for (let left = 0;; left++) {
      await using dir = await temporary();
      const first = await openCheckpoints(dir.path);
      await first.commit(at(10));
      await first.commit(at(20, 1));
      const step = again ? 20 : 30;
      const killed = await killedAfter(calls, left, () => first.commit(at(step, 2)));
      const found = (await (await openCheckpoints(dir.path)).latest())?.get("train");
      const isNew = JSON.stringify(found) === JSON.stringify(at(step, 2).snapshots.get("train"));
      if (!isNew) deepStrictEqual(found, at(20, 1).snapshots.get("train"), `killed after ${left} calls`);
      // Files left behind by the killed run do not disturb the next checkpoint.
      await (await openCheckpoints(dir.path)).commit(at(40));
      strictEqual((await first.latest())?.get("train")?.skip, 40);
      if (!killed) {
        ok(isNew);
        break;
      }
      kills++;
      isNew ? after++ : before++;
    }
  }
  ok(kills > 15 && before > 5 && after > 1, `${kills} kills, ${before} found the old, ${after} the new`);
});

Deno.test("an unwritable folder and file names that lead out of it are refused, and earlier checkpoints are kept", async () => {
  await using dir = await temporary();
  const checkpoints = await openCheckpoints(dir.path);
  await checkpoints.commit(at(10));
  for (const file of ["../outside", "a/b", "", ".hidden", "a\0b"]) {
    const barrier = barrierOf(new Map([["train", { state: { step: 20, w: new TensorFile(file, {}) } }]]));
    await rejects(
      checkpoints.commit(barrier),
      /Cannot write checkpoint .*step-000020: .*Cannot name a file/s,
    );
  }
  const twice = { step: 20, a: new TensorFile("model", {}), b: new TensorFile("model", {}) };
  await rejects(
    checkpoints.commit(barrierOf(new Map([["train", { state: twice }]]))),
    /Two states .* model\.safetensors/,
  );
  await rejects(
    checkpoints.commit(
      barrierOf(new Map([["train", { state: { step: 20, m: new Map() as unknown as null } }]])),
    ),
    /Cannot write Map at state\.state\.m as JSON|Cannot write Map at .*m as JSON/,
  );
  deepStrictEqual(names(dir.path), ["latest", "step-000010"]);
  strictEqual((await checkpoints.latest())?.get("train")?.skip, 10);
  Deno.writeTextFileSync(`${dir.path}/file`, "");
  await rejects(openCheckpoints(`${dir.path}/file/checkpoints`));
});

await smallDiskTest(
  "a full disk fails the commit with a hint; the checkpoint before it is used",
  "256k",
  async ({ folder }) => {
    const checkpoints = await openCheckpoints(folder);
    await checkpoints.commit(at(10));
    const big = barrierOf(new Map([["train", { state: { step: 20, w: model(20, 100_000) } }]]));
    await rejects(
      checkpoints.commit(big),
      /Cannot write checkpoint .*too little room: .*: make room on the disk .*checkpoint before it$/,
    );
    deepStrictEqual(names(folder), ["latest", "step-000010"]);
    strictEqual((await checkpoints.latest())?.get("train")?.skip, 10);
    await checkpoints.commit(at(30));
  },
);

function flipBit(path: string): void {
  const bytes = Deno.readFileSync(path);
  bytes[bytes.length - 3] ^= 1;
  Deno.writeFileSync(path, bytes);
}

/** Runs `work`. After `left` calls that write, all further ones fail, as if the process had been killed. */
async function killedAfter(
  calls: readonly ("mkdir" | "open" | "rename" | "remove")[],
  left: number,
  work: () => Promise<void>,
): Promise<boolean> {
  const real = { ...Deno };
  let killed = false;
  for (const call of calls) {
    const original: (...args: any[]) => any = real[call];
    Object.assign(Deno, {
      [call]: (...args: unknown[]) => {
        if (killed || left-- <= 0) {
          killed = true;
          return Promise.reject(new Error("killed"));
        }
        return original(...args);
      },
    });
  }
  try {
    await work();
  } catch (error) {
    if (!killed) throw error;
  } finally {
    for (const call of calls) Object.assign(Deno, { [call]: real[call] });
  }
  return killed;
}

Deno.test("a checkpoint thread that was closed starts again for the next checkpoint", async () => {
  const thread = new CheckpointThread();
  const job = { dir: "\0", name: "step-000001", keep: 0, losses: [], encoded: { parts: [], header: "" } };
  for (let i = 0; i < 2; i++) {
    await beforeDeadline(rejects(thread.write(job as unknown as CheckpointJob, [])));
    thread.close();
  }
});
