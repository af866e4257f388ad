/**
 * Looks at documents as they pass: how long they are, in which languages, from which domains. One before the filters
 * and one after them show what the filters do to a corpus.
 *
 * @module
 */
import type { SurveyEvent } from "../flow/events.ts";
import { type Stage, stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { siteOf } from "./domain.ts";
import { type Frequent, frequent, note, top } from "./frequent.ts";

/** What was seen so far. */
export interface SurveyState {
  /** Documents. */
  documents: number;
  /** UTF-16 units of text. */
  characters: number;
  /** Tokens, where they were counted. */
  tokens: number;
  /** Documents by the whole part of their length's binary logarithm. */
  lengths: number[];
  /** Documents by language. */
  languages: Record<string, number>;
  /** Documents by registered domain. */
  domains: Frequent;
  /** Documents without an address. */
  withoutUrl: number;
}

const domainsKept = 2000; // they are saved with each checkpoint: some 50 kB
const domainsTold = 200;
const every = 256; // documents between events

/** Passes documents on as they are and tells of them in "survey" events under its name, also at the end. */
export function survey(name: string): Stage<Document, Document, SurveyState> {
  return stage<Document, Document, SurveyState>({
    name,
    open: (
      _ctx,
      saved = {
        documents: 0,
        characters: 0,
        tokens: 0,
        lengths: [],
        languages: {},
        domains: frequent(),
        withoutUrl: 0,
      },
    ) => saved,
    push(doc, state, ctx) {
      look(doc, state);
      if (state.documents % every === 0) ctx.emit(eventOf(name, state));
      return [doc];
    },
    flush(state, ctx) {
      ctx.emit(eventOf(name, state));
      return [];
    },
  });
}

function look({ text, url, language, tokenCount }: Document, state: SurveyState): void {
  state.documents++;
  state.characters += text.length;
  state.tokens += tokenCount ?? 0;
  const bin = text.length < 2 ? 0 : 31 - Math.clz32(text.length);
  while (state.lengths.length <= bin) state.lengths.push(0);
  state.lengths[bin]++;
  if (language !== undefined) state.languages[language] = (state.languages[language] ?? 0) + 1;
  if (url === undefined || url === "") state.withoutUrl++;
  else note(state.domains, { kind: siteOf(url)?.domain ?? "(no domain)", most: domainsKept });
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
    domains: top(domains, domainsTold),
    domainsMissed: domains.missed,
    withoutUrl,
  };
}
