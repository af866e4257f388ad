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

/** How the stage treats examples that the template cannot write. */
export interface RenderStageOptions extends RenderOptions {
  /**
   * `refuse` (default) ends the run with an error; `skip` drops the example as `unwritable`: its form has no
   * place in the template, or the template does not say exactly which tokens are the answers.
   */
  readonly damaged?: "refuse" | "skip";
}

/** Reason for dropping an example that the template cannot write. */
export const UNWRITABLE = "unwritable";

/**
 * Returns what `write` returns, or null for an example that the template cannot write, if such examples are
 * skipped. Else throws its error with what to do.
 */
export function orUnwritable<T>(
  id: string,
  { damaged = "refuse" }: Pick<RenderStageOptions, "damaged">,
  write: () => T,
): T | null {
  try {
    return write();
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    if (damaged === "skip") return null;
    const told = cause.message.includes(id) ? cause.message : `Cannot write ${id}: ${cause.message}`;
    throw new TypeError(`${told}; or leave such records out with --damaged skip`, { cause });
  }
}

/**
 * Turns examples into tokens. Says once if the template does not write the tools that conversations may call.
 * Throws TypeError, naming the example, for one that the template cannot write.
 */
export function render(options: RenderStageOptions): Stage<Example, Rendered> {
  const { template } = options;
  return stage<Example, Rendered, { isTold: boolean }>({
    name: "render",
    open: (_ctx, saved = { isTold: false }) => saved,
    push(example, state, ctx) {
      const rendered = orUnwritable(example.id, options, () => renderExample(example, options));
      if (rendered === null) {
        ctx.drop(example, UNWRITABLE);
        return [];
      }
      if (!state.isTold && isConversation(example) && example.tools !== undefined) {
        state.isTold = true;
        const { tools: _, ...bare } = example;
        if (template.ids(bare).length === template.ids(example).length) {
          ctx.emit({
            type: "note",
            text: `The chat template ${template.name} does not write which tools a conversation has: ` +
              "the model sees their calls alone; give --template with one that writes them",
          });
        }
      }
      return [rendered];
    },
  });
}
