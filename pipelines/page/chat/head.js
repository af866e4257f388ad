/**
 * The top of the page: the models, and what can be done with the conversation as a whole.
 *
 * @module
 */
import { useState } from "preact/hooks";
import { html, Toggle } from "../../../stages/report/page/html.js";
import { emptyConversation, exported, imported, path } from "./conversation.js";
import { conversation, modelIn, models, replace, set, settings, unkept, version } from "./store.js";

/** The top of the page. */
export function Head({ isOpen, onSettings }) {
  version.value;
  const { tokens } = settings.value,
    second = modelIn(1),
    all = models.value,
    isEmpty = path(conversation).length === 0;
  return html`
    <header>
      <h1>${modelIn(0).id}${second !== null && ` and ${second.id}`}</h1>
      <div class="controls">
        ${all.length > 1 && html`
          <${Choice} label="model" column=${0} />
          <${Toggle} on=${second !== null} onClick=${() =>
            set({
              models: [modelIn(0).id, second === null ? otherThan(modelIn(0)).id : null],
            })}>Two side by side<//>
          ${second !== null && html`<${Choice} label="second model" column=${1} />`}
        `}
        <${Toggle} on=${tokens} onClick=${() => set({ tokens: !tokens })}>Probabilities<//>
        <button type="button" disabled=${isEmpty} onClick=${() => replace(emptyConversation())}>New</button>
        <button type="button" disabled=${isEmpty} onClick=${exportFile}>Export</button>
        <${Import} />
        <button type="button" aria-expanded=${String(isOpen)} onClick=${onSettings}>Settings</button>
      </div>
      ${!modelIn(0).chat && html`
        <p class="note">This model has no chat template: it goes on with each message as a text, and knows
          nothing of those before.</p>
      `}
      ${unkept.value !== null && html`<p class="alarm">${unkept.value}</p>`}
    </header>
  `;
}

const otherThan = (model) => models.value.find((other) => other !== model);

/** A list that chooses the model of a column. */
const Choice = ({ label, column }) =>
  html`
    <label>${label}${" "}
      <select value=${modelIn(column).id} onChange=${({ target }) => {
        const ids = [modelIn(0).id, modelIn(1)?.id ?? null];
        ids[column] = target.value;
        set({ models: ids });
      }}>
        ${models.value.map(({ id }) => html`<option value=${id}>${id}</option>`)}
      </select>
    </label>
  `;

/** Saves the conversation as a file. */
function exportFile() {
  const text = exported(conversation, { system: settings.value.instructions });
  const link = document.createElement("a"), url = URL.createObjectURL(new Blob([text]));
  link.href = url;
  link.download = "conversation.jsonl";
  link.click();
  URL.revokeObjectURL(url);
}

/** Reads a file that Export has written, or other conversations in that form. */
function Import() {
  const [fault, say] = useState(null);
  const read = async ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file === undefined) return;
    try {
      const { conversation: other, system } = imported(await file.text());
      replace(other);
      set({ instructions: system });
      say(null);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      say(error.message);
    }
  };
  return html`
    <label class="file">Import
      <input type="file" accept=".jsonl,.json,application/json" onChange=${read} />
    </label>
    ${fault !== null && html`<p class="alarm" role="alert">${fault}</p>`}
  `;
}
