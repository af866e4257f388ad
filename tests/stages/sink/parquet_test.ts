import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { from } from "../../../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import type { StageSnapshot } from "../../../stages/flow/checkpoint/checkpoint.ts";
import type { Document } from "../../../stages/items.ts";
import { writeParquet } from "../../../stages/sink/parquet.ts";
import { parquetFile } from "../../../stages/source/files/parquet.ts";
import { read } from "../source/source_checks.ts";

const docs: Document[] = Array.from({ length: 2500 }, (_, i) => ({
  id: `d${i}`,
  text: `text 🌍 ${i} `.repeat(i % 40),
  url: `https://example.org/${i}`,
  filePath: "a.warc.gz",
  ...(i % 3 === 0 ? {} : { dump: "CC-MAIN-2024-10", language: "en", languageScore: 0.9, tokenCount: i }),
}));

async function write(
  dir: string,
  options: { begin?: ReadonlyMap<string, StageSnapshot>; items?: Document[] } = {},
) {
  const checkpoints = new MemoryCheckpoints(options.begin ?? null);
  const source = {
    name: "docs",
    open: (_: unknown, saved = { next: 0 }) => ({ ...saved }),
    *read(state: { next: number }) {
      while (state.next < docs.length) yield docs[state.next++];
    },
  };
  await from<Document>(source).pipe(writeParquet({ dir, fileBytes: 200_000 })).run({
    checkpoints,
    barrierEvery: 300,
  });
  return checkpoints;
}

async function rowsIn(dir: string): Promise<Document[]> {
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  ok(names.every((name) => name.endsWith(".parquet")), `${names}`);
  const items: Document[] = [];
  for (const name of names) items.push(...(await read(parquetFile(`${dir}/${name}`))).items);
  return items;
}

Deno.test("writeParquet() writes FineWeb's columns in row groups, and they read back unchanged", async () => {
  const dir = await Deno.makeTempDir();
  await write(dir);
  deepStrictEqual(await rowsIn(dir), docs);
  const file = await asyncBufferFromFile(`${dir}/00000.parquet`);
  const { row_groups, schema } = await parquetMetadataAsync(file);
  deepStrictEqual(
    schema.slice(1).map(({ name }) => name),
    [
      "text",
      "id",
      "dump",
      "url",
      "date",
      "file_path",
      "language",
      "language_score",
      "token_count",
      "metadata",
    ],
  );
  ok(row_groups.every(({ num_rows }) => num_rows <= 1000n));
  const [row] = await parquetReadObjects({ file, rowStart: 0, rowEnd: 1 });
  strictEqual(row.dump, null);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("writeParquet() resumed from any barrier writes the same bytes, after files were sealed too", async () => {
  const whole = await Deno.makeTempDir();
  const { all } = await write(whole);
  const wanted = await rowsIn(whole);
  ok(all.length >= 8);
  for (const begin of [all[0], all[4], all.at(-1)!]) {
    await write(whole, { begin: new Map(begin) }); // into the folder in which the first run has finished
    deepStrictEqual(await rowsIn(whole), wanted);
  }
  await Deno.remove(whole, { recursive: true });
});
