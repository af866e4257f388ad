/**
 * Block lists and word rules for URLs. Source: FineWeb's recipe (after RefinedWeb, arXiv 2306.01116, section
 * G.1); rules and their order as in datatrove.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { withDefaults } from "../recipe.ts";
import { siteOf } from "./site.ts";
import { emptyUrlLists, lettersAndDigits, readUrlLists, type UrlLists } from "./url_lists.ts";

/** Which URLs are blocked. */
export interface UrlOptions {
  /** Folders and files with block lists, see `readUrlLists` (default: none, so that all documents pass). */
  readonly lists?: readonly string[];
  /** Additional entries for the lists. */
  readonly extra?: Partial<Readonly<Record<keyof UrlLists, readonly string[]>>>;
  /** Number of distinct soft words in a URL that block it (default 2). */
  readonly softWordThreshold?: number;
}

/** Defaults of `url`. */
export const urlDefaults: Required<UrlOptions> = { lists: [], extra: {}, softWordThreshold: 2 };

/** State of the stage; a checkpoint holds only `told`. */
export interface UrlState {
  /** Block lists, read when the stage opens. */
  readonly lists: UrlLists;
  /** Distinct lengths of the subwords. */
  readonly lengths: readonly number[];
  /** Whether the note that all lists are empty has been emitted. */
  told: boolean;
}

/**
 * Drops documents by their URL. The reason is the first rule that applies: `domain`, `subdomain`, `url`,
 * `hard_blacklisted`, `soft_blacklisted`, `blacklisted_subword`. The words of a URL are its runs of letters
 * and digits. They are compared case-sensitively, as in the published filter, so a word with capitals is not
 * blocked. A document without a URL passes.
 */
export function url(options: UrlOptions = {}): Stage<Document, Document, UrlState> {
  const { lists: paths, extra, softWordThreshold } = withDefaults(options, urlDefaults);
  return stage<Document, Document, UrlState>({
    name: "url",
    async open(_ctx, saved) {
      const lists = paths.length === 0 ? emptyUrlLists() : await readUrlLists(paths);
      for (const domain of extra.domains ?? []) lists.domains.add(domain.toLowerCase());
      for (const address of extra.urls ?? []) lists.urls.add(address);
      for (const kind of ["words", "softWords", "subwords"] as const) {
        for (const word of extra[kind] ?? []) {
          if (lettersAndDigits(word) !== "") lists[kind].add(lettersAndDigits(word));
        }
      }
      const lengths = [...new Set([...lists.subwords].map((word) => word.length))];
      return { lists, lengths, told: saved?.told ?? false };
    },
    push(doc, state, ctx) {
      if (doc.url === undefined || doc.url === "") return [doc];
      const { lists } = state;
      if (!state.told && Object.values(lists).every((list: Set<string>) => list.size === 0)) {
        state.told = true;
        ctx.emit({ type: "note", text: "url: nothing is blocked: pass your block lists with --url-list" });
      }
      const reason = blockReason(doc.url, state, softWordThreshold);
      if (reason === null) return [doc];
      ctx.drop(doc, reason);
      return [];
    },
    save: ({ told }) => ({ told }),
  });
}

/** Returns the first rule that blocks a URL, or null if none does. */
function blockReason(url: string, { lists, lengths }: UrlState, softWords: number): string | null {
  const site = lists.domains.size > 0 ? siteOf(url) : null;
  if (site !== null && lists.domains.has(site.domain)) return "domain";
  if (site !== null && lists.domains.has(site.host)) return "subdomain";
  if (lists.urls.has(url)) return "url";
  if (lists.words.size > 0 || lists.softWords.size > 0) {
    const words = [...new Set(url.split(/[^a-zA-Z0-9]+/))];
    if (words.some((word) => lists.words.has(word))) return "hard_blacklisted";
    const soft = words.filter((word) => lists.softWords.has(word)).length;
    if (soft >= softWords) return "soft_blacklisted";
  }
  const plain = lengths.length > 0 ? lettersAndDigits(url) : "";
  for (const length of lengths) {
    for (let i = 0; i + length <= plain.length; i++) {
      if (lists.subwords.has(plain.slice(i, i + length))) return "blacklisted_subword";
    }
  }
  return null;
}
