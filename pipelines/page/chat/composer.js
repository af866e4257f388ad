/**
 * Where the reader writes: the message, Send, and Stop while an answer streams.
 *
 * @module
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../../../stages/report/page/html.js";
import { path } from "./conversation.js";
import { ask, conversation, isRunning, stop, version } from "./store.js";
import { isSending } from "./turn.js";

/** Messages that a reader may begin with. */
const examples = ["Who are you?", "What is the capital of France?", "What is 12 times 34?"];

/** Three messages to begin with. */
export function Examples() {
  version.value;
  if (path(conversation).length > 0) return null;
  return html`
    <div class="examples">
      <p class="soft">Write a message below, or begin with one of these:</p>
      ${examples.map((text) => html`<button type="button" onClick=${() => ask(text, null)}>${text}</button>`)}
    </div>
  `;
}

/** The field for the next message. */
export function Composer() {
  version.value;
  const [text, change] = useState(""), field = useRef(null), busy = isRunning();
  useEffect(() => field.current.focus(), []);
  const send = () => {
    if (text.trim() === "" || busy) return;
    ask(text, path(conversation).at(-1)?.id ?? null);
    change("");
  };
  return html`
    <form class="composer" onSubmit=${(event) => {
      event.preventDefault();
      send();
    }}>
      <textarea ref=${field} aria-label="message" placeholder="Message" rows="2" value=${text}
        onInput=${({ target }) => change(target.value)}
        onKeyDown=${(event) => {
          if (!isSending(event)) return;
          event.preventDefault();
          send();
        }}></textarea>
      ${busy
        ? html`<button type="button" class="main" onClick=${() => {
          stop();
          field.current.focus();
        }}>Stop</button>`
        : html`<button class="main" disabled=${text.trim() === ""}>Send</button>`}
    </form>
    <p class="soft keys">Enter sends, Shift+Enter begins a line, Escape stops an answer.</p>
  `;
}
