import { beforeDeadline } from "../../../deadline.ts";
import { deepStrictEqual, rejects } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { MemoryCheckpoints } from "../../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { type Flow, from } from "../../../../stages/flow/flow.ts";
import { parallel } from "../../../../stages/flow/parallel/parallel.ts";
import { map, type Stage, takeCheckpoint } from "../../../../stages/flow/stage.ts";
import type { Letter } from "../parallel/letters_group.ts";

/** Numbers; after the last one the source waits until it is told to stop. */
function numbers(count: number) {
  return asSource("numbers", async function* () {
    for (let i = 0; i < count; i++) yield i;
    await new Promise(() => {});
  });
}

function take(count: number, name = "take"): Stage<number, number, { taken: number }> {
  return {
    name,
    open: (_ctx, saved = { taken: 0 }) => saved,
    push: (x, state) => (state.taken++, [x]),
    done: (state) => state.taken >= count,
  };
}

/** Appends stages that are each read ahead. */
function joints(count: number): (flow: Flow<number>) => Flow<number> {
  return (flow) =>
    Array.from({ length: count }, (_, i) => i).reduce(
      (made, i) => made.pipe(map(`joint ${i}`, (x: number) => x), { ahead: 2 }),
      flow,
    );
}

for (const count of [0, 1, 2, 3]) {
  Deno.test(`done: a flow of ${count} joints ends although its source would wait for ever`, async () => {
    for (const ahead of [0, 2]) {
      const out: number[] = [];
      const flow = from(numbers(50)).via(joints(count)).pipe(take(13), { ahead }).pipe(
        map("out", (x) => out.push(x)),
      );
      deepStrictEqual(await beforeDeadline(flow.run()), { stopped: false });
      deepStrictEqual(out, [...Array(13).keys()]);
      const sides: number[][] = [[], []];
      await beforeDeadline(
        from(numbers(50)).via(joints(count))
          .tee((branch) =>
            branch.pipe(take(3, "short"), { ahead }).pipe(map("left", (x) => sides[0].push(x)))
          )
          .via((flow) => flow.pipe(take(7), { ahead: 1 })).pipe(map("right", (x) => sides[1].push(x))).run(),
      );
      deepStrictEqual(sides, [[0, 1, 2], [0, 1, 2, 3, 4, 5, 6]]);
    }
  });

  Deno.test(`error, abort: a flow of ${count} joints ends at once, and closes its stages`, async () => {
    for (const how of ["error", "abort"]) {
      const abort = new AbortController(), closed: string[] = [];
      const last: Stage<number, number> = {
        name: "last",
        open: () => null,
        async *push(x, _state, ctx) {
          if (x === 5 && how === "error") throw new Error("the end");
          if (x === 5) abort.abort(new Error("the end"));
          ctx.signal.throwIfAborted();
          yield x;
        },
        close: () => void closed.push("last"),
      };
      const flow = from(asSource("numbers", () => Array(100).keys())).via(joints(count)).pipe(last, {
        ahead: 1,
      });
      await rejects(beforeDeadline(flow.run({ signal: abort.signal })), /the end/);
      deepStrictEqual(closed, ["last"]);
    }
  });
}

Deno.test("done: workers that still have items in flight do not keep a flow from ending", async () => {
  const group = {
    module: import.meta.resolve("../parallel/letters_group.ts"),
    group: "letters",
    options: {},
  };
  const source = asSource("source of letters", async function* () {
    for (let i = 0; i < 200; i++) yield { id: String(i), value: i + 1 };
    await new Promise(() => {});
  });
  const out: string[] = [];
  const five: Stage<Letter, Letter, { taken: number }> = {
    name: "five",
    open: () => ({ taken: 0 }),
    push: (letter, state) => (state.taken++, [letter]),
    done: ({ taken }) => taken === 5,
  };
  const flow = from(source).pipe(parallel<Letter, Letter>(group, { workers: 2 }), { ahead: 4 })
    .pipe(five, { ahead: 2 }).pipe(map("out", ({ id }) => out.push(id)));
  await beforeDeadline(flow.run());
  deepStrictEqual(out, ["0", "1", "2", "2'", "3"]);
});

Deno.test("a run resumed at its goal ends at once and opens nothing before the stage that has reached it", async () => {
  for (const ahead of [0, 2]) {
    const opened: string[] = [], checkpoints = new MemoryCheckpoints();
    const watched = (name: string): Stage<number, number> => ({
      name,
      open: () => (opened.push(name), null),
      push: (x) => [x],
    });
    const trainer: Stage<number, number, { step: number }> = {
      name: "trainer",
      takesCheckpoints: true,
      open: (_ctx, saved = { step: 0 }) => (opened.push("trainer"), saved),
      *push(x, state) {
        state.step++;
        yield x;
        if (state.step === 5) yield takeCheckpoint;
      },
      done: ({ step }) => step >= 5,
    };
    const run = () =>
      from(numbers(20)).pipe(watched("files"), { ahead }).pipe(trainer, { ahead }).pipe(watched("after"), {
        ahead,
      })
        .run({ checkpoints });
    await beforeDeadline(run());
    deepStrictEqual(opened.splice(0).sort(), ["after", "files", "trainer"]);
    const [last] = checkpoints.all.slice(-1);
    deepStrictEqual(await beforeDeadline(run()), { stopped: false });
    deepStrictEqual(opened, ["trainer", "after"]);
    deepStrictEqual(checkpoints.all.at(-1), last);
  }
});

