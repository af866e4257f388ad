/// <reference lib="dom" />
/**
 * The choices of a run: text, tokens, sizes, training, and what computes.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { type EngineWish, longestText } from "../address.ts";
import { type NumberSetting, ranges, type Settings, settingsFault } from "../settings.ts";
import { forgetFiles, hasFiles } from "./dropped_files.ts";
import { html } from "./html.ts";
import { choose, ownText, runState, settings, start, wish } from "./store.ts";

const textLabels: Readonly<Record<Settings["text"], string>> = {
  speeches: "Speeches of US presidents",
  names: "First names, one per line",
  own: "My own text",
};
const tokenLabels: Readonly<Record<Settings["tokens"], string>> = {
  bpe: "Byte pairs learned from the text",
  char: "Characters",
  byte: "Bytes",
};
const engineLabels: Readonly<Record<EngineWish["engine"], string>> = {
  auto: "The best that is there",
  webgpu: "WebGPU",
  threads: "WASM, several threads",
  single: "WASM, one thread",
};

/** The panel of choices. */
export function choices() {
  const fault = settingsFault(settings.value);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (fault !== null) return;
    void start();
    // On a narrow screen the run is below the choices.
    const run = document.getElementById("run");
    if (run !== null && run.getBoundingClientRect().top > innerHeight / 2) run.scrollIntoView();
  };
  const isRunning = runState.value === "training" || runState.value === "paused";
  return html`
    <form class="panel choices" onSubmit=${submit} aria-label="Choices of the run">
      <h2>Choices</h2>
      <${pick} label="Text" value=${settings.value.text} labels=${textLabels}
        onPick=${(text: Settings["text"]) => choose({ text })} />
      ${settings.value.text === "own" && html`<${ownTextField} />`}
      <${pick} label="Tokens" value=${settings.value.tokens} labels=${tokenLabels}
        onPick=${(tokens: Settings["tokens"]) => choose({ tokens })} />
      <div class="numbers">
        ${settings.value.tokens === "bpe" && html`<${numberField} name="vocab" />`}
        ${(["layers", "heads", "channels", "context", "batch", "lr", "steps", "seed"] as const).map((name) =>
          html`<${numberField} name=${name} />`
        )}
      </div>
      <${pick} label="Compute with" value=${wish.value.engine} labels=${engineLabels}
        onPick=${(engine: EngineWish["engine"]) => wish.value = { ...wish.value, engine }} />
      ${fault !== null && html`<p class="fault" role="alert">${fault}</p>`}
      <button type="submit" class="main" disabled=${fault !== null || runState.value === "starting"}>
        ${runState.value === "starting" ? "Starting …" : isRunning ? "Train anew" : "Train"}
      </button>
      <p class="soft small">${settings.value.text === "own" && ownText.value.length > longestText
        ? `The address of this page holds these choices, but not your text, of which it takes ${longestText} characters at most.`
        : "The address of this page holds these choices: copy it to share the run."}</p>
    </form>
  `;
}

/** A choice of a few values. */
function pick(
  { label, value, labels, onPick }: {
    readonly label: string;
    readonly value: string;
    readonly labels: Readonly<Record<string, string>>;
    onPick(value: string): void;
  },
) {
  return html`<label>${label}
    <select value=${value} onChange=${(event: Event) => onPick(targetOf(event).value)}>
      ${
    Object.entries(labels).map(([name, text]) =>
      html`<option value=${name} selected=${name === value}>${text}</option>`
    )
  }
    </select></label>`;
}

function numberField({ name }: { readonly name: NumberSetting }) {
  const { label, about, min, max, whole } = ranges[name], value = settings.value[name];
  return html`<label title=${about}>${label}
    <input type="number" inputmode="decimal" min=${min} max=${max} step=${whole ? 1 : "any"} value=${value}
      aria-description=${about}
      onInput=${(event: Event) => {
    const typed = targetOf(event).value;
    if (typed !== "") choose({ [name]: Number(typed) });
  }} /></label>`;
}

function ownTextField() {
  const isOver = useSignal(false), failed = useSignal("");
  const read = async (files: FileList | null | undefined) => {
    isOver.value = false;
    const [file] = files ?? [];
    if (file === undefined) return;
    try {
      ownText.value = await readText(file);
      failed.value = "";
    } catch (error) {
      failed.value = error instanceof Error ? error.message : String(error);
    }
  };
  return html`
    <label class=${isOver.value ? "drop over" : "drop"}
      onDragOver=${(event: DragEvent) => {
        if (!hasFiles(event)) return; // a marked text: the field takes it by itself
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave=${() => isOver.value = false}
      onDrop=${(event: DragEvent) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        void read(event.dataTransfer?.files);
      }}>Type, paste or drop a text
      <textarea rows="6" value=${ownText.value} spellcheck=${false}
        onInput=${(event: Event) => ownText.value = targetOf(event).value}></textarea></label>
    <label>or take a file
      <input type="file" accept="text/*,.txt,.md,.csv,.json,.jsonl,.html" onClick=${forgetFiles}
        onChange=${(event: Event) => void read(targetOf(event).files)} /></label>
    <p class="soft small" role="status">${failed.value ||
      `${ownText.value.length.toLocaleString()} characters`}</p>
  `;
}

const longestFile = 50_000_000; // bytes: its tokens and the tokenizer's counts take some ten times as much

/** Returns the text of a file. Throws RangeError if it is too long or not UTF-8. */
async function readText(file: File): Promise<string> {
  if (file.size > longestFile) {
    throw new RangeError(
      `${file.name} has ${file.size.toLocaleString()} bytes: give a file of at most 50 MB`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new RangeError(`${file.name} is not a text in UTF-8: give another file, or save it as UTF-8`);
  }
}

/** The element that an event comes from, as an input. */
function targetOf(event: Event): HTMLInputElement {
  return event.target as HTMLInputElement;
}
