import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import type { StageSnapshot } from "../../../../stages/flow/checkpoint/checkpoint.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import { MemoryCheckpoints } from "../../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { map, rule, type Stage, stage, takeCheckpoint } from "../../../../stages/flow/stage.ts";
import { beforeDeadline } from "../../../deadline.ts";

type Snapshots = ReadonlyMap<string, StageSnapshot>;

/** Passes numbers on and, when the input has ended, repeats them `count - 1` times. */
function passes(count: number): Stage<number, number> {
  return stage({
    name: "passes",
    resumesFlush: true,
    open: (_ctx, saved = { seen: [] as number[], pass: 1, next: 0 }) => saved,
    *push(item: number, state) {
      state.seen.push(item);
      yield item;
    },
    *flush(state, ctx) {
      for (; state.pass < count; state.pass++, state.next = 0) {
        while (state.next < state.seen.length) {
          yield state.seen[state.next++] + 100 * state.pass + (ctx.rng.integer(2) ? 0.5 : 0);
        }
      }
    },
  });
}

Deno.test("checkStage() takes a checkpoint after each output of a flush that can be resumed", async () => {
  await checkStage(passes(3), [1, 2, 3]);
  const repeats: Stage<number, number> = stage({
    name: "repeats",
    resumesFlush: true,
    open: (_ctx, saved = { held: [] as number[], next: 0 }) => saved,
    push: (item: number, state) => (state.held.push(item), []),
    *flush(state) {
      for (; state.next < state.held.length; state.next++) yield state.held[state.next];
    },
  });
  await rejects(
    checkStage(repeats, [1, 2, 3]),
    /stage repeats does not resume at checkpoint 4 .*: output 1 is 1, expected 2/,
  );
});

const read = { items: 0, odd: 0 };

function run(begin: Snapshots | null, { ahead, stop }: { ahead: number; stop?: number }) {
  const checkpoints = new MemoryCheckpoints(begin);
  const stopping = new AbortController();
  const out: number[] = [];
  read.items = read.odd = 0;
  const source = asSource("numbers", function* () {
    for (let i = 0; i < 10; i++) {
      read.items++;
      yield i;
    }
  });
  const counts: Record<string, unknown> = {};
  const flow = from(source)
    .pipe(rule<number>("even", (x) => (x % 2 ? "odd" : null)), {
      rejects: { name: "odd", open: () => null, push: () => (read.odd++, []) },
    })
    .pipe(passes(6), { ahead })
    .pipe(
      stage<number, number, { step: number }>({
        name: "trainer",
        takesCheckpoints: true,
        open: (_ctx, saved = { step: 0 }) => saved,
        *push(item, state) {
          state.step++;
          yield item;
          if (state.step % 3 === 0) yield takeCheckpoint;
        },
      }),
      { ahead },
    )
    .pipe({
      name: "out",
      open: () => null,
      push(item) {
        out.push(item);
        if (out.length === stop) stopping.abort();
        return [];
      },
    });
  return flow.run({
    checkpoints,
    barrierEvery: 2,
    flushBarrierEvery: 2,
    stop: stopping.signal,
    onEvent: (event) => void (event.type === "stage" && (counts[event.name] = [event.in, event.out])),
  }).then(({ stopped }) => ({ out, checkpoints: checkpoints.all, stopped, counts, read: { ...read } }));
}

Deno.test("barriers pass during a flush, and a resume continues the flush without reading or flushing again", async () => {
  for (const ahead of [0, 2]) {
    const whole = await run(null, { ahead });
    deepStrictEqual([whole.out.length, whole.checkpoints.length], [30, 10]);
    for (const [i, begin] of whole.checkpoints.entries()) {
      const rest = await run(begin, { ahead });
      deepStrictEqual(rest.out, whole.out.slice(3 * (i + 1)), `ahead ${ahead}, checkpoint ${i}`);
      deepStrictEqual(rest.counts, whole.counts, `ahead ${ahead}, checkpoint ${i}`);
      deepStrictEqual(rest.checkpoints, whole.checkpoints.slice(i + 1), `ahead ${ahead}, checkpoint ${i}`);
      strictEqual(
        (begin.get("trainer")?.skip ?? 0) <= 2,
        true,
        `${begin.get("trainer")?.skip} items are skipped`,
      );
      if (i >= 4) deepStrictEqual(rest.read, { items: 0, odd: 0 });
    }
  }
});

