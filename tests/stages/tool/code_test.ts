/**
 * Tests the tool that runs code: what it prints, what it cannot reach, and that nothing outlives its
 * deadline.
 *
 * @module
 */
import { equal, match } from "node:assert/strict";
import { CodeTool } from "../../../stages/tool/code/code_tool.ts";
import { beforeDeadline } from "../../deadline.ts";

async function outcome(tool: CodeTool, code: string): Promise<string> {
  const result = await beforeDeadline(tool.run(code), 60_000);
  return "output" in result ? result.output : `error: ${result.error}`;
}

Deno.test("CodeTool runs code, and shows what it prints and its last value", async () => {
  using tool = new CodeTool({ milliseconds: 5000 });
  equal(await outcome(tool, "1 + 1"), "2");
  equal(await outcome(tool, "print('a', [1, 2]); console.log('b')"), "a [1,2]\nb");
  equal(await outcome(tool, "const x = 3; x * 2"), "6");
  equal(await outcome(tool, "let f = (n) => n < 2 ? n : f(n - 1) + f(n - 2); f(10)"), "55");
  match(await outcome(tool, "throw new Error('no')"), /error: Error: no/);
  match(await outcome(tool, "1 +"), /error: SyntaxError/);
  equal(await outcome(tool, "x"), "error: ReferenceError: 'x' is not defined"); // calls share nothing
  equal(await outcome(tool, "Date.now() + new Date().getTime()"), "0");
  equal(await outcome(tool, "Math.random()"), await outcome(tool, "Math.random()"));
});

Deno.test("CodeTool's code sees no object of the host", async () => {
  using tool = new CodeTool({ milliseconds: 5000 });
  for (
    const name of [
      "Deno",
      "fetch",
      "process",
      "require",
      "importScripts",
      "postMessage",
      "WebAssembly",
      "navigator",
    ]
  ) {
    equal(await outcome(tool, `print(typeof ${name})`), "undefined", name);
  }
  // The promise never resolves: no module is ever loaded.
  equal(await outcome(tool, "import('data:text/javascript,1').then(print)"), "{}");
});

Deno.test("CodeTool ends endless code after the same steps on every machine, before its deadline", async () => {
  using tool = new CodeTool({ steps: 20, milliseconds: 50_000 });
  const endless = [
    "while (true) {}",
    "const f = () => Promise.resolve().then(f); f()",
    "const f = async () => { for (;;) await 0; }; f()",
    "const p = new Proxy({}, { get: () => { for (;;); } }); print(p.x)",
    "({ toJSON() { for (;;); } })",
    "throw { get message() { for (;;); } }",
    "Object.defineProperty(globalThis, 'x', { get() { for (;;); } }); x",
    "try { for (;;); } catch { 1 } finally { 2 }",
  ];
  for (const code of endless) equal(await outcome(tool, code), "error: the code took too many steps", code);
  equal(await outcome(tool, "let n = 0; for (let i = 0; i < 1e4; i++) n += i; n"), "49995000");
  equal(await outcome(tool, "(async () => { print(await 5); })(); 0"), "5\n0");
});

Deno.test("CodeTool's code cannot change what later code sees, nor break the tool", async () => {
  using tool = new CodeTool({ milliseconds: 5000 });
  const hostile = [
    "Array.prototype.join = () => { throw 1; }",
    "Array.prototype.push = Array.prototype.join = String = JSON = undefined",
    "Object.prototype.error = 'x'; Object.prototype.isBroken = true",
    "globalThis.__lines = () => ({ toString: () => 'y'.repeat(1e6) })",
    "globalThis.__show = 5",
    "delete globalThis.print; delete globalThis.__lines",
    "Object.freeze(globalThis); Object.setPrototypeOf(globalThis, null)",
    "print({ toJSON() { throw new Error('a'); }, toString() { throw new Error('b'); } })",
    "throw Object.create(null)",
    "throw new Proxy(new Error('p'), {})",
    "Symbol('s')",
    "'\\ud800'",
    "this.constructor.constructor('return this')().Deno",
    "import.meta",
    "`${'z'.repeat(5000)}`",
  ];
  for (const code of hostile) {
    const result = await outcome(tool, code);
    match(result, /^.{0,1007}$/s, code);
    equal(result.isWellFormed(), true, code);
    equal(await outcome(tool, "print([1, 2].join('-')); JSON.stringify({ a: String(1) })"), '1-2\n{"a":"1"}');
  }
});

Deno.test("CodeTool bounds time, memory, output and the length of code, and works afterwards", async () => {
  using tool = new CodeTool({ milliseconds: 300, bytes: 8 << 20, characters: 50 });
  await outcome(tool, "0"); // the thread has started
  const slow = ["while (true) {}", "for (;;) new Array(1e5).fill(1)", "/(a+)+$/.test('a'.repeat(40) + 'b')"];
  for (const code of slow) match(await outcome(tool, code), /^error: /, code);
  match(await outcome(tool, "'a'.repeat(1e9)"), /^error: /);
  match(await outcome(tool, "const a = []; for (;;) a.push('x'.repeat(1e5))"), /^error: /);
  match(await outcome(tool, "(function f() { f(); })()"), /^error: /);
  equal((await outcome(tool, "for (let i = 0; i < 100; i++) print('line', i)")).length, 50);
  match(await outcome(tool, ";".repeat(10_001)), /longer than 10000/);
  equal(await outcome(tool, "7 * 6"), "42");
});
