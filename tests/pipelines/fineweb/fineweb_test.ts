/**
 * Tests `fineweb` on the command line: block lists, masked addresses, token counts, and statistics per rule.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { errorLine, eventsOf, runsTo, withFolder } from "../program.ts";

const prose =
  "The people of the town had been to the river and back, and that was all they would say of it that day. " +
  "Nobody knew with whom they had spoken. The old bridge, which the mayor wished to be mended, stood as it had stood. ";

/** Returns documents that give each filter something to remove; every second one contains addresses. */
function documents(): string {
  const rows = Array.from({ length: 60 }, (_, i) => {
    const host = i % 6 === 0 ? "www.bad.example.com" : `site${i % 3}.org`;
    const text = Array.from({ length: 4 }, (_, k) => `${i * 7 + k} people came. ${prose}`).join("").split(
      ". ",
    )
      .map((sentence, k) => `In the year ${1500 + (i * 31 + k * 17) % 500} ${sentence}`).join(".\n");
    const mail = i % 2 === 0
      ? `\nWrite to mayor${i}@site.org or to 9.9.9.${i}, says the sign at the door.`
      : "";
    return { id: `${i}`, text: text + mail, ...(i % 5 === 0 ? {} : { url: `http://${host}/page${i}` }) };
  });
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

function rowsOf(path: string): any[] {
  return new TextDecoder().decode(gunzipSync(Deno.readFileSync(path))).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
}

Deno.test("fineweb blocks, masks and counts the same with any number of workers, and its statistics show it", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/in.jsonl`, documents());
    await Deno.writeTextFile(`${dir}/domains`, "# blocked\nexample.com\n");
    const args = [
      "fineweb",
      "--source",
      `${dir}/in.jsonl`,
      "--url-list",
      `${dir}/domains`,
      "--recipe",
      "current",
    ];
    const stages = ["--stages", "url,language,c4,pii,count"];
    const { out } = await runsTo(0, [...args, ...stages, "--workers", "1", "--out", `${dir}/one`]);
    await runsTo(0, [...args, ...stages, "--workers", "2", "--out", `${dir}/two`]);
    const files = ["documents/00000.jsonl.gz", "removed/url/00000.jsonl.gz"];
    for (const file of files) {
      deepStrictEqual(Deno.readFileSync(`${dir}/one/${file}`), Deno.readFileSync(`${dir}/two/${file}`));
    }

    const kept = rowsOf(`${dir}/one/${files[0]}`);
    deepStrictEqual(new Set(rowsOf(`${dir}/one/${files[1]}`).map((row) => row.reason)), new Set(["domain"]));
    for (const { text, token_count } of kept) {
      ok(!/mayor\d|9\.9\.9/.test(text), text);
      ok(token_count > 100 && token_count < text.length / 2, `${token_count} tokens of ${text.length}`);
    }
    const masked = kept.flatMap(({ text }) => text.match(/\S+@\S+/g) ?? []);
    deepStrictEqual(masked.slice(0, 3), [
      "email@example.com",
      "firstname.lastname@example.org",
      "email@example.com",
    ]);

    const stats = JSON.parse(await Deno.readTextFile(`${dir}/one/stats.json`));
    deepStrictEqual([stats.filters.words, stats.filters.sentences, stats.filters.recipe], [
      "spacy",
      "spacy",
      "current",
    ]);
    strictEqual(stats.documents.before.documents, 60);
    strictEqual(stats.documents.before.withoutUrl, 12);
    strictEqual(stats.documents.after.tokens, kept.reduce((sum, row) => sum + row.token_count, 0));
    deepStrictEqual(stats.documents.domains.find((row: any) => row.domain === "example.com"), {
      domain: "example.com",
      before: 8,
      after: 0,
    });
    const [{ filters }]: any = await eventsOf(`${dir}/one`);
    deepStrictEqual([filters.recipe, filters.words, filters.sentences], ["current", "spacy", "spacy"]);
    match(out, /Kept \d+ of 60 documents/);
    ok(
      (await eventsOf(`${dir}/one`)).some(({ type, text }) =>
        type === "note" && /e-mail and \d+ IP/.test(text)
      ),
    );
    match(await Deno.readTextFile(`${dir}/one/report.html`), /"reason":"domain","id":"/);
  });
});

Deno.test("fineweb splits words and sentences as the recipe does unless --words and --sentences say otherwise", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/in.jsonl`, documents());
    const args = ["fineweb", "--source", `${dir}/in.jsonl`, "--stages", "gopher-quality", "--workers", "1"];
    const cases = [[[], "treebank", "intl"], [["--words", "whitespace"], "whitespace", "intl"]] as const;
    for (const [more, words, sentences] of cases) {
      await runsTo(0, [...args, ...more, "--out", `${dir}/run`, "--resume", "never"]);
      const { filters } = JSON.parse(await Deno.readTextFile(`${dir}/run/stats.json`));
      deepStrictEqual([filters.words, filters.sentences], [words, sentences]);
    }
  });
});

Deno.test("fineweb refuses missing block lists and tokenizers in one line", async () => {
  await withFolder(async (dir) => {
    for (
      const [args, says] of [
        [["--url-list", `${dir}/nowhere`], /Block list .*nowhere does not exist/],
        [["--url-list", dir], /No block lists in .*domains/],
        [["--count-tokenizer", "nowhere"], /nowhere/],
        [["--words", "nltk"], /--words.*spacy, treebank, whitespace/],
        [["--stages", "c4,c4"], /listed twice/],
      ] as const
    ) {
      match(errorLine(await runsTo(2, ["fineweb", ...args, "--out", `${dir}/run`])), says);
    }
  });
});

Deno.test("fineweb keeps the metadata of documents through workers and deduplication, in what it removes too", async () => {
  await withFolder(async (dir) => {
    const rows = documents().trimEnd().split("\n").map((line, i) => ({
      ...JSON.parse(line),
      n: i,
      tags: [`t${i}`],
    }));
    rows.push({ ...rows[3], id: "again" }, { id: "short", text: "Too short.", "n": 2 ** 40, body: "\ud800" });
    await Deno.writeTextFile(`${dir}/in.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const args = ["fineweb", "--source", `${dir}/in.jsonl`, "--stages", "gopher-quality,minhash"];
    await runsTo(0, [...args, "--workers", "2", "--out", `${dir}/out`]);
    const kept = rowsOf(`${dir}/out/documents/00000.jsonl.gz`);
    const removed = rowsOf(`${dir}/out/removed/gopher-quality/00000.jsonl.gz`);
    const duplicates = rowsOf(`${dir}/out/removed/minhash/00000.jsonl.gz`);
    ok(kept.length > 0 && duplicates.length > 0);
    for (const row of [...kept, ...duplicates]) {
      const { n, tags } = rows.find(({ id }) => id === row.id);
      deepStrictEqual(JSON.parse(row.metadata), { n, tags });
    }
    deepStrictEqual(removed.map(({ id, metadata }) => [id, JSON.parse(metadata)]), [
      ["short", { n: 2 ** 40, body: "\ufffd" }],
    ]);
  });
});
