/// <reference lib="dom" />
/**
 * What the model writes: samples along the run, and what the person asks for.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { fault } from "./fault.ts";
import { html } from "./html.ts";
import { countText } from "./numbers.ts";
import { facts, generate, generated, samples } from "./store.ts";

/** The panel of what the model writes. */
export function writing() {
  const latest = samples.value.at(-1), earlier = samples.value.slice(0, -1).toReversed();
  return html`
    <section class="panel" aria-label="What the model writes">
      <h2>What the model writes</h2>
      ${latest === undefined
        ? html`<p class="soft empty">After some updates a sample appears here: noise at first, then letters, then words.</p>`
        : html`
          <p class="soft small" role="status">after ${countText(latest.step)} updates</p>
          <blockquote>${latest.text}</blockquote>
        `}
      ${earlier.length > 0 && html`
        <details><summary>Earlier samples</summary>${earlier.map(({ step, text }) =>
          html`
            <p class="soft small">after ${countText(step)} updates</p>
            <blockquote>${text}</blockquote>
          `
        )}
        </details>
      `}
      <${ask} />
    </section>
  `;
}

function ask() {
  const prompt = useSignal(""), temperature = useSignal(0.8), topK = useSignal(40), seed = useSignal(1);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    generate({
      prompt: prompt.value,
      temperature: temperature.value,
      topK: topK.value,
      tokens: 200,
      seed: seed.value++,
    });
  };
  const { prompt: begun, text, busy } = generated.value;
  return html`
    <form class="ask" onSubmit=${submit} aria-label="Let the model write">
      <label class="wide">Begin with
        <input value=${prompt.value} placeholder="My fellow citizens" spellcheck=${false}
          onInput=${(event: Event) => prompt.value = valueOf(event)} /></label>
      <label>Temperature ${temperature.value.toFixed(1)}
        <input type="range" min="0" max="2" step="0.1" value=${temperature.value}
          onInput=${(event: Event) => temperature.value = Number(valueOf(event))} /></label>
      <label>Likeliest tokens
        <input type="number" min="0" max="1000" step="1" value=${topK.value}
          title="Number of likeliest tokens to draw from; 0: all"
          onInput=${(event: Event) => topK.value = Math.max(0, Math.floor(Number(valueOf(event))))} /></label>
      <button type="submit" disabled=${facts.value === null || busy}>${busy ? "Writes …" : "Write"}</button>
    </form>
    <${fault} what="generate" />
    ${text !== "" && html`<blockquote aria-live="off">${begun}${text}</blockquote>`}
  `;
}

function valueOf(event: Event): string {
  return (event.target as HTMLInputElement).value;
}
