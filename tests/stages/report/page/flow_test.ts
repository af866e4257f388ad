/** Tests what the page says about stages that wait, and where it draws them. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { layout, sizeFor } from "../../../../stages/report/page/layout.js";
import { StageRates } from "../../../../stages/report/page/rates.js";

const graph = [
  { name: "source", after: null },
  { name: "filter", after: "source" },
  { name: "encode", after: "filter" },
  { name: "train", after: "encode", ahead: 4 },
  { name: "evaluate", after: "train" },
];

/** Rates of two seconds; `busy`, `blocked` and `full` are seconds of each stage. */
function ratesOf(seconds: Record<string, { busy?: number; blocked?: number; full?: number; out?: number }>) {
  const rates = new StageRates();
  for (const at of [0, 1]) {
    for (const { name, ahead } of graph) {
      const { busy = 0, blocked = 0, full = 0, out = 0 } = seconds[name] ?? {};
      rates.take({
        type: "stage",
        name,
        in: at * out,
        out: at * out,
        dropped: {},
        busy: at * busy,
        blocked: at * blocked,
        ...(ahead !== undefined && { queued: 1, full: at * full }),
      }, at * 2000);
    }
  }
  return new Map<string, any>(rates.stages(graph, 2000).map((stage: any) => [stage.name, stage]));
}

Deno.test("a stage without items waits for the busiest stage before it", () => {
  const stages = ratesOf({
    source: { busy: 0.1, out: 50 },
    filter: { busy: 1.8, blocked: 0.1, out: 30 },
    encode: { busy: 0.1, blocked: 1.9, out: 30 },
    train: { busy: 0.2, blocked: 1.8, out: 3 },
    evaluate: { blocked: 2 },
  });
  deepStrictEqual([...stages.values()].map(({ waitsFor }) => waitsFor), [
    null,
    null,
    "filter",
    "filter",
    "filter",
  ]);
  strictEqual(stages.get("filter").perSecond, 15);
  strictEqual(stages.get("filter").busy, 0.9);
});

Deno.test("stages before a full queue are held by the busiest stage behind it", () => {
  const stages = ratesOf({
    source: { busy: 0.1 },
    filter: { busy: 0.1, blocked: 0.1 },
    encode: { busy: 0.1, blocked: 0.2 },
    train: { busy: 0.4, full: 1.7 },
    evaluate: { busy: 1.6, blocked: 0.4 },
  });
  deepStrictEqual([...stages.values()].map(({ waits }) => waits), ["room", "room", "room", null, null]);
  deepStrictEqual([...stages.values()].map(({ waitsFor }) => waitsFor).slice(0, 3), [
    "evaluate",
    "evaluate",
    "evaluate",
  ]);
});

Deno.test("rates fall to 0 where nothing comes any more, and are null for a run that is over", () => {
  const rates = new StageRates();
  const event = { type: "stage", name: "a", in: 1, out: 1, dropped: {}, busy: 1, blocked: 3 };
  rates.take({ ...event, out: 0 }, 0);
  rates.take(event, 1000);
  strictEqual((rates.stages(null, 1500)[0] as any).perSecond, 1);
  strictEqual((rates.stages(null, 9000)[0] as any).perSecond, 0);
  const [over] = rates.stages(null, null) as any[];
  deepStrictEqual([over.perSecond, over.busy, over.blocked], [null, 0.25, 0.75]);
});

Deno.test("a stage that is known from the past alone has no rates of now, and nothing waits for it", () => {
  const rates = new StageRates();
  const take = (name: string, busy: number, blocked: number, at: number | null) =>
    rates.take({ type: "stage", name, in: 1, out: 1, dropped: {}, busy, blocked }, at);
  take("source", 13, 0, null);
  take("train", 200, 0, null);
  take("evaluate", 0, 200, null);
  for (const at of [0, 1000, 2000]) {
    take("train", 201 + at / 1000, 0, at);
    take("evaluate", 0, 201 + at / 1000, at);
  }
  const stages = (now: number) => new Map<string, any>(rates.stages(null, now).map((s: any) => [s.name, s]));
  const [soon, later] = [stages(2000), stages(4000)];
  strictEqual(soon.get("source").perSecond, null);
  deepStrictEqual([later.get("source").busy, later.get("source").perSecond], [0, 0]);
  strictEqual(soon.get("evaluate").waitsFor, "train");
  strictEqual(later.get("evaluate").waitsFor, "train");
});

Deno.test("layout() puts branches side by side, folds long chains, and overlaps nothing", () => {
  const chain = Array.from(
    { length: 23 },
    (_, i) => ({ name: `s${i}`, after: i === 0 ? null : `s${i - 1}` }),
  );
  const branches = [
    { name: "source", after: null },
    { name: "left", after: "source" },
    { name: "left 2", after: "left" },
    { name: "right", after: "source" },
    { name: "constructor", after: "right" }, // a name that objects have already
  ];
  for (const stages of [chain, branches, [chain[0]]]) {
    for (const room of [320, 700, 1040]) {
      const size = sizeFor(room), { places, edges, width, height } = layout(stages, { room, size });
      strictEqual(places.size, stages.length);
      strictEqual(edges.length, stages.length - 1);
      ok(width <= room, `${width} of ${room}`);
      const boxes: { x: number; y: number }[] = [...places.values()];
      for (const [i, a] of boxes.entries()) {
        ok(a.x >= 0 && a.y >= 0 && a.x + size.width <= width && a.y + size.height <= height);
        for (const b of boxes.slice(i + 1)) {
          ok(Math.abs(a.x - b.x) >= size.width || Math.abs(a.y - b.y) >= size.height, JSON.stringify([a, b]));
        }
      }
    }
  }
  const { places } = layout(branches, { room: 1040, size: sizeFor(1040) });
  strictEqual(places.get("left").x, places.get("right").x);
});
