/**
 * The forms that requests ask for: answers in JSON, and calls of tools with the arguments that their schemas
 * describe.
 *
 * @module
 */
import { GrammarLimitError } from "../../stages/answer/grammar/automaton.ts";
import { answerGrammar } from "../../stages/answer/grammar/answer_grammar.ts";
import { callGrammar } from "../../stages/answer/grammar/call_grammar.ts";
import { choice, type Grammar, sequence } from "../../stages/answer/grammar/grammar.ts";
import { anyObject, blanks } from "../../stages/answer/grammar/json_grammar.ts";
import { schemaGrammar, type SchemaOptions } from "../../stages/answer/grammar/schema_grammar.ts";
import {
  type GrammarConstraintOptions,
  TokenGrammar,
} from "../../stages/answer/grammar/grammar_constraint.ts";
import { SchemaFault } from "../../stages/answer/grammar/schema_keywords.ts";
import { THINK } from "../../stages/answer/tagged_text.ts";
import { toolboxConstraint } from "../../stages/answer/toolbox_constraint.ts";
import type { ChatTemplate } from "../../stages/chat/template/template.ts";
import { isRecord } from "../../stages/disk/json.ts";
import type { TokenConstraint } from "../../stages/sample/token_text.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import type { Toolbox } from "../../stages/tool/toolbox.ts";
import { ApiError, fieldError } from "./api_error.ts";
import type { Fields } from "./fields.ts";
import { type ClientTool, isLenient, type ToolFields } from "./tool_fields.ts";

/** How a request's answer begins, and what it may call. */
export interface AnswerShape {
  readonly tools: ToolFields;
  readonly toolbox: Toolbox | null;
  readonly template: ChatTemplate;
  readonly tokenizer: Tokenizer;
  readonly ends: ReadonlySet<number>;
  readonly begun: string;
  readonly inThought: boolean;
  readonly inCode: boolean;
}

/**
 * Returns a function that makes the constraint of an answer: its form, or that of its calls; null: none.
 * Throws ApiError for a schema that cannot be obeyed.
 */
export function constraintsOf(
  form: Grammar | null,
  { tools, toolbox, template, tokenizer, ends, begun, inThought, inCode }: AnswerShape,
): () => TokenConstraint | null {
  const isTagged = template.calls !== "code";
  if (isTagged && toolbox !== null) {
    return () => toolboxConstraint(toolbox.tools, { tokenizer, template, inThought });
  }
  if (isTagged && tools.tools.length > 0) {
    const calls = toolForm(tools, { begun: begun !== "", inThought });
    const grammar = grammarOf(calls, { tokenizer, ends, allowsSpecial: true });
    return () => grammar.constraint();
  }
  if (form === null || inCode) return () => null;
  const grammar = grammarOf(form, { tokenizer, ends, after: inThought ? THINK[1] : undefined });
  return () => grammar.constraint();
}

/** Reads `response_format`. Returns the grammar of the answer; null: any text. Throws ApiError. */
export function answerForm(fields: Fields, { tools, must }: ToolFields): Grammar | null {
  const format = fields.object("response_format"), type = format?.get("type");
  if (format === undefined || type === "text") return null;
  if (type !== "json_object" && type !== "json_schema") {
    throw fields.error("response_format", 'an object of type "text", "json_object" or "json_schema"');
  }
  if (tools.length > 0 && must === null) {
    throw fieldError(
      "response_format",
      "'response_format' with JSON needs tool_choice \"none\" beside tools",
    );
  }
  if (type === "json_object") return anyObject;
  const own = format.object("json_schema"), schema = own?.get("schema");
  if (own === undefined || !isRecord(schema)) {
    throw format.error("json_schema", "an object with name and schema");
  }
  const path = "response_format.json_schema.schema";
  return schemaForm(schema, { isLenient: isLenient(own, { byDefault: false }), path });
}

/**
 * Returns the grammar of an answer of a model that may, or must, call tools: the arguments of each call fit
 * the schema of its tool. `begun` says whether the prompt has begun a call that must be made. Throws ApiError
 * for a schema that cannot be obeyed.
 */
function toolForm(
  { tools, must }: ToolFields,
  { begun, inThought }: { readonly begun: boolean; readonly inThought: boolean },
): Grammar {
  const all = tools.map((tool) => ({ name: tool.name, given: argumentsForm(tool) })), call = callGrammar(all);
  if (!begun) return answerGrammar(call, { start: inThought ? "thought" : "text" });
  const rest = all.map(({ name, given }) =>
    sequence(must === "required" ? `${JSON.stringify(name).slice(1)}, "arguments": ` : "", given, "}", blanks)
  );
  return answerGrammar(call, { start: "call", first: choice(...rest) });
}

function argumentsForm({ name, parameters, isLenient }: ClientTool): Grammar {
  const path = `tools.${name}.parameters`;
  if (parameters === undefined) return anyObject;
  if (!isRecord(parameters) || parameters.type !== undefined && parameters.type !== "object") {
    throw fieldError("tools", `'${path}' must be a JSON schema of type object`);
  }
  return schemaForm({ type: "object", ...parameters }, { isLenient, path });
}

function schemaForm(
  schema: unknown,
  options: SchemaOptions & { readonly path: string },
): Grammar {
  try {
    return schemaGrammar(schema, options);
  } catch (cause) {
    if (!(cause instanceof SchemaFault)) throw cause;
    throw fieldError(options.path.split(".", 1)[0], cause.message);
  }
}

function grammarOf(form: Grammar, options: GrammarConstraintOptions): TokenGrammar {
  try {
    return new TokenGrammar(form, { ...options, isForeign: true });
  } catch (cause) {
    if (!(cause instanceof RangeError) || cause instanceof GrammarLimitError) throw cause;
    throw new ApiError(400, "No JSON fits the schema: it contains itself without an end", { cause });
  }
}
