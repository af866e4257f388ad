/**
 * fineweb shared by several processes: the corpus is the one that a single process makes.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { philox } from "../../kernels/random/philox.ts";
import { errorLine, killedAt, run, runsTo, withFolder } from "./program.ts";

const fillers = ["the", "people", "of", "that", "town", "had", "been", "to", "a", "river", "and", "with"];

/** Sentences of which each document is one of 60 with a line changed; some hold addresses, some are too short. */
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

/** A folder with an archive of a member a record, a large file of JSON lines, one of Parquet, one that cannot be cut. */
async function writeSources(dir: string): Promise<readonly string[]> {
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

function rows(out: string, folder: string): any[] {
  const names = [...Deno.readDirSync(`${out}/${folder}`)].map(({ name }) => name).sort();
  return names.flatMap((name) => {
    ok(name.endsWith(".jsonl.gz"), name);
    const text = new TextDecoder().decode(gunzipSync(Deno.readFileSync(`${out}/${folder}/${name}`)));
    return text.trimEnd().split("\n").map((line) => JSON.parse(line));
  });
}

const recipe = [
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

Deno.test("fineweb of 1 process and of 4 makes the same corpus, decisions and statistics", async () => {
  await withFolder(async (dir) => {
    const args = ["fineweb", ...await writeSources(`${dir}/in`), ...recipe];
    const one = runsTo(0, [...args, "--out", `${dir}/one`]);
    const four = ["--out", `${dir}/four`];
    await Promise.all(
      ["0", "1", "2", "3"].map((rank) => runsTo(0, [...args, ...four, "--rank", rank, "--world", "4"])),
    );
    await one;
    await runsTo(0, ["fineweb", ...four, "--only", "dedup", "--quiet"]);

    const kept = rows(`${dir}/one`, "documents");
    ok(kept.length > 50 && kept.length < 150, `${kept.length} kept of 300`);
    deepStrictEqual(rows(`${dir}/four`, "documents"), kept);
    strictEqual(kept[0].dump, "CRAWL-1");
    ok(kept.some(({ text }) => /firstname.lastname@example.org/.test(text)));
    for (const stage of ["c4", "minhash"]) {
      deepStrictEqual(rows(`${dir}/four`, `removed/${stage}`), rows(`${dir}/one`, `removed/${stage}`));
    }
    ok([...Deno.readDirSync(`${dir}/four/removed/c4`)].some(({ name }) => name === "00003.jsonl.gz"));

    const [a, b] = ["one", "four"].map((name) =>
      JSON.parse(Deno.readTextFileSync(`${dir}/${name}/stats.json`))
    );
    deepStrictEqual(b.documents, a.documents);
    deepStrictEqual(b.filters.stages, ["c4", "minhash", "pii"]);
    const counts = (stats: any) =>
      stats.stages.filter(({ name }: any) => ["c4", "minhash", "pii"].includes(name))
        .map(({ name, seen, kept, dropped }: any) => ({ name, seen, kept, dropped }));
    deepStrictEqual(counts(b), counts(a));

    const marks = (name: string) =>
      [...Deno.readDirSync(`${dir}/${name}/completions`)].map(({ name }) => name).sort();
    deepStrictEqual(marks("four"), marks("one"));
    ok(marks("one").length > 10, `${marks("one").length} parts`);
  });
});

Deno.test("fineweb shared without stages that need all documents writes a file of each process, Parquet too", async () => {
  await withFolder(async (dir) => {
    const args = ["fineweb", ...await writeSources(`${dir}/in`), ...recipe, "--stages", "c4"];
    await runsTo(0, [...args, "--out", `${dir}/one`]);
    const two = [...args, "--out", `${dir}/two`, "--world", "2"];
    await Promise.all(["0", "1"].map((rank) => runsTo(0, [...two, "--rank", rank])));
    deepStrictEqual(rows(`${dir}/two`, "documents"), rows(`${dir}/one`, "documents"));
    strictEqual([...Deno.readDirSync(`${dir}/two/documents`)].length, 2);
    const stats = (name: string) => JSON.parse(Deno.readTextFileSync(`${dir}/${name}/stats.json`)).documents;
    deepStrictEqual(stats("two"), stats("one"));
    match(
      errorLine(await run([...args, "--out", `${dir}/two`, "--only", "dedup"])),
      /neither minhash nor pii/,
    );

    await runsTo(0, [...args, "--out", `${dir}/p`, "--format", "parquet"]);
    const again = ["--stages", "c4", "--quiet", "--workers", "1"];
    await runsTo(0, [
      "fineweb",
      "--source",
      `${dir}/p/documents/00000.parquet`,
      "--out",
      `${dir}/again`,
      ...again,
    ]);
    deepStrictEqual(rows(`${dir}/again`, "documents"), rows(`${dir}/one`, "documents"));
  });
});

Deno.test("fineweb names ranks that are not finished, and options that differ, and writes nothing", async () => {
  await withFolder(async (dir) => {
    const out = ["--out", `${dir}/run`];
    const args = ["fineweb", ...await writeSources(`${dir}/in`), ...recipe, ...out];
    await runsTo(0, [...args, "--rank", "1", "--world", "3"]);
    const refused = async (more: readonly string[], says: RegExp) => {
      match(errorLine(await runsTo(2, ["fineweb", ...out, ...more])), says);
    };
    await refused(["--only", "dedup"], /of 3 ranks 0, 2 are not finished.*--rank 0 --world 3/);
    await refused(
      ["--rank", "0", "--recipe", "current"],
      /--recipe current: the run was begun with --recipe release/,
    );
    await refused(
      ["--rank", "1", "--part-bytes", "999"],
      /--part-bytes 999: the run was begun with --part-bytes 4000/,
    );
    await refused(["--rank", "0", "--world", "4"], /--world 4: the run was begun with --world 3/);
    await refused(["--rank", "3"], /--rank 3 is not among --world 3/);
    await refused([], /--world 3 needs --rank R from 0 to 2, or --only dedup/);
    await refused(["--rank", "1", "--only", "extract"], /another share|--only extract/);
    match((await runsTo(0, [...args, "--rank", "1"])).out, /ranks\/00001 is finished/);
    deepStrictEqual([...Deno.readDirSync(`${dir}/run/ranks`)].map(({ name }) => name), ["00001"]);

    const { out: dry } = await runsTo(0, [...args, "--rank", "0", "--dry-run"]);
    match(dry, /files +4\n +bytes +[\d.]+ KiB\n +workers +1\n +ranks +3\n +0 +[\d.]+ KiB in \d+ parts/i);
  });
});

Deno.test("fineweb --only extract, and --only filter then dedup in one process", async () => {
  await withFolder(async (dir) => {
    const page = `<html><body><article>${
      "<p>The people of the town had been to the river.</p>".repeat(9)
    }</article>`;
    await Deno.writeTextFile(`${dir}/a.html`, page);
    const args = ["fineweb", "--source", `${dir}/a.html`, "--quiet", "--workers", "1"];
    await runsTo(0, [...args, "--out", `${dir}/x`, "--only", "extract"]);
    match(rows(`${dir}/x`, "documents")[0].text, /^The people of the town/);
    const stages = ["--stages", "extract,minhash"];
    await runsTo(0, [...args, ...stages, "--out", `${dir}/y`, "--only", "filter"]);
    await runsTo(0, ["fineweb", "--out", `${dir}/y`, "--only", "dedup"]);
    deepStrictEqual(rows(`${dir}/y`, "documents"), rows(`${dir}/x`, "documents"));
  });
});

Deno.test("fineweb's ranks and last step killed at any moment leave the same corpus, and no half file", async () => {
  await withFolder(async (dir) => {
    const sources = await writeSources(`${dir}/in`);
    const args = [...sources, ...recipe];
    await runsTo(0, ["fineweb", ...args, "--out", `${dir}/one`]);
    const out = `${dir}/killed`;
    await Deno.mkdir(out);
    const kills: string[] = [];
    for (const rank of ["0", "1"]) {
      const share = ["--rank", rank, "--world", "2"];
      for (const moment of ["completions/part", ".documents", "bucket_007"]) {
        if (await killedAt(moment, { out, args: [...args, ...share] })) kills.push(`${rank} ${moment}`);
      }
      await runsTo(0, ["fineweb", ...args, "--out", out, ...share]);
    }
    for (const moment of ["000001.remove", "documents/00000"]) {
      if (await killedAt(moment, { out, args: ["--only", "dedup", "--quiet"] })) kills.push(moment);
    }
    await runsTo(0, ["fineweb", "--out", out, "--only", "dedup", "--quiet"]);
    ok(kills.length >= 3, `killed at ${kills}`);
    deepStrictEqual(rows(out, "documents"), rows(`${dir}/one`, "documents"));
    deepStrictEqual(rows(out, "removed/minhash"), rows(`${dir}/one`, "removed/minhash"));
    deepStrictEqual(rows(out, "removed/c4"), rows(`${dir}/one`, "removed/c4"));
  });
});
