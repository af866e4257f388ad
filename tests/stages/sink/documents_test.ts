import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { from } from "../../../stages/flow/flow.ts";
import type { Document } from "../../../stages/items.ts";
import { writeDocuments, writeRemoved } from "../../../stages/sink/documents.ts";
import { writeParquet } from "../../../stages/sink/parquet.ts";
import { openSource } from "../../../stages/source/uri.ts";

const docs: Document[] = Array.from({ length: 50 }, (_, i) => ({
  id: `d${i}`,
  text: `text ${i} `.repeat(40),
  url: `https://example.org/${i}`,
  language: "en",
  languageScore: 0.9,
}));

const context: any = { signal: new AbortController().signal, emit() {}, drop() {}, seed: 0, stopping: false };

Deno.test("writeDocuments() writes FineWeb's rows, gzipped, with their final name only at the end", async () => {
  const dir = await Deno.makeTempDir();
  const sink = writeDocuments({ dir });
  const state = await sink.open(context);
  for (const doc of docs) [...sink.push(doc, state, context) as Iterable<never>];
  sink.save!(state);
  if (names(dir).join() !== "00000.jsonl.gz.partial") throw new Error(`Unfinished run left ${names(dir)}`);
  [...sink.flush!(state, context) as Iterable<never>];
  if (names(dir).join() !== "00000.jsonl.gz") throw new Error(`Finished run left ${names(dir)}`);
  const rows = lines(`${dir}/00000.jsonl.gz`);
  if (rows.length !== 50) throw new Error(`Wrote ${rows.length} of 50 documents`);
  const wanted = {
    text: docs[7].text,
    id: "d7",
    dump: "",
    url: docs[7].url,
    date: "",
    file_path: "",
    language: "en",
    language_score: 0.9,
    token_count: 0,
    metadata: "{}",
  };
  if (JSON.stringify(rows[7]) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(rows[7]));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("writeDocuments() resumed from any barrier writes the same bytes, after the file was sealed too", async () => {
  const whole = await Deno.makeTempDir();
  await write(whole, docs, () => {});
  const wanted = Deno.readFileSync(`${whole}/00000.jsonl.gz`);
  for (const at of [1, 10, 49, 50]) {
    const dir = await Deno.makeTempDir();
    let saved: any;
    // The first run continues to its end after the barrier, so that the resume has to truncate its files.
    await write(dir, docs, (i, save) => i === at && (saved = structuredClone(save())));
    const sink = writeDocuments({ dir });
    const state = await sink.open(context, saved);
    for (const doc of docs.slice(at)) [...sink.push(doc, state, context) as Iterable<never>];
    [...sink.flush!(state, context) as Iterable<never>];
    const rows = lines(`${dir}/00000.jsonl.gz`);
    if (JSON.stringify(rows) !== JSON.stringify(lines(`${whole}/00000.jsonl.gz`))) {
      throw new Error(`Resumed at ${at}: ${rows.length} rows`);
    }
    if (wanted.length === 0) throw new Error("Nothing was written");
    await Deno.remove(dir, { recursive: true });
  }
  await Deno.remove(whole, { recursive: true });
});

Deno.test("writeDocuments() refuses to resume a file that has lost bytes", async () => {
  const dir = await Deno.makeTempDir();
  let saved: any;
  await write(dir, docs, (i, save) => i === 50 && (saved = save()));
  Deno.truncateSync(`${dir}/00000.jsonl.gz`, 10);
  let message = "";
  try {
    await writeDocuments({ dir }).open(context, saved);
  } catch (error) {
    message = error instanceof RangeError ? error.message : String(error);
  }
  if (!/has 10 bytes, the checkpoint says \d+/.test(message)) throw new Error(`Got: ${message}`);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("writeDocuments() starts a new file after fileBytes", async () => {
  const dir = await Deno.makeTempDir();
  const big = docs.map((doc, i) => ({
    ...doc,
    text: Array.from({ length: 20000 }, (_, j) => (i * 7919 + j) % 977).join(" "),
  }));
  await from<Document>({ name: "docs", open: () => null, read: () => big }).pipe(
    writeDocuments({ dir, fileBytes: 2000 }),
  ).run();
  const files = names(dir);
  const rows = files.flatMap((name) => lines(`${dir}/${name}`));
  if (files.length < 2 || rows.length !== 50) throw new Error(`${files.length} files, ${rows.length} rows`);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("writeRemoved() adds the reason to the row", async () => {
  const dir = await Deno.makeTempDir();
  const sink = writeRemoved({ dir });
  const state = await sink.open(context);
  [...sink.push({ item: docs[0], reason: "too_short" }, state, context) as Iterable<never>];
  [...sink.flush!(state, context) as Iterable<never>];
  if (lines(`${dir}/00000.jsonl.gz`)[0].reason !== "too_short") throw new Error("No reason");
  await Deno.remove(dir, { recursive: true });
});

async function write(
  dir: string,
  items: Document[],
  at: (i: number, save: () => unknown) => void,
): Promise<void> {
  const sink = writeDocuments({ dir });
  const state = await sink.open(context);
  for (let i = 0; i < items.length; i++) {
    [...sink.push(items[i], state, context) as Iterable<never>];
    at(i + 1, () => sink.save!(state));
  }
  [...sink.flush!(state, context) as Iterable<never>];
}

function names(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
}

function lines(path: string): any[] {
  return new TextDecoder().decode(gunzipSync(Deno.readFileSync(path))).trimEnd().split("\n").map((l) =>
    JSON.parse(l)
  );
}

Deno.test("writeDocuments() of several processes writes separate files into one folder", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(`${dir}/d`);
  for (const rank of [1, 0]) {
    const big = docs.map((doc, i) => ({
      ...doc,
      text: Array.from({ length: 20_000 }, (_, j) => (i * 7919 + j) % 977).join(),
    }));
    const flow = () =>
      from<Document>({ name: "docs", open: () => null, read: () => big }).pipe(
        writeDocuments({ dir: `${dir}/d`, rank, fileBytes: 2000 }),
      );
    await flow().run();
    await flow().run(); // a run without a checkpoint removes the files of its own rank only
  }
  const files = names(`${dir}/d`);
  deepStrictEqual(
    files.map((name) => name.slice(0, 5)),
    files.map((_, i) => i < files.length / 2 ? "00000" : "00001"),
  );
  ok(files.length >= 4 && files[1] === "00000_001.jsonl.gz", `${files}`);
  strictEqual(files.flatMap((name) => lines(`${dir}/d/${name}`)).length, 2 * docs.length);
  await Deno.remove(dir, { recursive: true });
});

/** The documents that the sink's files give, without their paths. */
async function readBack(dir: string): Promise<readonly Document[]> {
  const again = await Array.fromAsync(from(await openSource([`${dir}/*`])).stream());
  return again.map(({ filePath: _, ...doc }) => doc);
}

const mixed: Document[] = [
  { id: "1", text: "a", metadata: { source: "wiki", score: 3, n: "9007199254740993" } },
  { id: "2", text: "b", date: "2024-01-02", language: "en", languageScore: 1, tokenCount: 2 },
  { id: "3", text: "c", url: "http://c", metadata: { score: "high", deep: { list: [1, { x: null }] } } },
];

for (const [format, write] of [["JSON lines", writeDocuments], ["Parquet", writeParquet]] as const) {
  Deno.test(`${format} give back the documents that were written, metadata and unknown fields included`, async () => {
    for (const order of [mixed, [...mixed].reverse()]) {
      const dir = await Deno.makeTempDir();
      await from(order).pipe(write({ dir })).run();
      deepStrictEqual(await readBack(dir), order);
      await Deno.remove(dir, { recursive: true });
    }
  });

  Deno.test(`${format} have no lone surrogates`, async () => {
    const dir = await Deno.makeTempDir(), lone = "x\ud83d", whole = "😀 \\\\ud83d";
    const doc: Document = {
      id: lone,
      text: `a${lone} ${whole}`,
      url: lone,
      date: lone,
      dump: lone,
      filePath: lone,
      language: lone,
      metadata: { [lone]: [{ value: lone }, whole] },
    };
    await from([doc]).pipe(write({ dir })).run();
    const fixed = "x\ufffd";
    const [read] = await Array.fromAsync(from(await openSource([`${dir}/*`])).stream());
    deepStrictEqual(read, {
      id: fixed,
      text: `a${fixed} ${whole}`,
      url: fixed,
      date: fixed,
      dump: fixed,
      filePath: fixed,
      language: fixed,
      metadata: { [fixed]: [{ value: fixed }, whole] },
    });
    await Deno.remove(dir, { recursive: true });
  });
}

Deno.test("each line has the same columns of the same types, whichever document comes first", async () => {
  for (const order of [mixed, [...mixed].reverse(), [mixed[1], mixed[0]]]) {
    const dir = await Deno.makeTempDir();
    await from(order).pipe(writeDocuments({ dir })).run();
    const text = gunzipSync(Deno.readFileSync(`${dir}/00000.jsonl.gz`)).toString();
    const rows: Record<string, unknown>[] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    for (const row of rows) {
      deepStrictEqual(Object.keys(row), Object.keys(rows[0]));
      for (const [name, value] of Object.entries(row)) {
        strictEqual(typeof value, typeof rows[0][name], `${name} is ${value} after ${rows[0][name]}`);
        ok(value !== null, name);
      }
    }
    ok(/"language_score":1\.0,/.test(text), text);
    await Deno.remove(dir, { recursive: true });
  }
});
