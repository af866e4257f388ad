import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import {
  Barrier,
  openCheckpoints,
  readCheckpoint,
  type StageSnapshot,
  TensorFile,
} from "../../../../stages/flow/checkpoint/checkpoint.ts";
import { checkFreeSpace, freeBytes } from "../../../../stages/flow/checkpoint/disk_space.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { type Stage, stage, takeCheckpoint } from "../../../../stages/flow/stage.ts";

Deno.test("openCheckpoints() reads back what was committed: states, counts, tensors, unusual numbers and names", async () => {
  await using dir = await temporary();
  const checkpoints = await openCheckpoints(dir.path);
  strictEqual(await checkpoints.latest(), null);
  const odd = {
    a: [NaN, -0, Infinity],
    $x: 1,
    ids: Uint32Array.of(1, 2 ** 32 - 1),
    text: 'π "\ud800',
    nothing: null,
  };
  const snapshots = new Map<string, StageSnapshot>([
    ["train", {
      state: { step: 200, weights: model(1), moments: new TensorFile("optimizer", {}) },
      skip: 3,
      rng: 7,
    }],
    ["odd ../stage", {
      state: odd as unknown as null,
      counts: { in: 3, out: 2, dropped: { __proto__x: 1 } },
    }],
    ["marked", { state: { $array: { type: "Uint8Array", values: [1] } } }],
  ]);
  await checkpoints.commit(barrierOf(snapshots));
  const again = await openCheckpoints(dir.path);
  deepStrictEqual(await again.latest(), snapshots);
  deepStrictEqual(names(dir.path), ["latest", "step-000200"]);
  deepStrictEqual(names(`${dir.path}/step-000200`), [
    "manifest.json",
    "model.safetensors",
    "optimizer.safetensors",
    "stream.json",
  ]);
  strictEqual(Deno.readTextFileSync(`${dir.path}/latest`), "step-000200\n");
  const stream = JSON.parse(Deno.readTextFileSync(`${dir.path}/step-000200/stream.json`));
  strictEqual(stream.parts.train.state.step, 200);
});

Deno.test("openCheckpoints() keeps the newest checkpoints and replaces one of the same step", async () => {
  await using dir = await temporary();
  const checkpoints = await openCheckpoints(dir.path, { keep: 2 });
  for (const step of [10, 20, 30]) await checkpoints.commit(at(step));
  deepStrictEqual(names(dir.path), ["latest", "step-000020", "step-000030"]);
  await checkpoints.commit(at(30, 99));
  deepStrictEqual(names(dir.path), ["latest", "step-000020", "step-000030"]);
  deepStrictEqual((await checkpoints.latest())?.get("train"), at(30, 99).snapshots.get("train"));
});

Deno.test("openCheckpoints() keeps the checkpoint of lowest validation loss besides the newest, and names it", async () => {
  await using dir = await temporary();
  const checkpoints = await openCheckpoints(dir.path, { keep: 1 });
  const evaluated = (step: number, valLoss: number, of = step) => {
    const barrier = at(step);
    barrier.snapshots.set("evaluate", { state: { evaluated: of, valLoss } });
    return barrier;
  };
  const best = () => Deno.readTextFileSync(`${dir.path}/best`).trim();
  for (const [step, loss] of [[10, 3], [20, 2], [30, 2], [40, 2.5]]) {
    await checkpoints.commit(evaluated(step, loss));
  }
  deepStrictEqual([best(), names(dir.path)], ["step-000020", [
    "best",
    "latest",
    "step-000020",
    "step-000040",
  ]]);
  await checkpoints.commit(evaluated(50, 1, 45)); // this loss was measured with the weights of step 45
  deepStrictEqual([best(), names(dir.path)], ["step-000020", [
    "best",
    "latest",
    "step-000020",
    "step-000050",
  ]]);
  await checkpoints.commit(evaluated(60, 1));
  deepStrictEqual([best(), names(dir.path)], ["step-000060", ["best", "latest", "step-000060"]]);
});

Deno.test("openCheckpoints() with a thread writes the same files, empties transferred arrays only, and fails in the same way", async () => {
  await using dir = await temporary();
  await using other = await temporary();
  const make = () => {
    const own = new TensorFile("own", { w: { shape: [3], data: Uint32Array.of(1, 2, 3) } });
    const transferred = new TensorFile("transferred", { w: { shape: [2], data: Float32Array.of(4, 5) } }, {
      transfer: true,
    });
    return {
      own,
      transferred,
      barrier: barrierOf(new Map([["train", { state: { step: 1, own, transferred } }]])),
    };
  };
  const threaded = await openCheckpoints(dir.path, { thread: true }),
    plain = await openCheckpoints(other.path);
  try {
    const { own, transferred, barrier } = make();
    const written = threaded.commit(barrier);
    own.tensors.w.data[0] = 99; // the run continues meanwhile
    await written;
    deepStrictEqual([own.tensors.w.data.length, transferred.tensors.w.data.length], [3, 0]);
    await plain.commit(make().barrier);
    for (const file of ["own.safetensors", "transferred.safetensors", "stream.json", "manifest.json"]) {
      const [a, b] = [dir, other].map(({ path }) => Deno.readFileSync(`${path}/step-000001/${file}`));
      deepStrictEqual(a, b, file);
    }
    Deno.removeSync(dir.path, { recursive: true });
    await rejects(
      threaded.commit(at(2)),
      /Cannot write checkpoint .*step-000002: there is no such file or folder: .*checkpoint before it$/,
    );
  } finally {
    threaded.close?.();
    Deno.mkdirSync(dir.path, { recursive: true });
  }
});

