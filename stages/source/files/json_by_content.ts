/**
 * Files of JSON records whose form their content decides: JSON lines are also called .json, and JSON lines
 * that are one array are also called .jsonl.
 *
 * @module
 */
import { readUnpacked } from "../../format/packed/packed_file.ts";
import { UTF8 } from "../../format/text/encodings.ts";
import { lines } from "../../format/text/lines.ts";
import { parseRecord } from "../../format/text/parse_record.ts";
import { isRemote } from "../../format/web/remote.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { isDamage } from "./damage.ts";
import { jsonFile, jsonlFile, type JsonlFileOptions, type JsonlState, type JsonState } from "./json_files.ts";

/**
 * Returns the documents of a file of JSON lines (`jsonlFile`) or of one JSON value (`jsonFile`). `otherwise`
 * is what the file's name says, which decides if its content cannot.
 */
export function jsonByContent(
  path: string,
  { otherwise, ...options }: JsonlFileOptions & { readonly otherwise: JsonForm },
): Source<Document, JsonlState | JsonState> {
  const asLines: Source<Document, any> = jsonlFile(path, options),
    asValue: Source<Document, any> = jsonFile(path, options);
  let chosen = asLines;
  return {
    name: asLines.name,
    async open(ctx, saved) {
      const form = await jsonFormOf(path, { otherwise, signal: ctx.signal, records: options.records });
      chosen = form === "lines" ? asLines : asValue;
      return await chosen.open(ctx, saved);
    },
    read: (state, ctx) => chosen.read(state, ctx),
  };
}

/** The form of a file of JSON records. */
type JsonForm = "lines" | "value";

/**
 * Tells JSON lines from one JSON value by the first line that is not blank: lines, if it is a whole object
 * (or a whole list, where records may be lists) and another line follows; a value, if it begins an array, or
 * an object that it does not end. Otherwise, if the file cannot be read, and for JSON lines on a server,
 * which it would cost a request: `otherwise`.
 */
export async function jsonFormOf(
  path: string,
  { otherwise, signal, records = false }: {
    readonly otherwise: JsonForm;
    readonly signal?: AbortSignal;
    /** Whether a record may be a list: see `RecordKeys`. */
    readonly records?: boolean | undefined;
  },
): Promise<JsonForm> {
  if (otherwise === "lines" && isRemote(path)) return otherwise;
  let isObject = false;
  try {
    for await (
      const { bytes, complete } of lines(readUnpacked(path, signal === undefined ? {} : { signal }))
    ) {
      const text = utf8.decode(bytes).trim();
      if (text === "") continue;
      if (isObject) return "lines";
      if (text.startsWith("[") && !(records && complete && isJson(text))) return "value";
      if (!/^[{[]/.test(text) || !complete) return otherwise;
      if (!isJson(text)) return /[{,[]$/.test(text) ? "value" : otherwise;
      isObject = true;
    }
  } catch (error) {
    if (!isDamage(error)) throw error; // whoever reads the records reports the damage
  }
  return otherwise;
}

const utf8 = new TextDecoder(UTF8); // drops a byte order mark

function isJson(text: string): boolean {
  try {
    parseRecord(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
