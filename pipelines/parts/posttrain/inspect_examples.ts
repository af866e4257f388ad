/**
 * Prints examples with their tokens coloured by whether they are trained on.
 *
 * @module
 */
import type { Rendered } from "../../../stages/chat/template/template.ts";
import { type Stage, stage } from "../../../stages/flow/stage.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import type { Env } from "../../cli/pipeline.ts";

/** Prints the first examples, and ends. */
export function inspectExamples(
  count: number,
  { tokenizer, env }: { readonly tokenizer: Tokenizer; readonly env: Pick<Env, "print" | "terminal"> },
): Stage<Rendered, Rendered> {
  return stage<Rendered, Rendered, { shown: number }>({
    name: "inspect",
    open: () => ({ shown: 0 }),
    push(example, state) {
      if (state.shown++ < count) env.print(exampleText(example, { tokenizer, color: env.terminal.color }));
      return [];
    },
    done: ({ shown }) => shown >= count,
  });
}

/**
 * Returns an example's text: tokens that are trained on are green, all others grey; without colour, they
 * stand between ⟦ and ⟧.
 */
function exampleText(
  { id, ids, weights }: Rendered,
  { tokenizer, color }: { readonly tokenizer: Tokenizer; readonly color: boolean },
): string {
  let text = "", from = 0;
  const trained = weights.reduce((sum, weight) => sum + Number(weight !== 0), 0);
  while (from < ids.length) {
    let to = from + 1;
    while (to < ids.length && (weights[to] !== 0) === (weights[from] !== 0)) to++;
    const part = tokenizer.decode(ids.slice(from, to)), isTrained = weights[from] !== 0;
    if (color) text += isTrained ? `\x1b[32m${part}\x1b[0m` : `\x1b[90m${part}\x1b[0m`;
    else text += isTrained ? `⟦${part}⟧` : part;
    from = to;
  }
  return `${id}: ${ids.length} tokens, ${trained} trained on\n${text}\n\n`;
}
