/**
 * Tests that a rank which is started again on another machine takes over from one that stands still, which
 * then ends without changing what the other has written. The machines are two host names on one file system;
 * the locks of the first are taken away, as they do not reach another machine.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { beforeDeadline } from "../../deadline.ts";
import { recipe, rows, writeSources } from "../fineweb/ranks.ts";
import { type Finished, runsTo, task, withFolder } from "../program.ts";

const root = new URL("../../../", import.meta.url);

/** Starts a pipeline on a machine of this name. The process has the number of the child. */
function onMachine(name: string, args: readonly string[]): Deno.ChildProcess {
  const words = [Deno.execPath(), ...task, ...args];
  return new Deno.Command("unshare", {
    args: ["--uts", "sh", "-c", `hostname ${name} && exec "$@"`, "sh", ...words],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function finished(process: Deno.ChildProcess): Promise<Finished> {
  const { code, stdout, stderr } = await beforeDeadline(process.output(), 240_000);
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Waits until a file has a line. */
async function hasLine(path: string): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text.includes("\n")) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${path} has no line after 40 s`);
}

for (const continues of ["while the other works", "after the other has ended"] as const) {
  Deno.test(`fineweb: a rank that stood still for more than a minute and continues ${continues} leaves the corpus alone`, () =>
    withFolder(async (dir) => {
      const args = ["fineweb", ...await writeSources(`${dir}/in`), ...recipe];
      await runsTo(0, [...args, "--out", `${dir}/one`]);
      const out = `${dir}/two`, rank = `${out}/ranks/00000`;
      const words = [
        ...args.filter((word) => word !== "--quiet"),
        "--out",
        out,
        "--rank",
        "0",
        "--world",
        "2",
      ];
      const first = onMachine("alpha", words), ofFirst = finished(first);
      await hasLine(`${rank}/metrics.jsonl`);
      first.kill("SIGSTOP");
      try {
        for (const folder of [out, rank]) {
          await Deno.rename(`${folder}/run.lock`, `${dir}/${crypto.randomUUID()}`);
        }
        const second = onMachine("beta", words), ofSecond = finished(second);
        if (continues === "while the other works") {
          const lease = await beta(`${rank}/run.lease`);
          ok(lease.includes(`\\"pid\\":${second.pid}`), lease);
          second.kill("SIGSTOP"); // so that the first finds its lease
          first.kill("SIGCONT");
          const { code, err } = await ofFirst;
          strictEqual(code, 1, err);
          match(
            err,
            /Lost .*ranks\/00000: process \d+ on host beta, since .*, has taken it: this process ends, and leaves the work to it/,
          );
          second.kill("SIGCONT");
        }
        const { code, err } = await ofSecond;
        strictEqual(code, 0, err);
        match(
          err,
          /Waiting up to 60 s: process \d+ on host alpha, since .* UTC, may still run in .*ranks\/00000/,
        );
        if (continues === "after the other has ended") {
          first.kill("SIGCONT");
          const { code, err } = await ofFirst;
          strictEqual(code, 1, err);
          match(
            err,
            /Lost .*ranks\/00000: its lease was removed: this process ends, and leaves the work to it/,
          );
        }
      } finally {
        for (const signal of ["SIGCONT", "SIGKILL"] as const) {
          try {
            first.kill(signal);
          } catch {
            // It has ended.
          }
        }
      }
      await runsTo(0, [...args, "--out", out, "--rank", "1", "--world", "2"]);
      await runsTo(0, ["fineweb", "--out", out, "--only", "dedup", "--quiet"]);
      for (const folder of ["documents", "removed/minhash", "removed/c4"]) {
        deepStrictEqual(rows(out, folder), rows(`${dir}/one`, folder), folder);
      }
    }));
}

/** Waits until the lease is that of the machine beta; returns its text. */
async function beta(path: string): Promise<string> {
  for (let tries = 0; tries < 1200; tries++) {
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text.includes("beta")) return text;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nobody has taken ${path} after two minutes`);
}
