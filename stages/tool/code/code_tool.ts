/**
 * A tool that runs JavaScript. The code runs in QuickJS within a thread of its own, without objects of the
 * host, and the thread is ended if the code exceeds its deadline.
 *
 * @module
 */
import type { Tool, ToolResult } from "../tool.ts";
import type { CodeAnswer, CodeLimits, CodeResult } from "./code_messages.ts";

/** Limits of a run, where options give no others. */
const CODE_LIMITS: CodeLimits = {
  steps: 300,
  milliseconds: 2000,
  bytes: 16 * 2 ** 20,
  characters: 1000,
};

/** Milliseconds after the deadline at which the thread is ended. */
const GRACE = 200;

/** Longest code in characters. */
const MAX_CODE = 10_000;

/** Runs code; one call at a time. Dispose it at the end. */
export class CodeTool implements Tool, Disposable {
  readonly name = "code";
  readonly about = "Runs JavaScript, and returns what it prints and the value of its last expression.";
  readonly argument = "code";
  readonly takesCode = true;
  readonly limit: number;
  readonly #limits: CodeLimits;
  #worker: Promise<Worker> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** `limits` replace those of `CODE_LIMITS`. */
  constructor(limits: Partial<CodeLimits> = {}) {
    this.#limits = { ...CODE_LIMITS, ...limits };
    this.limit = this.#limits.characters;
  }

  /** See `Tool.run`. */
  run(code: string): Promise<ToolResult> {
    const result = this.#last.then(() => this.#run(code));
    this.#last = result.catch(() => {});
    return result;
  }

  async #run(code: string): Promise<ToolResult> {
    if (code.length > MAX_CODE) return { error: `the code is longer than ${MAX_CODE} characters` };
    const worker = await (this.#worker ??= started()), { milliseconds } = this.#limits;
    const { promise, resolve } = Promise.withResolvers<CodeResult>();
    const timer = setTimeout(() => {
      worker.terminate();
      this.#worker = null;
      resolve({ error: `the code took longer than ${milliseconds} ms` });
    }, milliseconds + GRACE);
    worker.onmessage = ({ data: { isBroken, ...result } }: MessageEvent<CodeAnswer>) => {
      if (isBroken) {
        worker.terminate();
        this.#worker = null;
      }
      resolve(result);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      this.#worker = null;
      resolve({ error: `the code ended its thread: ${event.message}` });
    };
    worker.postMessage({ code, limits: this.#limits });
    const result = await promise;
    clearTimeout(timer);
    return result;
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    this.#worker?.then((worker) => worker.terminate(), () => {});
    this.#worker = null;
  }
}

/** Starts a thread, and waits until it has loaded QuickJS. */
function started(): Promise<Worker> {
  const worker = new Worker(new URL("./code_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<Worker>();
  worker.onmessage = () => resolve(worker);
  worker.onerror = (event) => {
    event.preventDefault();
    worker.terminate();
    reject(new Error(`Cannot start the thread that runs code: ${event.message}`));
  };
  return promise;
}
