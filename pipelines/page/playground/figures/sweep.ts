/**
 * Small runs for several values of one setting: one when a person picks it, or all.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import type { Settings } from "../settings.ts";
import { trial, type TrialResult } from "./trials.ts";

/** Runs for several values, as a component's state. */
export interface Sweep {
  /** Index of the value that is chosen. */
  readonly chosen: number;
  /** Results by value; null for values that were not tried. */
  readonly results: readonly (TrialResult | null)[];
  readonly busy: boolean;
  /** Why the last run failed; null if it did not. */
  readonly failure: string | null;
  /** Chooses a value, and tries it if it was not tried; of values chosen while one is tried, the last. */
  pick(index: number): void;
  /** Tries all values that were not tried. */
  all(): Promise<void>;
}

/** Returns the runs for `values`; `settings` says what a value changes. */
export function sweep(
  values: readonly number[],
  { first, settings }: { readonly first: number; settings(value: number): Partial<Settings> },
): Sweep {
  const chosen = useSignal(first), failure = useSignal<string | null>(null), running = useSignal(0);
  const results = useSignal<readonly (TrialResult | null)[]>(values.map(() => null));
  const attempt = async (index: number) => {
    if (results.value[index] !== null) return;
    running.value++;
    try {
      const result = await trial(settings(values[index]));
      results.value = results.value.with(index, result);
      failure.value = null;
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    } finally {
      running.value--;
    }
  };
  const tryChosen = async () => {
    for (let tried = -1; tried !== chosen.value && running.value === 0;) {
      tried = chosen.value;
      await attempt(tried);
    }
  };
  return {
    chosen: chosen.value,
    results: results.value,
    busy: running.value > 0,
    failure: failure.value,
    pick(index) {
      chosen.value = index;
      void tryChosen();
    },
    async all() {
      for (let i = 0; i < values.length && (i === 0 || failure.value === null); i++) await attempt(i);
    },
  };
}
