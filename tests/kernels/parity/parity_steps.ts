/**
 * Turns the messages of kernels/parity into test failures.
 *
 * @module
 */
import { fail } from "node:assert/strict";
import { compareTrials, type Trial } from "../../../kernels/parity/matmul_trials.ts";

/** Fails with all messages, if there are any. */
export function expectNone(messages: readonly string[]): void {
  if (messages.length > 0) fail(messages.join("\n"));
}

/** Runs one test step per entry; `suffix` distinguishes several runs of the same ops. */
export async function paritySteps(
  t: Deno.TestContext,
  messages: ReadonlyMap<string, readonly string[]>,
  suffix = "",
): Promise<void> {
  for (const [name, found] of messages) await t.step(`${name}${suffix}`, () => expectNone(found));
}

/** Runs one test step per family of variants; a step is ignored if the adapter cannot run the family. */
export async function trialSteps(t: Deno.TestContext, trials: readonly Trial[]): Promise<void> {
  for (const [family, { unsupported, messages }] of await compareTrials(trials)) {
    await t.step({
      name: unsupported === null ? family : `${family} (cannot run here: ${unsupported})`,
      ignore: unsupported !== null,
      fn: () => expectNone(messages),
    });
  }
}
