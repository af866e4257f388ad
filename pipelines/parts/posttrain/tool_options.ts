/**
 * Options of the tools that a model may call.
 *
 * @module
 */
import { integer, list, path } from "../../cli/option_types.ts";
import type { OptionRequirement } from "../../cli/pipeline.ts";

/** Names of the tools. */
const toolNames = ["calculator", "code", "search", "memory"] as const;

/** Requires one of the tools. */
function withTool(name: string): OptionRequirement {
  return {
    option: "tools",
    accepts: (tools) => Array.isArray(tools) && tools.includes(name),
    typed: `--tools ${name}`,
  };
}

/** Returns the options, in a group of the help; `fixed` says that a resumed run cannot change them. */
export function toolOptions(settings: { readonly group: string; readonly fixed?: boolean }) {
  return {
    tools: list("tools that the model may call; none: no tools", {
      value: null,
      choices: toolNames,
      ...settings,
    }),
    maxCalls: integer("most calls of tools in one answer", {
      value: 4,
      min: 1,
      max: 100,
      unit: "calls",
      ...settings,
    }),
    searchFolder: path("folder whose texts the tool search finds; links that lead out of it are left out", {
      value: null,
      placeholder: "DIR",
      ...settings,
      requires: withTool("search"),
    }),
    memory: path("JSON file of facts that the tool memory begins with; the model reads them in its prompt", {
      value: null,
      placeholder: "FILE",
      ...settings,
      requires: withTool("memory"),
    }),
  };
}
