/**
 * A request for a checkpoint between two regular ones.
 *
 * @module
 */

/**
 * A request for a checkpoint, which may be made at any time during a run. The run takes the checkpoint after
 * the item that it is processing: after the current step of training, or at the source of a flow in which no
 * stage takes checkpoints.
 *
 * @example The checkpoint that was asked for, and the last
 * ```ts
 * import { CheckpointRequest, from, map, MemoryCheckpoints } from "@stagewise/gpt/flow";
 *
 * const checkpoints = new MemoryCheckpoints(), checkpointRequest = new CheckpointRequest();
 * await from([1, 2, 3])
 *   .pipe(map("ask", (x: number) => x === 2 && checkpointRequest.make()))
 *   .run({ checkpoints, checkpointRequest });
 * console.log(checkpoints.all.length); // 2
 * ```
 */
export class CheckpointRequest {
  #made = false;

  /** Makes the request. A request that has been made and not yet been met stays one request. */
  make(): void {
    this.#made = true;
  }

  /** Returns whether a request was made since the last call; called by the run. */
  take(): boolean {
    const made = this.#made;
    this.#made = false;
    return made;
  }
}
