/**
 * Arrow files and streams (.arrow), as `save_to_disk()` of the Hugging Face library `datasets` writes them,
 * as documents, through Flechette. Memory holds one batch of records.
 *
 * @module
 */
import { type DataType, type Field, tableFromIPC, Type } from "@uwdata/flechette";
import { arrowMessages, streamOf } from "../../format/arrow/messages.ts";
import { readUnpacked } from "../../format/packed/packed_file.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, isDamage, noteLostFields, skipInputOnce, skipRecord } from "./damage.ts";
import { decimalValue, isoTime } from "./parquet_values.ts";
import { briefList, documentFromRecord, type RecordKeys, textKeys } from "./record.ts";

/** Position in an Arrow file. */
export interface ArrowState {
  /** Number of records read. */
  row: number;
  /** Set once it has been reported that the rest of the file cannot be read. */
  damaged?: true;
  /** Set after the note about the first skipped record; further skipped records are only counted. */
  noted?: true;
  /** Names of fields that have been noted as left out. */
  lost?: string[];
}

const MAX_DICTIONARIES = 1 << 28; // bytes

/**
 * One document per record. A resumed run reads the file from its beginning and decodes only the batches that
 * it has not read.
 *
 * Throws Deno.errors.InvalidData for a file that is not valid Arrow, that is truncated or has compressed
 * buffers, and TypeError if it has no column of text or a record has no text. With `damaged: "skip"`, the
 * rest of the file is dropped as `damaged`, and a record without text as `no_text`.
 */
export function arrowFile(
  path: string,
  { damaged = "refuse", ...keys }: DamageOptions & RecordKeys = {},
): Source<Document, ArrowState> {
  const skips = damaged === "skip";
  return {
    name: path,
    open: (_ctx, saved = { row: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const reading = { ...keys, onLost: noteLostFields(state, { ctx, path }) };
      try {
        for await (const { begin, rows } of batches(path, { keys, from: state.row, signal: ctx.signal })) {
          while (state.row - begin < rows.length) {
            const record = rows[state.row++ - begin];
            const doc = documentFromRecord(record, { path, unit: "row", number: state.row }, reading);
            if (!(doc instanceof TypeError)) yield doc;
            else if (!skips) throw doc;
            else skipRecord(state, { ctx, error: doc, path, id: `${path}:${state.row}`, reason: "no_text" });
          }
        }
      } catch (error) {
        if (!skips || !(isDamage(error) || error instanceof TypeError)) throw error;
        skipInputOnce(state, { ctx, path, error });
      }
    },
  };
}

/** Yields batches of records, except those that lie before record `from`. */
async function* batches(
  path: string,
  { keys, from, signal }: { readonly keys: RecordKeys; readonly from: number; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly begin: number; readonly rows: readonly unknown[] }> {
  const shared: Uint8Array<ArrayBuffer>[] = []; // the schema and the dictionaries so far
  let begin = 0, size = 0;
  const messages = arrowMessages(readUnpacked(path, { signal }))[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await messages.next().catch((error) => {
      throw isDamage(error) ? invalid(path, error) : error;
    });
    if (done) return;
    const { kind, bytes, count } = value;
    if (kind === "schema" || kind === "dictionary") {
      shared.push(bytes);
      size += bytes.length;
      if (size > MAX_DICTIONARIES) throw invalid(path, new RangeError(`its dictionaries have ${size} bytes`));
      if (kind === "schema") checkColumns(path, { fields: decode(path, [bytes]).schema.fields, keys });
    }
    if (kind !== "records") continue;
    if (begin + count > from) yield { begin, rows: rowsOf(path, { messages: [...shared, bytes], count }) };
    begin += count;
  }
}

function decode(path: string, messages: readonly Uint8Array<ArrayBuffer>[]) {
  try {
    return tableFromIPC(streamOf(messages), { useBigInt: true, useDecimalBigInt: true });
  } catch (error) {
    throw invalid(path, error);
  }
}

function rowsOf(
  path: string,
  { messages, count }: { readonly messages: readonly Uint8Array<ArrayBuffer>[]; readonly count: number },
): readonly unknown[] {
  const table = decode(path, messages), { fields } = table.schema;
  try {
    return Array.from(
      { length: count },
      (_, row) =>
        Object.fromEntries(
          fields.map(({ name, type }, i) => [name, valueOf(table.getChildAt(i).at(row), type)]),
        ),
    );
  } catch (error) {
    throw invalid(path, error);
  }
}

/** A value as metadata can hold it. */
function valueOf(value: any, type: DataType): unknown {
  if (value === null || value === undefined) return null;
  switch (type.typeId) {
    case Type.Dictionary:
      return valueOf(value, type.dictionary);
    case Type.Timestamp:
      return isoTime(BigInt(Math.round(value * 1000)), 6);
    case Type.Date:
      return isoTime(BigInt(Math.round(value)), 3)?.slice(0, "2024-01-02".length) ?? null;
    case Type.Decimal:
      return decimalValue(value, type.scale);
    case Type.Struct:
      return Object.fromEntries(
        type.children.map(({ name, type }: Field) => [name, valueOf(value[name], type)]),
      );
    case Type.List:
    case Type.LargeList:
    case Type.FixedSizeList:
    case Type.ListView:
    case Type.LargeListView:
      return Array.from(value, (item) => valueOf(item, type.children[0].type));
    case Type.Map: {
      const entry = type.children[0].type;
      const inner = "children" in entry ? entry.children[1]?.type ?? entry : entry;
      return Object.fromEntries(
        Array.from(value as [unknown, unknown][], ([key, item]) => [key, valueOf(item, inner)]),
      );
    }
    default:
      return value;
  }
}

function checkColumns(
  path: string,
  { fields, keys }: { readonly fields: readonly Field[]; readonly keys: RecordKeys },
): void {
  const names = fields.map(({ name }) => name), wanted = textKeys(keys);
  if (wanted.length === 0 || wanted.some((key) => names.includes(key))) return;
  throw new TypeError(
    `${path} has no column "${wanted[0]}": its columns are ${briefList(names)}: ` +
      `give --text-key with the name of the column that holds the text`,
  );
}

function invalid(path: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint = why.includes("without compression") ? "" : ": fetch the file again";
  return new Deno.errors.InvalidData(`Cannot read ${path} as Arrow: ${why}${hint}`, { cause });
}
