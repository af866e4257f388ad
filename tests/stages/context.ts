/**
 * Contexts for stages that tests call themselves, outside of a flow.
 *
 * @module
 */
import type { Context } from "../../stages/flow/stage.ts";

/** Returns a context that ignores events and drops, always draws 0 and never aborts, apart from `parts`. */
export function contextWith(parts: Partial<Context> = {}): Context {
  return {
    signal: new AbortController().signal,
    rng: { next: () => 0, integer: () => 0 },
    seed: 0,
    stopping: false,
    emit() {},
    drop() {},
    ...parts,
  };
}
