import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import type { RunEvent, StageEvent } from "../../../stages/flow/events.ts";
import { from } from "../../../stages/flow/flow.ts";
import { map, rule, type Stage, stage, takeCheckpoint } from "../../../stages/flow/stage.ts";

function sink<T>(name: string, into: T[]): Stage<T, never> {
  return {
    name,
    open: () => null,
    push(item) {
      into.push(item);
      return [];
    },
  };
}

function upTo(count: number, pulled: { count: number } = { count: 0 }) {
  return asSource("numbers", function* () {
    for (let i = 0; i < count; i++) {
      pulled.count++;
      yield i;
    }
  });
}

Deno.test("Flow.run() passes items through plain, generator and async stages in order", async () => {
  const out: string[] = [];
  await from(upTo(6))
    .pipe(map("plus", (x) => x + 1))
    .pipe(stage<number, number, null>({
      name: "twice",
      open: () => null,
      *push(x) {
        yield x;
        yield -x;
      },
    }))
    .pipe(stage<number, number, null>({
      name: "late",
      open: () => null,
      async *push(x) {
        await Promise.resolve();
        if (x !== -3) yield x;
      },
    }))
    .pipe(map("text", (x) => Promise.resolve(String(x))))
    .pipe(sink("out", out))
    .run();
  deepStrictEqual(out.join(" "), "1 -1 2 -2 3 4 -4 5 -5 6 -6");
});

Deno.test("Flow.run() resumes a generator only after the next stage has taken its item", async () => {
  for (const kind of ["plain", "async"] as const) {
    const log: string[] = [];
    const noted = (name: string): Stage<number, number> => ({
      name,
      open: () => null,
      push: (x) =>
        kind === "plain"
          ? function* () {
            log.push(`${name}${x}a`);
            yield x;
            log.push(`${name}${x}b`);
          }()
          : async function* () {
            log.push(`${name}${x}a`);
            yield x;
            log.push(`${name}${x}b`);
          }(),
    });
    await from(upTo(2)).pipe(noted("p")).pipe(noted("q")).run();
    deepStrictEqual(log.join(" "), "p0a q0a q0b p0b p1a q1a q1b p1b", kind);
  }
});

Deno.test("Flow.stream() runs only as far as it is read", async () => {
  const pulled = { count: 0 };
  const reader = from(upTo(1000, pulled)).pipe(map("same", (x) => x)).stream().getReader();
  strictEqual(pulled.count, 0);
  strictEqual((await reader.read()).value, 0);
  strictEqual((await reader.read()).value, 1);
  strictEqual(pulled.count, 2);
  await reader.cancel();
  strictEqual(pulled.count, 2);
});

Deno.test("Flow.stream() gives all items and ends, or fails with the error of a stage", async () => {
  deepStrictEqual(await Array.fromAsync(from(upTo(5)).stream()), [0, 1, 2, 3, 4]);
  const bad = from(upTo(5)).pipe(map("bad", (x) => {
    if (x === 3) throw new Error("no threes");
    return x;
  }));
  await rejects(Array.fromAsync(bad.stream()), /Stage bad failed on item 4: no threes/);
});

Deno.test("ahead: the stages before the queue work that many items ahead, and no more", async () => {
  const pulled = { count: 0 };
  const most: number[] = [];
  await from(upTo(50, pulled))
    .pipe(
      stage<number, never, { seen: number }>({
        name: "slow",
        open: () => ({ seen: 0 }),
        async *push(_x, state) {
          for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
          state.seen++;
          most.push(pulled.count - state.seen);
        },
      }),
      { ahead: 3 },
    )
    .run();
  strictEqual(Math.max(...most), 3);
  strictEqual(most.filter((n) => n === 3).length > 40, true);
});

