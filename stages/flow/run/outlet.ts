/**
 * Where a flow divides or reads ahead, what follows may end before what comes before it does.
 *
 * @module
 */
import { Gathering } from "./pending_barrier.ts";
import type { Part } from "../checkpoint/types.ts";
import type { End, Inlet, Wait } from "./inlet.ts";

/** What follows a joint, and how many leaves it has. */
export class Outlet {
  /** Its parts as they were when it ended, before it flushed: resumed from there, it flushes again. */
  #ended: ReadonlyMap<string, Part> | null = null;

  constructor(readonly inlet: Inlet, readonly leaves: number) {}

  /** It wants no more items. */
  get ended(): boolean {
    return this.#ended !== null;
  }

  barrier(gathering: Gathering): Wait {
    if (this.#ended === null) return this.inlet.barrier(gathering);
    for (const [name, part] of this.#ended) gathering.barrier.parts.set(name, part);
    return gathering.arrive(this.leaves);
  }

  /** Ends it, where `end` says. */
  async end(end: End, saves: boolean): Promise<void> {
    const gathering = new Gathering(this.leaves, () => {});
    if (saves) {
      await this.inlet.barrier(gathering);
      await gathering.done;
    }
    this.#ended = gathering.barrier.parts;
    await end.flush?.end();
  }
}
