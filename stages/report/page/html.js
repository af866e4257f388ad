/**
 * Markup, and small parts that several sections use. Values in templates become text, never markup: no text
 * of a model, document or option is parsed as HTML.
 *
 * @module
 */
import htm from "htm";
import { h } from "preact";
import { useId, useState } from "preact/hooks";

/** Template tag for elements. */
export const html = htm.bind(h);

/** A section with a heading. */
export function Section({ title, children }) {
  const id = useId();
  return html`<section aria-labelledby=${id}><h2 id=${id}>${title}</h2>${children}</section>`;
}

/** A table whose rows are lists of cells; the first cell of each row is its heading. */
export function Table({ kind, heads, rows, label }) {
  return html`
    <${Scroll} label=${label}>
      <table class=${kind}>
        ${heads && html`
          <thead>
            <tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr>
          </thead>
        `}
        <tbody>${rows}</tbody>
      </table>
      <//>
  `;
}

/** A row of a table. */
export const Row = ({ kind, cells: [head, ...cells] }) =>
  html`<tr class=${kind}><th scope="row">${head}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;

/** A box that scrolls where its content is too wide; the keyboard can scroll it too. */
export const Scroll = ({ label, kind = "", children }) =>
  html`<div class="scroll ${kind}" role="group" aria-label=${label} tabindex="0">${children}</div>`;

/** A button that is on or off. */
export const Toggle = ({ on, onClick, children }) =>
  html`<button type="button" aria-pressed=${String(on)} onClick=${onClick}>${children}</button>`;

/** A coloured part of a bar; `share` is from 0 to 1. */
export const Part = ({ share, color }) =>
  html`<i style=${{
    width: `${100 * Math.max(0, Math.min(1, share))}%`,
    background: color && `var(${color})`,
  }}></i>`;

/**
 * Events along time: a slider and two buttons choose one of them, and `children` is called with it. The
 * newest is shown until the reader chooses another.
 */
export function Timeline({ events, name, label, children }) {
  const [chosen, choose] = useState(null); // null: the newest
  const id = useId();
  if (events.length === 0) return null;
  const found = chosen === null ? -1 : events.indexOf(chosen);
  const at = found < 0 ? events.length - 1 : found;
  const go = (index) => choose(index >= events.length - 1 ? null : events[Math.max(0, index)]);
  const event = events[at];
  return html`
    ${events.length > 1 && html`
      <div class="controls">
        <button type="button" disabled=${at === 0} onClick=${() =>
          go(at - 1)} aria-label="earlier ${name}">‹</button>
        <input id=${id} type="range" min="0" max=${events.length - 1} value=${at}
          aria-label="${name} along time"
          aria-valuetext=${label(event)} onInput=${({ target }) => go(Number(target.value))} />
        <button type="button" disabled=${at === events.length - 1} onClick=${() => go(at + 1)}
          aria-label="later ${name}">›</button>
        <label for=${id}>${label(event)} (${at + 1} of ${events.length})</label>
      </div>
    `}
    ${events.length === 1 && html`<p class="soft">${label(event)}</p>`}
    ${children(event)}
  `;
}
