/**
 * Keeps the calls of tools that run within an answer in the form of their schemas.
 *
 * @module
 */
import type { ChatTemplate } from "../chat/template/template.ts";
import type { TokenConstraint } from "../sample/token_text.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { parametersOf, type Tool } from "../tool/tool.ts";
import { answerGrammar } from "./grammar/answer_grammar.ts";
import { callGrammar } from "./grammar/call_grammar.ts";
import { TokenGrammar } from "./grammar/grammar_constraint.ts";
import { schemaGrammar } from "./grammar/schema_grammar.ts";
import { beginsThought } from "./tagged_text.ts";

/** Whose tokens are constrained, and how the answer begins. */
export interface ToolboxConstraintOptions {
  readonly tokenizer: Tokenizer;
  /** The model's template, which is not of the kind that writes calls as code. */
  readonly template: ChatTemplate;
  /** Whether the prompt has begun a thought. */
  readonly inThought: boolean;
}

/**
 * Returns the constraint of one answer: what follows the tag of a call is a call of one of the tools, with
 * the argument of its schema. Text and thoughts are free. An answer with calls consists of several messages,
 * and each begins anew: results between them are forced, and may hold anything.
 */
export function toolboxConstraint(
  tools: readonly Tool[],
  { tokenizer, template, inThought }: ToolboxConstraintOptions,
): TokenConstraint {
  const constraintOf = (inThought: boolean) =>
    grammarOf(tools, { tokenizer, template, inThought }).constraint();
  let message = constraintOf(inThought), between: number[] | null = null; // tokens since the last message
  return {
    allowed() {
      if (between !== null) {
        message = constraintOf(beginsThought(tokenizer, between));
        between = null;
      }
      return message.allowed();
    },
    take(id) {
      if (between !== null) between.push(id);
      else if (template.ends.has(id)) between = [];
      else message.take(id);
    },
  };
}

/** Grammars by template and by what they are of: all answers share them, since their masks take long. */
const made = new WeakMap<ChatTemplate, Map<string, TokenGrammar>>();

function grammarOf(
  tools: readonly Tool[],
  { tokenizer, template, inThought }: ToolboxConstraintOptions,
): TokenGrammar {
  const grammars = made.get(template) ?? new Map<string, TokenGrammar>();
  made.set(template, grammars);
  const key = JSON.stringify([inThought, ...tools.map(({ name, argument }) => [name, argument])]);
  const known = grammars.get(key);
  if (known !== undefined) return known;
  const call = callGrammar(
    tools.map((tool) => ({ name: tool.name, given: schemaGrammar(parametersOf(tool)) })),
  );
  const grammar = new TokenGrammar(answerGrammar(call, { start: inThought ? "thought" : "text" }), {
    tokenizer,
    ends: template.ends,
    allowsSpecial: true,
  });
  grammars.set(key, grammar);
  return grammar;
}
