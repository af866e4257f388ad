/**
 * Curves as lists of [x, y] pairs, in which y is null where there is no value.
 *
 * @module
 */
import { last } from "./format.js";

/** The horizontal axes that a reader can choose for curves: the x of a step event, and whether it counts. */
export const axes = {
  steps: { label: "steps", counts: true, of: (step) => step.step + 1 },
  tokens: { label: "tokens", counts: true, of: (step) => step.tokens },
  time: { label: "minutes", of: (step) => step.elapsed / 60 },
};

/** Kinds of events whose `step` is the index of an update; in others it is the number of updates before. */
const indexed = new Set(["step", "rollout", "timing", "preference"]);

/** The number, or null for NaN, infinity and missing values. */
export const finite = (value) => Number.isFinite(value) ? value : null;

/**
 * Returns the pairs of events. Only steps know their tokens and time: another event gets the x of the last
 * step before it.
 */
export function pointsOf({ steps, events, of, axis }) {
  if (axis === "steps") return events.map((event) => [updatesOf(event), finite(of(event))]);
  let at = -1;
  return events.flatMap((event) => {
    const updates = updatesOf(event);
    if (event.type === "step") return [[axes[axis].of(event), finite(of(event))]];
    while (at + 1 < steps.length && steps[at + 1].step < updates) at++;
    return at < 0 ? [] : [[axes[axis].of(steps[at]), finite(of(event))]];
  });
}

const updatesOf = ({ type, step }) => indexed.has(type) ? step + 1 : step;

/**
 * Returns an exponential moving average without bias at the start; `weight` is 0 for none. Gaps stay gaps.
 */
export function smooth(pairs, weight) {
  if (weight === 0) return pairs;
  let total = 0, seen = 0;
  return pairs.map(([x, y]) => {
    if (y === null) return [x, y];
    total = weight * total + (1 - weight) * y;
    seen = weight * seen + (1 - weight);
    return [x, total / seen];
  });
}

/** Puts series on one axis, with null where a series has no value, as uPlot wants them. */
export function joined(series) {
  const all = [...new Set(series.flatMap((pairs) => pairs.map(([x]) => x)))].sort((a, b) => a - b);
  return [
    all,
    ...series.map((pairs) => {
      const at = new Map(pairs);
      return all.map((x) => at.get(x) ?? null);
    }),
  ];
}

/** Bits per byte of a run's last evaluation for each nat per token; null where none was measured. */
export function bitsPerNat({ evals }) {
  const both = last(evals.filter(({ bitsPerByte, valLoss }) => bitsPerByte > 0 && valLoss > 0));
  return both === undefined ? null : both.bitsPerByte / both.valLoss;
}

/** Returns pairs with their values multiplied. */
export const scaled = (pairs, factor) => pairs.map(([x, y]) => [x, y === null ? null : finite(y * factor)]);

/** Whether a logarithmic axis can show all values. */
export const canBeLog = ([, ...lines]) => lines.every((line) => line.every((y) => y === null || y > 0));

/**
 * Returns at most about `most` of a list of events, equally dense over the steps: of each range of steps the
 * events with the least and the greatest loss or reward, so that spikes stay, and the last event.
 */
export function thinned(events, most) {
  const first = events[0].step ?? 0, end = last(events);
  const width = ((end.step ?? 0) - first) / (most / 2) || 1;
  const value = (event) => event.loss ?? event.reward ?? event.valLoss ?? 0;
  const kept = [];
  for (const range of Map.groupBy(events, ({ step = 0 }) => Math.floor((step - first) / width)).values()) {
    const least = range.reduce((a, b) => value(b) < value(a) ? b : a);
    const greatest = range.reduce((a, b) => value(b) > value(a) ? b : a);
    kept.push(...range.filter((event) => event === least || event === greatest || event === end));
  }
  return kept;
}
