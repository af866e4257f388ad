import { rejects, strictEqual, throws } from "node:assert/strict";
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { leafColumns, openGroup, readMetadata } from "../../../../stages/format/parquet/row_group.ts";

/** A Parquet file of two columns of text. */
function file(first: string, second: string) {
  const columnData = [first, second].map((name) => ({ name, data: ["a", "b"], type: "STRING" as const }));
  const bytes = parquetWriteBuffer({ columnData });
  return {
    byteLength: bytes.byteLength,
    slice: (start: number, end = bytes.byteLength) => bytes.slice(start, end),
  };
}

Deno.test("leafColumns() refuses a schema that is too deep or gives an element less than no children", () => {
  const element = (name: string, children?: number): SchemaElement => (
    children === undefined ? { name, type: "INT32" } : { name, num_children: children }
  );
  strictEqual(leafColumns([element("root", 1), element("a")]).length, 1);
  throws(() => leafColumns([element("root", 2), element("a", -64), element("b")]), /gives a -64 children/);
  const deep = (
    levels: number,
  ) => [element("root", 1), ...Array.from({ length: levels }, () => element("a", 1)), element("b")];
  strictEqual(leafColumns(deep(63)).length, 1);
  throws(() => leafColumns(deep(64)), /nested more than 64 deep/);
});

Deno.test("readMetadata() refuses two columns of one name, and openGroup() one that is called otherwise in a row group", async () => {
  // hyparquet would read a column that it then forgets; an error in it would end the process.
  await rejects(readMetadata(file("a", "a")), /two columns with the name a/);
  const sound = file("a", "b"), metadata = await readMetadata(sound), [group] = metadata.row_groups;
  strictEqual(
    (await (await openGroup(sound, { metadata, group, columns: ["a", "b"] })).rows(0, 2)).length,
    2,
  );
  const columns = group.columns.map((column, i) => ({
    ...column,
    ...(i === 1 && column.meta_data && { meta_data: { ...column.meta_data, path_in_schema: ["c"] } }),
  }));
  await rejects(
    openGroup(sound, { metadata, group: { ...group, columns }, columns: ["a"] }),
    /column 2 is called c, in the schema b/,
  );
});
