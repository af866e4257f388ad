/// <reference lib="dom" />
/**
 * What a longer context is good for.
 *
 * @module
 */
import { html } from "../views/html.ts";
import { plot, type PlotSeries } from "../views/plot.ts";
import { liveFigure } from "./live_figure.ts";
import { sweep } from "./sweep.ts";

const contexts: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 16];
const series: readonly PlotSeries[] = [{ label: "held-out loss", color: "second", points: true }];
const tokensPerUpdate = 256; // the same for every context, so that all see as many letters

/** The figure: a slider for the context, the names that the model makes up, and the loss by context. */
export function contextLength() {
  const { chosen, pick, results, busy, failure, all } = sweep(contexts, {
    first: 0,
    settings: (context) => ({ context, batch: Math.round(tokensPerUpdate / context), steps: 300 }),
  });
  const context = contexts[chosen], result = results[chosen];
  const losses = results.map((each) => each?.heldOutLoss ?? null),
    known = losses.some((loss) => loss !== null);
  return html`
    <${liveFigure} name="context">
      <p>A model that sees one letter knows which letters follow each other. With more letters it makes up better names.</p>
      <label>Context of ${context} ${context === 1 ? "letter" : "letters"}
        <input type="range" min="0" max=${contexts.length - 1} step="1" value=${chosen}
          onInput=${(event: Event) => pick(Number((event.target as HTMLInputElement).value))} /></label>
      <p class="row"><button type="button" disabled=${busy} onClick=${() => void all()}>
        ${busy ? "Trains …" : "Try all contexts"}</button></p>
      ${failure !== null && html`<p class="fault" role="alert">${failure}</p>`}
      ${result === null && !busy &&
        html`<p class="soft small">Move the slider: each context trains a model, which takes a second or two.</p>`}
      ${result !== null && html`
        <p class="soft small">Names that it makes up, with a held-out loss of ${result.heldOutLoss.toFixed(
          3,
        )}:</p>
        <blockquote>${result.sample.trim().split("\n").slice(0, 8).join(", ")}</blockquote>
      `}
      ${known && html`
        <${plot} name=${`Held-out loss by context: ${
          contexts.flatMap((each, i) => losses[i] === null ? [] : [`${each}: ${losses[i]?.toFixed(2)}`]).join(
            ", ",
          )
        }`}
          xLabel="letters of context" yLabel="loss" series=${series} data=${[
            [...contexts],
            losses,
          ]} mark=${context} />
      `}
    </${liveFigure}>
  `;
}
