/**
 * Figures of the lessons, live: a slider changes what they show.
 *
 * @module
 */
import { html } from "../views/html.ts";
import { contextLength } from "./context_length.ts";
import { derivative } from "./derivative.ts";
import { learningRate } from "./learning_rate.ts";

/** The section of live figures. */
export function figures() {
  return html`
    <section class="figures" aria-label="Figures of the lessons">
      <h2>Figures of the lessons, live</h2>
      <div class="grid">
        <${derivative} />
        <${learningRate} />
        <${contextLength} />
      </div>
    </section>
  `;
}
