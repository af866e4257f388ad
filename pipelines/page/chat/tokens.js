/**
 * An answer by token: each shows its probability by its shade, and, under the pointer, the keyboard's focus
 * or a finger, the tokens that could have stood in its place.
 *
 * @module
 */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "../../../stages/report/page/html.js";

/** A probability as a percentage: "97 %", "0.3 %", "<0.1 %". */
export function percentage(logp) {
  const value = 100 * Math.exp(logp);
  return value >= 9.95 ? `${Math.round(value)} %` : value >= 0.1 ? `${value.toFixed(1)} %` : "<0.1 %";
}

/** A token in quotes, with its blanks visible. */
const quoted = (text) => JSON.stringify(text);

/** Shades from certain (0) to very unlikely (4). */
const shadeOf = (logp) => [0.9, 0.5, 0.2, 0.05].filter((least) => Math.exp(logp) < least).length;

/** The tokens of an answer. */
export function Tokens({ tokens }) {
  const [chosen, choose] = useState(null); // index of the token that is looked at
  const [focused, focus] = useState(0); // index of the token that Tab leads to
  const box = useRef(null);
  const go = (event) => {
    const to = {
      ArrowRight: focused + 1,
      ArrowLeft: focused - 1,
      Home: 0,
      End: tokens.length - 1,
    }[event.key];
    if (event.key === "Escape") choose(null);
    if (to === undefined || to < 0 || to >= tokens.length) return;
    event.preventDefault();
    box.current.querySelectorAll(".token")[to].focus();
  };
  const look = (index) => {
    focus(index);
    choose(index);
  };
  // A token with the focus stays: a browser tells of a mouse that rests elsewhere after a finger's tap.
  const leave = () => choose(box.current.contains(document.activeElement) ? focused : null);
  return html`
    <div class="tokens" ref=${box} role="group" aria-label="tokens of the answer; arrow keys move"
      onKeyDown=${go} onMouseLeave=${leave}>
      ${tokens.map(([text, logp], i) =>
        html`
          <span class="token shade${shadeOf(logp)}" role="button" tabindex=${i === focused ? 0 : -1}
            aria-label="${quoted(text)}, ${percentage(logp)}" data-chosen=${i === chosen}
            onMouseEnter=${() => choose(i)} onFocus=${() => look(i)} onClick=${() => look(i)}
            onBlur=${() => choose(null)}>${text.replaceAll("\n", "↵\n")}</span>
        `
      )}
      ${chosen !== null && chosen < tokens.length && html`
        <${Alternatives} token=${tokens[chosen]}
          index=${chosen} box=${box} />
      `}
    </div>
  `;
}

/** The token's probability and its alternatives, below the token. */
function Alternatives({ token: [text, logp, others], index, box }) {
  const place = useRef(null);
  useLayoutEffect(() => {
    const span = box.current.querySelectorAll(".token")[index], { style, offsetWidth } = place.current;
    const left = Math.min(span.offsetLeft, box.current.clientWidth - offsetWidth);
    style.left = `${Math.max(0, left)}px`;
    style.top = `${span.offsetTop + span.offsetHeight + 4}px`;
  });
  const rows = others.some(([other]) => other === text) ? others : [[text, logp], ...others];
  return html`
    <div class="alternatives" role="status" ref=${place}>
      <b>${quoted(text)}</b> has ${percentage(logp)}${logp === 0 && others.length === 0 &&
        ", as it was given"}
      <ul>
        ${rows.map(([other, probability]) =>
          html`
            <li class=${other === text ? "own" : ""}>
              <span class="bar"><i style=${{ width: `${100 * Math.exp(probability)}%` }}></i></span>
              <code>${quoted(other)}</code> ${percentage(probability)}
            </li>
          `
        )}
      </ul>
    </div>
  `;
}
