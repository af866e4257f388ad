/**
 * A Parquet file by row groups: metadata, and the wanted columns of one group, both checked before hyparquet
 * decodes them. Source: Apache Parquet format.
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

const LARGEST_METADATA = 1 << 28;

/**
 * Metadata from the file's end, every length in it checked. Throws RangeError or Error for what is not sound.
 */
export async function readMetadata(file: AsyncBuffer): Promise<FileMetaData> {
  const { byteLength } = file;
  if (byteLength < 12) throw new RangeError(`it has ${byteLength} bytes, wanted at least 12`);
  const tail = new DataView(await file.slice(byteLength - 8, byteLength));
  if (tail.getUint32(4, true) !== 0x31524150) {
    throw new RangeError('it does not end with "PAR1", so it was cut short');
  }
  const size = tail.getUint32(0, true);
  if (size > Math.min(byteLength - 12, LARGEST_METADATA)) {
    throw new RangeError(`its metadata says ${size} bytes, the file has ${byteLength}`);
  }
  const bytes = await file.slice(byteLength - 8 - size, byteLength);
  readThrift(new Uint8Array(bytes, 0, size), 0);
  return parquetMetadata(bytes, { geoparquet: false });
}

/** One row group's columns in memory, as the file has them. */
export interface OpenGroup {
  /** Rows `start` to before `end`, counted over the whole file. */
  rows(start: number, end: number): Promise<readonly Record<string, unknown>[]>;
}

/** Which row group, and which of its columns. */
export interface GroupPlace {
  /** Of the whole file. */
  readonly metadata: FileMetaData;
  /** One of its row groups. */
  readonly group: RowGroup;
  /** Flat columns at the top of the schema. */
  readonly columns: readonly string[];
}

/**
 * Reads the chunks of some columns and checks their pages' headers. Throws RangeError where they do not fit;
 * so does `rows` for a page's contents.
 */
export async function openGroup(file: AsyncBuffer, place: GroupPlace): Promise<OpenGroup> {
  const { metadata, group, columns } = place;
  const chunks: { readonly start: number; readonly bytes: ArrayBuffer }[] = [];
  const check = new PageCheck();
  for (const { meta_data: meta } of group.columns) {
    const name = meta?.path_in_schema[0];
    const element = metadata.schema.find((element, i) => i > 0 && element.name === name);
    if (meta === undefined || element === undefined || !columns.includes(element.name)) continue;
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    if (!(start >= 0 && start <= end && end <= file.byteLength)) {
      throw new RangeError(`column ${name} says bytes ${start} to ${end}, the file has ${file.byteLength}`);
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

/** Bytes of the file out of its chunks; a stretch between two is not looked at, and zeros here. */
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
