/**
 * The thread that runs code: JavaScript in QuickJS, compiled to WASM, so that the code sees no object of the
 * host. The host ends the thread when the code exceeds its deadline: native loops of QuickJS do not look at
 * their own.
 *
 * @module
 */
import { importPackage } from "../../disk/packages.ts";
import type { CodeLimits, CodeRequest, CodeResult } from "./code_messages.ts";

/** The scope of a dedicated worker; `deno check` types this module as part of the main program. */
declare const self: {
  onmessage: ((event: MessageEvent<CodeRequest>) => void) | null;
  postMessage(message: unknown): void;
};

console.error = () => {}; // QuickJS writes there why it aborts, which the result says
console.warn = console.error;

const { newQuickJSWASMModuleFromVariant } = await importPackage("quickjs-emscripten-core");
const variant = (await importPackage("@jitl/quickjs-wasmfile-release-sync")).default;
const quickJs = await newQuickJSWASMModuleFromVariant(variant);

/** Code that runs before: output, and clocks and random numbers that are the same in each run. */
const PRELUDE = `
  const lines = [];
  let size = 0;
  const show = (x) => typeof x === "string" ? x : typeof x === "object" && x !== null
    ? (() => { try { return JSON.stringify(x); } catch { return String(x); } })() : String(x);
  globalThis.print = (...values) => {
    if (size > LIMIT) return;
    const line = values.map(show).join(" ").slice(0, LIMIT + 1);
    size += line.length + 1;
    lines.push(line);
  };
  globalThis.console = { log: print, info: print, warn: print, error: print };
  let state = 1;
  Math.random = () => (state = state * 48271 % 2147483647) / 2147483647;
  const Fixed = class extends Date { constructor(...a) { a.length === 0 ? super(0) : super(...a); } };
  Fixed.now = () => 0;
  globalThis.Date = Fixed;
  globalThis.__lines = () => lines.join("\\n");
  globalThis.__show = show;
`;

self.onmessage = ({ data: { code, limits } }: MessageEvent<CodeRequest>) => {
  const done: { result: CodeResult } = { result: { error: "the code exhausted its memory" } };
  try {
    run(code, { ...limits, done });
    self.postMessage(done.result);
  } catch {
    // QuickJS cannot free what is left after some failures, and is of no use then.
    self.postMessage({ ...done.result, isBroken: true });
  }
};

/** Runs code. Its result is known before everything is freed. */
function run(
  code: string,
  { steps, milliseconds, bytes, characters, done }: CodeLimits & { readonly done: { result: CodeResult } },
): void {
  using runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(bytes);
  runtime.setMaxStackSize(1 << 19);
  const deadline = Date.now() + milliseconds;
  let count = 0, interrupted = "";
  runtime.setInterruptHandler(() => {
    if (++count > steps) interrupted = "the code took too many steps";
    else if (Date.now() > deadline) interrupted = `the code took longer than ${milliseconds} ms`;
    return interrupted !== "";
  });
  using context = runtime.newContext();
  /** Evaluates code. The text of its value, or of its error. */
  const evaluate = (source: string): CodeResult => {
    const result = context.evalCode(source, "code.js");
    if (result.error) {
      using error = result.error;
      const thrown: unknown = context.dump(error); // may run code, such as a getter of the thrown object
      if (interrupted !== "") return { error: interrupted };
      const isError = typeof thrown === "object" && thrown !== null && "message" in thrown;
      return {
        error: isError ? `${"name" in thrown ? thrown.name : "Error"}: ${thrown.message}` : String(thrown),
      };
    }
    using value = result.value;
    return { output: context.typeof(value) === "undefined" ? "" : context.getString(value) };
  };
  done.result = output();

  function output(): CodeResult {
    const prepared = evaluate(`{ const LIMIT = ${characters}; ${PRELUDE} } undefined`);
    if ("error" in prepared) return prepared;
    // The value of the last expression is shown as well, as in a notebook.
    const last = evaluate(`__show(eval(${JSON.stringify(code)}))`);
    if ("error" in last) return { error: last.error.slice(0, characters).toWellFormed() };
    // What asynchronous functions do after an await.
    const jobs = runtime.executePendingJobs();
    if (jobs.error) jobs.error.dispose();
    if (interrupted !== "") return { error: interrupted };
    const printed = evaluate("__lines()");
    if ("error" in printed) return printed;
    const value = last.output === "undefined" ? "" : last.output;
    return { output: [printed.output, value].filter(Boolean).join("\n").slice(0, characters).toWellFormed() };
  }
}

self.postMessage({ output: "ready" });