Deno.test("a run stopped again and again during a flush has the outputs of the uninterrupted run", async () => {
  const whole = await run(null, { ahead: 2 });
  const out: number[] = [];
  let begin: Snapshots | null = null;
  for (let stops = 0; stops < 40; stops++) {
    const part: Awaited<ReturnType<typeof run>> = await run(begin, { ahead: 2, stop: 4 });
    out.push(...part.out);
    if (!part.stopped) break;
    begin = part.checkpoints.at(-1)!;
  }
  deepStrictEqual(out, whole.out);
});

Deno.test("stop: a flow stops during an endless flush, where no stage takes checkpoints", async () => {
  const stop = new AbortController();
  const checkpoints = new MemoryCheckpoints();
  const out: number[] = [];
  const take = (into: number[], at: number): Stage<number, never> => ({
    name: "out",
    open: () => null,
    push(item) {
      if (into.push(item) === at) stop.abort();
      return [];
    },
  });
  const flow = from(asSource("numbers", () => [1, 2])).pipe(passes(Infinity));
  deepStrictEqual(await flow.pipe(take(out, 9)).run({ stop: stop.signal, checkpoints }), { stopped: true });
  const rest: number[] = [], again = new AbortController();
  const end = { ...take(rest, 0), push: (item: number) => (rest.push(item) === 4 && again.abort(), []) };
  await flow.pipe(end).run({ stop: again.signal, checkpoints });
  deepStrictEqual(
    [...out, ...rest].map(Math.floor),
    [1, 2, ...[1, 2, 3, 4, 5, 6].flatMap((n) => [100 * n + 1, 100 * n + 2])].slice(0, 13),
  );
});

Deno.test("barriers pass during the flush of a stage that wants no more items, while stages before it hold output", async () => {
  const holds: Stage<number, number> = {
    name: "holds",
    open: () => [] as number[],
    push: (item, held: number[]) => held.push(item) > 4 ? [held.shift()!] : [],
    settle: (held: number[]) => held.splice(0),
    flush: (held: number[]) => held.splice(0),
    save: () => null,
  };
  const take: Stage<number, number> = stage({
    name: "take",
    open: (_ctx, saved = { taken: 0 }) => saved,
    push: (item: number, state) => (state.taken++, [item]),
    done: ({ taken }) => taken >= 5,
  });
  for (const ahead of [0, 1, 2]) {
    const checkpoints = new MemoryCheckpoints(), out: number[] = [];
    const flow = (out: number[]) =>
      from(asSource("numbers", () => Array(30).keys())).pipe(holds, { ahead }).pipe(take, { ahead: 1 })
        .pipe(passes(2)).pipe(map("out", (x) => out.push(x)));
    await beforeDeadline(flow(out).run({ checkpoints, effects: {}, flushBarrierEvery: 2 }));
    deepStrictEqual(out.map(Math.floor), [0, 1, 2, 3, 4, 100, 101, 102, 103, 104], `ahead ${ahead}`);
    ok(checkpoints.all.length >= 2, `ahead ${ahead}: ${checkpoints.all.length} checkpoints`);
    for (const begin of checkpoints.all) {
      const rest: number[] = [];
      await beforeDeadline(flow(rest).run({ checkpoints: new MemoryCheckpoints(begin), effects: {} }));
      deepStrictEqual(rest, out.slice(begin.get("out")?.counts?.in));
    }
  }
});
