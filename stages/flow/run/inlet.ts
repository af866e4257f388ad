/**
 * What flows into a node of a running flow: items, barriers and the end, in line with each other.
 *
 * Each call ends when everything after the node has taken the item: so no stage is asked for item n+1 before what
 * follows has taken item n. A call that needs no waiting returns undefined, not a promise: then a whole flow of
 * synchronous stages costs plain function calls.
 *
 * @module
 */
import type { Gathering } from "./pending_barrier.ts";

/** Nothing to wait for, or a promise to wait for. */
export type Wait = void | Promise<void>;

/** A node's door. */
export interface Inlet {
  item(item: unknown): Wait;
  barrier(gathering: Gathering): Wait;
  /** The input has ended: flush, and pass it on. */
  end(): Wait;
}

/**
 * Thrown up a flow to stop what is upstream. `flush` is the node where the end begins; null: nothing is flushed,
 * the end has been dealt with.
 */
export class End {
  constructor(readonly flush: Inlet | null) {}
}

/** What waits for nothing once `first` is done. */
export function then(first: Wait, next: () => Wait): Wait {
  return first === undefined ? next() : first.then(next);
}
