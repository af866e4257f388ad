/**
 * An answer: thoughts and tools folded, the text as Markdown or by token, and how it ended.
 *
 * @module
 */
import { number, whole } from "../../../stages/report/page/format.js";
import { html } from "../../../stages/report/page/html.js";
import { answerText } from "./conversation.js";
import { Markdown } from "./markdown.js";
import { again, isRunning, settings, version } from "./store.js";
import { Tokens } from "./tokens.js";

/** An answer of a turn in a column. */
export function Answer({ turn, column, answer }) {
  version.value;
  const { model, parts, status } = answer, isStreaming = status === "streaming";
  const byToken = settings.value.tokens && answer.tokens.length > 0;
  return html`
    <article class="answer" aria-label="answer of ${model || "an imported model"}" aria-busy=${isStreaming}>
      <p class="who">${model || "imported"}</p>
      ${groups(parts).map((group) =>
        group.type === "thought"
          ? html`<${Thought} text=${group.text} isOpen=${isStreaming && group.isLast} />`
          : group.type === "tool"
          ? html`<${ToolRun} ...${group} />`
          : !byToken && html`<${Markdown} text=${group.text} />`
      )}
      ${byToken && html`<${Tokens} tokens=${answer.tokens} count=${answer.tokens.length} />`}
      ${isStreaming &&
        html`<p class="soft waiting">${
          answer.wait ? waitText(answer.wait) : parts.length === 0 ? "reading the prompt" : "writing"
        }</p>`}
      <${Ending} answer=${answer} status=${status} />
      ${!isStreaming && html`
        <div class="controls">
          <button type="button" disabled=${isRunning()} onClick=${() => again(turn, column)}>
            ${status === "failed" ? "Try again" : "Regenerate"}
          </button>
          <${Copy} text=${answerText(answer)} />
          ${answer.usage !== null && html`
            <span class="soft">
              ${whole(answer.usage.used)} of ${whole(answer.usage.of)} tokens of context,
              ${" "}${number(answer.usage.rate, 1)} a second
            </span>
          `}
        </div>
      `}
    </article>
  `;
}

/** What the reader of a full server waits for. */
const waitText = ({ seconds, message }) =>
  `${message.replace(/: try again later$/, "")}. Trying again in ${whole(seconds)} s; Stop ends the waiting`;

/** Joins code and its output. */
function groups(parts) {
  const all = [];
  parts.forEach(({ type, text }, i) => {
    const last = all.at(-1);
    if (type === "output" && last?.type === "tool" && last.output === null) last.output = text;
    else if (type === "output") all.push({ type: "tool", code: "", output: text });
    else if (type === "code") all.push({ type: "tool", code: text, output: null });
    else all.push({ type, text, isLast: i === parts.length - 1 });
  });
  return all;
}

/** A thought, folded. */
const Thought = ({ text, isOpen }) =>
  html`
    <details class="thought">
      <summary>${isOpen ? "Thinking" : "Thought"} (${whole(
        text.split(/\s+/).filter(Boolean).length,
      )} words)</summary>
      <div class="plain-text">${text}</div>
    </details>
  `;

/** A call of a tool and its result, folded; the summary has their beginnings. */
const ToolRun = ({ code, output }) =>
  html`
    <details class="tool">
      <summary>
        <span class="soft">tool</span> <code>${line(code)}</code>${output !== null &&
          html`${" = "}<code>${line(output)}</code>`}
      </summary>
      <pre tabindex="0" aria-label="call">${code}</pre>
      ${output !== null && html`<pre tabindex="0" aria-label="result">${output}</pre>`}
    </details>
  `;

const line = (text) => {
  const [first] = text.trim().split("\n");
  return first.length > 60 ? `${first.slice(0, 59)}…` : first;
};

/** How an answer ended, if it is not whole, and what to do about it. */
function Ending({ answer, status }) {
  if (status === "stopped") return html`<p class="soft">stopped</p>`;
  if (status === "cut") {
    const isFull = answer.usage !== null && answer.usage.used >= answer.usage.of;
    return html`<p class="note">${
      isFull
        ? "The context is full: begin a new conversation, or start the server with a larger --context."
        : "The answer reached the largest number of tokens: raise “tokens of an answer” in the settings."
    }</p>`;
  }
  if (answer.error === null) return null;
  return html`<p class="alarm">${answer.error.message} <span>${answer.error.advice}</span></p>`;
}

const Copy = ({ text }) =>
  html`
    <button type="button" onClick=${() =>
      navigator.clipboard?.writeText(text)} disabled=${text === ""}>Copy</button>
  `;
