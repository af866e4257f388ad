/**
 * Tokens in colours, and the likeliest next ones.
 *
 * @module
 */
import type { Look } from "../protocol.ts";
import { html } from "./html.ts";

/** A text as tokens with their ids. */
export function tokensView({ look: { text: { tokens, count, bytes } } }: { readonly look: Look }) {
  const cut = tokens.length < count ? `; the first ${tokens.length.toLocaleString("en-US")} are shown` : "";
  return html`
    <h3>Tokens</h3>
    <ol class="tokens" aria-label="Tokens of the text">${tokens.map(({ id, text, special }, i) =>
      html`<li class=${
        special ? "special" : `tint${i % 6}`
      } title=${`id ${id}`}>${text}<small>${id}</small></li>`
    )}
    </ol>
    <p
      class="soft small">${count.toLocaleString("en-US")} ${count === 1 ? "token" : "tokens"} for ${bytes
        .toLocaleString("en-US")} bytes${cut}. The number under a token is its id.</p>
  `;
}

/** The likeliest next tokens as bars. */
export function nextView({ look: { next } }: { readonly look: Look }) {
  const most = Math.max(...next.map(({ probability }) => probability), 1e-9);
  return html`
    <h3>Next token</h3>
    <table class="next">
      <caption class="hidden">The likeliest next tokens with their probabilities</caption>
      <tbody>${next.map(({ token: { text }, probability }) =>
        html`
          <tr>
            <th scope="row"><code>${text}</code></th>
            <td class="number">${(100 * probability).toFixed(1)} %</td>
            <td class="barcell"><meter min="0" max=${most} value=${probability} aria-hidden="true"></meter></td>
          </tr>
        `
      )}
      </tbody>
    </table>
  `;
}
