/** Tests the claims of all lessons: values on either side give the other sentence, and each claim is made. */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Claim, claim, isLower } from "../../../pipelines/lesson/claim.ts";
import { literalsOf } from "../../advice/literals.ts";

const folder = new URL("../../../pipelines/", import.meta.url);

/** Paths of the lessons' sources, from the folder of the pipelines. */
async function lessonFiles(): Promise<string[]> {
  const files = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && name.endsWith(".ts")) files.push(name);
  }
  for await (const { name, isDirectory } of Deno.readDir(new URL("lesson/", folder))) {
    if (!isDirectory) continue;
    for await (const file of Deno.readDir(new URL(`lesson/${name}/`, folder))) {
      files.push(`lesson/${name}/${file.name}`);
    }
  }
  return files.sort();
}

const files = await lessonFiles(), isClaims = (file: string): boolean => file.endsWith("_claims.ts");
const sources = new Map<string, string>();
for (const file of files) sources.set(file, await Deno.readTextFile(new URL(file, folder)));

Deno.test("claim() takes the sentence for the outcome", () => {
  const smaller = isLower({
    name: "a is smaller",
    yes: ({ value, other }) => `${value} is less than ${other}.`,
    no: ({ value, other }) => `${value} is not less than ${other}.`,
  });
  deepStrictEqual(claim(smaller, { value: 1, other: 2 }), {
    kind: "claim",
    name: "a is smaller",
    holds: true,
    text: "1 is less than 2.",
  });
  for (const other of [1, NaN]) {
    deepStrictEqual(claim(smaller, { value: 1, other }), {
      kind: "claim",
      name: "a is smaller",
      holds: false,
      text: `1 is not less than ${other}.`,
    });
  }
});

for (const file of files.filter(isClaims)) {
  const claims: Readonly<Record<string, Claim<any>>> = await import(new URL(file, folder).href);
  Deno.test(`${file}: measured values choose between two sentences`, () => {
    ok(Object.keys(claims).length > 0);
    for (const [id, { name, holds, yes, no, cases }] of Object.entries(claims)) {
      deepStrictEqual([holds(cases.yes), holds(cases.no)], [true, false], id);
      const [one, other] = [cases.yes, cases.no].map((measured) => claim(claims[id], measured));
      ok(one.kind === "claim" && other.kind === "claim");
      notStrictEqual(one.text, other.text, id);
      deepStrictEqual([one.holds, other.holds], [true, false], id);
      for (const text of [yes(cases.yes), no(cases.no)]) {
        match(text, /^[A-Za-z0-9`"].*[.:?]$/s, id);
        ok(!/undefined|NaN|\[object|Infinity/.test(text), text);
      }
      ok(!/(?<![\w-])\d/.test(name), `${id}: the name has a number: ${name}`);
    }
    const names = Object.values(claims).map(({ name }) => name);
    strictEqual(new Set(names).size, names.length, "two claims have one name");
  });
  Deno.test(`${file}: every claim is made somewhere in the lesson`, () => {
    const others = [...sources].filter(([name]) => !isClaims(name)).map(([, source]) => source);
    deepStrictEqual(
      Object.keys(claims).filter((id) => !others.some((source) => source.includes(`claim(${id},`))),
      [],
    );
  });
}

/** Numbers in a lesson's sentences that look like results and are not: settings, or the lecture's. */
const quoted: Readonly<Record<string, readonly string[]>> = {
  "lesson/batchnorm/initial_weights.ts": ["0.01", "0.99"], // a factor, a limit
  "lesson/bigram/bigram_published.ts": ["2.13"], // a version of torch
  "lesson/bigram/bigram_training.ts": ["0.1 times"], // a learning rate
  "lesson/micrograd/expressions.ts": ["0.01"], // the size of a step
  "lesson/micrograd/training.ts": ["100 %"], // the lecture's
  "lesson/mlp/mlp_basics.ts": ["80 %", "10 %", "0.001"], // parts of the names, a learning rate
  "lesson/mlp/mlp_solutions.ts": ["0.01"], // a factor
  "makemore_bigram.ts": ["80 %", "10 %"], // parts of the names
};

Deno.test("no sentence of a lesson contains a typed-in number that looks like a result", () => {
  const found: Record<string, string[]> = {};
  for (const [file, source] of sources) {
    if (isClaims(file) || !/from "\.\.?\/(lesson\/)?(\.\.\/)?(item|lesson)\.ts"/.test(source)) continue;
    for (const { text } of literalsOf(source, file)) {
      if (!/[a-z]{3,} [a-z]{2,}/.test(text)) continue; // a sentence
      const numbers = text.match(/(?<![\w.(])\d+\.\d{2,}(?![\w.])|\b\d+(\.\d+)? (%|times|seconds)/g) ?? [];
      const unknown = numbers.filter((number) => !quoted[file]?.includes(number));
      if (unknown.length > 0) (found[file] ??= []).push(...unknown);
    }
  }
  deepStrictEqual(found, {});
});
