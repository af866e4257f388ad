/**
 * Helpers for the filter tests: the result of a filter for one text, and a check for equality.
 *
 * @module
 */
import type { Stage } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { contextWith } from "../context.ts";

/**
 * Result of a filter: the reason for dropping the document, or null, and the document that the filter passes
 * on.
 */
export interface FilterResult {
  readonly reason: string | null;
  readonly doc: Document;
}

/** Opens a filter and returns a function that applies it to a text or document. */
export async function openFilter(
  stage: Stage<Document, Document>,
): Promise<(text: string | Document) => FilterResult> {
  let reason: string | null = null;
  const ctx = contextWith({ drop: (_item, why) => reason = why });
  const state = await stage.open(ctx);
  return (text) => {
    reason = null;
    const doc = typeof text === "string" ? { id: "test", text } : text;
    const out = stage.push(doc, state, ctx);
    if (!(Symbol.iterator in out)) throw new Error(`${stage.name} is not synchronous`);
    const items = [...out];
    if (items.length === 1 && typeof items[0] !== "symbol" && reason === null) {
      return { reason, doc: items[0] };
    }
    if (items.length === 0 && reason !== null) return { reason, doc };
    throw new Error(`${stage.name} yielded ${items.length} items, with the reason ${reason}`);
  };
}

/** Throws unless both values have the same JSON. */
export function equal(actual: unknown, expected: unknown, about = ""): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${about ? `${about}: ` : ""}got ${a}, expected ${b}`);
}
