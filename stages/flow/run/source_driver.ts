/**
 * Reads a source. An item is read only after all stages of the segment have processed the previous one.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { Context, Source } from "../stage.ts";
import { copyState } from "./copy_state.ts";
import { asError, failure } from "./failure.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { RunSegment } from "./layout.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import type { RunHost } from "./stage_place.ts";
import { StageRng } from "./stage_rng.ts";
import type { Wait } from "./wait.ts";

/** What a source driver needs from its run. */
export interface SourceHost extends RunHost {
  /**
   * Starts a barrier at the source; null if the run keeps no checkpoints. `flushing`: see PendingBarrier.
   */
  beginBarrier(flushing: number): PendingBarrier | null;
  /**
   * Whether to wait until a barrier is complete, so that the effects saved with it do not include later
   * items.
   */
  readonly waitsForBarriers: boolean;
  finish(): void;
}

/** What a source is connected to in a run. */
export interface SourcePlace {
  readonly host: SourceHost;
  readonly segment: RunSegment;
  readonly next: Inlet;
  readonly saved: StageSnapshot | undefined;
  /** Number of items between two barriers. */
  readonly every: number;
  /** Number of items between two barriers during a flush. */
  readonly flushEvery: number;
  /** Whether a stage of the flow takes checkpoints; if so, that stage also handles stopping. */
  readonly stageTakesCheckpoints: boolean;
}

/** Drives the segment that starts with the source. */
export class SourceDriver {
  readonly #source: Source<any>;
  readonly #place: SourcePlace;
  readonly #rng: StageRng;
  readonly #context: Context;
  #state: unknown;
  #opened = false;
  #ended: boolean;
  #since = 0; // number of items since the last barrier

  constructor(source: Source<any>, place: SourcePlace) {
    const { host, segment, saved, every } = place;
    for (const items of [every, place.flushEvery]) {
      if (Number.isInteger(items) && items >= 1) continue;
      throw new RangeError(
        `Cannot set a barrier every ${items} items: expected a whole number of at least 1`,
      );
    }
    this.#source = source;
    this.#ended = saved?.flushed ?? false;
    this.#place = place;
    const rng = this.#rng = new StageRng(host.seed, source.name, saved?.rng);
    this.#context = {
      signal: segment.signal,
      rng,
      seed: host.seed,
      get stopping() {
        return host.stopping;
      },
      emit: (event) => host.emit(event),
      drop: (_item, reason) => segment.first.drop(reason),
    };
  }

  async open(): Promise<void> {
    const { saved } = this.#place;
    try {
      this.#state = await this.#source.open(this.#context, saved && copyState(saved.state));
      this.#opened = true;
    } catch (error) {
      throw failure(`Source ${this.#source.name} cannot be opened`, error);
    }
  }

  /** The source's name, and a function that closes it. */
  get closing(): { name: string; close: () => Promise<void> } {
    return {
      name: this.#source.name,
      close: async () => {
        if (!this.#opened) return;
        this.#opened = false;
        await this.#source.close?.(this.#state);
      },
    };
  }

  /**
   * Reads to the end of the source, then passes the end on. A source that is not open is not needed, because
   * a later stage wants no more items.
   */
  async drive(): Promise<void> {
    await this.#place.next.begin();
    if (!this.#opened) throw new StopUpstream(null);
    if (!this.#ended) await this.#read();
    this.#ended = true;
    await this.#place.next.end();
  }

  async #read(): Promise<void> {
    const { segment, next, host, stageTakesCheckpoints } = this.#place;
    const outputs = this.#guard(() => this.#source.read(this.#state, this.#context));
    const iterator = Symbol.iterator in outputs
      ? outputs[Symbol.iterator]()
      : outputs[Symbol.asyncIterator]();
    try {
      for (;;) {
        segment.signal.throwIfAborted();
        const step = this.#guard(() => iterator.next());
        const result = "then" in step ? await this.#await(step) : step;
        if (result.done) break;
        segment.first.countOutput(result.value);
        this.#since++;
        const wait = next.item(result.value);
        if (wait !== undefined) await wait;
        if (host.stopping && !stageTakesCheckpoints) await this.#stop();
        const asked = !stageTakesCheckpoints && host.takeCheckpointRequest();
        if (asked || this.#since >= this.#place.every) await this.#barrier();
        segment.clock.lap();
        if (segment.clock.due()) await segment.clock.turn();
      }
    } catch (error) {
      if (!(error instanceof StopUpstream && segment.signal.aborted)) await iterator.return?.();
      throw error;
    }
    if (this.#since > 0) await this.#barrier();
  }

  /**
   * See RunHost. The stage that flushes takes no more items, so a barrier may start at the source: the output
   * of everything before that stage has been taken, or is not wanted any more.
   */
  afterFlushItem(flushing: number): Wait {
    const { host, stageTakesCheckpoints, flushEvery } = this.#place;
    const stops = host.stopping && !stageTakesCheckpoints;
    const asked = !stageTakesCheckpoints && host.takeCheckpointRequest();
    if (++this.#since < flushEvery && !stops && !asked) return;
    return stops ? this.#stop(flushing) : this.#barrier(flushing).then(() => {});
  }

  /** Adds the source's snapshot, then passes the barrier on. */
  async barrier(pending: PendingBarrier): Promise<void> {
    await this.#save(pending);
    await this.#place.next.barrier(pending);
  }

  async #save(pending: PendingBarrier): Promise<void> {
    if (!this.#opened) return;
    const { name, save } = this.#source;
    try {
      const state = copyState(save ? await save.call(this.#source, this.#state) : this.#state ?? null);
      pending.barrier.snapshots.set(name, {
        state,
        rng: this.#rng.drawn,
        counts: this.#place.segment.first.counts(),
        ...(this.#ended && { flushed: true }),
      });
    } catch (error) {
      throw failure(`Cannot save the state of source ${name}`, error);
    }
  }

  async #barrier(flushing = -1): Promise<PendingBarrier | null> {
    this.#since = 0;
    const pending = this.#place.host.beginBarrier(flushing);
    if (pending !== null) await this.barrier(pending);
    if (this.#place.host.waitsForBarriers) await pending?.done;
    return pending;
  }

  async #stop(flushing = -1): Promise<never> {
    const pending = await this.#barrier(flushing);
    await pending?.done;
    this.#place.host.finish();
    throw new StopUpstream(null);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #await<T>(step: PromiseLike<T>): Promise<T> {
    const { clock } = this.#place.segment;
    const since = clock.wait();
    try {
      return await step;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      clock.waited(since);
    }
  }

  #failure(error: unknown): unknown {
    if (error instanceof StopUpstream) return error;
    if (this.#place.segment.signal.aborted) return this.#place.segment.signal.reason;
    return failure(
      `Source ${this.#source.name} failed after ${this.#place.segment.first.out} items`,
      asError(error),
    );
  }
}
