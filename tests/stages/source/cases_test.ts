/**
 * Small files of records from public bug reports, one test for each kind of fault, and further inputs of the
 * same kind. The reports are those of `cases/README.md`, parts D and G, beside the shared data.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { from } from "../../../stages/flow/flow.ts";
import type { Document } from "../../../stages/items.ts";
import { writeDocuments } from "../../../stages/sink/documents.ts";
import { writeParquet } from "../../../stages/sink/parquet.ts";
import { openSource, type SourceOptions } from "../../../stages/source/uri.ts";
import { sharedTest } from "../../shared_data.ts";
import { withFolder } from "../../temporary.ts";

const J = "../cases/data/jsonl", P = "../cases/data/parquet";

async function read(uri: string, options: SourceOptions = {}): Promise<Document[]> {
  return await Array.fromAsync(from(await openSource([uri], options)).stream());
}

/** Reads a text as JSON lines. */
async function lines(
  folder: string,
  text: string | Uint8Array,
  name = "a.jsonl",
  options: SourceOptions = {},
) {
  await Deno.writeFile(`${folder}/${name}`, typeof text === "string" ? new TextEncoder().encode(text) : text);
  return await read(`${folder}/${name}`, options);
}

sharedTest(
  "buckaroo#627: ids beyond 2^53 stay exact",
  [`${J}/bigint_id.jsonl`, `${P}/big_ids.parquet`],
  async (path) => {
    const ids = async (uri: string) => (await read(uri)).map(({ id }) => id);
    deepStrictEqual(await ids(path(`${J}/bigint_id.jsonl`)), ["9007199254740993", "9007199254740992"]);
    const parquet = await ids(path(`${P}/big_ids.parquet`));
    deepStrictEqual(parquet, ["9007199254740993", "9007199254740994", "9007199254740995"]);
    await withFolder(async (folder) => {
      const [a] = await lines(folder, '{"text":"a","id":-18446744073709551617,"n":123456789012345678901}\n');
      deepStrictEqual([a.id, a.metadata], ["-18446744073709551617", { n: "123456789012345678901" }]);
    });
  },
);

sharedTest(
  "datatrove#325, #77: dates, structures and further fields are kept, dates in ISO 8601",
  [
    ...["timestamp_date", "date_date", "metadata_struct"].map((name) => `${P}/${name}.parquet`),
    ...["extra_fields", "metadata"].map((name) => `${J}/${name}.jsonl`),
  ],
  async (path) => {
    const first = async (file: string) => (await read(path(file)))[0];
    strictEqual((await first(`${P}/timestamp_date.parquet`)).date, "2024-01-02T03:04:05Z");
    strictEqual((await first(`${P}/date_date.parquet`)).date, "2024-01-02");
    const { url, date, language } = await first(`${P}/metadata_struct.parquet`);
    deepStrictEqual([url, date, language], ["http://a/0", "2024-01-01", "en"]);
    const extra = await first(`${J}/extra_fields.jsonl`);
    deepStrictEqual([extra.id, extra.metadata], [
      "7",
      { source: "wiki", score: 3, added: "2020", meta: { lang: "en" } },
    ]);
    const nested = await first(`${J}/metadata.jsonl`);
    deepStrictEqual([nested.id, nested.text, nested.url], ["7", "a", "http://a"]);
    deepStrictEqual(nested.metadata, { text: "meta", id: "9", custom: { k: 1 } });
    await withFolder(async (folder) => {
      const [doc] = await lines(folder, '{"text":"a","tags":["x",{"y":[1,null]}],"date":"2024-05-06"}\n');
      deepStrictEqual([doc.date, doc.metadata], ["2024-05-06", { tags: ["x", { y: [1, null] }] }]);
      // All of it comes through to the output and back.
      for (const [sink, ending] of [[writeDocuments, "jsonl.gz"], [writeParquet, "parquet"]] as const) {
        await from([extra, nested, doc]).pipe(sink({ dir: `${folder}/${ending}` })).run();
        const again = await read(`${folder}/${ending}/*.${ending}`);
        deepStrictEqual(again.map(({ id }) => id), ["7", "7", doc.id]);
        deepStrictEqual(again.map(({ metadata }) => metadata), [
          extra.metadata,
          nested.metadata,
          doc.metadata,
        ]);
      }
    });
  },
);

sharedTest("open_lm#285: the content decides what JSON a file holds, and how it is packed", [
  `${J}/gz_plain.jsonl.gz`,
  `${J}/array.jsonl`,
], async (path) => {
  strictEqual((await read(path(`${J}/gz_plain.jsonl.gz`)))[0].text, "a"); // a text that is called .gz
  strictEqual((await read(path(`${J}/array.jsonl`))).length, 2);
  await withFolder(async (folder) => {
    const text = '{"text":"a"}\n{"text":"b"}\n';
    for (const name of ["c4.json.gz", "c4.jsonl", "c4.json"]) {
      strictEqual((await lines(folder, new Uint8Array(gzipSync(text)), name)).length, 2, name);
    }
    strictEqual((await lines(folder, '[{"text":"a"},{"text":"b"}]', "one.jsonl.gz")).length, 2);
  });
});

