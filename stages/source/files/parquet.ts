/**
 * Parquet files as documents, through hyparquet. Only the columns that documents use are read, 1000 rows at a
 * time.
 * Source: Apache Parquet format.
 *
 * @module
 */
import type { FileMetaData } from "hyparquet";
import type { Context, Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { openGroup, readMetadata } from "../../format/parquet/row_group.ts";
import { openRangeReader } from "../../format/packed/range_reader.ts";
import { type DamageOptions, isDamage, skipInput, skipInputOnce, skipRecord } from "./damage.ts";
import { briefList, documentFromRecord } from "./record.ts";

const documentColumns = [
  "text",
  "id",
  "url",
  "date",
  "dump",
  "file_path",
  "language",
  "language_score",
  "token_count",
];
const rowsAtOnce = 1000;

/** Position in a Parquet file. */
export interface ParquetState {
  /** Number of rows read so far, which is the index of the next row. */
  row: number;
  /** Set once it has been reported that the file cannot be read. */
  damaged?: true;
  /** Set after the note about the first skipped row; further skipped rows are only counted. */
  noted?: true;
}

/** Which rows are read, and how damage is handled. */
export interface ParquetFileOptions extends DamageOptions {
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
 * One document per row. Memory holds the needed columns of one row group. The id is the row's own, or
 * "path:row" if it has none.
 *
 * Throws Deno.errors.InvalidData if the file is not valid Parquet, TypeError if it has no flat column `text`
 * or a row has no text. With `damaged: "skip"`, a damaged file or row group is dropped as `damaged`, and a
 * row without text as `no_text`.
 */
export function parquetFile(
  path: string,
  { damaged = "refuse", rows: range = { begin: 0, end: Infinity } }: ParquetFileOptions = {},
): Source<Document, ParquetState> {
  const skips = damaged === "skip";
  return {
    name: range.begin === 0 ? path : `${path}#${range.begin}`,
    open: (_ctx, saved = { row: range.begin }) => ({ ...saved }),
    async *read(state, ctx) {
      using file = await openRangeReader(path, ctx.signal);
      let metadata: FileMetaData, columns: readonly string[];
      try {
        metadata = await asInvalidData(`${path} as Parquet`, () => readMetadata(file));
        columns = columnsOf(path, metadata);
      } catch (error) {
        if (!skips || !(isDamage(error) || error instanceof TypeError)) throw error;
        skipInputOnce(state, { ctx, path, error });
        return;
      }
      let begin = 0;
      for (const [index, group] of metadata.row_groups.entries()) {
        if (begin >= range.end) return;
        const end = begin + Number(group.num_rows);
        try {
          if (state.row < end) {
            const name = `row group ${index + 1} of ${path} (from row ${begin + 1})`;
            const rows = await asInvalidData(name, () => openGroup(file, { metadata, group, columns }));
            yield* readGroup(rows, { ctx, path, name, state, end, skips });
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
  { ctx, path, name, state, end, skips }: {
    readonly ctx: Context;
    readonly path: string;
    readonly name: string;
    readonly state: ParquetState;
    readonly end: number;
    readonly skips: boolean;
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
      const doc = documentFromRecord(row, { path, unit: "row", number: ++state.row });
      if (!(doc instanceof TypeError)) yield doc;
      else if (!skips) throw doc;
      else skipRecord(state, { ctx, error: doc, path, id: `${path}:${state.row}`, reason: "no_text" });
    }
  }
}

/**
 * Returns the names of the file's columns that documents use. Throws TypeError if the file has no flat column
 * `text`.
 */
function columnsOf(path: string, metadata: FileMetaData): readonly string[] {
  const flat: string[] = [];
  const all: string[] = [];
  for (
    let at = 1, left = metadata.schema[0]?.num_children ?? 0;
    left > 0 && at < metadata.schema.length;
    left--
  ) {
    const { name, num_children, repetition_type } = metadata.schema[at];
    all.push(name);
    if (!num_children && repetition_type !== "REPEATED") flat.push(name);
    for (let inner = 1; inner > 0 && at < metadata.schema.length; inner--) {
      inner += metadata.schema[at++].num_children ?? 0;
    }
  }
  if (!flat.includes("text")) {
    throw new TypeError(
      all.includes("text")
        ? `${path} has lists or structures in column "text": expected strings`
        : `${path} has no column "text": its columns are ${
          briefList(all)
        }: rename the column that holds the text`,
    );
  }
  return documentColumns.filter((name) => flat.includes(name));
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
  return new Deno.errors.InvalidData(`Cannot read ${what}: ${why}: fetch the file again`, { cause });
}
