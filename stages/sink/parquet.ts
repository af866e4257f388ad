/**
 * Writes documents as Parquet files in the schema of `toRow`, such as `<dir>/00000.parquet`. A row group is
 * appended when it is full. The footer is written last, and only then does the file get its final name, so a
 * file with that name is complete. A checkpoint holds the rows that are not in a row group yet, and the
 * entries of the footer.
 *
 * @module
 */
import type { RowGroup } from "hyparquet";
import { ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import type { DocumentFileOptions } from "./documents.ts";
import { GrowingFiles } from "./growing_files.ts";
import { type Row, toRow } from "./row.ts";

/** Position in the files, and rows that are not in a row group yet. */
export interface ParquetSinkState {
  /** Index of the file that is being written. */
  file: number;
  /** Length of that file on disk in bytes. */
  bytes: number;
  /**
   * Metadata of that file's row groups for the footer, each as JSON, with 64-bit integers written as "12n".
   */
  groups: string[];
  /** Rows that will form the next row group. */
  held: Row[];
  /** Number of characters in `held`. */
  heldLength: number;
}

const GROUP_ROWS = 1000; // as in FineWeb's files
// limits the size of a checkpoint, which holds the rows of the unfinished row group
const GROUP_CHARACTERS = 1 << 22;

const columns = [
  { name: "text", type: "STRING" },
  { name: "id", type: "STRING" },
  { name: "dump", type: "STRING" },
  { name: "url", type: "STRING" },
  { name: "date", type: "STRING" },
  { name: "file_path", type: "STRING" },
  { name: "language", type: "STRING" },
  { name: "language_score", type: "DOUBLE" },
  { name: "token_count", type: "INT64" },
  { name: "metadata", type: "STRING" },
] as const;

/**
 * Returns a sink that writes documents as Parquet.
 *
 * @example
 * ```ts
 * import { from, openSource, writeParquet } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * await from([{ id: "1", text: "We the People" }]).pipe(writeParquet({ dir })).run();
 * const again = from(await openSource([`${dir}/00000.parquet`]));
 * console.log((await Array.fromAsync(again.stream())).map(({ text }) => text)); // [ "We the People" ]
 * ```
 */
export function writeParquet(
  { dir, name = "write", fileBytes = 256 * 2 ** 20, rank = null }: DocumentFileOptions,
): Stage<Document, never, ParquetSinkState> {
  let files: GrowingFiles;

  function writeGroup(state: ParquetSinkState): void {
    if (state.held.length === 0) return;
    const { writer, parquet } = writerAt(state.bytes);
    parquet.write({ columnData: columnsOf(state.held), rowGroupSize: state.held.length });
    files.append(state, writer.getBytes());
    state.groups.push(...parquet.row_groups.map(encodeGroup));
    state.held = [];
    state.heldLength = 0;
  }

  function seal(state: ParquetSinkState): void {
    if (state.bytes === 0) return;
    const { writer, parquet } = writerAt(state.bytes);
    parquet.row_groups = state.groups.map(decodeGroup);
    parquet.num_rows = parquet.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
    parquet.finish();
    files.append(state, writer.getBytes());
    files.seal(state);
    state.groups = [];
  }

  return {
    name,
    open(_ctx, saved) {
      files = new GrowingFiles({ dir, ending: ".parquet", rank });
      const state = saved ?? { file: 0, bytes: 0, groups: [], held: [], heldLength: 0 };
      files.rewind(state);
      return state;
    },
    push(doc, state) {
      const row = toRow(doc);
      state.held.push(row);
      state.heldLength += row.text.length + (row.metadata?.length ?? 0);
      if (state.held.length >= GROUP_ROWS || state.heldLength >= GROUP_CHARACTERS) writeGroup(state);
      if (state.bytes >= fileBytes) seal(state);
      return [];
    },
    flush(state) {
      writeGroup(state);
      seal(state);
      return [];
    },
    save(state) {
      files.sync(state);
      return JSON.parse(JSON.stringify(state));
    },
    close(state) { // also seals the file of a stopped run; a resume makes that file partial again
      writeGroup(state);
      seal(state);
    },
  };
}

/**
 * Returns a writer that continues at byte `bytes` of a file. For a new file (0 bytes), it has already written
 * the magic number.
 */
function writerAt(bytes: number): { readonly writer: ByteWriter; readonly parquet: ParquetWriter } {
  const writer = new ByteWriter();
  const schema = schemaFromColumnData({ columnData: columnsOf([]) });
  const parquet = new ParquetWriter({ writer, schema, statistics: false });
  if (bytes > 0) {
    writer.index = 0;
    writer.offset = bytes;
  }
  return { writer, parquet };
}

function columnsOf(rows: readonly Row[]) {
  return columns.map(({ name, type }) => ({
    name,
    type,
    nullable: true,
    offsetIndex: false, // an index is written after the row groups, so a checkpoint would have to hold it
    data: rows.map((row) => {
      const value = row[name];
      return typeof value === "number" && type === "INT64" ? BigInt(value) : value ?? null;
    }),
  }));
}

function encodeGroup(group: RowGroup): string {
  return JSON.stringify(group, (_, value) => typeof value === "bigint" ? `${value}n` : value);
}

function decodeGroup(group: string): RowGroup {
  return JSON.parse(
    group,
    (_, value) => typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  );
}