sharedTest("a lone surrogate is U+FFFD in every output", [
  `${J}/lone_surrogate.jsonl`,
  `${J}/surrogate_key_id.jsonl`,
], async (path) => {
  await withFolder(async (folder) => {
    const docs = [
      ...await read(path(`${J}/lone_surrogate.jsonl`)),
      ...await read(path(`${J}/surrogate_key_id.jsonl`)),
    ];
    docs.push({ id: "\uDC00", text: "x\uD800", url: "\uD801", metadata: { ["k\uD802"]: ["\uDFFF"] } });
    for (const [sink, ending] of [[writeDocuments, "jsonl.gz"], [writeParquet, "parquet"]] as const) {
      await from(docs).pipe(sink({ dir: `${folder}/${ending}` })).run();
      const again = await read(`${folder}/${ending}/*.${ending}`);
      strictEqual(again.length, 4);
      ok(JSON.stringify(again).isWellFormed());
      ok(again.every((doc) => !/\\ud[89a-f]/i.test(JSON.stringify(doc))), JSON.stringify(again));
      strictEqual(again[0].text, "a\uFFFD b");
    }
  });
});

sharedTest("duckdb#8368: an encrypted file is said to be encrypted, a text that is null to be null", [
  `${P}/pare_footer.parquet`,
  `${P}/null_text.parquet`,
  `${J}/text_null.jsonl`,
], async (path) => {
  await rejects(
    read(path(`${P}/pare_footer.parquet`)),
    /footer is encrypted: write it again without encryption/,
  );
  await rejects(read(path(`${P}/null_text.parquet`)), /Row 2 of .*field "text", which is null/);
  await rejects(read(path(`${J}/text_null.jsonl`)), /Line 1 of .*field "text", which is null/);
  const kept = await read(path(`${P}/null_text.parquet`), { damaged: "skip" });
  ok(kept.length > 0 && kept.every(({ text }) => typeof text === "string"));
  await withFolder(async (folder) => {
    await rejects(lines(folder, '{"text":"a"}\n{"content":null}\n'), /Line 2 of .*"content", which is null/);
  });
});

sharedTest("the text may be called content, and --text-key and --id-key name any field", [
  `${P}/content_col.parquet`,
  `${J}/content.jsonl`,
], async (path) => {
  deepStrictEqual((await read(path(`${P}/content_col.parquet`))).map(({ text }) => text), ["x0", "x1", "x2"]);
  const [{ id, text }] = await read(path(`${J}/content.jsonl`));
  deepStrictEqual([id, text], ["1", "x"]);
  await withFolder(async (folder) => {
    const keys = { textKey: "body", idKey: "nr" };
    const [own] = await lines(folder, '{"body":"b","nr":3,"text":"t","id":"i"}\n', "b.jsonl", keys);
    deepStrictEqual([own.id, own.text], ["3", "b"]);
    const columnData = [{ name: "body", data: ["b"] }, { name: "nr", data: [4], type: "INT32" as const }];
    const [row] = await lines(folder, new Uint8Array(parquetWriteBuffer({ columnData })), "b.parquet", keys);
    deepStrictEqual([row.id, row.text], ["4", "b"]);
    await rejects(lines(folder, '{"body":"b"}\n'), (error) => {
      match(String(error), /its fields are body: give --text-key/);
      return true;
    });
  });
});

sharedTest("NaN and numbers beyond a float, as Python writes them, are no error", [
  `${J}/nan.jsonl`,
  `${J}/1e400.jsonl`,
], async (path) => {
  deepStrictEqual((await read(path(`${J}/nan.jsonl`))).map(({ text }) => text), ["a", "b"]);
  strictEqual((await read(path(`${J}/1e400.jsonl`))).length, 1);
  await withFolder(async (folder) => {
    const [doc] = await lines(folder, '{"text":"NaN","x":{"a":[NaN,-Infinity,"NaN"]}}\n');
    deepStrictEqual([doc.text, doc.metadata], ["NaN", { x: { a: [null, null, "NaN"] } }]);
  });
});

const ENCODINGS = [
  ..."bss codec_brotli codec_gzip codec_lz4 codec_lz4_raw codec_snappy codec_uncompressed codec_zstd dict_v2 v2_brotli"
    .split(" "),
  ..."v2_lz4_raw v2_snappy v2_somenull v2_zstd rs_dict rs_dict_v1_gzip rs_plain_v1 rs_plain_v2 rs_delta_ba_v1"
    .split(" "),
  ..."rs_delta_ba_v2 rs_delta_length_v1 rs_delta_length_v2 rs_smallpages long_text dotted".split(" "),
].map((name) => `${P}/${name}.parquet`);

sharedTest("Parquet in 25 encodings and compressions is read", ENCODINGS, async (path) => {
  for (const file of ENCODINGS) {
    const docs = await read(path(file));
    ok(docs.length > 0 && docs.every(({ text }) => text !== ""), file);
  }
});
