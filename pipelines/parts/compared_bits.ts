/**
 * Compares the bits per byte of several runs, but only if they were measured on the same text.
 *
 * @module
 */
import type { EvalEvent, RunEvent } from "../../stages/flow/events.ts";

/** A run and its events. */
export interface EvaluatedRun {
  readonly name: string;
  readonly events: readonly RunEvent[];
}

/**
 * Returns a text such as "a: 2.058, b: 1.944" for runs whose last evaluations took the same text. For other
 * runs, the text says that they cannot be compared, and what each was evaluated on. Null for fewer than two
 * runs with bits per byte.
 */
export function comparedBits(runs: readonly EvaluatedRun[]): string | null {
  const evaluated = runs.flatMap(({ name, events }) => {
    const last = events.findLast((event) => event.type === "eval");
    return last?.bitsPerByte === undefined ? [] : [{ name, last, bits: last.bitsPerByte }];
  });
  if (evaluated.length < 2) return null;
  const texts = new Set(evaluated.map(({ last }) => `${last.text} ${last.bytes}`));
  if (texts.size === 1 && evaluated[0].last.text !== undefined) {
    return evaluated.map(({ name, bits }) => `${name}: ${bits.toFixed(3)}`).join(", ");
  }
  const each = evaluated.map(({ name, last }) => `${name}: ${textName(last)}`).join(", ");
  return `not compared, because the runs were not evaluated on the same text: ${each}; to measure each on one text: deno task pipeline eval --checkpoint RUN --source URI`;
}

/** Names the text of an evaluation: "1,009 bytes of text c7f7104b". */
export function textName({ text, bytes }: EvalEvent): string {
  if (text === undefined || bytes === undefined) return "an unknown text";
  return `${bytes.toLocaleString("en-US")} bytes of text ${text.slice(0, 8)}`;
}
