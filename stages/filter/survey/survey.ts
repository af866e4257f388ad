/**
 * Looks at documents as they pass: how long they are, in which languages, from which domains. One before the filters
 * and one after them show what the filters do to a corpus.
 *
 * @module
 */
import type { SurveyEvent } from "../../flow/events.ts";
import type { Context, Stage } from "../../flow/stage.ts";
import { type Document, textLength } from "../../items.ts";
import { siteOf } from "../url/site.ts";
import { countOne, type FrequencyCounts, mostFrequent, noCounts } from "./frequency_counts.ts";

/** What was seen so far. */
export type SurveyState = {
  /** Documents. */
  documents: number;
  /** UTF-16 units of text, of HTML before its extraction. */
  characters: number;
  /** Tokens, where they were counted. */
  tokens: number;
  /** Documents by the whole part of their length's binary logarithm. */
  lengths: number[];
  /** Documents by language. */
  languages: Record<string, number>;
  /** Documents by registered domain. */
  domains: FrequencyCounts;
  /** Documents without an address. */
  withoutUrl: number;
};

const domainsKept = 2000; // they are saved with each checkpoint: some 50 kB
const domainsTold = 200;
const every = 256; // documents between events

/** What is seen, and who is told. */
interface OpenSurvey {
  readonly seen: SurveyState;
  /** Documents when it was last told. */
  told: number;
  tell(): void;
}

/**
 * Passes documents on as they are and tells of them in "survey" events under its name, also at the end: where what
 * follows has enough, that is no flush.
 */
export function survey(name: string): Stage<Document, Document> {
  return {
    name,
    open: (
      ctx: Context,
      seen: SurveyState = {
        documents: 0,
        characters: 0,
        tokens: 0,
        lengths: [],
        languages: {},
        domains: noCounts(),
        withoutUrl: 0,
      },
    ): OpenSurvey => ({ seen, told: -1, tell: () => ctx.emit(eventOf(name, seen)) }),
    push(doc: Document, survey: OpenSurvey) {
      look(doc, survey.seen);
      if (survey.seen.documents % every === 0) tell(survey);
      return [doc];
    },
    flush(survey: OpenSurvey) {
      tell(survey);
      return [];
    },
    save: ({ seen }: OpenSurvey) => structuredClone(seen),
    close: tell,
  };
}

function tell(survey: OpenSurvey): void {
  if (survey.told === survey.seen.documents) return;
  survey.told = survey.seen.documents;
  survey.tell();
}

function look(doc: Document, state: SurveyState): void {
  const { url, language, tokenCount } = doc, length = textLength(doc) ?? 0;
  state.documents++;
  state.characters += length;
  state.tokens += tokenCount ?? 0;
  const bin = length < 2 ? 0 : 31 - Math.clz32(length);
  while (state.lengths.length <= bin) state.lengths.push(0);
  state.lengths[bin]++;
  if (language !== undefined) state.languages[language] = (state.languages[language] ?? 0) + 1;
  if (url === undefined || url === "") state.withoutUrl++;
  else countOne(state.domains, { kind: siteOf(url)?.domain ?? "(no domain)", most: domainsKept });
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
    domains: mostFrequent(domains, domainsTold),
    domainsMissed: domains.missed,
    withoutUrl,
  };
}
