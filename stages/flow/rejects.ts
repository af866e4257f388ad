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
  /** The name of the stage that dropped the item. */
  stage: string;
}>;

/**
 * A sink for all items that a stage drops. For a group, it can also be a record with a sink for each stage
 * inside, keyed by the stage's name.
 */
export type Rejects = Stage<Reject, never> | Readonly<Record<string, Stage<Reject, never>>>;

/**
 * The sinks as a list. If `stage` is not null, the sink takes only items that this stage of a group has
 * dropped.
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
