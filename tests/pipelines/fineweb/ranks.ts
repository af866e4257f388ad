/**
 * Writes sources for tests that run `fineweb` in several processes, and reads what these processes wrote.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { philox } from "../../../kernels/random/philox.ts";

const fillers = ["the", "people", "of", "that", "town", "had", "been", "to", "a", "river", "and", "with"];

/**
 * Returns the text of document `i`: one of 60 texts with one line changed. Some contain addresses, some are
 * too short to keep.
 */
function textOf(i: number): string {
  const parent = philox(1, "parents", i)[0] % 60;
  const lines = Array.from({ length: 8 }, (_, line) => {
    const words = Array.from(
      { length: 12 },
      (_, k) => fillers[philox(2, `${parent} ${line}`, k)[0] % fillers.length],
    );
    return `${letters(parent * 8 + line)} ${words.join(" ")} said ${
      letters(philox(3, `${parent}`, line)[0])
    }.`;
  });
  lines[philox(4, "changed", i)[0] % 8] = `Changed ${letters(i)} and nothing else was there to see.`;
  if (i % 4 === 0) lines.push(`Write to mayor${parent}@town.org or to nobody.`);
  return lines.slice(0, i % 11 === 0 ? 2 : 9).join("\n");
}

function letters(number: number): string {
  return number.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
}

const encoder = new TextEncoder();

/**
 * Writes a folder with a WARC file (one gzip member per record), a JSON Lines file with many lines, a Parquet
 * file, and a file that cannot be divided.
 */
export async function writeSources(dir: string): Promise<readonly string[]> {
  await Deno.mkdir(dir);
  const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const archive = numbers(0, 80).flatMap((i) => {
    const body = encoder.encode(textOf(i));
    const head = `WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:w${i}>\r\n` +
      `WARC-Target-URI: https://example.org/${i}\r\nContent-Length: ${body.length}\r\n\r\n`;
    return [...gzipSync(encoder.encode(`${head}${textOf(i)}\r\n\r\n`))];
  });
  const jsonl = (count: number[]) => count.map((i) => `${JSON.stringify({ text: textOf(i) })}\n`).join("");
  await Deno.writeFile(`${dir}/a.warc.gz`, new Uint8Array(archive));
  await Deno.writeTextFile(`${dir}/b.jsonl`, jsonl(numbers(80, 140)));
  await Deno.writeFile(
    `${dir}/c.parquet`,
    new Uint8Array(parquetWriteBuffer({
      columnData: [
        { name: "id", data: numbers(220, 60).map((i) => `p${i}`), type: "STRING" },
        { name: "text", data: numbers(220, 60).map(textOf), type: "STRING" },
      ],
      rowGroupSize: 9,
    })),
  );
  await Deno.writeFile(`${dir}/d.jsonl.gz`, gzipSync(jsonl(numbers(280, 20))));
  return ["a.warc.gz", "b.jsonl", "c.parquet", "d.jsonl.gz"].flatMap((
    name,
  ) => ["--source", `${dir}/${name}`]);
}

/** Returns the documents of an output folder, in order. */
export function rows(out: string, folder: string): any[] {
  const names = [...Deno.readDirSync(`${out}/${folder}`)].map(({ name }) => name).sort();
  return names.flatMap((name) => {
    ok(name.endsWith(".jsonl.gz"), name);
    const text = new TextDecoder().decode(gunzipSync(Deno.readFileSync(`${out}/${folder}/${name}`)));
    return text.trimEnd().split("\n").map((line) => JSON.parse(line));
  });
}

/** Options of the runs. Parts are small, so that several ranks read the same file. */
export const recipe: readonly string[] = [
  "--stages",
  "c4,minhash,pii",
  "--part-bytes",
  "4000",
  "--workers",
  "1",
  "--dump",
  "CRAWL-1",
  "--quiet",
];
