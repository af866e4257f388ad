import { beforeDeadline } from "../../../deadline.ts";
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import type { StageSnapshot } from "../../../../stages/flow/checkpoint/checkpoint.ts";
import { type Effect, type Flow, from, type RunOptions } from "../../../../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { map, rule, type Stage, stage, takeCheckpoint } from "../../../../stages/flow/stage.ts";

type Snapshots = ReadonlyMap<string, StageSnapshot>;

/**
 * A flow with random numbers, grouping, a trainer (a stage that takes checkpoints within its pushes), and
 * stages after the trainer.
 */
interface Shape {
  /** Numbers of items read ahead of the trainer, of a stage before it, and of the stages after it. */
  readonly ahead: readonly [number, number, number];
  readonly tee: boolean;
  /** Whether the trainer takes the checkpoints. If not, checkpoints are taken at barriers from the source. */
  readonly trains: boolean;
}

const shapes: Record<string, Shape> = {
  "a plain flow": { ahead: [0, 0, 0], tee: false, trains: true },
  "read-ahead before the trainer": { ahead: [3, 0, 0], tee: false, trains: true },
  "read-ahead everywhere": { ahead: [2, 3, 1], tee: false, trains: true },
  "branches": { ahead: [0, 0, 0], tee: true, trains: true },
  "branches and read-ahead": { ahead: [3, 1, 2], tee: true, trains: true },
  "no trainer": { ahead: [0, 0, 0], tee: true, trains: false },
  "no trainer, read-ahead": { ahead: [2, 1, 3], tee: true, trains: false },
};

Deno.test("a run resumed from any checkpoint has the outputs and checkpoints of the uninterrupted run", async (t) => {
  for (const [name, shape] of Object.entries(shapes)) {
    await t.step(name, async () => {
      const whole = await run(shape, null);
      strictEqual(whole.checkpoints.length >= 5, true);
      for (const [i, begin] of whole.checkpoints.entries()) {
        const again = await run(shape, begin, whole.log);
        deepStrictEqual(again.log, whole.log, `from checkpoint ${i}`);
        deepStrictEqual(
          plain(again.checkpoints),
          plain(whole.checkpoints.slice(i + 1)),
          `from checkpoint ${i}`,
        );
      }
    });
  }
});

Deno.test("a run stopped again and again has the outputs of the uninterrupted run", async (t) => {
  for (const [name, shape] of Object.entries(shapes)) {
    await t.step(name, async () => {
      const whole = await run(shape, null);
      for (const every of [1, 2, 5]) {
        let begin: Snapshots | null = null;
        let log: readonly string[] = [];
        for (let stops = 0;; stops++) {
          strictEqual(stops < 200, true, "the run makes no progress");
          const part: Outcome = await run(shape, begin, log, every);
          log = part.log;
          if (!part.stopped) break;
          begin = part.checkpoints.at(-1)!;
        }
        deepStrictEqual(log, whole.log, `stopped after every ${every} lines`);
      }
    });
  }
});

Deno.test("stop: one last checkpoint is taken after the current item", async () => {
  const checkpoints = new MemoryCheckpoints();
  const stop = new AbortController();
  const seen: number[] = [];
  const trainer: Stage<number, number> = stage({
    name: "trainer",
    takesCheckpoints: true,
    open: (_ctx, saved = { step: 0 }) => saved,
    *push(item: number, state, ctx) {
      seen.push(item);
      state.step++;
      if (item === 4) stop.abort();
      yield item;
      if (ctx.stopping) yield takeCheckpoint; // the runner then takes no second checkpoint
    },
  });
  const result = await from(asSource("n", () => Array(10).keys())).pipe(trainer).run({
    checkpoints,
    stop: stop.signal,
  });
  deepStrictEqual(result, { stopped: true });
  deepStrictEqual(seen, [0, 1, 2, 3, 4]);
  deepStrictEqual(checkpoints.all.map((snapshots) => snapshots.get("trainer")?.state), [{ step: 5 }]);
  strictEqual(checkpoints.all[0].get("trainer")?.skip, 5);
});

