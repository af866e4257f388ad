/// <reference lib="dom" />
/**
 * Inside the model: tokens, attention, the next token, and the embedding.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { attentionView } from "./attention_view.ts";
import { embeddingView } from "./embedding_view.ts";
import { fault } from "./fault.ts";
import { html } from "./html.ts";
import { facts, lastEval, look, send } from "./store.ts";
import { nextView, tokensView } from "./token_views.ts";

/** The panel of the model's inside. */
export function inside() {
  const typed = useSignal<string | null>(null), text = typed.value ?? facts.value?.excerpt ?? "";
  // Looks again after each evaluation, so that a person sees the maps form.
  useEffect(() => {
    if (facts.value !== null) send({ type: "look", text });
  }, [facts.value, lastEval.value, text]);
  return html`
    <section class="panel" aria-label="Inside the model">
      <h2>Inside the model</h2>
      <label class="wide">A text to look at
        <input value=${text} spellcheck=${false}
          onInput=${(event: Event) => typed.value = (event.target as HTMLInputElement).value} /></label>
      <${fault} what="look" />
      ${look.value === null
        ? html`<p class="soft empty">With a model, its tokens, attention, next token and embedding appear here.</p>`
        : html`
          <${tokensView} look=${look.value} />
          <${nextView} look=${look.value} />
          <${attentionView} look=${look.value} />
          <${embeddingView} look=${look.value} />
        `}
    </section>
  `;
}
