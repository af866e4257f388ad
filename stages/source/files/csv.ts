/**
 * Tables as text (.csv, .tsv) as documents. The first record has the names of the columns.
 *
 * @module
 */
import { readUnpacked } from "../../format/packed/packed_file.ts";
import { csvRecords } from "../../format/text/csv.ts";
import { decoded } from "../../format/text/encodings.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, isDamage, skipInputOnce, skipRecord } from "./damage.ts";
import { fileEncoding } from "./file_encoding.ts";
import { briefList, documentFromRecord, type RecordKeys, textKeys } from "./record.ts";
import type { PlainTextOptions } from "./text.ts";

/** Position in a table. */
export interface CsvState {
  /** Number of records read, without the first one. */
  row: number;
  /** Set once it has been reported that the rest of the file cannot be read. */
  damaged?: true;
  /** Set after the note about the first skipped record; further skipped records are only counted. */
  noted?: true;
}

/** How a table is read. */
export interface CsvFileOptions extends DamageOptions, RecordKeys, Pick<PlainTextOptions, "encoding"> {}

/**
 * One document per record. All values are texts. Fields are separated by commas, in a .tsv file and where the
 * first line has tabs or semicolons but no comma, by these. A resumed run reads the file from its beginning,
 * and skips the records that it has read.
 *
 * Throws SyntaxError for a record with another number of fields than the first, and for a quote that is not
 * closed, TypeError if there is no column of text, RangeError for a record longer than 64 Mi characters, and
 * Deno.errors.InvalidData for bytes that are not valid in the encoding. With `damaged: "skip"`, the record is
 * dropped as `bad_record`, or the rest of the file as `damaged`.
 */
export function csvFile(
  path: string,
  { damaged = "refuse", encoding: label, ...keys }: CsvFileOptions = {},
): Source<Document, CsvState> {
  const skips = damaged === "skip";
  return {
    name: path,
    open: (_ctx, saved = { row: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const { signal } = ctx;
      const encoding = await fileEncoding(path, { label, signal });
      const delimiter = /\.tsv(\.\w+)?$/i.test(path) ? "\t" : await delimiterOf(path, { encoding, signal });
      const text = decoded(readUnpacked(path, { signal }), { encoding, name: path });
      let names: readonly string[] | null = null, row = 0;
      try {
        for await (const { fields, line } of csvRecords(text, { name: path, delimiter })) {
          if (names === null) {
            names = fields;
            checkNames(path, { names, keys });
            continue;
          }
          if (row++ < state.row) continue;
          state.row = row;
          const record = fields.length === names.length
            ? Object.fromEntries(names.map((name, i) => [name, fields[i]]))
            : null;
          const doc = record === null
            ? badRecord(path, { line, found: fields.length, expected: names.length })
            : documentFromRecord(record, { path, unit: "row", number: row }, keys);
          if (!(doc instanceof Error)) yield doc;
          else if (!skips) throw doc;
          else {
            const reason = record === null ? "bad_record" : "no_text";
            skipRecord(state, { ctx, error: doc, path, id: `${path}:${row}`, reason });
          }
        }
      } catch (error) {
        if (!skips || !(isDamage(error) || error instanceof TypeError)) throw error;
        skipInputOnce(state, { ctx, path, error });
      }
    },
  };
}

/** The character between the fields of the first line. */
async function delimiterOf(
  path: string,
  { encoding, signal }: { readonly encoding: string; readonly signal: AbortSignal },
): Promise<string> {
  const options = { encoding, name: path, onBad: () => {} }; // whoever reads the records reports bad bytes
  try {
    for await (const text of decoded(readUnpacked(path, { signal }), options)) {
      const [line] = text.trimStart().split("\n", 1);
      return line.includes(",") ? "," : line.includes("\t") ? "\t" : line.includes(";") ? ";" : ",";
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  return ",";
}

function checkNames(
  path: string,
  { names, keys }: { readonly names: readonly string[]; readonly keys: RecordKeys },
): void {
  const wanted = textKeys(keys);
  if (wanted.length === 0 || wanted.some((key) => names.includes(key))) return;
  throw new TypeError(
    `${path} has no column "${wanted[0]}": its first line names ${briefList(names)}: ` +
      `give --text-key with the name of the column that holds the text`,
  );
}

function badRecord(
  path: string,
  { line, found, expected }: { readonly line: number; readonly found: number; readonly expected: number },
): SyntaxError {
  return new SyntaxError(
    `Cannot read the record on line ${line} of ${path}: it has ${found} fields, the first line ${expected}: ` +
      `put fields with commas or line ends into quotes, or leave such records out with --damaged skip`,
  );
}