Deno.test("stop: while the stage waits for an item, the run ends at once with a checkpoint", async () => {
  let stop = new AbortController();
  const never = asSource<number>("never", async function* () {
    yield 1;
    stop.abort();
    await new Promise(() => {});
  });
  for (const ahead of [0, 2]) {
    stop = new AbortController();
    const checkpoints = new MemoryCheckpoints();
    const flow = from(never).pipe(counter("c", 100), { ahead });
    deepStrictEqual(await flow.run({ checkpoints, stop: stop.signal }), { stopped: true });
    deepStrictEqual(checkpoints.all.map((snapshots) => snapshots.get("c")?.state), [{
      items: ahead === 0 ? 1 : 0,
    }]);
  }
});

Deno.test("skip stays correct when a barrier passes while items are dropped after a resume", async () => {
  const make = (every: number, checkpoints: MemoryCheckpoints, log: number[]) =>
    from(asSource("n", () => Array(20).keys()))
      .pipe(counter("c", 7)).pipe(map("log", (x) => void log.push(x)))
      .run({ checkpoints, barrierEvery: every });
  const whole = new MemoryCheckpoints();
  const all: number[] = [];
  await make(1000, whole, all);
  for (const begin of whole.all) {
    for (const every of [1, 2, 3, 4, 5]) {
      const again = new MemoryCheckpoints(begin);
      await make(every, again, []);
      for (const second of [begin, ...again.all]) {
        const log: number[] = [];
        await make(3, new MemoryCheckpoints(second), log);
        deepStrictEqual(log, all.slice(20 - log.length));
        strictEqual((second.get("c")!.state as { items: number }).items, 20 - log.length);
      }
    }
  }
});

Deno.test("stop while items are dropped after a resume: the next resume drops the rest of them", async () => {
  const whole = new MemoryCheckpoints();
  const run = async (checkpoints: MemoryCheckpoints, stopAt = -1): Promise<number[]> => {
    const stop = new AbortController(), log: number[] = [];
    const numbers = asSource("n", async function* () {
      for (let i = 0; i < 20; i++) {
        if (i === stopAt) stop.abort();
        yield await Promise.resolve(i);
      }
    });
    const flow = from(numbers).pipe(counter("c", 7)).pipe(map("log", (x) => void log.push(x)));
    await beforeDeadline(flow.run({ checkpoints, barrierEvery: 1000, stop: stop.signal }));
    return log;
  };
  const all = await run(whole);
  strictEqual(whole.all[0].get("c")?.skip, 7);
  for (const at of [0, 1, 3, 6]) {
    const stopped = new MemoryCheckpoints(whole.all[0]);
    deepStrictEqual(await run(stopped, at), [], `stopped at item ${at}`);
    deepStrictEqual(
      await run(new MemoryCheckpoints(stopped.all.at(-1))),
      all.slice(7),
      `stopped at item ${at}`,
    );
  }
});

Deno.test("counts continue from the checkpoint", async () => {
  const shape = shapes["branches"];
  const whole = await run(shape, null);
  const again = await run(shape, whole.checkpoints[2], whole.log);
  deepStrictEqual(again.counts, whole.counts);
});

Deno.test("a note names stages that only the checkpoint or only the flow has", async () => {
  const first = new MemoryCheckpoints();
  const source = () => asSource("n", () => [1, 2, 3]);
  await from(source()).pipe(map("old", (x) => x)).run({ checkpoints: first });
  const notes: string[] = [];
  await from(source()).pipe(map("new", (x) => x)).run({
    checkpoints: first,
    onEvent: (event) => void (event.type === "note" && notes.push(event.text)),
  });
  deepStrictEqual(notes, [
    "The checkpoint also holds old: no stage has that name now",
    "The checkpoint does not hold new: started from the beginning",
  ]);
});

Deno.test("a checkpoint that cannot be written fails the run; stages are closed", async () => {
  let closed = 0;
  const flow = from(asSource("n", () => Array(10).keys()))
    .pipe(counter("c", 2)).pipe<number>({
      name: "s",
      open: () => null,
      push: (x) => [x],
      close: () => void closed++,
    });
  const full = () => Promise.reject(new Error("No space left on device"));
  await rejects(
    flow.run({ checkpoints: { commit: full, latest: () => Promise.resolve(null) } }),
    /No space left on device/,
  );
  strictEqual(closed, 1);
});

interface Outcome {
  readonly log: readonly string[];
  readonly checkpoints: readonly Snapshots[];
  readonly stopped: boolean;
  readonly counts: Record<string, unknown>;
}

