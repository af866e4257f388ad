/**
 * The forms that requests ask for: answers in JSON, and calls of tools with the arguments that their schemas
 * describe.
 *
 * @module
 */
import { answerGrammar } from "../../stages/answer/grammar/answer_grammar.ts";
import { choice, type Grammar, literal, sequence } from "../../stages/answer/grammar/grammar.ts";
import { anyObject, blanks, member } from "../../stages/answer/grammar/json_grammar.ts";
import { schemaGrammar, type SchemaOptions } from "../../stages/answer/grammar/schema_grammar.ts";
import { SchemaFault } from "../../stages/answer/grammar/schema_keywords.ts";
import { isRecord } from "../../stages/disk/json.ts";
import { fieldError } from "./api_error.ts";
import type { Fields } from "./fields.ts";
import { type ClientTool, isLenient, type ToolFields } from "./tool_fields.ts";

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
export function toolForm(
  { tools, must }: ToolFields,
  { begun, inThought }: { readonly begun: boolean; readonly inThought: boolean },
): Grammar {
  const all = tools.map((tool) => ({ name: JSON.stringify(tool.name), given: argumentsForm(tool) }));
  const call = sequence(
    blanks,
    choice(...all.flatMap(({ name, given }) => {
      const own = member("name", literal(name)), its = member("arguments", given);
      return [[own, its], [its, own]].map(([one, other]) =>
        sequence("{", blanks, one, ",", blanks, other, blanks, "}")
      );
    })),
    blanks,
  );
  if (!begun) return answerGrammar(call, { start: inThought ? "thought" : "text" });
  const rest = all.map(({ name, given }) =>
    sequence(must === "required" ? `${name.slice(1)}, "arguments": ` : "", given, "}", blanks)
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
