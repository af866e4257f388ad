import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { lttb } from "../../../stages/report/lttb.ts";
import { mostSteps, RunDigest } from "../../../stages/report/run_digest.ts";
import { runEvents, stageEvent, stepEvent } from "./events.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";

Deno.test("lttb() keeps all points up to the limit, then the ends and the spikes", () => {
  const x = Array.from({ length: 1000 }, (_, i) => i), y = x.map((i) => i === 637 ? 100 : Math.sin(i / 50));
  for (const count of [1000, 1001]) deepStrictEqual(lttb(x, y, count), x);
  for (const count of [3, 10, 100, 999]) {
    const kept = lttb(x, y, count);
    ok(kept.length <= count && kept.length >= count / 2, `${kept.length} of ${count}`);
    deepStrictEqual([kept[0], kept.at(-1)], [0, 999]);
    ok(kept.includes(637), `${count}`);
    deepStrictEqual(kept, kept.toSorted((a, b) => a - b));
    strictEqual(new Set(kept).size, kept.length);
  }
});

Deno.test("lttb() keeps points equally dense when it is applied again and again", () => {
  let x: number[] = [];
  for (let i = 0; i < 100_000; i++) {
    x.push(i);
    if (x.length === 400) x = lttb(x, x.map((i) => Math.sin(i)), 200).map((at) => x[at]);
  }
  const gaps = x.slice(1).map((at, i) => at - x[i]);
  ok(Math.max(...gaps) <= 2 * 1024, `${Math.max(...gaps)}`);
});

Deno.test("lttb() passes over NaN unless a bucket holds nothing else", () => {
  const x = Array.from({ length: 100 }, (_, i) => i);
  const half = x.map((i) => i % 2 === 0 ? NaN : i);
  ok(lttb(x, half, 20).slice(1, -1).every((i) => i % 2 === 1));
  ok(lttb(x, x.map(() => NaN), 20).length >= 10);
});

Deno.test("RunDigest keeps a million steps in bounded memory with their spikes, their NaN and their end", () => {
  const digest = new RunDigest();
  digest.add({ type: "run", pipeline: "p" });
  for (let step = 0; step < 1_000_000; step++) {
    const event = stepEvent(step);
    if (event.type !== "step") continue;
    digest.add(step === 543_210 ? { ...event, loss: 99 } : step === 77_777 ? { ...event, loss: NaN } : event);
  }
  const steps = digest.events().filter((event) => event.type === "step");
  ok(steps.length <= mostSteps + 101, `${steps.length}`);
  ok(steps.some(({ loss }) => loss === 99));
  ok(steps.some(({ loss }) => Number.isNaN(loss)));
  deepStrictEqual([steps[0].step, steps.at(-1)?.step], [0, 999_999]);
  const gaps = steps.slice(1).map(({ step }, i) => step - steps[i].step);
  ok(Math.max(...gaps) <= 2 * 1024, `${Math.max(...gaps)}`); // two buckets, of which 977 would fit
});

Deno.test("RunDigest counts all steps that were skipped or are not finite, also those that it does not keep", () => {
  const digest = new RunDigest();
  deepStrictEqual(digest.counts, { skipped: 0, lastSkipped: null, unusual: 0, firstUnusual: null });
  for (let step = 0; step < 20_000; step++) {
    const event = stepEvent(step);
    if (event.type !== "step") continue;
    digest.add({
      ...event,
      ...(step % 10 === 3 && { skipped: "spike" }),
      ...(step % 20 === 7 && { loss: NaN }),
      ...(step % 20 === 8 && { gradNorm: Infinity }),
    });
  }
  deepStrictEqual(digest.counts, { skipped: 2000, lastSkipped: 19_993, unusual: 2000, firstUnusual: 7 });
});

Deno.test("RunDigest keeps the last counts of each session, and a bounded number of samples", () => {
  const events: RunEvent[] = [];
  for (const out of [10, 20]) {
    events.push({ type: "run", pipeline: "p" });
    for (let i = 1; i <= out; i++) events.push(stageEvent("source", { out: i, busy: i }));
  }
  for (let step = 0; step < 5000; step++) events.push({ type: "sample", step, text: "t" });
  const kept = RunDigest.of(events).events();
  deepStrictEqual(
    kept.filter((event) => event.type === "stage").map(({ out }) => out),
    [10, 20],
  );
  const samples = kept.filter((event) => event.type === "sample");
  ok(samples.length < 400 && samples.length >= 200, `${samples.length}`);
  deepStrictEqual([samples[0].step, samples.at(-1)?.step], [0, 4999]);
  const distances = new Set(samples.slice(1, -1).map((sample, i) => sample.step - samples[i].step));
  deepStrictEqual([...distances], [16]); // equally dense at the beginning and at the end
  const few = runEvents(40);
  strictEqual(RunDigest.of(few).events().length, few.length);
});
