/// <reference lib="dom" />
/**
 * Models from files, and into files.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { droppedFiles, forgetFiles } from "./dropped_files.ts";
import { fault } from "./fault.ts";
import { html } from "./html.ts";
import { facts, open, refuse, send } from "./store.ts";

const endings = [".safetensors", ".json"];

/** The panel of files. */
export function modelFiles() {
  const isOver = useSignal(false);
  const take = (files: FileList | null) => {
    if (files !== null && files.length > 0) open([...files]);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    droppedFiles(event.dataTransfer, endings).then(open, (error) => refuse("open", String(error)));
  };
  return html`
    <section class=${isOver.value ? "panel drop over" : "panel drop"} aria-label="Model files"
      onDragOver=${(event: DragEvent) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave=${() => isOver.value = false}
      onDrop=${drop}>
      <h2>Model files</h2>
      <p>Drop the folder of a trained model here, or its files, or choose these:</p>
      <ul>
        <li>of a run of this project: <code>model.safetensors</code>, <code>stream.json</code>, <code>tokenizer.json</code>;</li>
        <li>of a Hugging Face folder: <code>model.safetensors</code>, <code>config.json</code>, <code>tokenizer.json</code>.</li>
      </ul>
      <div class="row">
        <label>Files of a model
          <input type="file" multiple accept=${endings.join()} onClick=${forgetFiles}
            onChange=${(event: Event) => take((event.target as HTMLInputElement).files)} /></label>
        <button type="button" disabled=${facts.value === null || facts.value.opened !== null} onClick=${() =>
          send({ type: "save" })}>
          Save the model</button>
      </div>
      <${fault} what="open" />
      <${fault} what="save" />
      ${facts.value?.opened && html`<p class="soft" role="status">${facts.value.opened}</p>`}
    </section>
  `;
}
