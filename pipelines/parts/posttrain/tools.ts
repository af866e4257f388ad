/**
 * Opens the tools that a model may call while it answers.
 *
 * @module
 */
import { CodeTool } from "../../../stages/tool/code/code_tool.ts";
import { calculator } from "../../../stages/tool/calculator.ts";
import { Memory } from "../../../stages/tool/memory.ts";
import { searchTool } from "../../../stages/tool/search.ts";
import type { Tool } from "../../../stages/tool/tool.ts";
import { Toolbox } from "../../../stages/tool/toolbox.ts";
import type { Values } from "../../cli/pipeline.ts";
import { folderTexts } from "./folder_texts.ts";
import type { StartingPoint } from "./starting_point.ts";
import type { toolOptions } from "./tool_options.ts";

/** Which tools to open. */
export interface OpenTools extends Pick<StartingPoint, "tokenizer" | "template"> {
  /** Whether facts are written to the file of --memory. Else each answer has a memory of its own. */
  readonly keepsFacts: boolean;
  /** The facts of --memory, if they have been read already. */
  readonly memory?: Memory | null;
}

/**
 * Opens the tools of --tools; without it, the calculator for nanochat's template, which has a form for it.
 * Null: none. Throws RangeError for an option that is missing and for a template without a form for calls.
 */
export async function openTools(
  o: Values<ReturnType<typeof toolOptions>>,
  { tokenizer, template, keepsFacts, memory: read = null }: OpenTools,
): Promise<Toolbox | null> {
  const names = o.tools ?? (template.name === "nanochat" ? ["calculator"] : []);
  if (names.length === 0) return null;
  const memory = names.includes("memory")
    ? read ?? await Memory.open(needed(o.memory, "memory", "--memory FILE"))
    : null;
  const tools: Tool[] = [];
  for (const name of new Set(names)) {
    if (name === "calculator") tools.push(calculator());
    else if (name === "code") tools.push(new CodeTool());
    else if (name === "search") {
      const folder = needed(o.searchFolder, "search", "--search-folder DIR");
      tools.push(await searchTool(folderTexts(folder)));
    } else if (memory !== null) tools.push(keepsFacts ? memory.tool() : memory.ownTool());
  }
  return new Toolbox(tools, {
    tokenizer,
    template,
    maxCalls: o.maxCalls,
    ...(memory !== null && { memory }),
  });
}

/** Returns the calculator alone, as the checks of the little world use it. */
export function calculatorTools(start: Pick<StartingPoint, "tokenizer" | "template">): Toolbox {
  return new Toolbox([calculator()], start);
}

function needed(value: string | null, tool: string, typed: string): string {
  if (value !== null) return value;
  throw new RangeError(`The tool ${tool} needs ${typed}`);
}
