/**
 * The forms that requests ask for: answers in JSON, and calls of tools with the arguments that their schemas
 * describe.
 *
 * @module
 */
import { choice, type Grammar, sequence } from "../../stages/answer/grammar/grammar.ts";
import { anyObject, blanks } from "../../stages/answer/grammar/json_grammar.ts";
import { SchemaFault, schemaGrammar } from "../../stages/answer/grammar/schema_grammar.ts";
import { CALL } from "../../stages/answer/tagged_text.ts";
import { isRecord } from "../../stages/disk/json.ts";
import { fieldError } from "./api_error.ts";
import type { Fields } from "./fields.ts";
import type { ClientTool, ToolFields } from "./tool_fields.ts";

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
  return schemaForm(schema, { isStrict: own.boolean("strict"), path });
}

/** Returns the grammar of what follows the beginning of a call that must be made. Throws ApiError. */
export function callForm({ tools, must }: ToolFields): Grammar {
  const rest = (tool: ClientTool) => sequence(argumentsForm(tool), "}", blanks, CALL[1]);
  if (must !== "required") return rest(tools[0]);
  return choice(...tools.map((tool) => sequence(`${tool.name}", "arguments": `, rest(tool))));
}

function argumentsForm({ name, parameters, isStrict }: ClientTool): Grammar {
  const path = `tools.${name}.parameters`;
  if (parameters === undefined) return anyObject;
  if (!isRecord(parameters) || parameters.type !== undefined && parameters.type !== "object") {
    throw fieldError("tools", `'${path}' must be a JSON schema of type object`);
  }
  return schemaForm({ type: "object", ...parameters }, { isStrict, path });
}

function schemaForm(
  schema: unknown,
  options: { readonly isStrict: boolean; readonly path: string },
): Grammar {
  try {
    return schemaGrammar(schema, options);
  } catch (cause) {
    if (!(cause instanceof SchemaFault)) throw cause;
    throw fieldError(options.path.split(".", 1)[0], cause.message);
  }
}
