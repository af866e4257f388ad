/**
 * Events as plain lines, for pipes, logs and above the live block.
 *
 * @module
 */
import type { EvalEvent, HellaswagEvent, InspectEvent, SampleEvent } from "../flow/events.ts";
import type { Progress } from "./progress.ts";
import { count, rate, share, time } from "./quantity.ts";
import { printable } from "./terminal_text.ts";

/** "step 20/300  loss 4.3210  lr 1.0e-3  norm 0.83  3,210 tokens/s  1m20s left" */
export function stepLine(progress: Progress): string {
  const { step, limits: goal, secondsLeft: left } = progress;
  if (step === null) return "";
  const of = goal.steps === undefined ? "" : `/${goal.steps}`;
  return [
    `step ${progress.updates}${of}`,
    `loss ${step.loss.toFixed(4)}`,
    `lr ${step.lr.toExponential(1)}`,
    `norm ${step.gradNorm.toFixed(2)}`,
    `${count(step.tokensPerSecond)} tokens/s`,
    ...(left === null ? [] : [`${time(left)} left`]),
  ].join("  ");
}

/** "validation after step 50: loss 4.1234, 1.92 bits per byte, unigram model 6.7" */
export function evalLine(event: EvalEvent): string {
  const bits = event.bitsPerByte === undefined ? "" : `, ${event.bitsPerByte.toFixed(3)} bits per byte`;
  const unigram = event.unigramLoss === undefined ? "" : `, unigram model ${event.unigramLoss.toFixed(4)}`;
  return `validation after step ${event.step}: loss ${event.valLoss.toFixed(4)}${bits}${unigram}`;
}

/** "HellaSwag after step 50: 26.0 % (by length 28.0 %) of 200" */
export function hellaswagLine(event: HellaswagEvent): string {
  return `HellaSwag after step ${event.step}: ${share(event.accuracy)}, normalized by length ${
    share(event.accuracyNorm)
  }, ${event.items} items`;
}

/** "inside after step 50: gradients 3.1e-3 (wpe.weight) to 0.21 (wte.weight), updates 1.2e-4 (…) to 4.0e-3 (…) of values" */
export function inspectLine({ step, parameters }: InspectEvent): string {
  const span = (values: readonly (readonly [name: string, value: number])[]) => {
    const sorted = values.toSorted(([, a], [, b]) => a - b);
    return [sorted[0], sorted[sorted.length - 1]].map(([name, x]) => `${x.toPrecision(2)} (${name})`).join(
      " to ",
    );
  };
  const gradients = parameters.map(({ name, gradient }) => [name, gradient.norm] as const);
  const updates = parameters.flatMap(({ name, updateRatio }) =>
    updateRatio === undefined ? [] : [[name, updateRatio] as const]
  );
  const changed = updates.length === 0 ? "" : `; updates ${span(updates)} of the values`;
  return `inside after step ${step}: norms of gradients ${span(gradients)}${changed}`;
}

/** The sample's text, indented under a heading; control characters made visible. */
export function sampleLines(event: SampleEvent): string[] {
  const text = printable(textWithPrompt(event)).trimEnd();
  return [`sample after step ${event.step}:`, ...text.split("\n").map((line) => `  ${line}`)];
}

/** What was written with what it was to go on from, whether or not the event's text repeats that. */
export function textWithPrompt({ prompt = "", text }: SampleEvent): string {
  return text.startsWith(prompt) ? text : prompt + text;
}

/** One line on the data side: "data: 1,234 in, 890 out, 310/s, slowest language". */
export function stagesLine(progress: Progress): string {
  const stages = progress.stages();
  if (stages.length === 0) return "";
  const busiest = stages.reduce((a, b) => (b.busy > a.busy ? b : a));
  const dropped = stages.reduce((sum, s) => sum + s.dropped, 0);
  return `data: ${count(stages[0].out)} from ${stages[0].name}, ${count(dropped)} dropped, ${
    rate(stages[0].perSecond)
  }, busiest ${busiest.name}`;
}
