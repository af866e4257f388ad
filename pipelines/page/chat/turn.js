/**
 * A turn: the message of the user, which can be edited, the branches beside it, and the answers.
 *
 * @module
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../../../stages/report/page/html.js";
import { Answer } from "./answer.js";
import { show, siblings } from "./conversation.js";
import { ask, conversation, isRunning, redraw, version } from "./store.js";

/** A turn and its place in the branch, from 1. */
export function Turn({ turn, place }) {
  version.value;
  const [isEdited, edit] = useState(false), answers = turn.answers.filter((answer) => answer !== null);
  return html`
    <section class="turn" aria-label="turn ${place}">
      ${isEdited
        ? html`<${Editor} text=${turn.text} onCancel=${() => edit(false)} onSend=${(text) => {
          edit(false);
          ask(text, turn.parent);
        }} />`
        : html`
          <div class="message">
            <div class="controls">
              <h2 class="who">You</h2>
              <${Branches} turn=${turn} />
              <button type="button" disabled=${isRunning()} onClick=${() => edit(true)}>Edit</button>
            </div>
            <div class="plain-text">${turn.text}</div>
          </div>
        `}
      <div class="answers" data-count=${answers.length}>
        ${turn.answers.map((answer, column) =>
          answer !== null && html`<${Answer} key=${column} turn=${turn} column=${column} answer=${answer} />`
        )}
      </div>
    </section>
  `;
}

/** Buttons that choose among the turns at this place. */
function Branches({ turn }) {
  version.value;
  const all = siblings(conversation, turn), at = all.indexOf(turn);
  if (all.length < 2) return null;
  const go = (to) => {
    show(conversation, all[to]);
    redraw();
  };
  return html`
    <span class="branches">
      <button type="button" aria-label="earlier version" disabled=${at === 0} onClick=${() =>
        go(at - 1)}>‹</button>
      <span>${at + 1} of ${all.length}</span>
      <button type="button" aria-label="later version" disabled=${at === all.length - 1}
        onClick=${() => go(at + 1)}>›</button>
    </span>
  `;
}

/** A message while it is edited. Enter sends it, Escape leaves it as it was. */
function Editor({ text, onSend, onCancel }) {
  const [value, change] = useState(text), field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const send = () => value.trim() !== "" && onSend(value);
  return html`
    <form class="message" onSubmit=${(event) => {
      event.preventDefault();
      send();
    }}>
      <textarea ref=${field} aria-label="edited message" value=${value} rows="3"
        onInput=${({ target }) => change(target.value)}
        onKeyDown=${(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            onCancel();
          } else if (isSending(event)) {
            event.preventDefault();
            send();
          }
        }}></textarea>
      <div class="controls">
        <button>Send</button>
        <button type="button" onClick=${onCancel}>Cancel</button>
        <span class="soft">The old message and its answers stay beside the new one.</span>
      </div>
    </form>
  `;
}

/** Whether a key sends a message: Enter, but not while an input method composes a character. */
export const isSending = (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing;
