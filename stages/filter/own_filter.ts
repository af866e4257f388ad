/**
 * Filters from users' own files, named in `--stages` by a path: `./my_filter.ts`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { fileError } from "../disk/file_error.ts";
import { loadModule, moduleUrl } from "../disk/module_file.ts";
import { rule, type Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";

/**
 * The path of a filter's file, which contains a slash. `path#0123456789abcdef` also names the file's content
 * by the beginning of its SHA-256, so that a resumed run refuses a changed filter.
 */
export type OwnFilterPath = `${string}/${string}`;

/** A filter that was loaded from a file. */
export interface OwnFilter {
  readonly stage: Stage<Document, Document>;
  /** Whether the file exports a function, which has no memory, so that it may run on several workers. */
  readonly isRule: boolean;
}

const hashDigits = 16; // 64 bits: enough to notice a change

/** Returns whether a word of `--stages` is the path of a filter's file. */
export function isOwnFilter(word: string): word is OwnFilterPath {
  return word.includes("/");
}

/**
 * Returns the name of a filter in events, in the report, and of the folder with the documents that it
 * dropped.
 */
export function ownFilterName(path: OwnFilterPath): string {
  return basename(parts(path).file).replace(/\.[^.]+$/, "");
}

/** Returns the path with the hash of the file's content. Throws RangeError if the file cannot be read. */
export function withHash(path: OwnFilterPath): OwnFilterPath {
  const { file, hash } = parts(path);
  if (hash !== null) return path;
  return `${file}#${hashOf(file)}` as const;
}

/**
 * Loads a filter. Throws RangeError if the file cannot be read or loaded, if its content has changed, or if
 * its default export is no filter.
 */
export async function loadOwnFilter(path: OwnFilterPath): Promise<OwnFilter> {
  const { file, hash } = parts(path);
  const now = hashOf(file);
  if (hash !== null && hash !== now) {
    throw new RangeError(
      `Cannot use the filter ${file}: the file has changed (its SHA-256 began with ${hash}, and now with ${now}): restore it, or start a new run with another --out or --resume never`,
    );
  }
  const { default: exported } = await loadModule(file, { action: "use the filter", hint });
  const name = ownFilterName(path);
  if (isRule(exported)) return { stage: ownRule(name, exported), isRule: true };
  if (isStage(exported)) return { stage: { ...exported, name }, isRule: false };
  throw new RangeError(
    `Cannot use the filter ${file}: ${
      exported === undefined
        ? "it has no default export"
        : "its default export is neither a function nor a stage"
    }: write "export default (document) => …" in it, which returns a reason to drop the document, or undefined`,
  );
}

const hint = "give the path of a file that exports a filter";

function parts(path: OwnFilterPath): { readonly file: OwnFilterPath; readonly hash: string | null } {
  const match = new RegExp(`^(.*/.*)#([0-9a-f]{${hashDigits}})$`, "s").exec(path);
  const file = match?.[1] ?? path;
  return { file: isOwnFilter(file) ? file : path, hash: match?.[2] ?? null };
}

function hashOf(file: OwnFilterPath): string {
  try {
    return createHash("sha256").update(Deno.readFileSync(new URL(moduleUrl(file)))).digest("hex")
      .slice(0, hashDigits);
  } catch (error) {
    throw new RangeError(fileError(error, { action: "use the filter", path: file, hint }).message, {
      cause: error,
    });
  }
}

type Rule = (document: Document) => unknown;

function ownRule(name: string, why: Rule): Stage<Document, Document> {
  return rule(name, (document) => {
    const reason = why(document);
    if (reason === undefined || reason === null) return null;
    if (typeof reason === "string" && reason !== "") return reason;
    throw new TypeError(
      `The filter ${name} returned ${
        Deno.inspect(reason)
      }: expected a reason such as "too short" to drop the document, or undefined to keep it`,
    );
  });
}

function isRule(value: unknown): value is Rule {
  return typeof value === "function";
}

function isStage(value: unknown): value is Stage<Document, Document> {
  return typeof value === "object" && value !== null &&
    "open" in value && typeof value.open === "function" && "push" in value &&
    typeof value.push === "function";
}
