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
  /** Groups of runs whose losses in nats per token compare; a run without a loss is in none. */
  readonly nats: readonly (readonly number[])[];
  /** Groups of two or more runs with bits per byte of the same text, and the name of the text. */
  readonly bits: readonly { readonly text: string; readonly runs: readonly number[] }[];
  /** Why the runs do not share one chart in nats per token; null if they do. */
  readonly apart: string | null;
  /** Runs whose losses are those of rewards or preferences, which are not nats per token. */
  readonly policies: readonly number[];
}

/** Groups runs by what their losses were measured on. */
export function lossCharts(runs: readonly ComparedRun[]): LossCharts {
  const compared = runs.map(({ events, tokenizer = null }) => ({
    loss: lossOf(events),
    text: measuredText(events),
    tokenizer,
  }));
  const policies = compared.flatMap(({ loss }, i) => loss === "policy" ? [i] : []);
  // A run of which nothing is known compares with no other.
  const nats = grouped(compared.map(({ loss, text, tokenizer }, i) => {
    if (loss === null) return null;
    return text === null ? `run ${i}` : `${loss} ${tokenizer} ${text}`;
  }));
  const bits = grouped(runs.map(({ events }, i) => hasBits(events) ? compared[i].text : null))
    .filter(({ length }) => length > 1)
    .map((group) => ({ text: compared[group[0]].text?.slice(0, 8) ?? "", runs: group }));
  const apart = nats.length < 2 ? null : whyApart(compared.filter(({ loss }) => loss !== null));
  return { nats, bits, apart, policies };
}

/** What a run's losses are; null for a run without losses, as one that failed before its first step. */
function lossOf(events: readonly RunEvent[]): "nats" | "policy" | null {
  if (events.some(({ type }) => type === "rollout" || type === "preference")) return "policy";
  return events.some(({ type }) => type === "step" || type === "eval") ? "nats" : null;
}

function whyApart(
  runs: readonly {
    readonly loss: "nats" | "policy" | null;
    readonly text: string | null;
    readonly tokenizer: string | null;
  }[],
): string {
  const count = (values: readonly unknown[]) => new Set(values).size;
  const texts = runs.map(({ text }) => text);
  const reasons = [
    ...(count(runs.map(({ loss }) => loss)) > 1 ? ["some are losses of rewards or preferences"] : []),
    ...(texts.includes(null) ? ["some were evaluated on no text, or on one that is not known"] : []),
    ...(count(texts.filter((text) => text !== null)) > 1 ? ["they were evaluated on different texts"] : []),
    ...(count(runs.map(({ tokenizer }) => tokenizer)) > 1 ? ["they have different tokenizers"] : []),
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
