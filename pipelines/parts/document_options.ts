/**
 * Groups of options for documents: where they come from, and which stay.
 *
 * @module
 */
import { finewebFilters } from "../../stages/filter/fineweb_group.ts";
import { sentenceSplitterNames, wordSplitterNames } from "../../stages/filter/words/words.ts";
import { duration, integer, list, oneOf, repeated, text } from "../cli/option_types.ts";

const fixed = true;

/** Where documents come from. */
export const sourceOptions = {
  source: repeated(
    "embedded[:NAME], a path or glob of .txt .md .jsonl .json .parquet .warc .wet .html (also .gz, .zst), an https URL, hf:OWNER/NAME[@REVISION][/PATH], or - for JSON lines on standard input; may be repeated",
    { value: ["embedded"], fixed, group: "Source", placeholder: "URI" },
  ),
  damaged: oneOf(
    "input that is cut short, broken or no document: refuse: end with an error; skip: use what is sound, and count and note what is not",
    { value: "refuse", fixed, group: "Source", choices: ["refuse", "skip"] },
  ),
};

/** Which documents stay, and how they are finished. */
export const filterOptions = {
  stages: list(
    `what documents go through, in this order: some of ${finewebFilters.join(", ")}; none; default: all`,
    {
      value: null,
      fixed,
      group: "Filters",
      choices: finewebFilters,
    },
  ),
  recipe: oneOf("generation of FineWeb's rules", {
    value: "release",
    fixed,
    group: "Filters",
    choices: ["release", "current"],
  }),
  words: oneOf("how text is split into words; default: treebank for --recipe release, spacy for current", {
    value: null,
    fixed,
    group: "Filters",
    choices: wordSplitterNames,
  }),
  sentences: oneOf(
    "how text is split into sentences; default: intl for --recipe release, spacy for current",
    {
      value: null,
      fixed,
      group: "Filters",
      choices: sentenceSplitterNames,
    },
  ),
  urlList: repeated(
    "block lists for the stage url: a folder with domains, urls, banned_words, soft_banned_words, banned_subwords, or one such file; may be repeated; default: nothing is blocked",
    { value: [], fixed, group: "Filters", placeholder: "DIR|FILE" },
  ),
  countTokenizer: text(
    "whose tokens the stage count counts: gpt2, p50k, cl100k, o200k, byte or a trained one's folder",
    {
      value: "gpt2",
      fixed,
      group: "Filters",
      placeholder: "NAME|PATH",
    },
  ),
  extractTimeout: duration("longest time for the text of one page; a page that takes longer is dropped", {
    value: 10,
    group: "Filters",
  }),
  minhash: oneOf(
    "of near-duplicates stays the first that comes, or one of each cluster once all documents are there, as in FineWeb",
    { value: "first", fixed, group: "Filters", choices: ["first", "cluster"] },
  ),
  minhashMemory: integer("MiB of memory for what minhash remembers", {
    value: 512,
    min: 1,
    group: "Filters",
  }),
};

/** Which share of the work this process does, and what it leaves. */
export const rankOptions = {
  rank: integer("of N processes that work into one folder, which this is, from 0", {
    value: null,
    min: 0,
    group: "Sharing",
    placeholder: "R",
  }),
  world: integer(
    "how many processes work into one folder; --only dedup then brings together what they left",
    {
      value: null,
      min: 1,
      max: 99_999,
      fixed,
      group: "Sharing",
    },
  ),
  only: oneOf(
    "extract: stop after extraction; filter: set documents aside before duplicates are looked for; dedup: do that, over what all processes set aside, and write the documents",
    { value: null, fixed, group: "Sharing", choices: ["extract", "filter", "dedup"] },
  ),
  partBytes: integer(
    "larger files are cut into parts of so many bytes, which are dealt out to the processes",
    {
      value: 1 << 24,
      min: 1,
      fixed,
      group: "Sharing",
    },
  ),
};

/** What documents are written as. */
export const documentOptions = {
  dump: text("name of the crawl, for documents that bring none", {
    value: null,
    fixed,
    group: "Documents",
    placeholder: "NAME",
  }),
  format: oneOf("of the documents", {
    value: "jsonl",
    fixed,
    group: "Documents",
    choices: ["jsonl", "parquet"],
  }),
};
