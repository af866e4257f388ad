/**
 * The stage that turns examples into tokens.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { Continuation, Example } from "./conversation.ts";
import { isConversation } from "./conversation.ts";
import type { ChatTemplate, Rendered } from "./template/template.ts";

/** How examples become tokens. */
export interface RenderOptions {
  /** Tokenizer of the model. */
  readonly tokenizer: Tokenizer;
  /** Template of conversations. */
  readonly template: ChatTemplate;
  /** What is trained on: the assistant's messages (default), or all tokens. */
  readonly trainOn?: "answers" | "all";
}

/**
 * Returns the tokens of an example. A continuation is encoded as plain text, and the token that ends a text
 * follows it; it begins where its tokens part from those of the prompt alone, as in TRL. Throws the errors of
 * `ChatTemplate.render`.
 */
export function renderExample(
  example: Example,
  { tokenizer, template, trainOn = "answers" }: RenderOptions,
): Rendered {
  const isChat = isConversation(example), { id } = example;
  if (trainOn === "all") {
    const ids = isChat ? template.ids(example) : continued(tokenizer, example).ids;
    return { id, ids, weights: new Float32Array(ids.length).fill(1) };
  }
  return isChat ? template.render(example) : continued(tokenizer, example);
}

function continued(tokenizer: Tokenizer, { id, prompt, completion }: Continuation): Rendered {
  const encode = (text: string) => tokenizer.encode(text, { allowedSpecial: "all", addSpecialTokens: true });
  const before = prompt === "" ? new Uint32Array(0) : encode(prompt), all = [...encode(prompt + completion)];
  const end = tokenizer.roles?.eos[0] ?? tokenizer.special.get("<|endoftext|>");
  if (end !== undefined && all.at(-1) !== end) all.push(end);
  let from = 0;
  while (from < before.length && before[from] === all[from]) from++;
  return { id, ids: Uint32Array.from(all), weights: Float32Array.from(all, (_, i) => Number(i >= from)) };
}

/** Turns examples into tokens. Throws the errors of `renderExample`. */
export function render(options: RenderOptions): Stage<Example, Rendered> {
  return stage<Example, Rendered, null>({
    name: "render",
    open: () => null,
    push: (example) => [renderExample(example, options)],
  });
}
