/**
 * Requirements of options: the values of other options without which an option does nothing.
 *
 * @module
 */
import { fileKind } from "../../../stages/source/files/file_source.ts";
import type { OptionRequirement } from "../../cli/pipeline.ts";

/** Requires that the other option is given, as in `typed`: "--hellaswag FILE". */
export function given(option: string, typed: string): OptionRequirement {
  return { option, accepts: (value) => value !== null && value !== undefined, typed };
}

/** Requires that the other option is not given. */
export function notGiven(option: string, typed: string): OptionRequirement {
  return { option, accepts: (value) => value === null || value === undefined, typed };
}

/** Requires that the other option is a number above 0, as in `typed`: "--eval-every N above 0". */
export function above0(option: string, typed: string): OptionRequirement {
  return { option, accepts: (value) => Number(value) > 0, typed };
}

/** Requires that the other option has one of these values, as in `typed`: "--optimizer sgd or muon". */
export function oneOfValues(option: string, values: readonly string[], typed: string): OptionRequirement {
  return { option, accepts: (value) => values.includes(String(value)), typed };
}

/** Makes an exception of the value that asks for what holds anyway, such as 0 of `--eval-every`. */
export function unlessOff(requirement: OptionRequirement, off: unknown): OptionRequirement {
  return {
    ...requirement,
    accepts: (value, given) => given.own === off || requirement.accepts(value, given),
  };
}

/** Requires that --source names files, a URL or standard input: embedded corpora are never damaged. */
export const readsFiles = someSource((uri) => !isEmbedded(uri), "--source of another kind than embedded");

/** Requires that --source may name plain text, which has an encoding and no documents of its own. */
export const readsPlainText = someSource(
  (uri) =>
    !isEmbedded(uri) && uri !== "-" && [undefined, ".txt", ".md", ".csv", ".tsv"].includes(fileKind(uri)),
  "--source of plain text (.txt, .md, .csv)",
);

/** Requires a dataset of the Hugging Face Hub. */
export const readsHub = someSource((uri) => /^hf:/i.test(uri), "--source hf:OWNER/NAME");

/** Requires that --source may name web archives, whose pages have an HTTP status. */
export const readsArchives = someSource(
  (uri) => !isEmbedded(uri) && [undefined, ".warc"].includes(fileKind(uri)),
  "--source of web archives (.warc)",
);

/** Requires that --source may name records, whose fields have names. */
export const readsRecords = someSource(
  (uri) =>
    !isEmbedded(uri) && !["txt", "md", "html", "htm", "warc", "wet"].includes(fileKind(uri)?.slice(1) ?? ""),
  "--source of records (.jsonl, .json, .csv, .parquet, .arrow)",
);

/** Requires a corpus of the program, whose documents come in random order. */
export const readsEmbedded = someSource(isEmbedded, "--source embedded");

/** Requires a source whose order is random: a corpus of the program, or the mix of several sources. */
export const readsInRandomOrder: OptionRequirement = {
  option: "source",
  accepts: (uris, given) => Array.isArray(uris) && uris.length > 1 || readsEmbedded.accepts(uris, given),
  typed: "--source embedded or several sources",
};

function someSource(accepts: (uri: string) => boolean, typed: string): OptionRequirement {
  return {
    option: "source",
    accepts: (uris) => Array.isArray(uris) && uris.some((uri) => accepts(uri.replace(/\*[\d.]+$/, ""))),
    typed,
  };
}

function isEmbedded(uri: string): boolean {
  return /^embedded(:|\*|$)/.test(uri);
}

/** Requires that one of these filters is among --stages; null there stands for all filters. */
export function someFilter(...names: readonly string[]): OptionRequirement {
  return {
    option: "stages",
    accepts: (stages) => !Array.isArray(stages) || names.some((name) => stages.includes(name)),
    typed: `${names.join(" or ")} among --stages`,
  };
}
