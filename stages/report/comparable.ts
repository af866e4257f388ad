/**
 * Which runs' losses may be drawn over each other. A loss in nats per token depends on the tokenizer and on
 * the text, so it is compared only between runs that share both; bits per byte of one text compare between
 * tokenizers as well.
 *
 * @module
 */
import type { EvalEvent, RunEvent } from "../flow/events.ts";

/** A run, as far as its losses are compared. */
export interface ComparedRun {
  /** Name of the run. */
  readonly name: string;
  /** Events of the run, from its metrics.jsonl. */
  readonly events: readonly RunEvent[];
  /** Identity of the run's tokenizer; absent if it is not known. */
  readonly tokenizer?: string | undefined;
}

/** How the losses of runs are drawn: each group is a list of indices of runs, which share a chart. */
export interface LossCharts {
  /** Groups of runs whose losses in nats per token compare. */
  readonly nats: readonly (readonly number[])[];
  /** Groups of two or more runs with bits per byte of the same text, and the name of the text. */
  readonly bits: readonly { readonly text: string; readonly runs: readonly number[] }[];
  /** Why the runs do not share one chart in nats per token; null if they do. */
  readonly apart: string | null;
}

/** Groups runs by what their losses were measured on. */
export function lossCharts(runs: readonly ComparedRun[]): LossCharts {
  if (runs.length < 2) return { nats: runs.map((_, i) => [i]), bits: [], apart: null };
  const texts = runs.map(({ events }) => measuredText(events));
  const tokenizers = runs.map(({ tokenizer }) => tokenizer ?? null);
  // A run of which nothing is known compares with no other.
  const nats = grouped(runs.map((_, i) => texts[i] === null ? `run ${i}` : `${tokenizers[i]} ${texts[i]}`));
  const bits = grouped(runs.map(({ events }, i) => hasBits(events) ? texts[i] : null))
    .filter(({ length }) => length > 1)
    .map((group) => ({ text: texts[group[0]]?.slice(0, 8) ?? "", runs: group }));
  return { nats, bits, apart: nats.length === 1 ? null : whyApart(texts, tokenizers) };
}

function whyApart(texts: readonly (string | null)[], tokenizers: readonly (string | null)[]): string {
  const reasons = [
    ...(texts.includes(null) ? ["some were evaluated on no text, or on one that is not known"] : []),
    ...(new Set(texts.filter((text) => text !== null)).size > 1
      ? ["they were evaluated on different texts"]
      : []),
    ...(new Set(tokenizers).size > 1 ? ["they have different tokenizers"] : []),
  ];
  return `Losses in nats per token do not compare between these runs, so they are drawn apart: ${
    reasons.join("; ")
  }. Bits per byte of the same text compare.`;
}

/** Identity of the text that the first evaluation took, and how much of it; null if it is not known. */
function measuredText(events: readonly RunEvent[]): string | null {
  const first = events.find((event): event is EvalEvent => event.type === "eval");
  return first?.text === undefined ? null : `${first.text} ${first.bytes ?? 0}`;
}

function hasBits(events: readonly RunEvent[]): boolean {
  return events.some((event) => event.type === "eval" && event.bitsPerByte !== undefined);
}

/** Indices of equal keys, in the order of their first occurrence; null belongs to no group. */
function grouped(keys: readonly (string | null)[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, key] of keys.entries()) {
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  }
  return [...groups.values()];
}
