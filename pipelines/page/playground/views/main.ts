/// <reference lib="dom" />
/**
 * The page of the playground.
 *
 * @module
 */
import "../worker/older_browsers.ts";
import { render } from "preact";
import { figures } from "../figures/figures.ts";
import { choices } from "./choices.ts";
import { keepPage } from "./dropped_files.ts";
import { html } from "./html.ts";
import { inside } from "./inside.ts";
import { modelFiles } from "./model_files.ts";
import { runPanel } from "./run_panel.ts";
import { engine } from "./store.ts";
import { writing } from "./writing.ts";

function page() {
  return html`
    <header>
      <h1>Train a GPT in this tab</h1>
      <p class="soft">
        A language model learns from a text, on this computer alone: nothing that you type or drop leaves the page.
      </p>
      <p class="soft engine" role="status">${engine.value === null
        ? "Press Train to begin. What computes is chosen then."
        : `Computes with ${engine.value.device}: ${engine.value.why}.`}</p>
    </header>
    <div class="columns">
      <${choices} />
      <div class="results">
        <${runPanel} />
        <${writing} />
        <${inside} />
        <${modelFiles} />
      </div>
    </div>
    <${figures} />
    <footer class="soft">
      The kernels are those of the program: WebGPU, or WASM on one or several threads.
    </footer>
  `;
}

const root = document.getElementById("app");
if (root !== null) {
  keepPage();
  root.replaceChildren();
  render(html`<${page} />`, root);
  document.getElementById(location.hash.slice(1))?.scrollIntoView(); // the browser looked before it was there
}
