/**
 * Tests users' own filters in `--stages`: what they drop, where they run, and what a resumed run refuses.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { errorLine, eventsOf, runsTo, withFolder } from "../program.ts";

const root = new URL("../../../", import.meta.url);

/** The example of pipelines/README.md. */
async function example(): Promise<string> {
  const readme = await Deno.readTextFile(new URL("pipelines/README.md", root));
  const code = /```ts\n([^`]*?export default function[^]*?)```/.exec(readme)?.[1];
  ok(code !== undefined, "pipelines/README.md has no example of a filter");
  return code;
}

function rowsOf(path: string): any[] {
  return new TextDecoder().decode(gunzipSync(Deno.readFileSync(path))).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
}

/** Writes documents, a third of them about war and half of them with the beginning of an earlier one. */
async function writeSource(dir: string): Promise<string> {
  const rows = Array.from({ length: 24 }, (_, i) => {
    const war = i % 3 === 0
      ? "They had seen the war of wars and every war before that war."
      : "They were at peace.";
    const lines = Array.from(
      { length: 8 },
      (_, k) => `It was ${1600 + 8 * (i >> 1) + k} when the people of the town had been to the river. ${war}`,
    );
    return { id: `${i}`, text: lines.join("\n") };
  });
  const path = `${dir}/in.jsonl`;
  await Deno.writeTextFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** A stage that drops every document whose beginning it has seen: it has memory. */
const seenStage = `export default {
  name: "anything",
  open: (_: unknown, saved = { seen: [] as string[] }) => saved,
  *push(document: any, state: { seen: string[] }, ctx: any) {
    const start = document.text.slice(0, 12);
    if (state.seen.includes(start)) return void ctx.drop(document, "seen");
    state.seen.push(start);
    yield document;
  },
};`;

Deno.test("fineweb --stages runs the filter of pipelines/README.md, the same on any number of workers", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/no_war.ts`, await example());
    await Deno.writeTextFile(`${dir}/seen.ts`, seenStage);
    const stages = `gopher-quality,${dir}/no_war.ts,c4,${dir}/seen.ts`;
    const args = ["fineweb", "--stages", stages, "--source", await writeSource(dir)];
    const { out } = await runsTo(0, [...args, "--workers", "1", "--out", `${dir}/one`]);
    await runsTo(0, [...args, "--workers", "2", "--out", `${dir}/two`]);
    for (
      const file of ["documents", "removed/no_war", "removed/seen"].map((name) => `${name}/00000.jsonl.gz`)
    ) {
      deepStrictEqual(Deno.readFileSync(`${dir}/one/${file}`), Deno.readFileSync(`${dir}/two/${file}`));
    }
    deepStrictEqual(rowsOf(`${dir}/one/removed/seen/00000.jsonl.gz`)[0].reason, "seen");
    const removed = rowsOf(`${dir}/one/removed/no_war/00000.jsonl.gz`);
    deepStrictEqual(new Set(removed.map(({ reason }) => reason)), new Set(["many wars"]));
    ok(removed.every(({ text }) => text.split(/\bwar\b/i).length > 20));
    const kept = rowsOf(`${dir}/one/documents/00000.jsonl.gz`);
    ok(kept.length > 0);
    ok(kept.every(({ text }) => text.split(/\bwar\b/i).length <= 20));
    strictEqual(new Set(kept.map(({ text }) => text.slice(0, 12))).size, kept.length);
    match(out, /^Dropped by (?=.*no_war [1-9])(?=.*seen [1-9])/m);
    match(await Deno.readTextFile(`${dir}/one/report.html`), /"stage":"no_war","reason":"many wars"/);
    const { options } = JSON.parse(await Deno.readTextFile(`${dir}/one/config.json`));
    match(options.stages[1], /\/no_war\.ts#[0-9a-f]{16}$/);
    const [{ filters }]: any = await eventsOf(`${dir}/one`);
    deepStrictEqual(filters.stages, ["gopher-quality", "no_war", "c4", "seen"]);
  }));

Deno.test("fineweb does not resume a run with a filter whose file has changed", () =>
  withFolder(async (dir) => {
    const file = `${dir}/filter.ts`;
    await Deno.writeTextFile(file, `export default () => undefined;`);
    const source = await writeSource(dir);
    const args = ["fineweb", "--source", source, "--out", `${dir}/run`, "--workers", "1", "--quiet"];
    await runsTo(0, [...args, "--stages", file]);
    await runsTo(0, [...args, "--stages", file]); // finished, and the same file
    await Deno.writeTextFile(file, `export default () => "all";`);
    const typed = errorLine(await runsTo(2, [...args, "--stages", file]));
    match(
      typed,
      /Cannot resume .* with --stages ".*filter\.ts#[0-9a-f]{16}": the run was started with --stages /,
    );
    await Deno.remove(`${dir}/run/metrics.jsonl`); // as if it had not finished
    const remembered = errorLine(await runsTo(2, args));
    match(
      remembered,
      /Cannot use the filter .*filter\.ts: the file has changed .* restore it, or start a new run/,
    );
    await runsTo(0, [...args, "--stages", file, "--resume", "never"]);
  }));

const files: Readonly<Record<string, string>> = {
  "none_exported.ts": "export const a = 1;",
  "number.ts": "export default 3;",
  "c4.ts": "export default () => undefined;",
  "twice.ts": "export default () => undefined;",
  "boolean.ts": "export default () => true;",
};

const wrong: readonly (readonly [stages: string, code: 1 | 2, message: RegExp])[] = [
  [
    "DIR/nowhere.ts",
    2,
    /Bad value for --stages: .*nowhere\.ts: there is no such file or folder: give the path/,
  ],
  ["none_exported.ts", 2, /none_exported\.ts: expected some of url, .* such as \.\/none_exported\.ts/],
  ["DIR/none_exported.ts", 2, /it has no default export: write "export default \(document\) => …" in it/],
  ["DIR/number.ts", 2, /its default export is neither a function nor a stage: write/],
  ["DIR/c4.ts", 2, /Two filters are called c4: rename the file .*\/c4\.ts, or list it once/],
  ["DIR/twice.ts,DIR/twice.ts", 2, /Two filters are called twice: rename the file/],
  ["DIR/boolean.ts", 1, /The filter boolean returned true: expected a reason such as "too short"/],
];

Deno.test("fineweb says what is wrong with a filter's file", () =>
  withFolder(async (dir) => {
    for (const [name, content] of Object.entries(files)) await Deno.writeTextFile(`${dir}/${name}`, content);
    for (const [stages, code, message] of wrong) {
      const args = [
        "fineweb",
        "--out",
        `${dir}/run`,
        "--workers",
        "1",
        "--stages",
        stages.replaceAll("DIR", dir),
      ];
      const { err } = await runsTo(code, args);
      match(err, message);
      if (code === 2) strictEqual(err.trim().split("\n").length, 1);
    }
  }));

Deno.test("fineweb-gpt2 trains on what a user's own filter keeps", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/no_war.ts`, await example());
    const args = ["fineweb-gpt2", "--out", `${dir}/run`, "--stages", `${dir}/no_war.ts`, "--steps", "2"];
    const small = "--layers 1 --heads 2 --channels 16 --seq-len 32 --tokenizer byte --quiet".split(" ");
    await runsTo(0, [...args, ...small]);
    const stage = (await eventsOf(`${dir}/run`)).findLast((event) =>
      event.type === "stage" && event.name === "no_war"
    );
    ok(stage?.type === "stage" && stage.in > 0);
  }));
