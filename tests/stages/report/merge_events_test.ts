import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { GraphStage, RunEvent, StageEvent, SurveyEvent } from "../../../stages/flow/events.ts";
import { joinGraphs, mergeEvents } from "../../../stages/report/merge_events.ts";
import { speedLine } from "../../../stages/report/speed.ts";

const run: RunEvent = { type: "run", pipeline: "fineweb" };

function stage(name: string, seen: number, more: Partial<StageEvent> = {}): StageEvent {
  return { type: "stage", name, in: seen, out: seen, dropped: {}, busy: 1, blocked: 0, ...more };
}

function survey(domains: Record<string, number>): SurveyEvent {
  return {
    type: "survey",
    name: "before filters",
    documents: 4,
    characters: 40,
    tokens: 0,
    lengths: [0, 1, 3],
    languages: { en: 3 },
    domains,
    domainsMissed: 1,
    withoutUrl: 2,
  };
}

Deno.test("mergeEvents() adds up processes, and seconds, but not counts, over the resumes of each", () => {
  const lengths = { count: 3, sum: 30, min: 5, max: 15, sumOfSquares: 350 };
  const first = [run, stage("c4", 5), run, stage("c4", 9, { out: 6, dropped: { a: 3 }, busy: 2, lengths })];
  const second = [run, stage("c4", 4, { out: 2, dropped: { a: 1, b: 1 }, lengths })];
  deepStrictEqual(mergeEvents([first, second, []]), [
    stage("c4", 13, {
      out: 8,
      dropped: { a: 4, b: 1 },
      busy: 4,
      lengths: { count: 6, sum: 60, min: 5, max: 15, sumOfSquares: 700 },
    }),
  ]);
});

Deno.test("mergeEvents() adds up how much a domain's count may be too small", () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`site${i}.org`, 300 - i]));
  const [merged] = mergeEvents([[survey({ "site1.org": 5, "b.org": 1 })], [survey(many)]]);
  ok(merged.type === "survey");
  strictEqual(merged.domains["site1.org"], 304);
  strictEqual(Object.keys(merged.domains).length, 200);
  strictEqual(merged.domainsMissed, 1 + 1 + 101); // 1 per survey; 101, the lowest count in the full list
  deepStrictEqual([merged.documents, merged.lengths, merged.withoutUrl], [8, [0, 2, 6], 4]);
});

Deno.test("joinGraphs() lets the stages of a step follow the last one of the step before", () => {
  const graph = (...stages: GraphStage[]): RunEvent => ({ type: "graph", stages });
  const first = [
    run,
    graph({ name: "old", after: null }),
    run,
    graph({ name: "source", after: null }, { name: "c4", after: "source", workers: 2 }),
  ];
  const last = [run, graph({ name: "documents", after: null }, { name: "minhash", after: "documents" })];
  deepStrictEqual(joinGraphs([first, [run], last]), {
    type: "graph",
    stages: [
      { name: "source", after: null },
      { name: "c4", after: "source", workers: 2 },
      { name: "documents", after: "c4" },
      { name: "minhash", after: "documents" },
    ],
  });
  deepStrictEqual(joinGraphs([first, []]), first[3]);
  strictEqual(joinGraphs([[], [run]]), null);
});

Deno.test("speedLine() shows the throughput of the run and per core", () => {
  strictEqual(
    speedLine({ documents: 80, characters: 1.6e6, seconds: 4, cores: 2 }),
    "Speed:      20.0 documents and 0.40 MB per second on 2 cores; per core 10.0 and 0.20 MB",
  );
  strictEqual(speedLine({ documents: 0, characters: 0, seconds: 1, cores: 1 }), null);
});
