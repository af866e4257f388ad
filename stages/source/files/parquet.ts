/**
 * Parquet files as documents, through hyparquet, 1000 rows at a time. Columns of bytes are left out. Source:
 * Apache Parquet format.
 *
 * @module
 */
import type { FileMetaData } from "hyparquet";
import type { Context, Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { EncryptedError, openGroup, readMetadata } from "../../format/parquet/row_group.ts";
import { openRangeReader } from "../../format/packed/range_reader.ts";
import {
  type DamageOptions,
  isDamage,
  noteLostFields,
  skipInput,
  skipInputOnce,
  skipRecord,
} from "./damage.ts";
import { columnsOf, type DocumentColumns } from "./parquet_columns.ts";
import { decimalValue, parsers } from "./parquet_values.ts";
import { documentFromRecord, type RecordKeys, type RecordOptions } from "./record.ts";

const rowsAtOnce = 1000;

/** Position in a Parquet file. */
export interface ParquetState {
  /** Number of rows read so far, which is the index of the next row. */
  row: number;
  /** Set once it has been reported that the file cannot be read. */
  damaged?: true;
  /** Set after the note about the first skipped row; further skipped rows are only counted. */
  noted?: true;
  /** Names of fields that have been noted as left out. */
  lost?: string[];
}

/** Which rows are read, and how damage is handled. */
export interface ParquetFileOptions extends DamageOptions, RecordKeys {
  /**
   * Range [`begin`, `end`) of the rows to read, counted from 0 (default: all rows). It must begin and end at
   * boundaries of row groups.
   */
  readonly rows?: Readonly<{ begin: number; end: number }>;
}

/** A row group, which consists of the rows [`begin`, `end`) of a file, and its compressed size in bytes. */
export type RowGroup = Readonly<{ begin: number; end: number; bytes: number }>;

/** Returns the row groups of a file. Throws the same errors as `parquetFile`. */
export async function parquetRowGroups(path: string): Promise<readonly RowGroup[]> {
  using file = await openRangeReader(path);
  const { row_groups } = await asInvalidData(`${path} as Parquet`, () => readMetadata(file));
  let begin = 0;
  return row_groups.map(({ num_rows, columns }) => {
    const sizes = columns.map(({ meta_data }) => Number(meta_data?.total_compressed_size ?? 0));
    const group = { begin, end: begin + Number(num_rows), bytes: sizes.reduce((sum, size) => sum + size, 0) };
    begin = group.end;
    return group;
  });
}

/**
 * One document per row. Memory holds the columns of one row group. The id is the row's own, or "path:row" if
 * it has none.
 *
 * Throws Deno.errors.InvalidData if the file is not valid Parquet, TypeError if it has no flat column of text
 * or a row has no text. With `damaged: "skip"`, a damaged file or row group is dropped as `damaged`, and a
 * row without text as `no_text`.
 */
export function parquetFile(
  path: string,
  { damaged = "refuse", rows: range = { begin: 0, end: Infinity }, ...keys }: ParquetFileOptions = {},
): Source<Document, ParquetState> {
  const skips = damaged === "skip";
  return {
    name: range.begin === 0 ? path : `${path}#${range.begin}`,
    open: (_ctx, saved = { row: range.begin }) => ({ ...saved }),
    async *read(state, ctx) {
      using file = await openRangeReader(path, ctx.signal);
      let metadata: FileMetaData, columns: DocumentColumns;
      try {
        metadata = await asInvalidData(`${path} as Parquet`, () => readMetadata(file));
        columns = columnsOf(path, { metadata, keys });
      } catch (error) {
        if (!skips || !(isDamage(error) || error instanceof TypeError)) throw error;
        skipInputOnce(state, { ctx, path, error });
        return;
      }
      if (state.row === 0) noteLeftOut(ctx, { path, metadata, columns });
      const reading = { ...keys, onLost: noteLostFields(state, { ctx, path }) };
      let begin = 0;
      for (const [index, group] of metadata.row_groups.entries()) {
        if (begin >= range.end) return;
        const end = begin + Number(group.num_rows);
        try {
          if (state.row < end) {
            const name = `row group ${index + 1} of ${path} (from row ${begin + 1})`;
            const rows = await asInvalidData(name, () => openGroup(file, { ...columns, group, parsers }));
            yield* readGroup(rows, { ctx, path, name, state, end, skips, columns, reading });
          }
        } catch (error) {
          if (!skips || !isDamage(error)) throw error;
          skipInput(ctx, { error, path, id: `${path}:${state.row + 1}` });
          state.row = end;
        }
        begin = end;
      }
    },
  };
}

/** Yields the documents of the rows [`state.row`, `end`) of one row group. */
async function* readGroup(
  group: Awaited<ReturnType<typeof openGroup>>,
  { ctx, path, name, state, end, skips, columns, reading }: {
    readonly ctx: Context;
    readonly path: string;
    readonly name: string;
    readonly state: ParquetState;
    readonly end: number;
    readonly skips: boolean;
    readonly columns: DocumentColumns;
    readonly reading: RecordOptions;
  },
): AsyncGenerator<Document> {
  while (state.row < end) {
    ctx.signal.throwIfAborted();
    const to = Math.min(end, state.row + rowsAtOnce);
    const rows = await asInvalidData(name, () => group.rows(state.row, to));
    if (rows.length !== to - state.row) {
      const found = `expected ${to - state.row} rows from row ${state.row + 1} on, found ${rows.length}`;
      throw invalidData(name, new RangeError(found));
    }
    for (const row of rows) {
      const record: Record<string, unknown> = { ...row };
      for (const [column, scale] of columns.decimals) record[column] = decimalValue(record[column], scale);
      const doc = documentFromRecord(record, { path, unit: "row", number: ++state.row }, reading);
      if (!(doc instanceof TypeError)) yield doc;
      else if (!skips) throw doc;
      else skipRecord(state, { ctx, error: doc, path, id: `${path}:${state.row}`, reason: "no_text" });
    }
  }
}

/** Says which columns documents do not carry along, and how many values that are. */
function noteLeftOut(
  ctx: Context,
  { path, metadata, columns }: {
    readonly path: string;
    readonly metadata: FileMetaData;
    readonly columns: DocumentColumns;
  },
): void {
  if (columns.leftOut.size === 0) return;
  const names = [...columns.leftOut].map(([name, why]) => `${name.slice(0, 40)} (${why})`);
  const shown = names.length > 20 ? [...names.slice(0, 20), `… (${names.length})`] : names;
  const rows = `${metadata.num_rows} row${metadata.num_rows === 1n ? "" : "s"}`;
  ctx.emit({
    type: "note",
    text: `Left out of the ${rows} of ${path}: ${shown.join(", ")}: metadata cannot hold their values`,
  });
}

/** Runs `read`. An error is wrapped in a Deno.errors.InvalidData whose message contains `what`. */
async function asInvalidData<T>(what: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw invalidData(what, cause);
  }
}

function invalidData(what: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint = cause instanceof EncryptedError ? "write it again without encryption" : "fetch the file again";
  return new Deno.errors.InvalidData(`Cannot read ${what}: ${why}: ${hint}`, { cause });
}
