/** Tests the graph of a flow and what stage events say about items that wait. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import type { GraphStage, RunEvent, StageEvent } from "../../../../stages/flow/events.ts";
import { type Flow, from, type Reject } from "../../../../stages/flow/flow.ts";
import { parallel } from "../../../../stages/flow/parallel/parallel.ts";
import { map, rule, type Stage } from "../../../../stages/flow/stage.ts";
import { beforeDeadline } from "../../../deadline.ts";

const numbers = (count: number) => asSource("numbers", () => Array.from({ length: count }, (_, i) => i));

async function eventsOf(flow: Flow<unknown>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  await beforeDeadline(flow.run({ onEvent: (event) => void events.push(event) }));
  return events;
}

function graphIn(events: readonly RunEvent[]): readonly GraphStage[] {
  const graphs = events.filter((event) => event.type === "graph");
  strictEqual(graphs.length, 1);
  strictEqual(events[0], graphs[0]); // readers know the graph before the first counts
  return graphs[0].stages;
}

Deno.test("a run's graph has its branches and queues, but no sinks for dropped items", async () => {
  const sink: Stage<Reject, never> = { name: "removed", open: () => null, push: () => [] };
  const flow = from(numbers(4))
    .pipe(rule<number>("even", (x) => x % 2 === 0 ? null : "odd"), { rejects: sink })
    .tee((branch) =>
      branch.pipe(map("first", (x: number) => x), { ahead: 2 })
        .tee((inner) => inner.pipe(map("inner", () => 0)))
        .pipe(map("second", () => 0))
    )
    .pipe(map("trunk", (x: number) => x), { ahead: 3 });
  deepStrictEqual(graphIn(await eventsOf(flow)), [
    { name: "numbers", after: null },
    { name: "even", after: "numbers" },
    { name: "first", after: "even", ahead: 2 },
    { name: "inner", after: "first" },
    { name: "second", after: "first" },
    { name: "trunk", after: "even", ahead: 3 },
  ]);
});

Deno.test("a run's graph names the stages of a parallel group, and its workers at the first", async () => {
  const module = new URL("../parallel/letters_group.ts", import.meta.url).href;
  const letters = asSource(
    "letters in",
    () => Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, value: i })),
  );
  for (const workers of [0, 2]) {
    const group = parallel({ module, group: "letters", options: {} }, { workers });
    const events = await eventsOf(from(letters).pipe(group).pipe(map("last", (x) => x)));
    const stages = graphIn(events);
    const first = { name: stages[1].name, after: "letters in" };
    deepStrictEqual(stages[1], workers === 0 ? first : { ...first, workers });
    stages.slice(1).forEach(({ after }, i) => strictEqual(after, stages[i].name));
    strictEqual(stages.at(-1)?.name, "last");
    const held = events.filter((event) => event.type === "stage" && event.inFlight !== undefined);
    strictEqual(held.length > 0, workers > 0);
  }
});

Deno.test("stage events say how full a queue is, and who waits for whom while an item takes long", async () => {
  let release = () => {};
  const slow = new Promise<void>((resolve) => release = resolve);
  const seen: StageEvent[] = [];
  const done = from(numbers(9)).pipe(map("quick", (x: number) => x))
    .pipe(map("slow", () => slow), { ahead: 4 })
    .run({
      onEvent(event) {
        if (event.type === "stage") seen.push(event);
        if (event.type === "stage" && event.name === "slow" && (event.full ?? 0) > 0.5) release();
      },
    });
  await beforeDeadline(done);
  const waiting = seen.find(({ name, full = 0 }) => name === "slow" && full > 0.5);
  ok(waiting !== undefined);
  deepStrictEqual([waiting.in, waiting.out, waiting.queued], [1, 0, 4]);
  ok(waiting.busy > 0.5, `${waiting.busy}`); // the item that is not finished counts as work
  const last = seen.findLast(({ name }) => name === "slow");
  deepStrictEqual([last?.out, last?.queued], [9, 0]);
});

Deno.test("a stage that waits for its first item is reported", async () => {
  let release = () => {};
  const slow = new Promise<number>((resolve) => release = () => resolve(1));
  const seen: StageEvent[] = [];
  const done = from(numbers(1)).pipe(map("slow", () => slow))
    .pipe(map("starved", (x) => x), { ahead: 2 })
    .run({
      onEvent(event) {
        if (event.type !== "stage") return;
        seen.push(event);
        if (event.name === "starved" && event.blocked > 0.5) release();
      },
    });
  await beforeDeadline(done);
  ok(seen.some(({ name, blocked, in: taken }) => name === "starved" && blocked > 0.5 && taken === 0));
});
