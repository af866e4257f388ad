/**
 * Where items go that a stage drops.
 *
 * @module
 */
import type { Stage } from "./stage.ts";

/** What a `rejects` stage is given. */
export type Reject = Readonly<{
  item: unknown;
  reason: string;
  /** The name of the stage that dropped it. */
  stage: string;
}>;

/** A sink for all that a stage drops; of a group also several, by the names of the stages inside. */
export type Rejects = Stage<Reject, never> | Readonly<Record<string, Stage<Reject, never>>>;

/** The sinks; `stage`: only for what that one of a group drops, null: for everything. */
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