Deno.test("Flow.tee() gives each item to the branch, then to the trunk, and queues nothing", async () => {
  const log: string[] = [];
  const noted = (name: string): Stage<number, number> =>
    map(name, async (x) => {
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name}${x}`);
      return x;
    });
  await from(upTo(3)).tee((flow) => flow.pipe(noted("b"))).pipe(noted("t")).run();
  deepStrictEqual(log.join(" "), "b0 t0 b1 t1 b2 t2");
});

Deno.test("done: a stage that wants no more items stops its upstream, and the stages after it are flushed", async () => {
  const pulled = { count: 0 };
  const out: unknown[] = [];
  const closed: string[] = [];
  const grouped = stage<number, number[], { held: number[] }>({
    name: "grouped",
    open: () => ({ held: [] }),
    *push(x, state) {
      state.held.push(x);
      if (state.held.length === 3) yield state.held.splice(0);
    },
    *flush(state) {
      if (state.held.length > 0) yield state.held;
    },
    close: () => void closed.push("grouped"),
  });
  for (const ahead of [0, 2]) {
    out.length = pulled.count = closed.length = 0;
    await from(upTo(1000, pulled)).pipe(take(5), { ahead }).pipe(grouped).pipe(sink("out", out)).run();
    deepStrictEqual(out, [[0, 1, 2], [3, 4]]);
    strictEqual(pulled.count <= 5 + ahead + 1, true, `${pulled.count} pulled`);
    deepStrictEqual(closed, ["grouped"]);
  }
});

Deno.test("done: a branch ends without the trunk; the flow ends when both have ended", async () => {
  const left: number[] = [], right: number[] = [];
  const pulled = { count: 0 };
  await from(upTo(100, pulled))
    .tee((flow) => flow.pipe(take(2, "take two")).pipe(sink("left", left)))
    .pipe(take(4)).pipe(sink("right", right)).run();
  deepStrictEqual([left, right, pulled.count], [[0, 1], [0, 1, 2, 3], 4]);
});

Deno.test("rejects: dropped items go to their sink with reason and stage, in order with the other items", async () => {
  const log: unknown[] = [];
  const events: StageEvent[] = [];
  await from(upTo(5))
    .pipe(rule("even", (x) => (x % 2 ? "odd" : null)), {
      rejects: sink<unknown>("removed", log),
    })
    .pipe(sink("out", log))
    .run({ onEvent: (event) => void (event.type === "stage" && events.push(event)) });
  deepStrictEqual(log, [
    0,
    { item: 1, reason: "odd", stage: "even" },
    2,
    { item: 3, reason: "odd", stage: "even" },
    4,
  ]);
  const even = events.find(({ name }) => name === "even")!;
  deepStrictEqual([even.in, even.out, even.dropped], [5, 3, { odd: 2 }]);
});

Deno.test("errors name the stage and the item, carry the cause, and close every stage", async () => {
  const closed: string[] = [];
  const watched = <T>(name: string): Stage<T, T> => ({
    name,
    open: () => null,
    push: (x) => [x],
    close: () => void closed.push(name),
  });
  const cause = new RangeError("too strange");
  const docs = asSource("docs", () => [{ id: "a-1" }, { id: "a-2" }]);
  const run = (fail: (doc: { id: string }) => unknown) =>
    from(docs).pipe(watched("w1")).pipe(map("strange", fail)).pipe(watched("w2"), { ahead: 1 }).run();
  for (
    const fail of [
      (doc: { id: string }) => {
        if (doc.id === "a-2") throw cause;
      },
      (doc: { id: string }) => doc.id === "a-2" ? Promise.reject(cause) : Promise.resolve(),
    ]
  ) {
    closed.length = 0;
    const error = await run(fail).then(() => null, (error) => error);
    strictEqual(error.message, "Stage strange failed on a-2: too strange");
    strictEqual(error.cause, cause);
    deepStrictEqual(closed, ["w2", "w1"]);
  }
});

Deno.test("errors of a source, of open() and of close() fail the run", async () => {
  const broken = asSource("broken", function* () {
    yield 1;
    throw new Error("disk gone");
  });
  await rejects(from(broken).run(), /^Error: Source broken failed after 1 items: disk gone$/);
  const shut = stage<number, number, null>({
    name: "shut",
    open: () => {
      throw new Error("no model");
    },
    push: (x) => [x],
  });
  await rejects(from(upTo(1)).pipe(shut).run(), /Stage shut cannot be opened: no model/);
  const jam = stage<number, number, null>({
    name: "jam",
    open: () => null,
    push: (x) => [x],
    close: () => Promise.reject(new Error("jammed")),
  });
  await rejects(from(upTo(1)).pipe(jam).run(), /Stage jam cannot be closed: jammed/);
});

Deno.test("abort: run() rejects with the reason after all stages are closed, during a push too", async () => {
  const closed: string[] = [];
  const abort = new AbortController();
  const stuck = stage<number, number, null>({
    name: "stuck",
    open: () => null,
    async *push(x, _state, ctx) {
      if (x === 3) {
        abort.abort(new Error("enough"));
        await Promise.resolve();
        ctx.signal.throwIfAborted();
      }
      yield x;
    },
    close: () => void closed.push("stuck"),
  });
  await rejects(from(upTo(10)).pipe(stuck, { ahead: 2 }).run({ signal: abort.signal }), /^Error: enough$/);
  deepStrictEqual(closed, ["stuck"]);
});

Deno.test("abort: a flow of synchronous stages is aborted, and lets timers run", async () => {
  const abort = new AbortController();
  let ticks = 0;
  const timer = setInterval(() => {
    if (++ticks === 3) abort.abort(new Error("three ticks"));
  }, 1);
  const endless = asSource("endless", function* () {
    for (let i = 0;; i++) yield i;
  });
  const burst = stage<number, number, null>({
    name: "burst",
    open: () => null,
    *push() {
      for (let i = 0;; i++) yield i;
    },
  });
  await rejects(from(endless).pipe(map("same", (x) => x)).run({ signal: abort.signal }), /three ticks/);
  clearInterval(timer);
  const second = AbortSignal.timeout(20);
  await rejects(from(endless).pipe(burst).run({ signal: second }), /TimeoutError/);
});

Deno.test("events: counts of each stage, and its time without that of its neighbours", async () => {
  const events: RunEvent[] = [];
  const work = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  await from(upTo(20)).pipe(map("slow", (x) => (work(3), x))).pipe(map("quick", (x) => x))
    .run({ onEvent: (event) => void events.push(event) });
  const [numbers, slow, quick] = ["numbers", "slow", "quick"].map((name) =>
    events.findLast((event): event is StageEvent => event.type === "stage" && event.name === name)!
  );
  deepStrictEqual([numbers.out, slow.in, slow.out, quick.out], [20, 20, 20, 20]);
  strictEqual(slow.busy >= 0.05 && quick.busy < 0.03, true, JSON.stringify([slow, quick]));
  strictEqual(quick.blocked >= slow.busy, true, JSON.stringify([slow, quick]));
});

Deno.test("events: an occasional wait counts as the time of the waiting stage, not of its quick neighbours", async () => {
  for (const ahead of [0, 3]) {
    const last = new Map<string, StageEvent>();
    await from(upTo(400)).pipe(map("quick", (x) => x))
      .pipe(
        map("late", async (x) => {
          if (x % 40 === 7) await new Promise((resolve) => setTimeout(resolve, 10));
          return x;
        }),
        { ahead },
      )
      .run({ onEvent: (event) => void (event.type === "stage" && last.set(event.name, event)) });
    const [numbers, quick, late] = ["numbers", "quick", "late"].map((name) => last.get(name)!.busy);
    strictEqual(late > 0.08 && numbers + quick < late / 2, true, `${ahead}: ${numbers}, ${quick}, ${late}`);
  }
});

Deno.test("Flow.run() refuses a name that occurs twice, two stages that take checkpoints, and an undeclared checkpoint", async () => {
  const taker = (name: string): Stage<number, number> => ({
    name,
    takesCheckpoints: true,
    open: () => null,
    push: (x) => [x],
  });
  const same = map("same", (x: number) => x);
  await rejects(from(upTo(1)).pipe(same).pipe(same).run(), /TypeError: Two stages are called same/);
  await rejects(
    from(upTo(1)).pipe(taker("a")).pipe(taker("b")).run(),
    /TypeError: Both a and b take checkpoints/,
  );
  const undeclared: Stage<number, number> = {
    name: "undeclared",
    open: () => null,
    push: () => [takeCheckpoint],
  };
  await rejects(from(upTo(1)).pipe(undeclared).run(), /declare it with takesCheckpoints: true/);
  await rejects(
    from(upTo(1)).pipe(same, { ahead: -1 }).run(),
    /RangeError: Cannot read -1 items ahead of same/,
  );
  await rejects(from(upTo(1)).run({ barrierEvery: 0 }), /RangeError: Cannot set a barrier every 0 items/);
  throws(() => from(upTo(1)).pipe(same).describe()[2].kind);
});

Deno.test("Flow.describe() names the source, the stages and the branches in order", () => {
  const flow = from(upTo(1)).tee((f) => f.pipe(map("b", (x) => x))).pipe(map("t", (x) => x), { ahead: 2 });
  deepStrictEqual(flow.describe(), [
    { kind: "source", name: "numbers" },
    { kind: "tee", branch: [{ kind: "stage", name: "b", ahead: 0, takesCheckpoints: false, rejects: null }] },
    { kind: "stage", name: "t", ahead: 2, takesCheckpoints: false, rejects: null },
  ]);
});

function take(count: number, name = "take"): Stage<number, number, { taken: number }> {
  return {
    name,
    open: (_ctx, saved = { taken: 0 }) => saved,
    push(x, state) {
      state.taken++;
      return [x];
    },
    done: (state) => state.taken >= count,
  };
}
