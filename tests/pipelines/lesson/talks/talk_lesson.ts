/**
 * Runs parts of the lessons on talks at short lengths.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import type { Item } from "../../../../pipelines/lesson/item.ts";
import { readRegion } from "../../../../pipelines/lesson/source_code.ts";
import { itemLines } from "../../../../pipelines/lesson/text.ts";

/** A claim of a lesson. */
type ClaimItem = Extract<Item, { kind: "claim" }>;

/** Collects the items of a lesson's sections, and checks that each can be shown. */
export async function itemsOf(items: AsyncIterable<Item> | Iterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  for (const item of found) {
    if (item.kind === "figure") { for (const chart of item.charts) await chart.html(); }
    if (item.kind === "code") await readRegion(item);
    const text = itemLines(item, { columns: 100, color: false }).join("\n");
    ok(!/NaN|undefined|\[object|Infinity/.test(text), text);
  }
  return found;
}

/** Returns the claims among items. */
export function claimsOf(items: readonly Item[]): readonly ClaimItem[] {
  return items.filter((item) => item.kind === "claim");
}

/** Runs a generator of items to its end, and returns what it returns. */
export async function resultOf<T>(items: AsyncGenerator<Item, T>): Promise<T> {
  for (;;) {
    const { done, value } = await items.next();
    if (done) return value;
  }
}
