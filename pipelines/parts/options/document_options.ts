/**
 * Options for documents: where they come from, how they are filtered, and how they are written.
 *
 * @module
 */
import { finewebFilters } from "../../../stages/filter/fineweb_group.ts";
import { sentenceSplitterNames, wordSplitterNames } from "../../../stages/filter/words/words.ts";
import { checkEncoding } from "../../../stages/format/text/encodings.ts";
import { filterList } from "./filter_list.ts";
import {
  oneOfValues,
  readsArchives,
  readsFiles,
  readsHub,
  readsPlainText,
  readsRecords,
  someFilter,
} from "./requirements.ts";
import type { Values } from "../../cli/pipeline.ts";
import { duration, integer, oneOf, path, repeatedPaths, text } from "../../cli/option_types.ts";

const fixed = true;
const data = { fixed, group: "Data" };
const filters = { fixed, group: "Filters" };
const processes = { group: "Several processes" };
/** Filters that split text into words. */
const onWords = ["gopher-repetition", "gopher-quality", "fineweb-quality", "minhash"];
const written = { fixed, group: "Written documents" };

/** Options for the source of documents. */
export const sourceOptions = {
  source: repeatedPaths(
    "embedded[:NAME], a path, folder or glob of .txt .md .jsonl .json .csv .tsv .parquet .arrow .warc .wet .html (also packed: .gz, .zst, .bz2, .xz, .lz4), an https URL, hf:OWNER/NAME[@REVISION][/PATH], s3://BUCKET/KEY, or - for JSON lines on standard input; may be repeated; several are mixed by size, or by weight as URI*WEIGHT",
    { value: ["embedded"], placeholder: "URI", takesAddress: true, ...data },
  ),
  damaged: oneOf(
    "truncated or corrupt input: refuse stops with an error; skip keeps what can be read and counts the rest",
    { value: "refuse", choices: ["refuse", "skip"], ...data, requires: readsFiles },
  ),
  encoding: {
    ...text(
      "encoding of plain text (.txt, .md, .csv) without a byte order mark: utf-8, latin1, windows-1252, utf-16le, shift_jis, gb18030 …",
      { value: "utf-8", placeholder: "NAME", ...data, requires: readsPlainText },
    ),
    parse: checkEncoding,
  },
  split: oneOf(
    "what a document of plain text is: paragraphs: a short file, or some paragraphs of a long one; lines: each line",
    { value: "paragraphs", choices: ["paragraphs", "lines"], ...data, requires: readsPlainText },
  ),
  textKey: text("field or column of a record that holds the text; default: text, or else content", {
    value: null,
    placeholder: "NAME",
    ...data,
    requires: readsRecords,
  }),
  idKey: text("field or column of a record that holds the id; default: id, or else the record's position", {
    value: null,
    placeholder: "NAME",
    ...data,
    requires: readsRecords,
  }),
  httpErrors: oneOf(
    "pages of a web archive whose HTTP status is not 2xx, such as Not Found: drop counts them",
    { value: "drop", choices: ["drop", "keep"], ...data, requires: readsArchives },
  ),
  hubToken: path("file with an access token of the Hugging Face Hub; default: the Hub's own token file", {
    value: null,
    placeholder: "FILE",
    ...data,
    fixed: false,
    requires: readsHub,
  }),
};

/** Values of the options that say how sources are read. */
type ReadingValues = Pick<
  Values<typeof sourceOptions>,
  "damaged" | "encoding" | "split" | "textKey" | "idKey" | "httpErrors" | "hubToken"
>;

/** How sources are read, as the options ask for it. */
export function readingOf(o: ReadingValues): ReadingValues {
  const { damaged, encoding, split, textKey, idKey, httpErrors, hubToken } = o;
  return { damaged, encoding, split, textKey, idKey, httpErrors, hubToken };
}

/** How sources are read of which the text alone is used. */
export function textOnly(o: ReadingValues): ReadingValues & { readonly metadata: false } {
  return { ...readingOf(o), metadata: false };
}

