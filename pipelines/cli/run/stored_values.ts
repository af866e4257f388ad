/**
 * Options whose values are addresses in an object store. The run's configuration keeps the addresses, which
 * are the same on every machine; the pipeline's functions get the paths of copies.
 *
 * @module
 */
import { fetchInput } from "../../../stages/run/store/inputs/fetch_input.ts";
import { copyPath } from "../../../stages/run/store/inputs/local_copy.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import { isStore } from "../../../stages/run/store/store_place.ts";
import type { Options } from "../pipeline.ts";

/**
 * Fetches what the values name in object stores; returns the values to use in their place, by option. A
 * resumed run goes on without a model that the store no longer has, unless it turns out to need it. Throws
 * the errors of `fetchInput`.
 */
export async function fetchedValues(
  options: Options,
  { values, resumed, note }: {
    readonly values: Readonly<Record<string, unknown>>;
    readonly resumed: boolean;
    readonly note: (text: string) => void;
  },
): Promise<Readonly<Record<string, unknown>>> {
  const fetched: Record<string, unknown> = {};
  for (const [name, { stored }] of Object.entries(options)) {
    if (stored === undefined) continue;
    const kind = typeof stored === "function" ? stored(values) : stored;
    const value = values[name], texts = Array.isArray(value) ? value : [value];
    if (!texts.some(isAddress)) continue;
    const paths: unknown[] = [];
    for (const text of texts) {
      paths.push(
        !isAddress(text) ? text : await fetchInput(text, { kind, note }).catch((error) => {
          const isGone = error instanceof UsageError && error.cause instanceof Deno.errors.NotFound;
          if (!(resumed && kind === "model" && isGone)) throw error;
          return copyPath(text);
        }),
      );
    }
    if (kind !== "described") fetched[name] = Array.isArray(value) ? paths : paths[0];
  }
  return fetched;
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && isStore(value);
}