Deno.test("a run resumed at its goal can take a checkpoint while it ends, from which it resumes as before", async () => {
  for (const joined of [0, 1, 2]) {
    for (const ahead of [0, 2]) {
      const checkpoints = new MemoryCheckpoints();
      // As a trainer that was killed between its last update and what is observed of it.
      const trainer: Stage<number, number, { step: number; flushed: number }> = {
        name: "trainer",
        takesCheckpoints: true,
        open: (_ctx, saved = { step: 0, flushed: 0 }) => saved,
        *push(x, state) {
          state.step++;
          yield x;
          if (state.step === 5) yield takeCheckpoint;
        },
        flush(state) {
          state.flushed++;
          return [takeCheckpoint];
        },
        done: ({ step }) => step >= 5,
      };
      const run = () =>
        beforeDeadline(
          from(numbers(20)).via(joints(joined)).pipe(trainer, { ahead }).pipe(take(9), { ahead }).run({
            checkpoints,
            barrierEvery: 2,
          }),
        );
      const last = () => {
        const { state, skip } = checkpoints.all.at(-1)!.get("trainer")!;
        return { state, skip, numbers: checkpoints.all.at(-1)!.get("numbers")?.state };
      };
      await run();
      const first = last();
      checkpoints.all.length = 1; // killed after the last item
      for (const flushed of [1, 2]) {
        deepStrictEqual(await run(), { stopped: false });
        deepStrictEqual(
          last(),
          { ...first, state: { step: 5, flushed } },
          `${joined} joints, ${ahead} ahead`,
        );
      }
    }
  }
});

Deno.test("settle: a stage that wants no more items during a barrier ends the flow after the barrier", async () => {
  const checkpoints = new MemoryCheckpoints(), out: number[] = [];
  const held: Stage<number, number, number[]> = {
    name: "held",
    open: () => [],
    push: (x, state) => (state.push(x), []),
    *settle(state) {
      while (state.length > 0) yield state.shift()!;
    },
    save: () => null,
  };
  const flow = from(numbers(20)).pipe(held).pipe(take(3), { ahead: 1 }).pipe(map("out", (x) => out.push(x)));
  await beforeDeadline(flow.run({ checkpoints, barrierEvery: 5 }));
  deepStrictEqual(out, [0, 1, 2]);
  deepStrictEqual(checkpoints.all.map((snapshots) => snapshots.get("take")?.state), [{ taken: 3 }]);
});

Deno.test("Flow.stream(): a reader that neither reads on nor cancels does not keep the process alive", async () => {
  const flow = JSON.stringify(import.meta.resolve("../../../../stages/flow/flow.ts"));
  const code = `import { from } from ${flow};
    const reader = from([1, 2, 3]).stream().getReader();
    console.log((await reader.read()).value);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--config=deno.json", "--ext=ts", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { code: status, stdout } = await beforeDeadline(child.output());
  deepStrictEqual([status, new TextDecoder().decode(stdout)], [0, "1\n"]);
});

Deno.test("stop: a run that is told to stop before it begins takes a checkpoint of its beginning, behind any queues", async () => {
  for (const ahead of [0, 1, 3]) {
    const checkpoints = new MemoryCheckpoints(), out: number[] = [];
    const trainer: Stage<number, number, { step: number }> = {
      name: "trainer",
      takesCheckpoints: true,
      open: (_ctx, saved = { step: 0 }) => saved,
      push: (x, state) => (state.step++, [x]),
    };
    const flow = from(asSource("numbers", () => [1, 2, 3, 4])).via(joints(2)).pipe(trainer, { ahead })
      .pipe(map("out", (x) => out.push(x)));
    deepStrictEqual(await beforeDeadline(flow.run({ checkpoints, stop: AbortSignal.abort() })), {
      stopped: true,
    });
    deepStrictEqual(checkpoints.all.map((snapshots) => snapshots.get("trainer")?.state), [{ step: 0 }]);
    deepStrictEqual(out, []);
    deepStrictEqual(await beforeDeadline(flow.run({ checkpoints })), { stopped: false });
    deepStrictEqual(out, [1, 2, 3, 4]);
  }
});

Deno.test("abort: a run that is aborted while its last checkpoint is written fails with the reason", async () => {
  const abort = new AbortController();
  let commits = 0;
  const checkpoints = {
    latest: () => Promise.resolve(null),
    async commit() {
      await new Promise((resolve) => setTimeout(resolve));
      commits++;
      abort.abort(new Error("enough"));
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
  const flow = from(asSource("numbers", () => [1, 2])).pipe(map("same", (x: number) => x));
  await rejects(beforeDeadline(flow.run({ checkpoints, signal: abort.signal })), /^Error: enough$/);
  deepStrictEqual(commits, 1); // the one at the end
});

Deno.test("a stage that yields without ever waiting lets timers run, as a generator of any kind", async () => {
  for (const kind of ["sync", "async"]) {
    let fired = false, firedInTime = false;
    const until = performance.now() + 20_000;
    const goesOn = (): boolean => {
      firedInTime = fired;
      return !fired && performance.now() < until;
    };
    const stage: Stage<number, number> = {
      name: "restless",
      open: () => null,
      push: kind === "sync"
        ? function* () {
          while (goesOn()) yield 1;
        }
        : async function* () {
          while (goesOn()) yield 1;
        },
    };
    const timer = setTimeout(() => fired = true, 1);
    await beforeDeadline(from(asSource("one", () => [1])).pipe(stage).run());
    clearTimeout(timer);
    deepStrictEqual(firedInTime, true, kind);
  }
});
