/**
 * Runs `deno bench -P`, with the permissions that deno.json gives to benches.
 *
 * @module
 */
import { match, strictEqual } from "node:assert/strict";
import { runDeno } from "../package/script.ts";

/** Arguments of Deno before those of a bench. */
export const args: readonly string[] = [
  "bench",
  "--quiet",
  "-P",
  "--no-prompt",
  "--no-check",
  "--lock=deno.lock",
  "--frozen",
];

/** Registers a test that each bench of a file runs once under `-P`. */
export function benchTest(file: string, what: string): void {
  Deno.test(`deno bench -P runs bench/${file}, which ${what}`, async () => {
    const { code, out, err } = await runDeno([...args, "--preload", "tests/bench/once.ts", `bench/${file}`]);
    strictEqual(code, 0, `${out}\n${err}`);
    match(out, /\d (ns|µs|ms|s) /);
  });
}
