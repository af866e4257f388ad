/**
 * The course of a run of post-training in a few lines: its curve, and its answers before and after.
 *
 * @module
 */
import type { RunEvent } from "../../../stages/flow/events.ts";
import { share } from "../../../stages/report/quantity.ts";
import { sparkline } from "../../../stages/report/terminal_text.ts";

/** Number of updates at either end of a curve whose mean is shown. */
const ENDS = 5;

/** Columns of a curve. */
const COLUMNS = 40;

/** Returns the lines of a run's events. */
export function courseLines(events: readonly RunEvent[]): readonly string[] {
  return [...curveLines(events), ...timeLines(events), ...taskLines(events)];
}

/** The rewards, the preferences or the losses of a run. */
function curveLines(events: readonly RunEvent[]): readonly string[] {
  const rollouts = events.filter((event) => event.type === "rollout");
  if (rollouts.length > 0) {
    const calls = rollouts.map(({ toolCalls }) => toolCalls);
    return [
      curveLine("reward", rollouts.map(({ reward }) => reward)),
      ...(Math.max(...calls) > 0 ? [curveLine("tool calls", calls)] : []),
      curveLine("entropy", rollouts.map(({ entropy }) => entropy)),
    ];
  }
  const pairs = events.filter((event) => event.type === "preference");
  if (pairs.length > 0) {
    return [
      curveLine("loss", pairs.map(({ loss }) => loss)),
      curveLine("margin", pairs.map(({ margin }) => margin)),
      curveLine("pairs right", pairs.map(({ accuracy }) => accuracy)),
    ];
  }
  const losses = events.flatMap((event) => event.type === "step" ? [event.loss] : []);
  return losses.length === 0 ? [] : [curveLine("loss", losses)];
}

/** A line such as "reward       0.512 → 0.934  ▁▂▅▇█", with the means of the first and the last updates. */
function curveLine(name: string, values: readonly number[]): string {
  const mean = (some: readonly number[]) => some.reduce((sum, x) => sum + x, 0) / some.length;
  const span = values.length < 2 * ENDS
    ? mean(values).toFixed(3)
    : `${mean(values.slice(0, ENDS)).toFixed(3)} → ${mean(values.slice(-ENDS)).toFixed(3)}`;
  return `${name.padEnd(12)} ${span}  ${sparkline(values, COLUMNS)}`;
}

/** Where the time of the updates by rewards went, as far as it was measured. */
function timeLines(events: readonly RunEvent[]): readonly string[] {
  const timings = events.filter((event) => event.type === "timing");
  if (timings.length === 0) return [];
  const first = timings[0].step;
  let rollout = 0, score = 0, generated = 0, train = 0, tokens = 0;
  for (const event of timings) {
    rollout += event.rollout;
    score += event.score;
    generated += event.generated;
  }
  for (const event of events) {
    if (event.type !== "step") continue;
    if (event.step >= first) train += (event.tokens - tokens) / event.tokensPerSecond;
    tokens = event.tokens;
  }
  const all = rollout + score + train;
  return [
    `time         answering ${share(rollout / all)} (${(generated / rollout).toFixed(0)} tokens/s), ` +
    (score > 0 ? `reference ${share(score / all)}, ` : "") + `training ${share(train / all)}`,
  ];
}

/** The first and the last check of each task. */
function taskLines(events: readonly RunEvent[]): readonly string[] {
  const checks = Map.groupBy(events.filter((event) => event.type === "task"), ({ task }) => task);
  return [...checks].map(([task, all]) => {
    const [before] = all, after = all[all.length - 1], { items, seen } = after;
    const kind = seen === true ? "questions it was trained on" : "held-out questions";
    const arrow = (of: (event: typeof before) => string) =>
      before === after || of(before) === of(after) ? of(after) : `${of(before)} → ${of(after)}`;
    const tools = all.some(({ toolShare = 0 }) => toolShare > 0)
      ? `, with a tool ${arrow(({ toolShare = 0 }) => share(toolShare))}`
      : "";
    return `${task.padEnd(12)} ${
      arrow(({ reward }) => reward.toFixed(3))
    } mean reward of ${items} ${kind}${tools}`;
  });
}
