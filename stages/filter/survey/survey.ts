/**
 * Surveys the documents that pass: their lengths, languages and domains. One survey before the filters and
 * one after them show how the filters change a corpus.
 *
 * @module
 */
import type { SurveyEvent } from "../../flow/events.ts";
import type { Context, Stage } from "../../flow/stage.ts";
import { type Document, textLength } from "../../items.ts";
import { siteOf } from "../url/site.ts";
import { countOne, type FrequencyCounts, mostFrequent, noCounts } from "./frequency_counts.ts";

/** Statistics of the documents so far. */
export type SurveyState = {
  /** Number of documents. */
  documents: number;
  /**
   * Total length of the texts in UTF-16 units; for a page that is not yet extracted, the length of its HTML.
   */
  characters: number;
  /** Total number of tokens of the documents whose tokens have been counted. */
  tokens: number;
  /**
   * Histogram of lengths: element `i` is the number of documents with `floor(log2(length)) = i`. Empty
   * documents count in element 0.
   */
  lengths: number[];
  /** Number of documents by language. */
  languages: Record<string, number>;
  /** Number of documents by registered domain. */
  domains: FrequencyCounts;
  /** Number of documents without a URL. */
  withoutUrl: number;
};

const maxDomains = 2000; // 2000 domains take about 50 kB in each checkpoint
const reportedDomains = 200;
const documentsPerEvent = 256;

/** An open survey: its statistics and how they are reported. */
interface OpenSurvey {
  readonly statistics: SurveyState;
  /** Number of documents in the latest event; -1 before the first event. */
  reported: number;
  emit(): void;
}

/**
 * Passes documents unchanged and reports statistics about them in "survey" events with this `name`. The final
 * event is emitted on close and not only on flush, because a flow whose later stages need no more documents
 * is never flushed.
 */
export function survey(name: string): Stage<Document, Document> {
  return {
    name,
    open: (
      ctx: Context,
      statistics: SurveyState = {
        documents: 0,
        characters: 0,
        tokens: 0,
        lengths: [],
        languages: {},
        domains: noCounts(),
        withoutUrl: 0,
      },
    ): OpenSurvey => ({ statistics, reported: -1, emit: () => ctx.emit(eventOf(name, statistics)) }),
    push(doc: Document, survey: OpenSurvey) {
      addDocument(doc, survey.statistics);
      if (survey.statistics.documents % documentsPerEvent === 0) report(survey);
      return [doc];
    },
    flush(survey: OpenSurvey) {
      report(survey);
      return [];
    },
    save: ({ statistics }: OpenSurvey) => structuredClone(statistics),
    close: report,
  };
}

/** Emits an event unless the previous event covered the same documents. */
function report(survey: OpenSurvey): void {
  if (survey.reported === survey.statistics.documents) return;
  survey.reported = survey.statistics.documents;
  survey.emit();
}

function addDocument(doc: Document, state: SurveyState): void {
  const { url, language, tokenCount } = doc, length = textLength(doc) ?? 0;
  state.documents++;
  state.characters += length;
  state.tokens += tokenCount ?? 0;
  const bin = length < 2 ? 0 : 31 - Math.clz32(length);
  while (state.lengths.length <= bin) state.lengths.push(0);
  state.lengths[bin]++;
  if (language !== undefined) state.languages[language] = (state.languages[language] ?? 0) + 1;
  if (url === undefined || url === "") state.withoutUrl++;
  else countOne(state.domains, { kind: siteOf(url)?.domain ?? "(no domain)", maxKinds: maxDomains });
}

function eventOf(name: string, state: SurveyState): SurveyEvent {
  const { documents, characters, tokens, lengths, languages, domains, withoutUrl } = state;
  return {
    type: "survey",
    name,
    documents,
    characters,
    tokens,
    lengths: [...lengths],
    languages: { ...languages },
    domains: mostFrequent(domains, reportedDomains),
    domainsMissed: domains.missed,
    withoutUrl,
  };
}
