/**
 * Tests that `fineweb` produces the same corpus in several processes as in one.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { errorLine, run, runsTo, withFolder } from "../program.ts";
import { recipe, rows, writeSources } from "./ranks.ts";

Deno.test("fineweb produces the same corpus, decisions and statistics in 1 process and in 4", async () => {
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

    const page = Deno.readTextFileSync(`${dir}/four/report.html`);
    const { events } = JSON.parse(/<script id="run"[^>]*>(.*?)<\/script>/s.exec(page)?.[1] ?? "");
    const graphs = events.filter(({ type }: any) => type === "graph");
    strictEqual(graphs.length, 1);
    const chain = graphs[0].stages.map(({ name, after }: any) => `${after} → ${name}`);
    deepStrictEqual(
      [chain[0], ...chain.filter((edge: string) => /documents|minhash$/.test(edge))],
      ["null → source", "set aside → documents", "documents → minhash"],
    );

    const marks = (name: string) =>
      [...Deno.readDirSync(`${dir}/${name}/completions`)].map(({ name }) => name).sort();
    deepStrictEqual(marks("four"), marks("one"));
    ok(marks("one").length > 10, `${marks("one").length} parts`);
  });
});

Deno.test("fineweb in steps shared by 1 and 3 ranks gives the corpus, removed documents and counts of one process", async () => {
  await withFolder(async (dir) => {
    const args = ["fineweb", ...await writeSources(`${dir}/in`), ...recipe, "--minhash-records", "short"];
    await runsTo(0, [...args, "--out", `${dir}/one`]);
    const counted = (name: string) => {
      const { documents, stages } = JSON.parse(Deno.readTextFileSync(`${dir}/${name}/stats.json`));
      const counts = stages.filter(({ name }: any) => ["c4", "minhash", "pii"].includes(name))
        .map(({ name, seen, kept, dropped }: any) => ({ name, seen, kept, dropped }));
      return { documents, counts };
    };
    for (const world of [1, 3]) {
      const out = ["--out", `${dir}/${world}`], ranks = Array(world).keys().map(String).toArray();
      const step = (only: string) =>
        Promise.all(
          ranks.map((rank) => runsTo(0, ["fineweb", ...out, "--rank", rank, "--only", only, "--quiet"])),
        );
      await runsTo(0, [...args, ...out, "--world", `${world}`, "--only", "plan"]);
      await step("filter"); // the plan's run has the other options
      await step("buckets");
      await runsTo(0, ["fineweb", ...out, "--only", "clusters", "--quiet"]);
      await step("dedup");
      for (const folder of ["documents", "removed/c4", "removed/minhash"]) {
        deepStrictEqual(rows(`${dir}/${world}`, folder), rows(`${dir}/one`, folder), `${world} ${folder}`);
      }
      deepStrictEqual(counted(`${world}`), counted("one"));
      const left = [...Deno.readDirSync(`${dir}/${world}/minhash`)].map(({ name }) => name);
      deepStrictEqual(left.filter((name) => /\.(documents|signatures|addresses)$/.test(name)), []);
    }
  });
});

Deno.test("fineweb refuses steps out of order, and steps that cannot be shared, and says what to type", async () => {
  await withFolder(async (dir) => {
    const out = ["--out", `${dir}/run`];
    const args = ["fineweb", ...await writeSources(`${dir}/in`), ...recipe, ...out, "--world", "2"];
    const refused = async (more: readonly string[], says: RegExp) => {
      match(errorLine(await runsTo(2, ["fineweb", ...out, ...more])), says);
    };
    await runsTo(0, [...args, "--rank", "0"]);
    await refused(["--only", "buckets", "--rank", "0"], /of 2 ranks 1 is not finished.*--rank 1 --world 2/);
    await runsTo(0, [...args, "--rank", "1"]);
    await refused(
      ["--only", "dedup", "--rank", "1"],
      /rank 1: they have not been clustered: first --only buckets --rank R for each rank of 2, then --only clusters/,
    );
    await refused(
      ["--only", "clusters"],
      /buckets 0, 1, .*, 13 have not been compared: first --only buckets/,
    );
    await refused(["--only", "clusters", "--rank", "0"], /--only clusters with --rank 0: .*leave --rank out/);
    await refused(["--only", "buckets", "--rank", "2"], /--rank 2 is not one of --world 2/);
    await runsTo(0, ["fineweb", ...out, "--only", "buckets", "--quiet"]);
    await runsTo(0, ["fineweb", ...out, "--only", "clusters", "--quiet"]);
    await runsTo(0, ["fineweb", ...out, "--only", "dedup", "--rank", "1", "--quiet"]);
    await refused(["--only", "dedup"], /ranks have begun to: give --only dedup --rank R for each/);
    await runsTo(0, ["fineweb", ...out, "--only", "dedup", "--rank", "0", "--quiet"]);

    const other = ["fineweb", ...args.slice(1, 9), "--out", `${dir}/other`];
    const steps = (stages: string, only: string) =>
      runsTo(2, [...other, "--stages", stages, "--rank", "0", "--world", "2", "--only", only]);
    match(errorLine(await steps("c4,pii", "buckets")), /needs minhash among --stages/);
    match(errorLine(await steps("c4,minhash,count,pii", "dedup")), /pii does not directly follow minhash/);
  });
});

Deno.test("fineweb reads the plan: a file that changes later is refused, and ranks that began without one too", async () => {
  await withFolder(async (dir) => {
    const out = ["--out", `${dir}/run`];
    const args = ["fineweb", ...await writeSources(`${dir}/in`), ...recipe, "--world", "2"];
    const { out: said } = await runsTo(0, [
      ...args.filter((arg) => arg !== "--quiet"),
      ...out,
      "--only",
      "plan",
    ]);
    match(said, /Plan: +.*plan\.jsonl\nNext: .*for each rank R of N: .*--rank R --world N/);
    await Deno.writeTextFile(`${dir}/in/e.jsonl`, "{}"); // not in the plan
    await Deno.writeTextFile(`${dir}/in/b.jsonl`, '{"text":"longer"}\n', { append: true });
    const changed = await run(["fineweb", ...out, "--rank", "1"]);
    match(errorLine(changed), /b\.jsonl: it has changed since the plan was made: it had \d+ bytes/);
    ok(changed.code !== 0);
    await Deno.remove(`${dir}/run/plan.jsonl`);
    await runsTo(0, [...args, ...out, "--rank", "0"]);
    const late = await runsTo(2, ["fineweb", ...out, "--only", "plan", "--resume", "never"]);
    match(errorLine(late), /rank 00000 has begun without it: give another --out/);
  });
});

Deno.test("fineweb without filters that need all documents writes a file per process, also as Parquet", async () => {
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

Deno.test("fineweb names unfinished ranks and differing options, and writes nothing", async () => {
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
      /--recipe current: the run was started with --recipe release/,
    );
    await refused(
      ["--rank", "1", "--part-bytes", "999"],
      /--part-bytes 999: the run was started with --part-bytes 4000/,
    );
    await refused(["--rank", "0", "--world", "4"], /--world 4: the run was started with --world 3/);
    await refused(["--rank", "3"], /--rank 3 is not one of --world 3/);
    await refused([], /--world 3 needs --rank R from 0 to 2, or --only dedup/);
    await refused(["--rank", "1", "--only", "extract"], /another rank|--only extract/);
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