/**
 * Runs the flow from the checkpoint `begin`, with the log `before` of earlier runs, and stops the run after
 * `lines` more log lines.
 */
async function run(
  shape: Shape,
  begin: Snapshots | null,
  before: readonly string[] = [],
  lines = Infinity,
): Promise<Outcome> {
  const log = [...before];
  let written = 0;
  const stop = new AbortController();
  const write = (line: string) => {
    log.push(line);
    if (++written === lines) stop.abort();
  };
  const effect: Effect = { // stands for a log file, which is truncated on resume
    save: () => log.length,
    restore: (saved) => void log.splice(typeof saved === "number" ? saved : 0),
  };
  const counts: Record<string, unknown> = {};
  const checkpoints = new MemoryCheckpoints(begin);
  const options: RunOptions = {
    seed: 5,
    barrierEvery: 4,
    checkpoints,
    effects: { log: effect },
    stop: stop.signal,
    onEvent(event) {
      if (event.type === "stage") counts[event.name] = [event.in, event.out, event.dropped];
    },
  };
  const { stopped } = await flowOf(shape, write).run(options);
  return { log, checkpoints: checkpoints.all, stopped, counts };
}

function flowOf({ ahead, tee, trains }: Shape, write: (line: string) => void): Flow<unknown> {
  const numbers = asSource("numbers", async function* () {
    for (let i = 0; i < 37; i++) {
      if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      yield i;
    }
  });
  let flow: Flow<number> = from(numbers)
    .pipe(rule("no sevens", (x) => (x % 7 === 6 ? "seven" : null)))
    .pipe(noisy("noisy"), { ahead: ahead[1] });
  if (tee) {
    flow = flow.tee((side) => side.pipe(sums("side sums"), { ahead: ahead[2] }).pipe(noisy("side noise")));
  }
  const grouped = flow.pipe(pairs());
  const trained = trains
    ? grouped.pipe(trainer(write), { ahead: ahead[0] })
    : grouped.pipe(map("log", (x) => (write(x.join()), x[0])), { ahead: ahead[0] });
  const followed = trained.pipe(sums("sums"), { ahead: ahead[2] }).pipe(noisy("last noise"));
  return tee ? followed.tee((side) => side.pipe(sums("last sums"))) : followed;
}

function trainer(write: (line: string) => void): Stage<readonly number[], number> {
  return stage({
    name: "trainer",
    takesCheckpoints: true,
    open: (_ctx, saved = { step: 0, weight: 1 }) => saved,
    async *push(group: readonly number[], state, ctx) {
      state.step++;
      for (const x of group) state.weight = (state.weight * 31 + x * 1000 + ctx.rng.integer(100)) % 10007;
      await Promise.resolve();
      write(`${state.step} ${state.weight}`);
      yield state.weight;
      if (state.step % 3 === 0) yield takeCheckpoint;
    },
    *flush(state) {
      write(`end ${state.weight}`);
    },
  });
}

function noisy(name: string): Stage<number, number> {
  return {
    name,
    open: () => null,
    *push(item, _state, ctx) {
      yield item + ctx.rng.next();
      if (ctx.rng.integer(3) === 0) yield ctx.rng.next();
    },
  };
}

function sums(name: string): Stage<number, number> {
  return stage({
    name,
    open: (_ctx, saved = { sum: 0, all: [] as number[] }) => saved,
    push(item: number, state) {
      state.sum += item;
      state.all.push(item); // a barrier must copy the nested array
      return [state.sum];
    },
  });
}

function pairs(): Stage<number, readonly number[]> {
  return stage({
    name: "pairs",
    open: (_ctx, saved = { held: [] as number[] }) => saved,
    *push(item: number, state) {
      state.held.push(item);
      if (state.held.length === 2) yield state.held.splice(0);
    },
    *flush(state) {
      if (state.held.length > 0) yield state.held;
    },
  });
}

function counter(name: string, every: number): Stage<number, number> {
  return stage({
    name,
    takesCheckpoints: true,
    open: (_ctx, saved = { items: 0 }) => saved,
    *push(item: number, state) {
      state.items++;
      yield item;
      if (state.items % every === 0) yield takeCheckpoint;
    },
  });
}

function plain(checkpoints: readonly Snapshots[]): unknown {
  return checkpoints.map((snapshots) => [...snapshots].sort(([a], [b]) => (a < b ? -1 : 1)));
}
