/**
 * What the filter tests share: a stage's verdict on one text.
 *
 * @module
 */
import type { Context, Stage } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";

/** A stage's reason to drop a text, or null, and the document as it left. */
export interface FilterResult {
  readonly reason: string | null;
  readonly doc: Document;
}

/** Opens a stage once and gives a function that judges texts. */
export async function openFilter(
  stage: Stage<Document, Document>,
): Promise<(text: string | Document) => FilterResult> {
  let reason: string | null = null;
  const ctx: Context = {
    signal: new AbortController().signal,
    rng: { next: () => 0, integer: () => 0 },
    seed: 0,
    stopping: false,
    emit: () => {},
    drop: (_item, why) => reason = why,
  };
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
    throw new Error(`${stage.name} gave ${items.length} items and the reason ${reason}`);
  };
}

/** Throws unless both have the same JSON. */
export function equal(actual: unknown, wanted: unknown, about = ""): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${about ? `${about}: ` : ""}got ${a}, wanted ${b}`);
}
