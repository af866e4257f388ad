import { countOne, mostFrequent, noCounts } from "../../../../stages/filter/survey/frequency_counts.ts";
import { survey } from "../../../../stages/filter/survey/survey.ts";
import type { RunEvent, SurveyEvent } from "../../../../stages/flow/events.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import type { Document } from "../../../../stages/items.ts";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { equal } from "../filter_checks.ts";

const documents: readonly Document[] = [
  { id: "1", text: "", url: "http://www.example.co.uk/a" },
  { id: "2", text: "ab", url: "http://news.example.co.uk/b", language: "en", tokenCount: 2 },
  { id: "3", text: "abc", url: "http://other.org", language: "en", tokenCount: 3 },
  { id: "4", text: "x".repeat(1024), language: "fr" },
  { id: "5", text: "y", url: "http://10.0.0.1/" },
];

async function surveysOf(docs: readonly Document[]): Promise<SurveyEvent[]> {
  const events: RunEvent[] = [];
  await from(asSource("documents", () => docs)).pipe(survey("here")).run({
    onEvent: (event) => events.push(event),
  });
  return events.filter((event) => event.type === "survey");
}

Deno.test("survey() counts lengths by powers of two, languages, registered domains and tokens", async () => {
  equal(await surveysOf(documents), [{
    type: "survey",
    name: "here",
    documents: 5,
    characters: 1030,
    tokens: 5,
    lengths: [2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    languages: { en: 2, fr: 1 },
    domains: { "example.co.uk": 2, "(no domain)": 1, "other.org": 1 },
    domainsMissed: 0,
    withoutUrl: 1,
  }]);
});

Deno.test("survey() reports every 256 documents and at the end, and passes documents unchanged", async () => {
  const many = Array.from({ length: 600 }, (_, i) => documents[i % documents.length]);
  equal((await surveysOf(many)).map((event) => event.documents), [256, 512, 600]);
  await checkStage(() => survey("here"), documents);
});

Deno.test("countOne() keeps frequent values in bounded memory, with counts that are too small by at most `missed`", () => {
  let seed = 3;
  const random = (below: number) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % below;
  const found = noCounts();
  const truth = new Map<string, number>();
  const total = 20_000;
  for (let i = 0; i < total; i++) {
    const kind = random(3) === 0 ? `often ${random(5)}` : `seldom ${random(5000)}`;
    truth.set(kind, (truth.get(kind) ?? 0) + 1);
    countOne(found, { kind, maxKinds: 100 });
    if (found.kinds > 100) throw new Error(`${found.kinds} kinds`);
  }
  equal(found.kinds, Object.keys(found.counts).length);
  if (found.missed > total / 90) throw new Error(`Counts may be too small by ${found.missed}`);
  for (const [kind, count] of truth) {
    const counted = found.counts[kind] ?? 0;
    if (counted > count || counted < count - found.missed) {
      throw new Error(`${kind}: counted ${counted}, but there are ${count}`);
    }
  }
  equal(Object.keys(mostFrequent(found, 5)).every((kind) => kind.startsWith("often")), true);
});

Deno.test("survey() reports all documents that passed if a later stage ends the flow", async () => {
  const reported: number[] = [];
  await from(asSource("texts", () => Array.from({ length: 900 }, (_, i) => ({ id: `${i}`, text: "x" }))))
    .pipe(survey("seen"))
    .pipe({
      name: "enough",
      open: () => ({ left: 300 }),
      push: (_, state) => (state.left--, []),
      done: ({ left }) => left === 0,
    })
    .run({ onEvent: (event) => event.type === "survey" && reported.push(event.documents) });
  equal(reported, [256, 300]);
});

Deno.test("survey() counts the length of the HTML of a page that is not yet extracted", async () => {
  const [seen] = await surveysOf([{ id: "page", text: "", html: "<p>four</p>" }]);
  equal([seen.characters, seen.lengths], [11, [0, 0, 0, 1]]);
});

Deno.test("survey() reports once if there are no documents", async () => {
  equal((await surveysOf([])).map(({ documents, lengths }) => ({ documents, lengths })), [
    { documents: 0, lengths: [] },
  ]);
});

Deno.test("mostFrequent() sorts by count, then by name", () => {
  const counts = { b: 2, a: 2, d: 7, c: 1, e: 2 };
  equal(Object.entries(mostFrequent({ counts, kinds: 5, missed: 0 }, 4)), [["d", 7], ["a", 2], ["b", 2], [
    "e",
    2,
  ]]);
});
