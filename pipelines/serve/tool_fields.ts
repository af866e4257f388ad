/**
 * The fields of a chat request about tools.
 *
 * @module
 */
import type { ClientCall } from "../../stages/answer/written_tools.ts";
import { isRecord } from "../../stages/disk/json.ts";
import type { MetadataValue } from "../../stages/items.ts";
import { Fields } from "./fields.ts";

/** A tool that the client runs. */
export interface ClientTool {
  readonly name: string;
  /** The tool as the request has it, for the chat template. */
  readonly json: MetadataValue;
  /** JSON schema of the arguments; absent: any. */
  readonly parameters: unknown;
  /** Whether parts of the schema that cannot be obeyed are ignored; otherwise they are an error. */
  readonly isLenient: boolean;
  /** Name of the argument that takes the code, where a model writes code in place of arguments. */
  readonly codeArgument: string;
}

/** The tools that the model may call, and whether it must. */
export interface ToolFields {
  readonly tools: readonly ClientTool[];
  /** `required`: a call of any of them; otherwise the name of the one to call; null: the model chooses. */
  readonly must: "required" | { readonly name: string } | null;
  /** Largest number of calls in an answer. */
  readonly maxCalls: number;
}

/** Most tools, as in OpenAI's API. */
const MOST_TOOLS = 128;

/** Reads the fields. Throws ApiError for one with a wrong value. */
export function toolFields(fields: Fields): ToolFields {
  const tools = (fields.list("tools", MOST_TOOLS) ?? []).map((tool, i) => toolOf(tool, `tools[${i}]`));
  const isParallel = fields.get("parallel_tool_calls") === undefined || fields.boolean("parallel_tool_calls");
  const maxCalls = isParallel ? Infinity : 1, choice = fields.get("tool_choice") ?? "auto";
  if (choice === "none") return { tools: [], must: null, maxCalls };
  if (choice === "auto") return { tools, must: null, maxCalls };
  if (choice === "required" && tools.length > 0) return { tools, must: anyOf(tools), maxCalls };
  const named = toolNamed(choice, tools), allowed = allowedTools(choice, tools);
  if (named !== null) return { tools: [named], must: { name: named.name }, maxCalls: 1 };
  if (allowed !== null) {
    return { tools: allowed.tools, must: allowed.isRequired ? anyOf(allowed.tools) : null, maxCalls };
  }
  throw fields.error(
    "tool_choice",
    '"none", "auto", and if there are tools, "required", {"type": "function", "function": {"name": one of them}} or {"type": "allowed_tools", "allowed_tools": {"mode": "auto" or "required", "tools": some of them}}',
  );
}

function anyOf(tools: readonly ClientTool[]): ToolFields["must"] {
  return tools.length === 1 ? { name: tools[0].name } : "required";
}

/** Returns the tool that `{"function": {"name": …}}` names; null if it names none. */
function toolNamed(given: unknown, tools: readonly ClientTool[]): ClientTool | null {
  const name = isRecord(given) && isRecord(given.function) ? given.function.name : undefined;
  return tools.find((tool) => tool.name === name) ?? null;
}

/** Returns those of the tools that the model may call; null if the choice does not name some of them. */
function allowedTools(
  choice: unknown,
  tools: readonly ClientTool[],
): { readonly tools: readonly ClientTool[]; readonly isRequired: boolean } | null {
  const allowed = isRecord(choice) && choice.type === "allowed_tools" ? choice.allowed_tools : null;
  if (!isRecord(allowed) || !Array.isArray(allowed.tools)) return null;
  const { mode } = allowed, named = allowed.tools.map((each) => toolNamed(each, tools));
  if (mode !== "auto" && mode !== "required" || named.length === 0 || named.includes(null)) return null;
  return { tools: tools.filter((tool) => named.includes(tool)), isRequired: mode === "required" };
}

/** Returns the call that a model's code stands for: one of the tool for code, or of the only one. */
export function callOfCode(tools: readonly ClientTool[], code: string): ClientCall {
  const tool = tools.find(({ name }) => /python|code|calculat|interpret/i.test(name)) ?? tools[0];
  return { name: tool.name, arguments: JSON.stringify({ [tool.codeArgument]: code }) };
}

/** Returns whether `strict`, or its default, is false: what of a schema cannot be obeyed is ignored then. */
export function isLenient(fields: Fields, { byDefault }: { readonly byDefault: boolean }): boolean {
  return fields.get("strict") === undefined ? byDefault : !fields.boolean("strict");
}

function toolOf(value: unknown, where: string): ClientTool {
  const fields = new Fields(value, where);
  if (fields.get("type") !== "function") throw fields.error("type", '"function"');
  const own = fields.object("function");
  if (own === undefined) throw fields.error("function", "an object with name and parameters");
  const name = own.text("name") ?? "";
  if (!/^[\w-]{1,64}$/.test(name)) throw own.error("name", "1 to 64 letters, digits, _ and -");
  own.text("description");
  const properties = own.object("parameters")?.object("properties");
  const parameters = own.get("parameters"), all = isRecord(parameters) ? parameters.properties : undefined;
  const texts = isRecord(all)
    ? Object.entries(all).filter(([, property]) => isRecord(property) && property.type === "string")
    : [];
  return {
    name,
    json: value as MetadataValue,
    parameters,
    isLenient: isLenient(own, { byDefault: true }), // clients check the arguments of their tools
    codeArgument: properties === undefined ? "code" : texts[0]?.[0] ?? "code",
  };
}
