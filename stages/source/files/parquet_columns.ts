/**
 * Chooses the columns of a Parquet file that documents carry along.
 *
 * @module
 */
import type { FileMetaData } from "hyparquet";
import { type LeafColumn, leafColumns } from "../../format/parquet/row_group.ts";
import { isDecimal, whyNotHeld } from "./parquet_values.ts";
import { briefList, type RecordKeys, textKeys } from "./record.ts";

/** The columns of a file. */
export interface DocumentColumns {
  /**
   * The file's metadata, in which decimal numbers outside of lists and structures are plain integers or
   * bytes.
   */
  readonly metadata: FileMetaData;
  /** Names of the columns to read. */
  readonly columns: readonly string[];
  /** Number of digits after the point for each column of decimal numbers. */
  readonly decimals: ReadonlyMap<string, number>;
  /** Names of the columns that are not read, and why. */
  readonly leftOut: ReadonlyMap<string, string>;
}

const MAX_COLUMN_BYTES = 1 << 28; // of a row group, unpacked
const MAX_VALUES = 1 << 24; // of a row group, in lists

/** Columns of text, whose bytes need no declared type. */
const textColumns = ["id", "url", "date", "dump", "file_path", "language"];
const numberColumns = ["language_score", "token_count"];

/** Returns the columns to read. Throws TypeError if the file has no flat column of text. */
export function columnsOf(
  path: string,
  { metadata, keys }: { readonly metadata: FileMetaData; readonly keys: RecordKeys },
): DocumentColumns {
  const leaves = leafColumns(metadata.schema);
  const names = [...new Set(leaves.map(({ path }) => path[0]))];
  const flat = new Map(leaves.filter(isFlat).map((leaf) => [leaf.path[0], leaf.element]));
  checkText(path, { names, flat, keys });
  const asText = new Set([...textKeys(keys), keys.idKey, ...textColumns]);
  const isWanted = (name: string): boolean =>
    keys.metadata !== false || name === "metadata" || asText.has(name) || numberColumns.includes(name);
  const leftOut = new Map<string, string>();
  for (const [i, { path, element, maxRepetition }] of leaves.entries()) {
    const isText = asText.has(path[0]) && flat.has(path[0]);
    const why = isText ? null : whyNotHeld(element) ?? whyTooLarge(metadata, i, maxRepetition > 0);
    if (why !== null) leftOut.set(path[0], why);
  }
  const decimals = new Map(
    [...flat].filter(([name, element]) => isWanted(name) && isDecimal(element))
      .map(([name, { scale }]) => [name, scale ?? 0]),
  );
  const schema = metadata.schema.map((element) => {
    if (flat.get(element.name) !== element || !decimals.has(element.name)) return element;
    const { converted_type: _, logical_type: __, ...plain } = element;
    return plain;
  });
  return {
    metadata: { ...metadata, schema },
    columns: names.filter((name) => isWanted(name) && !leftOut.has(name)),
    decimals,
    leftOut: new Map([...leftOut].filter(([name]) => isWanted(name))),
  };
}

function isFlat({ path, maxRepetition }: LeafColumn): boolean {
  return path.length === 1 && maxRepetition === 0;
}

function checkText(
  path: string,
  { names, flat, keys }: {
    readonly names: readonly string[];
    readonly flat: ReadonlyMap<string, unknown>;
    readonly keys: RecordKeys;
  },
): void {
  const wanted = textKeys(keys);
  if (wanted.length === 0 || wanted.some((name) => flat.has(name))) return;
  const nested = wanted.find((name) => names.includes(name));
  const columns = briefList(names);
  throw new TypeError(
    nested === undefined
      ? `${path} has no column "${wanted[0]}": its columns are ${columns}: ` +
        `give --text-key with the name of the column that holds the text`
      : `${path} has lists or structures in column "${nested}": expected strings: its columns are ${columns}: ` +
        `give --text-key with the name of another column`,
  );
}

function whyTooLarge(metadata: FileMetaData, index: number, isList: boolean): string | null {
  for (const { columns } of metadata.row_groups) {
    const meta = columns[index]?.meta_data;
    if (Number(meta?.total_uncompressed_size ?? 0) > MAX_COLUMN_BYTES) return "larger than 256 MiB";
    if (isList && Number(meta?.num_values ?? 0) > MAX_VALUES) return "more than 16,777,216 values";
  }
  return null;
}
