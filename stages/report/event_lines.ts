/**
 * Events as lines of plain text, for pipes, logs and the scrolling text above the live block.
 *
 * @module
 */
import type {
  CardEvent,
  ChangeEvent,
  EvalEvent,
  HellaswagEvent,
  InspectEvent,
  RolloutEvent,
  SampleEvent,
  TaskEvent,
  WordsEvent,
} from "../flow/events.ts";
import { optionText } from "./option_text.ts";
import type { Progress } from "./progress.ts";
import { count, rate, share, time } from "./quantity.ts";
import { printable } from "./terminal_text.ts";

/**
 * Returns a line such as "step 20/300  loss 4.3210  lr 1.0e-3  norm 0.83  3,210 tokens/s  1m20s left". An
 * update of preferences or rewards shows these in place of the loss, which says nothing there.
 */
export function stepLine(progress: Progress): string {
  const { step, limits, secondsLeft } = progress;
  if (step === null) return "";
  const of = limits.steps === undefined ? "" : `/${limits.steps}`;
  return [
    `step ${progress.updates}${of}`,
    ...(rolloutParts(progress) ?? preferenceParts(progress) ?? [`loss ${step.loss.toFixed(4)}`]),
    `lr ${step.lr.toExponential(1)}`,
    `norm ${step.gradNorm.toFixed(2)}`,
    speedText(progress),
    ...(secondsLeft === null ? [] : [`${time(secondsLeft)} left`]),
  ].join("  ");
}

/** The latest update's answers, or null if it is no update of rewards. */
export function rolloutParts({ step, rollout }: Progress): string[] | null {
  return step === null || rollout === null || rollout.step < step.step ? null : answerParts(rollout);
}

/** Returns a line for answers that gave no update. */
export function withoutUpdateLine(event: RolloutEvent): string {
  return ["no update, as the answers teach nothing", ...answerParts(event)].join("  ");
}

function answerParts(event: RolloutEvent): string[] {
  const { reward, zeroVariance, entropy, length, cutOff, tooLong = 0, toolCalls, kl } = event;
  return [
    `reward ${reward.toFixed(3)}`,
    `entropy ${entropy.toFixed(3)}`,
    `${length.toFixed(1)} tokens`,
    ...(toolCalls > 0 ? [`${toolCalls.toFixed(2)} tool calls`] : []),
    ...(kl === undefined ? [] : [`KL ${kl.toFixed(4)}`]),
    ...(zeroVariance > 0 ? [`${share(zeroVariance)} of groups equal`] : []),
    ...(cutOff > 0 ? [`${share(cutOff)} cut off`] : []),
    ...(tooLong > 0 ? [`${share(tooLong)} of questions too long`] : []),
  ];
}

/** The latest update's pairs, or null if it is no update of preferences. */
export function preferenceParts({ step, preference }: Progress): string[] | null {
  if (step === null || preference === null || preference.step < step.step) return null;
  const { loss, accuracy, margin } = preference;
  return [`loss ${loss.toFixed(4)}`, `${share(accuracy)} of pairs right`, `margin ${margin.toFixed(3)}`];
}

/** Tokens per second: of training, or of generating answers, with the shares of time that each takes. */
export function speedText(progress: Progress): string {
  const { step, timing } = progress;
  if (step === null) return "";
  if (timing === null || timing.step < step.step) return `${count(step.tokensPerSecond)} tokens/s`;
  const { rollout, score, generated } = timing, train = progress.updateSeconds;
  const parts = [["answering", rollout], ["reference", score], ["training", train]] as const;
  const all = rollout + score + train;
  const shares = parts.filter(([, seconds]) => seconds >= all / 200).map(([name, seconds]) =>
    `${name} ${share(seconds / all)}`
  );
  return `${count(generated / rollout)} tokens/s generated (${shares.join(", ")})`;
}

/**
 * Returns a line such as "validation after step 50: loss 4.1234, 1.920 bits per byte, unigram model 6.7000".
 */
export function evalLine(event: EvalEvent): string {
  const bits = event.bitsPerByte === undefined ? "" : `, ${event.bitsPerByte.toFixed(3)} bits per byte`;
  const unigram = event.unigramLoss === undefined ? "" : `, unigram model ${event.unigramLoss.toFixed(4)}`;
  return `validation after step ${event.step}: loss ${event.valLoss.toFixed(4)}${bits}${unigram}`;
}

/** Returns a line such as "changed after step 200: --lr 0.003 → --lr 0.001". */
export function changeLine({ step, options }: ChangeEvent): string {
  const texts = Object.entries(options).map(([name, [before, after]]) =>
    `${optionText(name, before)} → ${optionText(name, after)}`
  );
  return `changed after step ${step}: ${texts.join(", ")}`;
}

