/**
 * What the source tests share: equality, reading a source whole, and resuming it after every item.
 *
 * @module
 */
import type { Context, Source } from "../../../stages/flow/stage.ts";

/** Throws unless both have the same JSON. */
export function equal(actual: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`Got ${a}, wanted ${b}`);
}

/** A context for a source on its own; `dropped` gathers what it drops. */
export function context(seed = 1): Context & { readonly dropped: string[] } {
  const dropped: string[] = [];
  return {
    signal: new AbortController().signal,
    rng: { next: () => 0, integer: () => 0 },
    seed,
    stopping: false,
    emit: () => {},
    drop: (_item, reason) => dropped.push(reason),
    dropped,
  };
}

/** Reads up to `limit` items from a saved state, and gives the state saved after them. */
export async function read<T>(
  source: Source<T>,
  options: { saved?: unknown; limit?: number; seed?: number } = {},
): Promise<{ items: T[]; saved: any }> {
  const ctx = context(options.seed);
  const state = await source.open(ctx, options.saved);
  const items: T[] = [];
  try {
    if (options.limit !== 0) {
      for await (const item of source.read(state, ctx)) if (items.push(item) === options.limit) break;
    }
    const saved = source.save ? await source.save(state) : structuredClone(state);
    return { items, saved: JSON.parse(JSON.stringify(saved)) };
  } finally {
    await source.close?.(state);
  }
}

/** Stops a source after each of its first items, resumes it from its JSON, and compares with one run. */
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

/** Throws unless `run` fails with an error of this class whose message holds `part`. */
export async function fails(
  run: () => Promise<unknown>,
  type: new (...args: any[]) => Error,
  part: string,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof type)) throw new Error(`Wanted ${type.name}, got ${error}`);
    if (!error.message.includes(part)) throw new Error(`Wanted "${part}" in: ${error.message}`);
    return;
  }
  throw new Error(`Did not fail: wanted ${type.name}: ${part}`);
}

/** A folder that is gone after the test; `path` writes a file into it and gives its path. */
export async function folder(
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
