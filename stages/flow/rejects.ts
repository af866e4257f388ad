/**
 * Sinks for the items that a stage drops.
 *
 * @module
 */
import type { Stage } from "./stage.ts";

/** A dropped item, as a `rejects` stage receives it. */
export type Reject = Readonly<{
  item: unknown;
  reason: string;
  /** The name of the stage that dropped it. */
  stage: string;
}>;

/** A sink for all items that a stage drops. For a group also one sink for each stage inside, by name. */
export type Rejects = Stage<Reject, never> | Readonly<Record<string, Stage<Reject, never>>>;

/**
 * The sinks as a list. `stage`: the sink takes only items dropped by this stage of a group; null: all items.
 */
export function sinksOf(
  rejects: Rejects | undefined,
): { readonly stage: string | null; readonly sink: Stage<Reject, never> }[] {
  if (rejects === undefined) return [];
  if (isStage(rejects)) return [{ stage: null, sink: rejects }];
  return Object.entries(rejects).map(([stage, sink]) => ({ stage, sink }));
}

function isStage(rejects: Rejects): rejects is Stage<Reject, never> {
  return typeof rejects.push === "function";
}
