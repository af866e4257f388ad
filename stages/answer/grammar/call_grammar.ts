/**
 * The grammar of a call of a tool, as Hermes and Qwen write it: a JSON object with a name and arguments.
 *
 * @module
 */
import { choice, type Grammar, literal, sequence } from "./grammar.ts";
import { blanks, member } from "./json_grammar.ts";

/** A tool that may be called, and what its arguments may be. */
export interface CallableTool {
  readonly name: string;
  readonly given: Grammar;
}

/** Returns the grammar of what stands between the tags of a call: name and arguments, in either order. */
export function callGrammar(tools: readonly CallableTool[]): Grammar {
  const ways = tools.flatMap(({ name, given }) => {
    const own = member("name", literal(JSON.stringify(name))), its = member("arguments", given);
    return [[own, its], [its, own]].map(([one, other]) =>
      sequence("{", blanks, one, ",", blanks, other, blanks, "}")
    );
  });
  return sequence(blanks, choice(...ways), blanks);
}