Deno.test("a flow continues while a checkpoint is written, waits for it before the next one, and fails with it", async () => {
  const course: string[] = [];
  const writing: PromiseWithResolvers<void>[] = [];
  const run = () => {
    const counter = stage<number, number, { step: number }>({
      name: "count",
      takesCheckpoints: true,
      open: () => ({ step: 0 }),
      *push(item, state) {
        course.push(`item ${item}`);
        state.step++;
        yield item;
        if (item === 0 || item === 3) yield takeCheckpoint;
        if (item === 2) writing[0].resolve(); // item 2 arrives while the first checkpoint is being written
      },
    });
    return from(asSource("n", () => Array(5).keys())).pipe(counter).run({
      checkpoints: {
        latest: () => Promise.resolve(null),
        async commit(barrier) {
          const { step } = barrier.snapshots.get("count")!.state as { step: number };
          course.push(`begin ${step}`);
          writing.push(Promise.withResolvers());
          if (step === 4) writing[1].resolve();
          await writing.at(-1)!.promise;
          course.push(`end ${step}`);
        },
      },
    });
  };
  await run();
  const order = (...events: readonly string[]) => {
    const at = events.map((event) => course.indexOf(event));
    deepStrictEqual(at, at.toSorted((a, b) => a - b), `${course}`);
  };
  order("item 0", "begin 1", "item 1", "item 2", "end 1", "begin 4", "end 4");
  order("item 3", "begin 4");
  strictEqual(course.length, 9);
  const failing = from(asSource("n", () => [1])).pipe(stage<number, number, null>({
    name: "one",
    takesCheckpoints: true,
    open: () => null,
    *push(item) {
      yield item;
      yield takeCheckpoint;
    },
  })).run({
    checkpoints: {
      latest: () => Promise.resolve(null),
      commit: () => Promise.reject(new Error("disk gone")),
    },
  });
  await rejects(failing, /disk gone/);
});

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

const mounts = Deno.build.os === "linux" && Deno.uid() === 0 && canMount();
Deno.test({
  name: "a full disk fails the commit with a hint; the checkpoint before it is used" +
    (mounts ? "" : " (ignored: only root on Linux can mount a small disk)"),
  ignore: !mounts,
  async fn() {
    await using dir = await temporary();
    await mount(["-t", "tmpfs", "-o", "size=256k", "tmpfs", dir.path]);
    try {
      const checkpoints = await openCheckpoints(dir.path);
      await checkpoints.commit(at(10));
      const big = barrierOf(new Map([["train", { state: { step: 20, w: model(20, 100_000) } }]]));
      await rejects(
        checkpoints.commit(big),
        /Cannot write checkpoint .*too little room: .*: make room on the disk .*checkpoint before it$/,
      );
      deepStrictEqual(names(dir.path), ["latest", "step-000010"]);
      strictEqual((await checkpoints.latest())?.get("train")?.skip, 10);
      await checkpoints.commit(at(30));
    } finally {
      await new Deno.Command("umount", { args: [dir.path] }).output();
    }
  },
});

Deno.test("a flow resumes exactly from its folder of checkpoints", async () => {
  await using dir = await temporary();
  const trainer = (losses: number[]): Stage<number, number> =>
    stage<number, number, { step: number; weights: TensorFile }>({
      name: "train",
      takesCheckpoints: true,
      open: (_ctx, saved = { step: 0, weights: model(0) }) => saved,
      *push(item: number, state, ctx) {
        const { data } = state.weights.tensors.w;
        for (let i = 0; i < data.length; i++) data[i] = data[i] * 0.9 + item + ctx.rng.next();
        losses.push(data[0]);
        yield data[0];
        if (++state.step % 4 === 0) yield takeCheckpoint;
      },
      save: ({ step, weights }) => ({
        step,
        weights: new TensorFile("model", structuredClone(weights.tensors)),
      }),
    });
  const run = async (upTo: number, path: string | null) => {
    const losses: number[] = [];
    const checkpoints = path === null ? {} : { checkpoints: await openCheckpoints(path) };
    await from(asSource("n", () => Array(upTo).keys())).pipe(trainer(losses)).run({
      barrierEvery: 3,
      ...checkpoints,
    });
    return losses;
  };
  const whole = await run(20, null);
  deepStrictEqual(await run(10, dir.path), whole.slice(0, 10)); // the last checkpoint is at step 8
  deepStrictEqual(await run(20, dir.path), whole.slice(8));
});

function model(value: number, size = 8): TensorFile {
  return new TensorFile("model", { w: { shape: [size], data: new Float32Array(size).fill(value) } });
}

/** The barrier of a training run at a step; `skip` identifies it. */
function at(step: number, value = step): Barrier {
  return barrierOf(new Map([["train", { state: { step, w: model(value) }, skip: value }]]));
}

function barrierOf(snapshots: Map<string, StageSnapshot>): Barrier {
  const barrier = new Barrier();
  for (const [name, snapshot] of snapshots) barrier.snapshots.set(name, snapshot);
  return barrier;
}

function names(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
}

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

function canMount(): boolean {
  const dir = Deno.makeTempDirSync();
  try {
    const args = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir];
    if (!new Deno.Command("mount", { args, stderr: "null" }).outputSync().success) return false;
    new Deno.Command("umount", { args: [dir] }).outputSync();
    return true;
  } catch {
    return false;
  } finally {
    Deno.removeSync(dir);
  }
}

async function mount(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function temporary(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
