/**
 * The settings: instructions, sampling, tools and memory.
 *
 * @module
 */
import { useId, useState } from "preact/hooks";
import { html } from "../../../stages/report/page/html.js";
import { factsOf, memory, modelIn, remember, set, settings } from "./store.js";

/** The numbers of sampling: name in the API, label, bounds and step; empty leaves the server's default. */
const numbers = [
  ["temperature", "temperature", { min: 0, max: 2, step: 0.1, none: "1" }],
  ["top_k", "top-k (0: all)", { min: 0, step: 1, none: "0" }],
  ["top_p", "top-p", { min: 0.01, max: 1, step: 0.01, none: "1" }],
  ["min_p", "min-p", { min: 0, max: 1, step: 0.01, none: "0" }],
  ["max_tokens", "tokens of an answer", { min: 1, step: 1, none: "what fits" }],
  ["seed", "seed", { step: 1, none: "random" }],
  ["repetition_penalty", "repetition penalty", { min: 0.01, max: 100, step: 0.05, none: "1" }],
  ["presence_penalty", "presence penalty", { min: -2, max: 2, step: 0.1, none: "0" }],
  ["frequency_penalty", "frequency penalty", { min: -2, max: 2, step: 0.1, none: "0" }],
];

/** All settings. */
export function Settings() {
  const model = modelIn(0);
  return html`
    <aside class="settings" aria-label="settings">
      ${model.chat && html`<${Instructions} />`}
      <${Sampling} isChat=${model.chat} />
      <${Tools} model=${model} />
      <${Memory} model=${model} />
    </aside>
  `;
}

function Group({ title, isOpen = true, children }) {
  return html`<details class="group" open=${isOpen}><summary><h2>${title}</h2></summary>${children}</details>`;
}

function Instructions() {
  const id = useId();
  return html`
    <${Group} title="Instructions">
      <label for=${id} class="soft">What the model is told first (the system message)</label>
      <textarea id=${id} rows="3" value=${settings.value.instructions}
        onInput=${({ target }) => set({ instructions: target.value })}></textarea>
      <//>
  `;
}

function Sampling({ isChat }) {
  const { sampling, thinks } = settings.value;
  return html`
    <${Group} title="Sampling">
      <div class="numbers">
        ${numbers.map(([name, label, bounds]) =>
          html`
            <${Numeric} key=${name} label=${label} bounds=${bounds} value=${sampling[name] ?? null}
              onChange=${(value) => set({ sampling: { ...settings.value.sampling, [name]: value } })} />
          `
        )}
      </div>
      ${isChat && html`
        <label class="wide">thoughts, where the model can think${" "}
          <select value=${String(thinks)}
            onChange=${({ target }) => set({ thinks: { true: true, false: false }[target.value] ?? null })}>
            <option value="null">as the model likes</option>
            <option value="true">ask for them</option>
            <option value="false">turn them off</option>
          </select>
        </label>
      `}
      <//>
  `;
}

/** A number that may be empty; one out of bounds is not used, and says so. */
function Numeric({ label, bounds: { none, ...bounds }, value, onChange }) {
  const id = useId(), [text, change] = useState(value === null ? "" : String(value));
  const given = text === "" ? null : Number(text), isWhole = bounds.step !== 1 || Number.isInteger(given);
  const fits = given === null ||
    Number.isFinite(given) && isWhole && given >= (bounds.min ?? -Infinity) &&
      given <= (bounds.max ?? Infinity);
  return html`
    <label for=${id}>${label}</label>
    <input id=${id} type="number" step="any" min=${bounds.min} max=${bounds.max} placeholder=${none}
      value=${text}
      aria-invalid=${!fits} onInput=${({ target }) => {
        const { value: typed } = target, number = typed === "" ? null : Number(typed);
        change(typed);
        const whole = bounds.step !== 1 || number === null || Number.isInteger(number);
        const inside = number === null ||
          number >= (bounds.min ?? -Infinity) && number <= (bounds.max ?? Infinity);
        if (whole && inside) onChange(number);
      }} />
    ${!fits &&
      html`<span class="alarm wide">${isWhole ? "out of bounds" : "a whole number"}: not used</span>`}
  `;
}

function Tools({ model }) {
  const { tools } = settings.value;
  return html`
    <${Group} title="Tools">
      ${model.tools.length === 0 && html`
        <p
          class="soft">The server has none: start it with <code class="whole">--tools calculator</code>, for example.</p>
      `}
      ${model.tools.map(({ function: { name, description } }) =>
        html`
          <label class="tool-switch">
            <input type="checkbox" checked=${tools[name] !== false}
              onChange=${({ target }) => set({ tools: { ...tools, [name]: target.checked } })} />
            <span><b>${name}</b> <span class="soft">${description}</span></span>
          </label>
        `
      )}
      <//>
  `;
}

function Memory({ model }) {
  memory.value;
  if (!model.tools.some((tool) => tool.function.name === "memory")) return null;
  const facts = factsOf(model);
  return html`
    <${Group} title="Memory">
      ${facts.length === 0 && html`<p class="soft">Nothing yet: the model keeps facts with its tool.</p>`}
      <ul class="facts-kept">
        ${facts.map((fact) =>
          html`
            <li>
              <span>${fact}</span>
              <button type="button" aria-label="forget: ${fact}"
                onClick=${() => remember(facts.filter((each) => each !== fact))}>Forget</button>
            </li>
          `
        )}
      </ul>
      <p class="soft">Kept by this browser, and sent with each message.</p>
      <//>
  `;
}
