/**
 * A run as it goes on: buttons, numbers and curves.
 *
 * @module
 */
import { bytesText, countText, secondsText } from "./numbers.ts";
import { html } from "./html.ts";
import { lossChart } from "./loss_chart.ts";
import { fault } from "./fault.ts";
import { facts, lastEval, lastStep, runState, send, settings, speed } from "./store.ts";

/** The panel of the run. */
export function runPanel() {
  const state = runState.value, isRunning = state === "training" || state === "paused";
  const step = lastStep.value === null ? 0 : lastStep.value.step + 1;
  const steps = facts.value?.steps || settings.value.steps;
  return html`
    <section class="panel" aria-label="Run" id="run">
      <div class="bar">
        <h2>Run</h2>
        ${isRunning && html`
          <button type="button" onClick=${() => send({ type: state === "paused" ? "resume" : "pause" })}>
            ${state === "paused" ? "Resume" : "Pause"}</button>
          <button type="button" onClick=${() => send({ type: "stop" })}>Stop</button>
        `}
        <span class="soft" role="status">${stateText(state)}</span>
      </div>
      <${fault} what="train" />
      <progress max=${steps} value=${Math.min(step, steps)} aria-label="Updates made"></progress>
      <${numbers} />
      <${lossChart} />
    </section>
  `;
}

function stateText(state: typeof runState.value): string {
  switch (state) {
    case "idle":
      return "Nothing is trained yet";
    case "starting":
      return "Reads the text and puts the model on the device";
    case "training":
      return "Trains";
    case "paused":
      return "Rests; you can write with the model meanwhile";
    case "done":
      return "All updates are made";
    case "stopped":
      return "Stopped; the model stays as it is";
    case "opened":
      return "A model from files";
  }
}

function numbers() {
  const step = lastStep.value, evaluation = lastEval.value, model = facts.value;
  const steps = model?.steps ?? 0;
  const made = step === null ? 0 : step.step + 1;
  const left = model === null || speed.value === 0 || step === null
    ? null
    : (steps - made) * (step.tokens / made) / speed.value;
  const rows: readonly (readonly [string, string | null])[] = [
    ["Update", step === null ? null : `${countText(made)} of ${countText(steps)}`],
    ["Loss", step === null ? null : step.loss.toFixed(3)],
    ["Held-out loss", evaluation === null ? null : evaluation.valLoss.toFixed(3)],
    ["Bits per byte", evaluation?.bitsPerByte === undefined ? null : evaluation.bitsPerByte.toFixed(2)],
    ["Tokens per second", speed.value === 0 ? null : countText(Math.round(speed.value))],
    ["Time left", left === null || left <= 0 ? null : secondsText(left)],
    ["Parameters", model === null ? null : countText(model.parameters)],
    ["Memory", model === null ? null : bytesText(model.bytes)],
    ["Vocabulary", model === null ? null : `${countText(model.vocabSize)} tokens`],
    [
      "Text",
      model === null || model.trainTokens === 0
        ? null
        : `${countText(model.trainTokens)} tokens, ${countText(model.heldOutTokens)} held out`,
    ],
  ];
  return html`<dl class="facts">${
    rows.map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value ?? "–"}</dd>
        </div>
      `
    )
  }</dl>`;
}
