/**
 * The chat page.
 *
 * @module
 */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "../../../stages/report/page/html.js";
import { Composer, Examples } from "./composer.js";
import { path } from "./conversation.js";
import { Head } from "./head.js";
import { Settings } from "./settings.js";
import { spoken } from "./speech.js";
import { conversation, fault, load, models, stop, useToken, version } from "./store.js";
import { Turn } from "./turn.js";

const isWide = matchMedia("(min-width: 1000px)").matches;

function Page() {
  const [isOpen, open] = useState(isWide);
  if (fault.value?.status === 401) return html`<${AskToken} />`;
  if (models.value === null) return html`<${Loading} />`;
  document.title = models.value[0].id;
  return html`
    <${Head} isOpen=${isOpen} onSettings=${() => open(!isOpen)} />
    <div class="room">
      ${isOpen && html`<${Settings} />`}
      <div class="talk">
        <${Examples} />
        <${Turns} />
        <${Composer} />
      </div>
    </div>
    <${Spoken} />
  `;
}

function Turns() {
  version.value;
  useEffect(() => follow(), [version.value]);
  return path(conversation).map((turn, i) => html`<${Turn} key=${turn.id} turn=${turn} place=${i + 1} />`);
}

/** Follows an answer as it grows, unless the reader has scrolled up. */
let wasAtEnd = true;
addEventListener("scroll", () => {
  const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
  wasAtEnd = scrollHeight - clientHeight - scrollTop < 80;
}, { passive: true });
function follow() {
  if (wasAtEnd) document.documentElement.scrollTop = document.documentElement.scrollHeight;
}

const Spoken = () => html`<div class="spoken" aria-live="polite">${spoken.value}</div>`;

/** What is shown until the models are known. */
const Loading = () =>
  html`
    <h1>Chat</h1>
    ${fault.value === null ? html`<p class="soft">Asking the server for its models.</p>` : html`
      <p class="alarm" role="alert">${fault.value.message} <span>${fault.value.advice}</span></p>
      <button type="button" onClick=${load}>Try again</button>
    `}
  `;

/** Asks for the token of the server. */
function AskToken() {
  const [text, change] = useState(""), [isRefused, refuse] = useState(false);
  return html`
    <h1>This server asks for its token</h1>
    <form class="ask-token" onSubmit=${async (event) => {
      event.preventDefault();
      await useToken(text.trim());
      refuse(true); // the form is gone if the server took it
    }}>
      <label>token that the server was started with (--token)
        <input type="password" autocomplete="off" value=${text} ref=${(field) => field?.focus()}
          onInput=${({ target }) => change(target.value)} />
      </label>
      <button disabled=${text.trim() === ""}>Open</button>
      ${isRefused && html`<p class="alarm" role="alert">The server has refused this token.</p>`}
      <p class="soft">This tab keeps it until it is closed.</p>
    </form>
  `;
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});
render(html`<${Page} />`, document.getElementById("page"));
load();
