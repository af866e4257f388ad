/**
 * Runs the calls of one answer, and counts them.
 *
 * @module
 */
import { resultText, type Tool, type ToolResult } from "./tool.ts";

/** A call and its result. */
export interface ToolRun {
  /** Name of the tool; that of the first for code that names none. */
  readonly name: string;
  /** The argument. */
  readonly input: string;
  /** The text that the model reads. */
  readonly output: string;
  /** Whether the call failed. */
  readonly isFailure: boolean;
}

/** Largest number of calls in one answer, where options give no other. */
const MAX_CALLS = 4;

/** The calls of one answer. */
export class ToolCalls {
  /** The calls so far. */
  readonly runs: ToolRun[] = [];
  readonly #tools: readonly Tool[];
  readonly #maxCalls: number;

  /** Calls after the first `maxCalls` (default 4) fail. */
  constructor(tools: readonly Tool[], maxCalls: number = MAX_CALLS) {
    this.#tools = tools;
    this.#maxCalls = maxCalls;
  }

  /** Number of calls so far. */
  get calls(): number {
    return this.runs.length;
  }

  /** Number of calls that failed. */
  get failures(): number {
    return this.runs.filter(({ isFailure }) => isFailure).length;
  }

  /** Calls a tool by its name. Returns the text that the model reads. */
  async call(name: string, input: string): Promise<string> {
    const tool = this.#tools.find((each) => each.name === name);
    return await this.#run(name, input, tool === undefined ? [] : [tool]);
  }

  /**
   * Runs code: `NAME("TEXT")` calls a tool; all other code goes to the tools that take code, in order, until
   * one understands it, or else to the only tool. Returns the text that the model reads.
   */
  async runCode(code: string): Promise<string> {
    const named = namedCall(code);
    if (named !== null && this.#tools.some(({ name }) => name === named.name)) {
      return await this.call(named.name, named.input);
    }
    const takers = this.#tools.filter(({ takesCode }) => takesCode);
    const tools = takers.length === 0 && this.#tools.length === 1 ? this.#tools : takers;
    return await this.#run(tools[0]?.name ?? "code", code, tools);
  }

  async #run(name: string, input: string, tools: readonly Tool[]): Promise<string> {
    let result: ToolResult = {
      error: `no such tool: call ${this.#tools.map(({ name }) => name).join(", ")}`,
    };
    let limit: number | undefined;
    if (this.runs.length >= this.#maxCalls) result = { error: `no more than ${this.#maxCalls} calls` };
    else {
      for (const tool of tools) {
        result = await tool.run(input);
        limit = tool.limit;
        if ("output" in result) break;
      }
    }
    const output = resultText(result, limit);
    this.runs.push({ name, input, output, isFailure: "error" in result });
    return output;
  }
}

/** Reads code of the form `NAME("TEXT")`; null for other code. */
export function namedCall(code: string): { readonly name: string; readonly input: string } | null {
  const found = /^\s*(\w+)\s*\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\)\s*$/s.exec(code);
  if (found === null) return null;
  const [, name, quoted] = found;
  const input = quoted.slice(1, -1).replace(/\\(.)/gs, (_, c) => c === "n" ? "\n" : c === "t" ? "\t" : c);
  return { name, input };
}
