/**
 * Events as JSON. JSON has no NaN and no infinity, so these numbers are written as the strings "NaN",
 * "Infinity" and "-Infinity", in metrics.jsonl, in the output of --json and in the pages alike.
 *
 * @module
 */
import { isRecord } from "../disk/json.ts";
import { hasEventShape } from "./event_shape.ts";
import type { RunEvent } from "./events.ts";

/**
 * Names of the fields of events that hold measured numbers. Strings in other fields stay strings, for a text
 * that a model generates may be "NaN".
 */
export const measuredFields = [
  "loss",
  "gradNorm",
  "lr",
  "tokensPerSecond",
  "elapsed",
  "valLoss",
  "bitsPerByte",
  "unigramLoss",
  "accuracy",
  "accuracyNorm",
  "mean",
  "std",
  "norm",
  "saturated",
  "dead",
  "updateRatio",
  "from",
  "to",
  "x",
  "y",
  "reward",
  "margin",
  "entropy",
  "kl",
  "policyLoss",
  "gflops",
  "gigabytes",
  "share",
  "waiting",
] as const;

const measured: ReadonlySet<string> = new Set(measuredFields);
const results: ReadonlySet<string> = new Set(["loss", "gradNorm", "valLoss", "bitsPerByte"]);
const words: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

/** Returns a value as JSON text. Lone surrogates in strings become U+FFFD, which DuckDB can read. */
export function encodeNumbers(value: unknown): string {
  return JSON.stringify(value, (_key, field) => {
    if (typeof field === "string") return field.toWellFormed();
    return typeof field === "number" && !Number.isFinite(field) ? String(field) : field;
  });
}

/** Returns an event as one line of JSON, without a line end. */
export function encodeEvent(event: RunEvent): string {
  return encodeNumbers(event);
}

/**
 * Returns the event of a line, or null if the line is not an event: one that a crash has cut short, or one
 * whose fields are not those of its type. A loss or norm that is null, as earlier versions wrote NaN and
 * infinity, becomes NaN.
 */
export function decodeEvent(line: string): RunEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(line, (key, field) => {
      if (field === null && results.has(key)) return NaN;
      return measured.has(key) && typeof field === "string" ? words[field] ?? field : field;
    });
  } catch {
    return null;
  }
  return isEvent(value) ? value : null;
}

function isEvent(value: unknown): value is RunEvent {
  return isRecord(value) && typeof value.type === "string" && hasEventShape(value.type, value);
}
