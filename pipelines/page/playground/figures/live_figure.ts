/**
 * The frame of a live figure: its heading, its place in the address, and its lesson.
 *
 * @module
 */
import type { ComponentChildren } from "preact";
import { type LiveFigure, liveFigures } from "../live_figures.ts";
import { html } from "../views/html.ts";

/** A panel with a figure; an address that ends with `#name` leads to it. */
export function liveFigure(
  { name, children }: { readonly name: LiveFigure; readonly children?: ComponentChildren },
) {
  const { title, lesson } = liveFigures[name];
  return html`
    <article class="panel" id=${name} tabindex="-1">
      <h3>${title}</h3>
      ${children}
      <p class="soft small">Its lesson: <code>deno task pipeline ${lesson}</code></p>
    </article>
  `;
}