/** Options for FineWeb's filters. */
export const filterOptions = {
  stages: filterList(
    `filters that documents pass, in this order: some of ${
      finewebFilters.join(", ")
    }, your own such as ./my_filter.ts; or none; default: all`,
    { value: null, ...filters },
  ),
  recipe: oneOf("generation of FineWeb's rules", {
    value: "release",
    choices: ["release", "current"],
    ...filters,
    requires: someFilter("language", ...onWords, "c4", "pii"),
  }),
  words: oneOf("how text is split into words; default: treebank for --recipe release, spacy for current", {
    value: null,
    choices: wordSplitterNames,
    ...filters,
    requires: someFilter(...onWords),
  }),
  sentences: oneOf(
    "how text is split into sentences; default: intl for --recipe release, spacy for current",
    { value: null, choices: sentenceSplitterNames, ...filters, requires: someFilter("c4") },
  ),
  urlList: repeatedPaths(
    "block lists for the filter url: a folder with the files domains, urls, banned_words, soft_banned_words and banned_subwords, or one such file; may be repeated; default: nothing is blocked",
    { value: [], placeholder: "DIR|FILE", stored: "files", ...filters, requires: someFilter("url") },
  ),
  countTokenizer: path(
    "tokenizer of the filter count: gpt2, p50k, p50k_edit, cl100k, o200k, o200k_harmony, byte or the folder of a trained tokenizer",
    {
      value: "gpt2",
      placeholder: "NAME|PATH",
      stored: "tokenizer",
      ...filters,
      requires: someFilter("count"),
    },
  ),
  extractTimeout: duration("longest time for extracting the text of one page; slower pages are dropped", {
    value: 10,
    ...filters,
    fixed: false,
    requires: someFilter("extract"),
  }),
  extractFavor: oneOf(
    "which mistake extraction avoids where it is in doubt about a part of a page: precision leaves it out, recall keeps it",
    {
      value: "balanced",
      choices: ["balanced", "precision", "recall"],
      ...filters,
      requires: someFilter("extract"),
    },
  ),
  extractComments: oneOf("comments of a page's readers", {
    value: "drop",
    choices: ["drop", "keep"],
    ...filters,
    requires: someFilter("extract"),
  }),
  extractMarkup: oneOf("how headings, lists, tables and code of a page are written", {
    value: "text",
    choices: ["text", "markdown"],
    ...filters,
    requires: someFilter("extract"),
  }),
  minhash: oneOf(
    "which near-duplicate to keep: first keeps the first while streaming; cluster keeps one per cluster after all documents have been read, as FineWeb does",
    { value: "first", choices: ["first", "cluster"], ...filters, requires: someFilter("minhash") },
  ),
  minhashRecords: oneOf(
    "what cluster stores of a document in each of 14 buckets: full: 68 bytes, as datatrove; short: 12 bytes, which give the same clusters, but may keep another document of one",
    {
      value: "full",
      choices: ["full", "short"],
      ...filters,
      requires: [someFilter("minhash"), oneOfValues("minhash", ["cluster"], "--minhash cluster")],
    },
  ),
  minhashMemory: integer("memory for near-duplicate detection", {
    value: 512,
    min: 1,
    unit: "MiB",
    ...filters,
    fixed: false,
    requires: someFilter("minhash"),
  }),
};

/** Options for several processes (ranks) that share the work. */
export const rankOptions = {
  rank: integer("number of this process, from 0 to --world - 1", {
    value: null,
    min: 0,
    placeholder: "R",
    ...processes,
  }),
  world: integer("number of processes that write into one folder; --only dedup then merges their documents", {
    value: null,
    min: 1,
    max: 99_999,
    fixed,
    ...processes,
  }),
  only: oneOf(
    "do one step of the work: plan looks into all files and decides how they are divided, which ranks then read; extract stops after text extraction; filter filters, and sets documents aside for deduplication; buckets compares them, which ranks may share; clusters joins them, in one process; dedup drops duplicates and writes the documents: those of a rank after clusters, or without --rank all, with the steps before it; report writes stats.json and report.html of all ranks once they have ended, which in an object store no rank can do",
    {
      value: null,
      choices: ["plan", "extract", "filter", "buckets", "clusters", "dedup", "report"],
      fixed,
      ...processes,
    },
  ),
  partBytes: integer("largest part of a file; larger files are divided among the processes", {
    value: 1 << 24,
    min: 1,
    unit: "bytes",
    fixed,
    ...processes,
  }),
};

/** Options for written documents. */
export const documentOptions = {
  dump: text("name of the crawl for documents that do not name one", {
    value: null,
    placeholder: "NAME",
    ...written,
  }),
  format: oneOf("file format", { value: "jsonl", choices: ["jsonl", "parquet"], ...written }),
};
