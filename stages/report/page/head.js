/**
 * The top of the page: what runs, how far it is, what is wrong, and the buttons.
 *
 * @module
 */
import { duration, last, number, percent, short, whole } from "./format.js";
import { html } from "./html.js";
import { layerAlarms } from "./layers.js";
import {
  answer,
  connection,
  data,
  hasEnded,
  isPolicy,
  many,
  notes,
  runs,
  start,
  state,
  unigramLoss,
} from "./store.js";

/** Title, state, buttons and the most important numbers. */
export function Head() {
  const from = start();
  const title = many ? runs.map(({ name }) => name).join(", ") : data.title || from.pipeline || "Run";
  document.title = title;
  return html`
    <header>
      <h1>${title}</h1>
      <p class="soft">${many ? "" : machine(from)}</p>
      <${Status} />
      ${!many && html`
        <${Alarms} />
        <div class="facts">${facts(from)}</div>
      `}
    </header>
  `;
}

const machine = ({ device }) => {
  const { workers } = state.value.record;
  const threads = workers === undefined || /thread/.test(device ?? "") ? "" : `${workers} threads`;
  return [device, threads].filter(Boolean).join(" · ");
};

/**
 * What the run does now, in one line, and the buttons of a run that goes on. Progress changes with each step,
 * so a screen reader announces only the rest, and the end.
 */
function Status() {
  const isQuiet = hasEnded() && connection.value === "live", now = many ? going() : progress();
  const announced = [isQuiet ? "" : connection.value, hasEnded() ? now : "", answer.value].filter(Boolean);
  const separator = announced.length > 0 && !hasEnded() && now !== "" ? " · " : "";
  return html`
    <div class="status">
      <div>
        <span role="status" class=${hasFailed() ? "alarm" : ""}>${announced.join(" · ")}</span>
        ${!hasEnded() && html`<span class="progress">${separator}${now}</span>`}
      </div>
      ${state.value.live?.acts && connection.value === "live" && !hasEnded() && html`
        <button type="button" onClick=${() => ask("checkpoint")}>Checkpoint now</button>
        <button type="button" onClick=${() => ask("stop")}>Stop</button>
      `}
    </div>
  `;
}

const hasFailed = () => !many && hasEnded() && last(runs[0].ends).reason === "failed";

/** How many of the compared runs go on. */
function going() {
  const open = runs.filter(({ ended }) => !ended), silent = open.filter(isSilent).length;
  const parts = [
    open.length > silent && `${open.length - silent} going on`,
    silent > 0 && `${silent} without news`,
  ].filter(Boolean);
  return [`${runs.length} runs`, ...(parts.length > 0 ? parts : ["all have ended"])].join(", ");
}

function progress() {
  const [{ steps, ends }] = runs, step = last(steps), end = last(ends);
  if (hasEnded()) {
    if (end.reason === "failed") return `failed: ${end.error ?? "the reason is not known"}`;
    return end.reason === "interrupted" ? "stopped before its end" : "finished";
  }
  const total = state.value.options.steps, news = silence(runs[0]);
  if (step === undefined) return data.live === null ? "" : news || (notes().at(-1)?.text ?? "starting");
  const made = step.step + 1, after = data.live === null ? "when this page was written" : news;
  if (typeof total !== "number" || total < made) {
    return [`step ${whole(made)}`, after].filter(Boolean).join(", ");
  }
  return `step ${whole(made)} of ${whole(total)} (${percent(made / total)}), ` +
    (after || `about ${duration((total - made) * secondsPerStep(steps))} left`);
}

const QUIET = 60; // seconds: the counts of stages are written every ten

/** Whether a run has said nothing for much longer than its steps take. */
const isSilent = ({ quiet, steps }) =>
  quiet > Math.max(QUIET, steps.length > 0 ? 10 * secondsPerStep(steps) : 0);

/** Says that a run is silent; empty if it is not. The page cannot know whether its process was killed. */
function silence(run) {
  return isSilent(run) ? `no news for ${duration(run.quiet)}: if it was killed, its command resumes it` : "";
}

/** Mean over the last steps; pauses for evaluations are included. */
function secondsPerStep(steps) {
  const end = last(steps), begin = steps[Math.max(0, steps.length - 50)];
  if (begin === end) return end.elapsed / (end.step + 1);
  return (end.elapsed - begin.elapsed) / (end.step - begin.step);
}

async function ask(action) {
  answer.value = "asking the run";
  try {
    const response = await fetch(`${action}?${new URLSearchParams({ token: data.live.token })}`, {
      method: "POST",
    });
    answer.value = (await response.text()).trim();
  } catch {
    answer.value = "the run does not answer";
  }
}

/** What needs attention, first of all. */
function Alarms() {
  const [{ counts: { skipped, lastSkipped, unusual, firstUnusual }, inspections }] = runs;
  const layers = layerAlarms(inspections);
  const texts = [
    ...(unusual > 0
      ? [`The loss or the gradient norm is NaN or infinite, first at step ${whole(firstUnusual + 1)}`]
      : []),
    ...(skipped > 0
      ? [`Skipped updates: ${whole(skipped)}, the last at step ${whole(lastSkipped + 1)}`]
      : []),
    ...(layers.length > 0
      ? [`Unusual layers: ${layers[0]}${layers.length > 1 ? `, and ${layers.length - 1} more` : ""}`]
      : []),
  ];
  return texts.map((text) => html`<p class="alarm"><b>Attention:</b> ${text}</p>`);
}

function facts(from) {
  const [{ steps, evals, hellaswags, tasks, rollouts }] = runs;
  const step = last(steps), evaluation = last(evals), hellaswag = last(hellaswags);
  const unigram = unigramLoss(), rollout = last(rollouts);
  const of = evaluation?.text === undefined ? "" : ` of text ${evaluation.text.slice(0, 8)}`;
  const known = [
    step && ["steps", whole(step.step + 1)],
    step && ["tokens", short(step.tokens)],
    Number.isFinite(from.parameters) && ["parameters", short(from.parameters)],
    step && [isPolicy(0) ? "loss of the update" : "training loss, nats", number(step.loss)],
    evaluation && ["validation loss, nats", number(evaluation.valLoss)],
    evaluation?.bitsPerByte !== undefined && [`bits per byte${of}`, number(evaluation.bitsPerByte, 3)],
    Number.isFinite(unigram) && ["unigram loss, nats", number(unigram)],
    rollout && ["reward of answers", number(rollout.reward, 3)],
    ...lastOfEachTask(tasks).map((
      { task, reward, items },
    ) => [`${task}, ${whole(items)} items`, number(reward, 3)]),
    hellaswag && [
      `HellaSwag, ${whole(hellaswag.items)} items`,
      number(100 * hellaswag.accuracyNorm, 1) + (Number.isFinite(hellaswag.accuracyNorm) ? " %" : ""),
    ],
    step && ["training time", duration(step.elapsed)],
  ];
  return known.filter(Boolean).map(([name, value]) =>
    html`<div class="fact"><b>${value}</b><span>${name}</span></div>`
  );
}

const lastOfEachTask = (tasks) => [...new Map(tasks.map((event) => [event.task, event])).values()];
