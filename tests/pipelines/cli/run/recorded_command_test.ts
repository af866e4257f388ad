/**
 * Tests the command that a run's files name.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { recordedCommand } from "../../../../pipelines/cli/run/execute.ts";

Deno.test("recordedCommand() keeps no password and no address of --events", () => {
  const recorded = (typed: string) => recordedCommand(typed, {});
  strictEqual(
    recorded("train --source https://me:secret@example.org/a.txt --lr 1e-3"),
    "deno task pipeline train --source https://example.org/a.txt --lr 1e-3",
  );
  for (
    const events of ["--events http://127.0.0.1/x", "--events=http://127.0.0.1/x", "--events 'http://a/b c'"]
  ) {
    strictEqual(recorded(`train ${events} --steps 2`), "deno task pipeline train --steps 2");
  }
});

Deno.test("recordedCommand() names the task that was typed", () => {
  const retype = (text: string) => text.replaceAll("deno task pipeline", "deno task native");
  strictEqual(recordedCommand("train --steps 2", { retype }), "deno task native train --steps 2");
});
