/**
 * Parquet files as documents, by hyparquet: only the columns that a document has are read, a stretch of rows at a
 * time. Source: Apache Parquet format.
 *
 * @module
 */
import type { FileMetaData } from "hyparquet";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { openGroup, readMetadata } from "../../format/parquet/parquet_group.ts";
import { openRanges } from "../../format/packed/ranges.ts";
import { type DamageOptions, isDamage, skipInput, skipInputOnce } from "./damage.ts";
import { briefList, documentFromRecord } from "./record.ts";

const wanted = [
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

/** Rows given so far. */
export interface ParquetState {
  /** The number of the next one, from 0. */
  row: number;
  /** The file could not be read, which was told. */
  damaged?: true;
  /** A row was passed over with a note: others are only counted. */
  noted?: true;
}

/** Which rows are read, and what is done about damage. */
export interface ParquetFileOptions extends DamageOptions {
  /** From row `begin` to before row `end`, counted from 0, of whole row groups (default all). */
  readonly rows?: Readonly<{ begin: number; end: number }>;
}

/** Rows of one row group, with its packed size. */
export type RowGroup = Readonly<{ begin: number; end: number; bytes: number }>;

/** A file's row groups. Throws as `parquetFile`. */
export async function parquetRowGroups(path: string): Promise<readonly RowGroup[]> {
  using file = await openRanges(path);
  const { row_groups } = await sound(`${path} as Parquet`, () => readMetadata(file));
  let begin = 0;
  return row_groups.map(({ num_rows, columns }) => {
    const sizes = columns.map(({ meta_data }) => Number(meta_data?.total_compressed_size ?? 0));
    const group = { begin, end: begin + Number(num_rows), bytes: sizes.reduce((sum, size) => sum + size, 0) };
    begin = group.end;
    return group;
  });
}

/**
 * One document a row; memory for one row group's columns. Ids are the row's, else path:row. Throws
 * Deno.errors.InvalidData if the file is not sound Parquet, TypeError if it has no flat column `text` or a row no text;
 * with `damaged: "skip"` a row group that is not sound is dropped as `damaged`, and so is such a file; a row as `no_text`.
 */
export function parquetFile(
  path: string,
  { damaged = "refuse", rows: wantedRows = { begin: 0, end: Infinity } }: ParquetFileOptions = {},
): Source<Document, ParquetState> {
  const skips = damaged === "skip";
  return {
    name: wantedRows.begin === 0 ? path : `${path}#${wantedRows.begin}`,
    open: (_ctx, saved = { row: wantedRows.begin }) => ({ ...saved }),
    async *read(state, ctx) {
      using file = await openRanges(path, ctx.signal);
      let metadata: FileMetaData, columns: readonly string[];
      try {
        metadata = await sound(`${path} as Parquet`, () => readMetadata(file));
        columns = columnsOf(path, metadata);
      } catch (error) {
        if (!skips || !(isDamage(error) || error instanceof TypeError)) throw error;
        skipInputOnce(state, { ctx, path, error });
        return;
      }
      let begin = 0;
      for (const [number, group] of metadata.row_groups.entries()) {
        if (begin >= wantedRows.end) return;
        const end = begin + Number(group.num_rows);
        const name = `row group ${number + 1} of ${path} (from row ${begin + 1})`;
        try {
          if (state.row < end) {
            const open = await sound(name, () => openGroup(file, { metadata, group, columns }));
            while (state.row < end) {
              ctx.signal.throwIfAborted();
              const to = Math.min(end, state.row + rowsAtOnce);
              const rows = await sound(name, () => open.rows(state.row, to));
              if (rows.length !== to - state.row) {
                throw unsound(name, new RangeError(`${rows.length} of ${to - state.row} rows are there`));
              }
              for (const row of rows) {
                const doc = documentFromRecord(row, { path, unit: "row", number: ++state.row });
                if (!(doc instanceof TypeError)) yield doc;
                else if (!skips) throw doc;
                else {
                  const id = `${path}:${state.row}`;
                  skipInput(ctx, { error: doc, path, id, reason: "no_text", quiet: state.noted === true });
                  state.noted = true;
                }
              }
            }
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
        ? `${path} has lists or structures in column "text": wanted strings`
        : `${path} has no column "text": its columns are ${briefList(all)}: rename the one that holds it`,
    );
  }
  return wanted.filter((name) => flat.includes(name));
}

async function sound<T>(what: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw unsound(what, cause);
  }
}

function unsound(what: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Deno.errors.InvalidData(`Cannot read ${what}: ${why}: fetch the file again`, { cause });
}
