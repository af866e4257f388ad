/**
 * Parquet files as documents, by hyparquet: only the columns that a document has are read, a stretch of rows at a
 * time. Source: Apache Parquet format.
 *
 * @module
 */
import { type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { openRanges } from "../format/ranges.ts";
import { documentOf } from "./row.ts";

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
}

/**
 * One document a row. Ids are the row's, else path:row. Throws Deno.errors.InvalidData if the file is not sound
 * Parquet, TypeError if it has no column `text`.
 */
export function parquetFile(path: string): Source<Document, ParquetState> {
  return {
    name: path,
    open: (_ctx, saved = { row: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      using file = await openRanges(path, ctx.signal);
      const metadata = await sound(path, () => parquetMetadataAsync(file));
      const columns = columnsOf(path, metadata);
      const count = Number(metadata.num_rows);
      while (state.row < count) {
        ctx.signal.throwIfAborted();
        const rowStart = state.row, rowEnd = Math.min(count, rowStart + rowsAtOnce);
        const rows = await sound(
          path,
          () => parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors }),
        );
        for (const row of rows) yield documentOf(row, { path, unit: "row", number: ++state.row });
      }
    },
  };
}

function columnsOf(path: string, metadata: FileMetaData): string[] {
  const names = metadata.schema.slice(1).map((element) => element.name);
  if (!names.includes("text")) {
    throw new TypeError(
      `${path} has no column "text": its columns are ${names.join(", ")}: rename the one that holds it`,
    );
  }
  return wanted.filter((name) => names.includes(name));
}

async function sound<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Deno.errors.InvalidData(`Cannot read ${path} as Parquet: ${why}: fetch the file again`, {
      cause,
    });
  }
}
