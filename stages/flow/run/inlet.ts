/**
 * What flows into a node of a running flow: items, barriers and the end, in line with each other.
 *
 * Each call ends when everything after the node has taken the item: so no stage is asked for item n+1 before what
 * follows has taken item n. A call that needs no waiting returns undefined, not a promise: then a whole flow of
 * synchronous stages costs plain function calls.
 *
 * @module
 */
import type { PendingBarrier } from "./pending_barrier.ts";
import type { Wait } from "./wait.ts";

/** A node's door. */
export interface Inlet {
  item(item: unknown): Wait;
  barrier(gathering: PendingBarrier): Wait;
  /** The input has ended: flush, and pass it on. */
  end(): Wait;
}

/**
 * Thrown up a flow to stop what is upstream. `flush` is the node where the end begins; null: nothing is flushed,
 * the end has been dealt with.
 */
export class StopUpstream {
  constructor(readonly flush: Inlet | null) {}
}
