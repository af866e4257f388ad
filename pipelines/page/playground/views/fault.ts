/**
 * Why something could not be done.
 *
 * @module
 */
import type { Request } from "../protocol.ts";
import { html } from "./html.ts";
import { failures } from "./store.ts";

/** The reason why requests of one type failed, or nothing. */
export function fault({ what }: { readonly what: Request["type"] }) {
  const why = failures.value[what];
  return why === undefined ? null : html`<p class="fault" role="alert">${why}</p>`;
}
