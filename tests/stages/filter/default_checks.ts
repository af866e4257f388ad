/**
 * Helpers for the tests of defaults: each default is tested at its value and one step to each side.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Stage } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { openFilter } from "./filter_checks.ts";

/** A test of each default. */
export type DefaultTests<T> = { readonly [name in keyof T]-?: () => Promise<void> | void };

/** Registers the tests of a filter's defaults, and a test that no default is without one. */
export function testDefaults<T extends object>(filter: string, defaults: T, tests: DefaultTests<T>): void {
  Deno.test(`${filter}: every default has a test`, () => {
    deepStrictEqual(Object.keys(tests).sort(), Object.keys(defaults).sort());
  });
  for (const [name, test] of Object.entries<() => Promise<void> | void>(tests)) {
    Deno.test(`${filter}: default of ${name}, at its value and one step to each side`, async () => {
      await test();
    });
  }
}

/** Which of the texts below, at and above a limit are dropped by a minimum, and by a maximum. */
export const below = [true, false, false] as const, above = [false, false, true] as const;

/** Checks a filter at three values of what it measures: the reason for the text of each, or null. */
export async function atThree(
  filter: Stage<Document, Document>,
  values: readonly [below: number, at: number, above: number],
  { text, drops, reason }: {
    readonly text: (value: number) => string;
    /** Which of the three texts are dropped. */
    readonly drops: readonly [boolean, boolean, boolean];
    readonly reason: string;
  },
): Promise<void> {
  const open = await openFilter(filter);
  for (const [i, value] of values.entries()) {
    strictEqual(open(text(value)).reason, drops[i] ? reason : null, `${reason} at ${value}`);
  }
}
