import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { textFile } from "../../../stages/source/files/text.ts";
import { findParts } from "../../../stages/source/parts.ts";
import { spreadSource } from "../../../stages/source/spread.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { withFolder } from "../../temporary.ts";
import { read } from "./source_checks.ts";

const record = (i: number) => `${JSON.stringify({ id: `d${i}`, text: `${i} `.padEnd(1000, "x") })}\n`;
const records = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => record(from + i)).join("");

Deno.test("spreadSource() takes documents from all of the files, about as many characters as wanted", () =>
  withFolder(async (dir) => {
    for (let i = 0; i < 100; i++) {
      const bytes = new TextEncoder().encode(records(20 * i, 20));
      const name = `${dir}/${String(i).padStart(2, "0")}.jsonl`;
      if (i % 2 === 0) await Deno.writeFile(name, bytes);
      else await Deno.writeFile(`${name}.gz`, gzipSync(bytes));
    }
    const uris = [`${dir}/*`], all = (await read(await openSource(uris))).items;
    const spread = await spreadSource(uris, { characters: 200_000, whole: 0 });
    ok(spread?.places !== null && spread !== null && spread.places > 40, `${spread?.places} places`);
    const { items } = await read(spread.source);
    const numbers = items.map(({ id }) => Number(id.slice(1)));
    ok(numbers.length > 100 && numbers.length < 400, `${numbers.length} documents`);
    for (let part = 0; part < 10; part++) { // a tenth of the source each
      ok(numbers.some((n) => Math.floor(n / 200) === part), `none from tenth ${part}`);
    }
    const texts = new Set(all.map(({ text }) => text));
    ok(items.every(({ text }) => texts.has(text)));
    const whole = await spreadSource(uris, { characters: 200_000, whole: 1e8 });
    strictEqual(whole?.places, null);
    deepStrictEqual((await read(whole.source)).items, all);
    strictEqual(await spreadSource(["embedded:sotu"], { characters: 1 }), null);
  }));

Deno.test("a text file has the same documents in parts of 16 MiB, from all of which spreadSource() takes some", () =>
  withFolder(async (dir) => {
    const path = `${dir}/a.txt`, cell = 1 << 24;
    const line = (i: number) => `${`line ${i} `.padEnd(2999, "x")}\n${i % 7 === 0 ? "\n" : ""}`;
    await Deno.writeTextFile(path, Array.from({ length: 12_000 }, (_, i) => line(i)).join(""));
    const docs = (await read(textFile(path))).items;
    const parts = await findParts([path]);
    strictEqual(parts.length, 3);
    const inParts = [];
    for (const { source } of parts) inParts.push(...(await read(source)).items);
    deepStrictEqual(inParts, docs);
    const { saved } = await read(textFile(path), { limit: docs.length >> 1 });
    deepStrictEqual((await read(textFile(path), { saved })).items, docs.slice(docs.length >> 1));

    const spread = await spreadSource([path], { characters: 300_000, whole: 0 });
    const { items } = await read(spread!.source);
    const places = items.map(({ id }) => Math.floor(Number(id.split("#")[1] ?? 0) / cell));
    deepStrictEqual([...new Set(places)], [0, 1, 2]);
    const ids = new Map(docs.map(({ id, text }) => [id, text]));
    ok(items.every(({ id, text }) => ids.get(id) === text));
  }));
