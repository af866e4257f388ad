/**
 * Reads a source, one item after the other, each only once everything that runs with it has taken the one before.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import { asError, failure } from "./failure.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { Wait } from "./wait.ts";
import type { RunSegment } from "./layout.ts";
import { copyState } from "./copy_state.ts";
import type { Context, Source } from "../stage.ts";
import type { RunHost } from "./stage_node.ts";
import { StageRng } from "./stage_rng.ts";

/** What a source driver asks of its run. */
export interface SourceHost extends RunHost {
  beginBarrier(): PendingBarrier | null;
  /** Wait until a barrier is through: what it saves besides states must not run ahead of it. */
  readonly aligned: boolean;
  finish(): void;
}

/** Where a source stands in a run. */
export interface SourcePlace {
  readonly host: SourceHost;
  readonly segment: RunSegment;
  readonly next: Inlet;
  readonly saved: StageSnapshot | undefined;
  /** Items from one barrier to the next. */
  readonly every: number;
  /** Items of a flush from one barrier to the next. */
  readonly flushEvery: number;
  /** A stage of the flow cuts, and so deals with stopping. */
  readonly stageTakesCheckpoints: boolean;
}

/** Drives the segment that begins with the source. */
export class SourceDriver {
  readonly #source: Source<any>;
  readonly #place: SourcePlace;
  readonly #rng: StageRng;
  readonly #context: Context;
  #state: unknown;
  #opened = false;
  #ended: boolean;
  #since = 0; // items since the last barrier

  constructor(source: Source<any>, place: SourcePlace) {
    const { host, segment, saved, every } = place;
    for (const items of [every, place.flushEvery]) {
      if (Number.isInteger(items) && items >= 1) continue;
      throw new RangeError(`Cannot set a barrier every ${items} items: give a whole number from 1`);
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

  /** Its name and how to close it. */
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

  /** Reads to the end, then passes the end on. */
  async drive(): Promise<void> {
    if (!this.#ended) await this.#read();
    this.#ended = true;
    await this.#place.next.end();
  }

  async #read(): Promise<void> {
    const { segment, next, host, stageTakesCheckpoints: cuts } = this.#place;
    const outs = this.#guard(() => this.#source.read(this.#state, this.#context));
    const iterator = Symbol.iterator in outs ? outs[Symbol.iterator]() : outs[Symbol.asyncIterator]();
    try {
      for (;;) {
        segment.signal.throwIfAborted();
        const step = this.#guard(() => iterator.next());
        const result = "then" in step ? await this.#await(step) : step;
        if (result.done) break;
        segment.first.gave(result.value);
        this.#since++;
        const wait = next.item(result.value);
        if (wait !== undefined) await wait;
        if (host.stopping && !cuts) await this.#stop();
        if (this.#since >= this.#place.every) await this.#barrier();
        segment.clock.lap();
        if (segment.clock.due()) await segment.clock.turn();
      }
    } catch (error) {
      if (!(error instanceof StopUpstream && segment.signal.aborted)) await iterator.return?.();
      throw error;
    }
    if (this.#since > 0) await this.#barrier();
  }

  /** Everything before the stage that flushes has ended, so a barrier finds it at rest. */
  pause(): Wait {
    const { host, stageTakesCheckpoints: cuts, flushEvery } = this.#place;
    if (++this.#since < flushEvery && !(host.stopping && !cuts)) return;
    return this.#pause();
  }

  async #pause(): Promise<void> {
    const { host, stageTakesCheckpoints: cuts } = this.#place;
    if (host.stopping && !cuts) await this.#stop();
    else await this.#barrier();
  }

  /** Adds the source's part, then passes the barrier on. */
  async barrier(gathering: PendingBarrier): Promise<void> {
    const { name, save } = this.#source;
    try {
      const state = copyState(save ? await save.call(this.#source, this.#state) : this.#state ?? null);
      gathering.barrier.snapshots.set(name, {
        state,
        rng: this.#rng.drawn,
        counts: this.#place.segment.first.counts(),
        ...(this.#ended && { flushed: true }),
      });
    } catch (error) {
      throw failure(`Cannot save the state of source ${name}`, error);
    }
    await this.#place.next.barrier(gathering);
  }

  async #barrier(): Promise<PendingBarrier | null> {
    this.#since = 0;
    const gathering = this.#place.host.beginBarrier();
    if (gathering !== null) await this.barrier(gathering);
    if (this.#place.host.aligned) await gathering?.done;
    return gathering;
  }

  async #stop(): Promise<never> {
    const gathering = await this.#barrier();
    await gathering?.done;
    this.#place.host.finish();
    throw new StopUpstream(null);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async #await<T>(step: PromiseLike<T>): Promise<T> {
    const { clock } = this.#place.segment;
    const since = clock.wait();
    try {
      return await step;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      clock.waited(since);
    }
  }

  #failed(error: unknown): unknown {
    if (this.#place.segment.signal.aborted) return error;
    return failure(
      `Source ${this.#source.name} failed after ${this.#place.segment.first.out} items`,
      asError(error),
    );
  }
}
