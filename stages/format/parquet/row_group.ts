/**
 * Reads a Parquet file one row group at a time: the metadata, then the needed columns of one group. Both are
 * checked before hyparquet decodes them. Source: Apache Parquet format.
 *
 * @module
 */
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadata,
  parquetReadObjects,
  type RowGroup,
} from "hyparquet";
import { PageCheck } from "./page_check.ts";
import { readThrift } from "./thrift.ts";

const MAX_METADATA_BYTES = 1 << 28;

/** Reads the metadata at the file's end. Throws RangeError or Error for invalid metadata. */
export async function readMetadata(file: AsyncBuffer): Promise<FileMetaData> {
  const { byteLength } = file;
  if (byteLength < 12) throw new RangeError(`it has ${byteLength} bytes, expected at least 12`);
  const tail = new DataView(await file.slice(byteLength - 8, byteLength));
  if (tail.getUint32(4, true) !== 0x31524150) {
    throw new RangeError('it does not end with "PAR1", so it is truncated');
  }
  const size = tail.getUint32(0, true);
  if (size > Math.min(byteLength - 12, MAX_METADATA_BYTES)) {
    throw new RangeError(`its metadata has ${size} bytes, but the file only ${byteLength}`);
  }
  const bytes = await file.slice(byteLength - 8 - size, byteLength);
  readThrift(new Uint8Array(bytes, 0, size), 0);
  return parquetMetadata(bytes, { geoparquet: false });
}

/** The columns of one row group, which are in memory but still encoded. */
export interface OpenGroup {
  /**
   * Decodes rows `start` to `end` (exclusive), numbered over the whole file. Throws RangeError for an invalid
   * page.
   */
  rows(start: number, end: number): Promise<readonly Record<string, unknown>[]>;
}

/** The row group and columns to read. */
export interface RowGroupColumns {
  /** The file's metadata. */
  readonly metadata: FileMetaData;
  /** The row group to read. */
  readonly group: RowGroup;
  /** Names of the columns to read: flat columns at the top level of the schema. */
  readonly columns: readonly string[];
}

/**
 * Reads the chunks of the columns and checks the headers of their pages. Throws RangeError for an invalid
 * header.
 */
export async function openGroup(file: AsyncBuffer, wanted: RowGroupColumns): Promise<OpenGroup> {
  const { metadata, group, columns } = wanted;
  const chunks: { readonly start: number; readonly bytes: ArrayBuffer }[] = [];
  const check = new PageCheck();
  for (const { meta_data: meta } of group.columns) {
    const name = meta?.path_in_schema[0];
    const element = metadata.schema.find((element, i) => i > 0 && element.name === name);
    if (meta === undefined || element === undefined || !columns.includes(element.name)) continue;
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    if (!(start >= 0 && start <= end && end <= file.byteLength)) {
      throw new RangeError(
        `column ${name} is at bytes ${start} to ${end}, but the file has ${file.byteLength}`,
      );
    }
    const bytes = await file.slice(start, end);
    check.add(new Uint8Array(bytes), {
      element,
      rows: Number(group.num_rows),
      plain: meta.codec === "UNCOMPRESSED",
    });
    chunks.push({ start, bytes });
  }
  const held: AsyncBuffer = {
    byteLength: file.byteLength,
    slice: (start, end = file.byteLength) => sliceOf(chunks, start, end),
  };
  return {
    rows: (rowStart, rowEnd) =>
      parquetReadObjects({
        file: held,
        metadata,
        columns: [...columns],
        rowStart,
        rowEnd,
        compressors: check.compressors,
      }),
  };
}

/**
 * Returns the bytes from `start` to `end` of the file, taken from the chunks in memory. Bytes between the
 * chunks are returned as zeros; hyparquet does not read them.
 */
function sliceOf(
  chunks: readonly { readonly start: number; readonly bytes: ArrayBuffer }[],
  start: number,
  end: number,
): ArrayBuffer {
  const exact = chunks.find((chunk) => chunk.start === start && chunk.bytes.byteLength === end - start);
  if (exact !== undefined) return exact.bytes;
  const out = new Uint8Array(end - start);
  for (const chunk of chunks) {
    const from = Math.max(start, chunk.start), to = Math.min(end, chunk.start + chunk.bytes.byteLength);
    if (from < to) out.set(new Uint8Array(chunk.bytes, from - chunk.start, to - from), from - start);
  }
  return out.buffer;
}
