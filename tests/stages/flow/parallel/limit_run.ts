/**
 * Runs a group that loops for ever at some items, with a time limit per item. Exits with code 0 if exactly
 * these items were dropped. parallel_test.ts starts this script.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { parallel } from "../../../../stages/flow/parallel/parallel.ts";
import type { Stage } from "../../../../stages/flow/stage.ts";
import type { Letter } from "./letters_group.ts";

const module = new URL("./letters_group.ts", import.meta.url).href;
const many = Array.from({ length: 700 }, (_, value) => ({ id: `letter-${value}`, value }));

function sink<T>(name: string, into: T[]): Stage<T, never> {
  return { name, open: () => null, push: (item) => (into.push(item), []) };
}

for (const workers of [1, 3]) {
  const out: Letter[] = [], removed: unknown[] = [];
  const counts = new Map<string, unknown>();
  const stage = parallel<Letter, Letter>({ module, group: "swamp", options: {} }, {
    workers,
    limit: { milliseconds: 1000, reason: "timeout" },
  });
  await from(asSource("letters in", () => many.slice(0, 200)))
    .pipe(stage, { rejects: sink("removed", removed) })
    .pipe(sink("out", out))
    .run({
      onEvent(event) {
        if (event.type === "stage") counts.set(event.name, [event.in, event.out, event.dropped]);
      },
    });
  deepStrictEqual(
    out.map(({ value }) => value),
    many.slice(0, 200).map(({ value }) => value).filter((value) => {
      return value !== 4 && value !== 5 && value % 100 !== 77;
    }),
  );
  deepStrictEqual(removed, [
    { item: many[4], reason: "timeout", stage: "early" },
    { item: many[5], reason: "five", stage: "no fives" },
    { item: many[77], reason: "timeout", stage: "late" },
    { item: many[177], reason: "timeout", stage: "late" },
  ]);
  deepStrictEqual(counts.get("early"), [200, 199, { timeout: 1 }]);
  deepStrictEqual(counts.get("no fives"), [199, 198, { five: 1 }]);
  deepStrictEqual(counts.get("late"), [198, 196, { timeout: 2 }]);
}

Deno.exit(0);
