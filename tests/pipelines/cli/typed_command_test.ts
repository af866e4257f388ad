import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { taskName, typedConsole, typedTask } from "../../../pipelines/cli/typed_command.ts";

const start = { execPath: "/usr/bin/deno", version: "2.9.6", cwd: "/clone", root: "/clone/" };

Deno.test("typedTask() is deno task in the clone, and names the clone's deno.json elsewhere", () => {
  strictEqual(typedTask(start), "deno task");
  strictEqual(typedTask({ ...start, cwd: "/clone/runs/a" }), "deno task");
  strictEqual(typedTask({ ...start, cwd: "/clone2" }), "deno task --config /clone/deno.json");
  strictEqual(
    typedTask({ ...start, root: "/my clone/" }),
    'deno task --config "/my clone/deno.json"',
  );
  const windows = { ...start, execPath: "C:\\deno.exe", cwd: "D:\\text", root: "C:\\clone\\" };
  strictEqual(typedTask(windows), "deno task --config C:/clone/deno.json");
});

Deno.test("typedTask() starts Deno by npx if this process was started so", () => {
  const execPath = "/home/me/.npm/_npx/7a40/node_modules/deno/deno";
  strictEqual(typedTask({ ...start, execPath }), "npx -y deno@2.9.6 task");
});

Deno.test("typedConsole() replaces commands of this program in messages, and leaves results as they are", () => {
  const lines: string[] = [];
  const plain = { columns: 80, outIsTerminal: false, errIsTerminal: false, colors: false };
  const add = (text: string) => lines.push(text);
  const console = typedConsole({ ...plain, out: add, err: add }, "deno task --config /a/$&/deno.json");
  console.out("text of a model: deno task pipeline sample");
  console.err("faster: deno task native train");
  console.err("in place of deno task check or deno task native …");
  deepStrictEqual(lines, [
    "text of a model: deno task pipeline sample",
    "faster: deno task --config /a/$&/deno.json native train",
    "in place of deno task check or deno task native …",
  ]);
  deepStrictEqual(
    console.retype?.("To sample: deno task pipeline sample"),
    "To sample: deno task --config /a/$&/deno.json pipeline sample",
  );
});

Deno.test("typedConsole() names the task that this process was started by, and other tasks as they are", () => {
  const none = () => {};
  const plain = {
    columns: 80,
    outIsTerminal: false,
    errIsTerminal: false,
    colors: false,
    out: none,
    err: none,
  };
  strictEqual(taskName({ ffi: true, boundsChecks: true, dawn: false }), "native");
  strictEqual(taskName({ ffi: false, boundsChecks: false, dawn: false }), "fast");
  strictEqual(taskName({ ffi: false, boundsChecks: true, dawn: false }), "pipeline");
  strictEqual(taskName({ ffi: true, boundsChecks: true, dawn: true }), "dawn");
  const { retype } = typedConsole(plain, "deno task", "native");
  strictEqual(retype?.("To resume: deno task pipeline train"), "To resume: deno task native train");
  strictEqual(retype?.("faster: deno task fast train"), "faster: deno task fast train");
});
