/**
 * A stage that says where checkpoints stand: barriers from the source end at its door, and a cut begins behind it.
 *
 * A cut holds the states upstream as the last barrier saw them, how many items have come to the door since (`skip`),
 * and the states of this stage and all that follow as they are now. Resuming restores all of them and drops the
 * first `skip` items at the door: so the stage sees exactly the items that it would have seen.
 *
 * @module
 */
import type { Barrier } from "../checkpoint/types.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import { StopUpstream } from "./inlet.ts";
import type { Wait } from "./wait.ts";
import { type RunHost, StageNode, type StagePlace } from "./stage_node.ts";
import type { Stage } from "../stage.ts";

/** What a cutting stage asks of its run. */
export interface CheckpointHost extends RunHost {
  /** A barrier for what follows the cutting stage; null where no checkpoints are kept. */
  beginCheckpoint(): PendingBarrier | null;
  /** The last checkpoint is taken: end the run without flushing. */
  finish(): void;
}

/** A StageNode for a stage with `cuts`. */
export class CheckpointNode extends StageNode {
  readonly #host: CheckpointHost;
  #remembered: PendingBarrier | null = null; // the last barrier that came to the door
  readonly #first = Promise.withResolvers<void>(); // one has come
  #since = 0; // items that came after it
  #drop: number; // items still to drop after a resume
  #last: PendingBarrier | null = null; // the last cut, while nothing has happened since
  #idle = true;
  #shut = false;

  constructor(stage: Stage<any, any>, place: StagePlace & { readonly host: CheckpointHost }) {
    super(stage, place);
    this.#host = place.host;
    this.#drop = this.saved?.skip ?? 0;
  }

  override item(item: unknown): Wait {
    if (this.#shut) throw new StopUpstream(null);
    this.#since++;
    if (this.#drop > 0) {
      this.#drop--;
      return;
    }
    this.#idle = false;
    this.#last = null;
    return super.item(item);
  }

  override barrier(gathering: PendingBarrier): Wait {
    this.#remembered = gathering;
    this.#first.resolve();
    this.#since = 0;
    return gathering.arrive();
  }

  override end(): Wait {
    if (this.#shut) throw new StopUpstream(null);
    this.#idle = false;
    this.#last = null;
    return super.end();
  }

  /** The run was asked to stop. While a push is under way, the stop comes after it. */
  async stop(): Promise<void> {
    if (this.#idle) await this.#stop();
  }

  protected override takeCheckpoint(): Wait {
    return this.#cut();
  }

  protected override yielded(): void {
    this.#last = null;
  }

  protected override pushed(): Wait {
    if (this.#host.stopping) return this.#stop();
    this.#idle = true;
  }

  async #stop(): Promise<void> {
    this.#shut = true;
    if (this.#last === null) await this.#cut();
    this.#host.finish();
    throw new StopUpstream(null);
  }

  async #cut(): Promise<void> {
    await this.settle();
    const gathering = this.#host.beginCheckpoint();
    if (gathering === null) return;
    const barrier = await this.#upstream();
    for (const [name, part] of barrier.snapshots) gathering.barrier.snapshots.set(name, part);
    await this.saveTo(gathering, this.#since + this.#drop);
    await gathering.done; // what follows may read ahead: effects must not run on before they are saved
    this.#last = gathering;
  }

  /** The last barrier that came to the door, once it is complete: a branch of the flow may see it later. */
  async #upstream(): Promise<Barrier> {
    await this.#first.promise;
    if (this.#remembered === null) throw new TypeError("No barrier has come");
    await this.#remembered.done;
    return this.#remembered.barrier;
  }
}
