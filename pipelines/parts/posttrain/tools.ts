/**
 * The tools that a model may call while it answers.
 *
 * @module
 */
import { nanochatIds } from "../../../stages/chat/template/nanochat.ts";
import type { CountingHand } from "../../../stages/rl/answer_questions.ts";
import { CodeTool } from "../../../stages/tool/code/code_tool.ts";
import { calculator } from "../../../stages/tool/calculator.ts";
import { CodeHand } from "../../../stages/tool/code_hand.ts";
import type { Tool } from "../../../stages/tool/tool.ts";
import type { StartingPoint } from "./starting_point.ts";

/** Names of the tools. */
export const toolNames = ["calculator", "code"] as const;

/** Returns a function that makes the hand of an answer. Throws RangeError for a template without calls. */
export function handOf(
  names: readonly string[],
  { tokenizer, template }: Pick<StartingPoint, "tokenizer" | "template">,
): () => CountingHand {
  if (template.name !== "nanochat") {
    throw new RangeError(
      `Cannot let the model call ${
        names.join(" and ")
      }: the chat template ${template.name} has no form for calls: use nanochat's template and a model with its special tokens, or no tools`,
    );
  }
  const tokens = nanochatIds(tokenizer), tools = names.map(toolOf);
  return () => new CodeHand({ tokenizer, tokens, tools });
}

function toolOf(name: string): Tool {
  if (name === "calculator") return calculator();
  if (name === "code") return new CodeTool();
  throw new RangeError(`There is no tool ${name}: expected some of ${toolNames.join(", ")}`);
}
