/**
 * Tests long texts that reveal backtracking regular expressions and quadratic loops. Each text is processed
 * in a worker by every filter, by text extraction and by every tokenizer pattern. The time limit is so long
 * that only quadratic work exceeds it.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { asSource } from "../../stages/flow/as_source.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import { from } from "../../stages/flow/flow.ts";
import { parallel } from "../../stages/flow/parallel/parallel.ts";
import type { Document } from "../../stages/items.ts";

const units = [
  " ",
  "\u00a0",
  "\t",
  "\n",
  "\r",
  "a",
  "A",
  "1",
  ".",
  '"',
  "'",
  "[",
  ")",
  "!",
  "😀",
  "\ud800",
  "\u0301",
  "\0",
  "字",
  "a ",
  "a\n",
  "1,",
  "a@",
  "a.b@c.",
  "1.2.3.",
  "http://",
  "-",
  "a.)",
  "n't",
  "Mr. A. ",
  "- \n",
  "...\n",
  "\u2028",
];

/**
 * Each text is a repeated unit with another character before and after it, so that many expressions
 * backtrack.
 */
const texts = units.map((unit): Document => ({
  id: JSON.stringify(unit),
  text: `a${unit.repeat(Math.floor((1 << 18) / unit.length))}x`,
  url: `http://a.b/${unit.repeat(1000)}`,
}));

Deno.test("filters, text extraction and tokenizer patterns take linear time for hostile texts", async () => {
  const dropped: Record<string, unknown> = {};
  const seen: string[] = [];
  await from(asSource("texts", () => texts))
    .pipe(parallel<Document, Document>({
      module: import.meta.resolve("./hostile_group.ts"),
      group: "hostileStages",
      options: {},
    }, { workers: 1, limit: { milliseconds: 60_000, reason: "too_slow" } }))
    .pipe<never>({ name: "seen", open: () => null, push: (doc) => (seen.push(doc.id), []) })
    .run({
      onEvent(event: RunEvent) {
        if (event.type === "stage" && Object.keys(event.dropped).length > 0) {
          dropped[event.name] = event.dropped;
        }
      },
    });
  deepStrictEqual(dropped, {});
  deepStrictEqual(seen, texts.map((doc) => doc.id));
});