/** Returns a line such as "HellaSwag after step 50: 26 %, normalized by length 28 %, 200 items". */
export function hellaswagLine(event: HellaswagEvent): string {
  return `HellaSwag after step ${event.step}: ${share(event.accuracy)}, normalized by length ${
    share(event.accuracyNorm)
  }, ${event.items} items`;
}

/**
 * Returns a line with the ranges of gradient norms and of update-to-weight ratios: "inspect after step 50:
 * gradient norms 0.0031 (wpe.weight) to 0.21 (wte.weight); update/weight ratios 0.00012 (ln_f.weight) to
 * 0.004 (wte.weight)".
 */
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
  const ratios = updates.length === 0 ? "" : `; update/weight ratios ${span(updates)}`;
  return `inspect after step ${step}: gradient norms ${span(gradients)}${ratios}`;
}

/** Returns the sample's text, indented under a heading. */
export function sampleLines(event: SampleEvent): string[] {
  const text = printable(textWithPrompt(event)).trimEnd();
  return [`sample after step ${event.step}:`, ...text.split("\n").map((line) => `  ${line}`)];
}

/**
 * Returns a line such as "96.2 % of the 812 words of ten samples occur in the training text". Less than all
 * is never rounded to 100 %.
 */
export function wordsLine({ samples, words, found, firstTokens }: WordsEvent): string {
  const whose = `of ${samples === 10 ? "ten" : samples} ${samples === 1 ? "sample" : "samples"}`;
  if (words === 0) return `The texts ${whose} have no words to look up in the training text`;
  const percent = Math.round(1000 * found / words) / 10;
  const share = found < words ? Math.min(99.9, percent) : percent;
  const text = firstTokens === undefined
    ? "the training text"
    : `the first ${firstTokens.toLocaleString("en-US")} tokens of the training text`;
  return `${share.toFixed(1)} % of the ${words.toLocaleString("en-US")} ${
    words === 1 ? "word" : "words"
  } ${whose} ${words === 1 ? "occurs" : "occur"} in ${text}`;
}

/**
 * Returns the prompt and the generated text, whether or not the event's text already begins with the prompt.
 */
export function textWithPrompt({ prompt = "", text }: SampleEvent): string {
  return text.startsWith(prompt) ? text : prompt + text;
}

/**
 * Returns a line on the data stages such as "data: 1,234 from source, 344 dropped, 310/s, busiest language".
 */
export function stagesLine(progress: Progress): string {
  const stages = progress.stages();
  if (stages.length === 0) return "";
  const busiest = stages.reduce((a, b) => (b.busy > a.busy ? b : a));
  const dropped = stages.reduce((sum, s) => sum + s.dropped, 0);
  return `data: ${count(stages[0].out)} from ${stages[0].name}, ${count(dropped)} dropped, ${
    rate(stages[0].perSecond)
  }, busiest ${busiest.name}`;
}

/** Returns the line of a row of a report card. */
export function cardLine({ group, known, items, right, wrong, refused }: CardEvent): string {
  const unknowable = known ? "" : " (cannot be known)";
  return `${group}${unknowable}: ${right} of ${items} right, ${wrong} wrong, ${refused} "I do not know"`;
}

/** Returns a report card as a table with a line for each group of questions. */
export function cardTable(rows: readonly CardEvent[]): readonly string[] {
  const width = Math.max(...rows.map(({ group }) => group.length)) + 2;
  const line = (name: string, cells: readonly string[]) =>
    name.padEnd(width) + cells.map((cell, i) => cell.padStart(i === 3 ? 17 : 9)).join("");
  const row = ({ group, items, right, wrong, refused }: CardEvent) =>
    line(group, [count(items), ...[right, wrong, refused].map((part) => share(part / items))]);
  const part = (title: string, known: boolean) => {
    const own = rows.filter((event) => event.known === known);
    return own.length === 0
      ? []
      : [line(title, ["asked", "right", "wrong", '"I do not know"']), ...own.map(row)];
  };
  return [...part("can be known", true), ...part("cannot be known", false)];
}

/** Returns the line of a check on questions of a task. */
export function taskLine({ step, task, reward, items, toolShare, seen }: TaskEvent): string {
  const tools = toolShare === undefined || toolShare === 0 ? "" : `, ${share(toolShare)} with a tool`;
  const kind = seen === true ? "questions it was trained on" : "held-out questions";
  return `${task} after step ${step}: mean reward ${reward.toFixed(3)} of ${items} ${kind}${tools}`;
}
