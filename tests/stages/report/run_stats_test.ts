import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { runStats, runStatsLines } from "../../../stages/report/run_stats.ts";
import { stageEvent } from "./events.ts";

/** A survey event. */
function surveyEvent(name: string, numbers: Partial<RunEvent & { type: "survey" }>): RunEvent {
  return {
    type: "survey",
    name,
    documents: 0,
    characters: 0,
    tokens: 0,
    lengths: [],
    languages: {},
    domains: {},
    domainsMissed: 0,
    withoutUrl: 0,
    ...numbers,
  };
}

const filters = { recipe: "current", words: "spacy", sentences: "spacy" };
const events: readonly RunEvent[] = [
  { type: "run", pipeline: "fineweb", filters },
  surveyEvent("before filters", { documents: 2 }),
  surveyEvent("before filters", {
    documents: 10,
    characters: 5000,
    lengths: [0, 0, 4, 6],
    domains: { "a.com": 5, "b.com": 3 },
    withoutUrl: 2,
  }),
  stageEvent("language", {
    in: 10,
    out: 6,
    dropped: { language_fr: 2, language_score_en: 1, language_score_fr: 1 },
  }),
  surveyEvent("after filters", {
    documents: 6,
    characters: 3000,
    tokens: 700,
    lengths: [0, 0, 1, 5],
    languages: { en: 6 },
    domains: { "a.com": 5 },
  }),
];

Deno.test("runStats() takes the filter rules, and compares documents before and after the filters", () => {
  const { filters: rules, documents } = runStats(events);
  deepStrictEqual(rules, filters);
  deepStrictEqual(documents, {
    before: { documents: 10, characters: 5000, tokens: 0, withoutUrl: 2 },
    after: { documents: 6, characters: 3000, tokens: 700, withoutUrl: 0 },
    lengths: [{ from: 4, to: 8, before: 4, after: 1 }, { from: 8, to: 16, before: 6, after: 5 }],
    languages: [
      { language: "en", kept: 6, unwanted: 0, unsure: 1 },
      { language: "fr", kept: 0, unwanted: 2, unsure: 1 },
    ],
    domains: [{ domain: "a.com", before: 5, after: 5 }, { domain: "b.com", before: 3, after: 0 }],
    domainsMissed: 0,
  });
});

Deno.test("runStats() gives null, not 0, for a domain that may be missing from an incomplete list", () => {
  const domains = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`d${i}.com`, 300 - i]));
  const { documents } = runStats([
    surveyEvent("before filters", { documents: 1, domains: { "x.com": 1 } }),
    surveyEvent("after filters", { documents: 1, domains }),
  ]);
  deepStrictEqual(documents?.domains, [{ domain: "x.com", before: 1, after: null }]);
});

Deno.test("runStats() of a run without documents has only stages", () => {
  deepStrictEqual(runStats([{ type: "run", pipeline: "train" }]), { stages: [] });
  deepStrictEqual(runStatsLines({ stages: [] }), []);
});

Deno.test("runStatsLines() sums up the documents, and names the stages that dropped most", () => {
  deepStrictEqual(runStatsLines(runStats(events)), [
    "Kept 6 of 10 documents, 3,000 of 5,000 characters, 700 tokens",
    "Dropped by language 4",
  ]);
  const many = ["a", "b", "c", "d", "e", "f", "g"].map((name, i) =>
    stageEvent(name, { in: 9, out: 8 - i, dropped: { short: i, long: 1 } })
  );
  strictEqual(
    runStatsLines(runStats([...events, ...many]))[1],
    "Dropped by g 7, f 6, e 5, language 4, d 4, 3 more stages",
  );
});
