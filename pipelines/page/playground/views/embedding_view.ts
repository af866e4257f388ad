/**
 * The embedding of tokens on the two axes along which it varies most.
 *
 * @module
 */
import type { Look } from "../protocol.ts";
import { html } from "./html.ts";

const margin = 5; // percent

/** Tokens as points with their text, frequent ones over others. */
export function embeddingView({ look: { embedding } }: { readonly look: Look }) {
  if (embedding.length === 0) return null;
  const range = (values: readonly number[]) => {
    const low = values.reduce((a, b) => Math.min(a, b), Infinity);
    return { low, span: values.reduce((a, b) => Math.max(a, b), -Infinity) - low || 1 };
  };
  const x = range(embedding.map((point) => point.x)), y = range(embedding.map((point) => point.y));
  return html`
    <h3>Embedding</h3>
    <svg class="points" role="img"
      aria-label=${`Embeddings of ${embedding.length} tokens on their two principal axes: tokens that the model uses alike lie close together`}>
      ${embedding.toReversed().map((point) =>
        html`<text x=${place((point.x - x.low) / x.span)} y=${
          place(1 - (point.y - y.low) / y.span)
        }>${point.token.text}</text>`
      )}
    </svg>
    <p class="soft small">The most frequent tokens on the two axes along which their embeddings differ most:
      tokens that the model uses alike move together as it learns.</p>
  `;
}

/** Returns where a share of an axis lies, in percent. */
function place(share: number): string {
  return `${(margin + (100 - 2 * margin) * share).toFixed(2)}%`;
}
