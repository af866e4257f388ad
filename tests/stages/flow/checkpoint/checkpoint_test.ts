/**
 * Tests checkpoints that are written and read without a fault: their content, which ones are kept, and flows
 * that write them and resume from them.
 *
 * @module
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import {
  openCheckpoints,
  type StageSnapshot,
  TensorFile,
} from "../../../../stages/flow/checkpoint/checkpoint.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { type Stage, stage, takeCheckpoint } from "../../../../stages/flow/stage.ts";
import { at, barrierOf, model, names, temporary } from "./checkpoint_barriers.ts";

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
  const losses: [number, number][] = [];
  const evaluated = (step: number, valLoss: number, of = step) => {
    const barrier = at(step);
    losses.push([of, valLoss]);
    barrier.snapshots.set("evaluate", { state: { losses: [...losses] } });
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
  // A checkpoint is taken before its weights are evaluated: the next one brings its loss.
  await checkpoints.commit(evaluated(70, 5, 65));
  await checkpoints.commit(evaluated(80, 0.5, 70));
  deepStrictEqual([best(), names(dir.path)], ["step-000070", [
    "best",
    "latest",
    "step-000070",
    "step-000080",
  ]]);
  deepStrictEqual((await checkpoints.latest())?.size, at(80).snapshots.size + 1);
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
