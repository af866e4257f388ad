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
  type ParquetParsers,
  parquetReadObjects,
  type RowGroup,
  type SchemaElement,
} from "hyparquet";
import { PageCheck } from "./page_check.ts";
import { readThrift } from "./thrift.ts";

const MAX_METADATA_BYTES = 1 << 28;

/** Reads the metadata at the file's end. Throws RangeError or Error for invalid metadata. */
export async function readMetadata(file: AsyncBuffer): Promise<FileMetaData> {
  const { byteLength } = file;
  if (byteLength < 12) throw new RangeError(`it has ${byteLength} bytes, expected at least 12`);
  const tail = new DataView(await file.slice(byteLength - 8, byteLength));
  if (tail.getUint32(4, true) === 0x45524150) { // "PARE"
    throw new EncryptedError("its footer is encrypted");
  }
  if (tail.getUint32(4, true) !== 0x31524150) {
    throw new RangeError('it does not end with "PAR1", so it is truncated');
  }
  const size = tail.getUint32(0, true);
  if (size > Math.min(byteLength - 12, MAX_METADATA_BYTES)) {
    throw new RangeError(`its metadata has ${size} bytes, but the file only ${byteLength}`);
  }
  const bytes = await file.slice(byteLength - 8 - size, byteLength);
  readThrift(new Uint8Array(bytes, 0, size), 0);
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  leafColumns(metadata.schema);
  checkNames(metadata.schema);
  return metadata;
}

/** An encrypted file: fetching it again does not help. */
export class EncryptedError extends Error {
  override readonly name = "EncryptedError";
}

/** A column of primitive values, which may be nested in structures and lists. */
export interface LeafColumn {
  /** Names of the elements from the top of the schema to the column. */
  readonly path: readonly string[];
  /** The column's own element. */
  readonly element: SchemaElement;
  /** Number of lists around a value. */
  readonly maxRepetition: number;
  /** Number of optional or repeated elements that hold a value, itself included. */
  readonly maxDefinition: number;
}

/** Returns the leaves of a schema. Throws RangeError for a schema that ends too early. */
export function leafColumns(schema: readonly SchemaElement[]): LeafColumn[] {
  const leaves: LeafColumn[] = [];
  const open: { path: readonly string[]; left: number; repetition: number; definition: number }[] = [];
  let parent = {
    path: [] as readonly string[],
    left: schema[0]?.num_children ?? 0,
    repetition: 0,
    definition: 0,
  };
  for (let at = 1; at < schema.length; at++) {
    while (parent.left === 0) {
      const above = open.pop();
      if (above === undefined) return leaves;
      parent = above;
    }
    parent.left--;
    const element = schema[at], kind = element.repetition_type;
    if ((element.num_children ?? 0) < 0) {
      throw new RangeError(`its schema gives ${element.name} ${element.num_children} children`);
    }
    const path = [...parent.path, element.name];
    if (path.length > MAX_SCHEMA_DEPTH) {
      throw new RangeError(`its schema is nested more than ${MAX_SCHEMA_DEPTH} deep`);
    }
    const repetition = parent.repetition + (kind === "REPEATED" ? 1 : 0);
    const definition = parent.definition + (kind === "REQUIRED" ? 0 : 1);
    if (element.num_children) {
      open.push(parent);
      parent = { path, left: element.num_children, repetition, definition };
    } else leaves.push({ path, element, maxRepetition: repetition, maxDefinition: definition });
  }
  return leaves;
}

const MAX_SCHEMA_DEPTH = 64;

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
  /** Names of the columns to read, at the top level of the schema. */
  readonly columns: readonly string[];
  /** How times, dates and JSON are represented (default: hyparquet's). */
  readonly parsers?: ParquetParsers;
}

/**
 * Reads the chunks of the columns and checks the headers of their pages. Throws RangeError for an invalid
 * header.
 */
export async function openGroup(file: AsyncBuffer, wanted: RowGroupColumns): Promise<OpenGroup> {
  const { metadata, group, columns, parsers } = wanted;
  const chunks: { readonly start: number; readonly bytes: ArrayBuffer }[] = [];
  const check = new PageCheck(), leaves = leafColumns(metadata.schema);
  const rows = Number(group.num_rows);
  if (group.columns.length !== leaves.length) {
    throw new RangeError(`a row group has ${group.columns.length} columns, the schema ${leaves.length}`);
  }
  for (const [i, { meta_data: meta }] of group.columns.entries()) {
    const { path, element, maxRepetition, maxDefinition } = leaves[i], name = path.join(".");
    const stored = meta?.path_in_schema.join(".") ?? name;
    if (stored !== name) throw new RangeError(`column ${i + 1} is called ${stored}, in the schema ${name}`);
    if (!columns.includes(path[0])) continue;
    if (meta === undefined) throw new EncryptedError(`column ${name} is encrypted`);
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
      rows,
      values: maxRepetition === 0 ? rows : Number(meta.num_values),
      maxRepetition,
      maxDefinition,
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
        ...(parsers !== undefined && { parsers }),
      }),
  };
}

/**
 * Throws RangeError if two columns at the top level have the same name. hyparquet reads both but returns one:
 * an error in the other would end the process.
 */
function checkNames(schema: readonly SchemaElement[]): void {
  const names = new Set<string>();
  let at = 1;
  for (let i = 0; i < (schema[0]?.num_children ?? 0) && at < schema.length; i++) {
    const { name } = schema[at];
    if (names.has(name)) throw new RangeError(`its schema has two columns with the name ${name}`);
    names.add(name);
    for (let left = 1; left > 0 && at < schema.length; at++) left += (schema[at].num_children ?? 0) - 1;
  }
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
