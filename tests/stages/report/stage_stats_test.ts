import { deepStrictEqual, ok } from "node:assert/strict";
import { stageStats, statsLines } from "../../../stages/report/stage_stats.ts";
import { stageEvent } from "./events.ts";

const run = { type: "run", pipeline: "x" } as const;

Deno.test("stageStats() takes the last counts and adds up seconds over resumes", () => {
  const stats = stageStats([
    run,
    stageEvent("source", { out: 100, busy: 1 }),
    stageEvent("rules", { in: 100, out: 60, dropped: { short: 10, long: 30 }, busy: 2, blocked: 1 }),
    run,
    stageEvent("source", { out: 150, busy: 0.5 }),
    stageEvent("rules", { in: 150, out: 100, dropped: { short: 35, long: 15 }, busy: 1.5, blocked: 1 }),
  ]);
  deepStrictEqual(stats, [
    {
      name: "source",
      seen: 0,
      kept: 150,
      dropped: {},
      droppedShare: 0,
      seconds: { busy: 1.5, blocked: 0 },
    },
    {
      name: "rules",
      seen: 150,
      kept: 100,
      dropped: { short: 35, long: 15 },
      droppedShare: 1 / 3,
      seconds: { busy: 3.5, blocked: 2 },
    },
  ]);
  deepStrictEqual(Object.keys(stats[1].dropped), ["short", "long"]); // most frequent first
});

Deno.test("stageStats() of a run without stages is empty", () => {
  deepStrictEqual(stageStats([run]), []);
  deepStrictEqual(statsLines([], 80), []);
});

Deno.test("statsLines() fits the terminal's width", () => {
  const stats = stageStats([
    stageEvent("a stage with a very long name indeed", {
      in: 1e7,
      out: 5e6,
      dropped: { "日本語の理由": 5e6 },
    }),
  ]);
  for (const columns of [40, 80, 120]) {
    for (const line of statsLines(stats, columns)) ok([...line].length <= columns, line);
  }
});

Deno.test("stageStats() and statsLines() show the mean length of kept items if it was measured", () => {
  const lengths = { count: 4, sum: 20, min: 2, max: 8, sumOfSquares: 120 };
  const stats = stageStats([run, stageEvent("rules", { in: 9, out: 4, lengths })]);
  deepStrictEqual(stats[0].lengths, { count: 4, mean: 5, deviation: 2.236, min: 2, max: 8 });
  deepStrictEqual(statsLines(stats, 80).map((line) => line.trim().split(/ +/).slice(0, 4)), [
    ["stage", "seen", "kept", "dropped"],
    ["rules", "9", "4", "5"],
  ]);
});
