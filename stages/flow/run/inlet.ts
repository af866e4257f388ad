/**
 * The input of a node in a running flow: items, barriers and the end of the input arrive in order.
 *
 * A call is finished when everything downstream of the node has taken the item. A stage is therefore never
 * asked for item `n + 1` before the stages after it have taken item `n`.
 *
 * @module
 */
import type { PendingBarrier } from "./pending_barrier.ts";
import type { Wait } from "./wait.ts";

/** The input of a node. */
export interface Inlet {
  /**
   * Called before the first item. A resumed run may continue at a node that wants no more items: the node
   * then stops its upstream, as it would after an item.
   */
  begin(): Wait;
  item(item: unknown): Wait;
  barrier(pending: PendingBarrier): Wait;
  /** Called when the input has ended: flushes the node and passes the end on. */
  end(): Wait;
}

/**
 * Thrown by an inlet to stop everything upstream of a node. `barrier` throws it only after the barrier has
 * passed.
 */
export class StopUpstream {
  /** `flush` is the node to end, with everything downstream of it, or null if nothing is left to end. */
  constructor(readonly flush: Inlet | null) {}
}
