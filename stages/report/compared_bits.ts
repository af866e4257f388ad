/**
 * Whether the bits per byte of several runs compare: only if they were measured on the same text.
 *
 * @module
 */
import type { EvalEvent, RunEvent } from "../flow/events.ts";

/** A run and its events. */
export interface EvaluatedRun {
  readonly name: string;
  readonly events: readonly RunEvent[];
}

/**
 * Returns why the bits per byte of runs cannot be compared, and what each was evaluated on. Null if their
 * last evaluations took the same text, and for fewer than two runs with bits per byte.
 */
export function whyBitsApart(runs: readonly EvaluatedRun[]): string | null {
  const evaluated = runs.flatMap(({ name, events }) => {
    const last = events.findLast((event) => event.type === "eval");
    return last?.bitsPerByte === undefined ? [] : [{ name, last }];
  });
  if (evaluated.length < 2) return null;
  const texts = new Set(evaluated.map(({ last }) => `${last.text} ${last.bytes}`));
  if (texts.size === 1 && evaluated[0].last.text !== undefined) return null;
  const each = evaluated.map(({ name, last }) => `${name}: ${textName(last)}`).join(", ");
  return `Bits per byte are not compared, because the runs were not evaluated on the same text: ${each}; to measure each on one text: deno task pipeline eval --checkpoint RUN --source URI`;
}

/** Names the text of an evaluation: "1,009 bytes of text c7f7104b". */
export function textName({ text, bytes }: EvalEvent): string {
  if (text === undefined || bytes === undefined) return "an unknown text";
  return `${bytes.toLocaleString("en-US")} bytes of text ${text.slice(0, 8)}`;
}
