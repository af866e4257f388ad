/**
 * Helpers for the source tests: a check for equality, reading a whole source, and resuming it after every
 * item.
 *
 * @module
 */
import type { Context, Source } from "../../../stages/flow/stage.ts";
import { contextWith } from "../context.ts";

/** Throws unless both values have the same JSON. */
export function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`Got ${a}, expected ${b}`);
}

/** Returns a context for a source outside of a flow. `dropped` collects the reason for each dropped item. */
export function context(seed = 1): Context & { readonly dropped: string[] } {
  const dropped: string[] = [];
  return { ...contextWith({ seed, drop: (_item, reason) => dropped.push(reason) }), dropped };
}

/**
 * Reads up to `limit` items, from a saved state if one is given. Returns the items and the state saved after
 * them.
 */
export async function read<T>(
  source: Source<T>,
  options: { saved?: unknown; limit?: number; seed?: number } = {},
): Promise<{ items: T[]; saved: any; dropped: readonly string[] }> {
  const ctx = context(options.seed);
  const state = await source.open(ctx, options.saved);
  const items: T[] = [];
  try {
    if (options.limit !== 0) {
      for await (const item of source.read(state, ctx)) if (items.push(item) === options.limit) break;
    }
    const saved = source.save ? await source.save(state) : structuredClone(state);
    return { items, saved: JSON.parse(JSON.stringify(saved)), dropped: ctx.dropped };
  } finally {
    await source.close?.(state);
  }
}

/**
 * Checks that a source gives the same items if it is stopped after each number of items in `cuts` (default:
 * any number) and resumed from the JSON of its state. Returns all items.
 */
export async function resumesAnywhere<T>(
  make: () => Source<T> | Promise<Source<T>>,
  cuts?: readonly number[],
): Promise<T[]> {
  const whole = (await read(await make())).items;
  for (const at of cuts ?? Array.from({ length: whole.length + 1 }, (_, i) => i)) {
    const first = await read(await make(), { limit: at });
    const rest = await read(await make(), { saved: first.saved });
    equal([...first.items, ...rest.items], whole);
  }
  return whole;
}

/** Throws unless `run` fails with an error of class `type` whose message contains `part`. */
export async function fails(
  run: () => Promise<unknown>,
  type: new (...args: any[]) => Error,
  part: string,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof type)) throw new Error(`Expected ${type.name}, got ${error}`);
    if (!error.message.includes(part)) throw new Error(`Expected "${part}" in: ${error.message}`);
    return;
  }
  throw new Error(`Did not fail: expected ${type.name}: ${part}`);
}

/**
 * Makes a temporary folder and calls `use` with a function that writes a file into it and returns the file's
 * path.
 */
export async function withFolder(
  use: (path: (name: string, content: string | Uint8Array) => string) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await use((name, content) => {
      Deno.writeFileSync(
        `${home}/${name}`,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
      return `${home}/${name}`;
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
