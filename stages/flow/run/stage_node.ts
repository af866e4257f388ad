/**
 * One stage in a running flow.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import { asError, failure, isPlaced } from "./failure.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import { then, type Wait } from "./wait.ts";
import type { Measure } from "../lengths.ts";
import type { SegmentClock } from "./segment_clock.ts";
import { StageMeter } from "./stage_meter.ts";
import type { Reject } from "../rejects.ts";
import { copyState } from "./copy_state.ts";
import { type Context, type Many, type Stage, takeCheckpoint } from "../stage.ts";
import { StageRng } from "./stage_rng.ts";
import type { RunEvent } from "../events.ts";

/** What a node needs to know of the run it is in. */
export interface RunHost {
  readonly seed: number;
  /** It was asked to end softly. */
  readonly stopping: boolean;
  emit(event: RunEvent): void;
  /** A stage that resumes its flush has passed on an item of it: here a barrier may pass, or the run end softly. */
  pause(): Wait;
}

/** What runs one after the other, from one joint with read-ahead to the next. */
export interface Segment {
  readonly clock: SegmentClock;
  readonly signal: AbortSignal;
}

/** A context with what only a group of this folder uses, to speak for the stages inside it. */
export interface GroupContext extends Context {
  /** Whether dropped items are kept somewhere. */
  readonly keeps: boolean;
  readonly measures: boolean;
  /** The meter of a stage inside: in events and checkpoints they stand in for the group's own. */
  inside(stage: string): StageMeter;
  /** Hands on what a stage inside has dropped and counted. */
  reject(reject: Reject): void;
}

/** Where a stage stands in a run. */
export interface StagePlace {
  readonly host: RunHost;
  readonly segment: Segment;
  /** What a checkpoint holds under a stage's name. */
  restored(name: string): StageSnapshot | undefined;
  readonly measure: Measure | null;
}

/** Where rejected items go; `stage`: only those of that stage inside a group. */
export type RejectSink = Readonly<{ stage: string | null; inlet: Inlet }>;

/** Pushes items through a stage, depth first. */
export class StageNode implements Inlet {
  readonly meter: StageMeter;
  readonly rng: StageRng;
  readonly context: GroupContext;
  next!: Inlet;
  readonly rejects: RejectSink[] = [];
  /** Of a group: its stages' meters, in order. */
  readonly inside: Map<string, StageMeter> = new Map();
  readonly saved: StageSnapshot | undefined;
  /** It is on a branch: that it is done does not end the run. */
  sideways = false;
  protected state: unknown;
  protected readonly segment: Segment;
  readonly #place: StagePlace;
  #opened = false;
  #pauses = false; // it is in a flush that can be resumed
  #flushed: boolean;
  #dropped: Reject[] = [];

  constructor(readonly stage: Stage<any, any>, place: StagePlace) {
    this.#place = place;
    this.segment = place.segment;
    this.saved = place.restored(stage.name);
    this.meter = new StageMeter(stage.name, this.saved?.counts, place.measure);
    this.#flushed = this.saved?.flushed ?? false;
    this.rng = new StageRng(place.host.seed, stage.name, this.saved?.rng);
    this.context = this.#makeContext();
  }

  /** The names under which it is saved and reported: its own, or those of the stages inside. */
  get names(): readonly string[] {
    return this.inside.size > 0 ? [...this.inside.keys()] : [this.stage.name];
  }

  async open(): Promise<void> {
    try {
      const copy = this.saved === undefined ? undefined : copyState(this.saved.state);
      this.state = await this.stage.open(this.context, copy);
      this.#opened = true;
    } catch (error) {
      throw failure(`Stage ${this.stage.name} cannot be opened`, error);
    }
    const stray = this.rejects.find(({ stage }) => stage !== null && !this.inside.has(stage));
    if (stray !== undefined) {
      throw new TypeError(
        `Stage ${this.stage.name} has rejects for ${stray.stage}, which is not inside it: name one of ${
          this.names.join(", ")
        }`,
      );
    }
  }

  /** Its name and how to close it. */
  get closing(): { name: string; close: () => Promise<void> } {
    return {
      name: this.stage.name,
      close: async () => {
        if (!this.#opened) return;
        this.#opened = false;
        await this.stage.close?.(this.state);
      },
    };
  }

  /** It wants no more input. */
  get done(): boolean {
    return this.stage.done?.(this.state) ?? false;
  }

  item(item: unknown): Wait {
    this.meter.in++;
    const before = this.segment.clock.enter(this.meter);
    let outs: Many<unknown>;
    try {
      outs = this.stage.push(item, this.state, this.context);
    } catch (error) {
      throw this.#failed(error, item);
    }
    const wait = this.#pass(outs, item);
    if (wait !== undefined) return wait.then(() => this.#after(before));
    return this.#after(before);
  }

  barrier(gathering: PendingBarrier): Wait {
    return then(this.settle(), () => this.saveTo(gathering));
  }

  end(): Wait {
    if (this.#flushed) return this.#endAll();
    this.#pauses = this.stage.resumesFlush ?? false;
    const before = this.segment.clock.enter(this.meter);
    let outs: Many<unknown> = [];
    try {
      outs = this.stage.flush?.(this.state, this.context) ?? [];
    } catch (error) {
      throw this.#failed(error, undefined);
    }
    return then(this.#pass(outs, undefined), () => {
      this.segment.clock.enter(before);
      this.#pauses = false;
      this.#flushed = true;
      return this.#endAll();
    });
  }

  async #endAll(): Promise<void> {
    for (const { inlet } of this.rejects) await inlet.end();
    await this.next.end();
  }

  /** Adds this stage's part, then passes the barrier on. */
  protected async saveTo(gathering: PendingBarrier, skip?: number): Promise<void> {
    if (this.inside.size === 0) gathering.barrier.snapshots.set(this.stage.name, await this.snapshot(skip));
    for (const [name, meter] of this.inside) {
      gathering.barrier.snapshots.set(name, {
        state: null,
        rng: 0,
        counts: meter.counts(),
        ...(this.#flushed && { flushed: true }),
      });
    }
    for (const { inlet } of this.rejects) await inlet.barrier(gathering);
    await this.next.barrier(gathering);
  }

  /** A copy of its state, of the numbers drawn and of its counts. */
  async snapshot(skip?: number): Promise<StageSnapshot> {
    try {
      const state = copyState(this.stage.save ? await this.stage.save(this.state) : this.state ?? null);
      const { rng: { drawn: rng }, meter } = this;
      return {
        state,
        ...(skip && { skip }),
        rng,
        counts: meter.counts(),
        ...(this.#flushed && { flushed: true }),
      };
    } catch (error) {
      throw failure(`Cannot save the state of stage ${this.stage.name}`, error);
    }
  }

  /** It has yielded `cut`. */
  protected takeCheckpoint(): Wait {
    throw new TypeError(
      `Stage ${this.stage.name} yields takeCheckpoint: declare it with takesCheckpoints: true`,
    );
  }

  /** It has pushed an item and everything after it has taken what came of it. */
  protected pushed(): Wait {}

  #after(before: StageMeter): Wait {
    this.segment.clock.enter(before);
    return then(this.pushed(), () => {
      if (this.done) throw new StopUpstream(this);
    });
  }

  /** Passes on what the stage would else have to save. */
  protected settle(): Wait {
    if (this.stage.settle === undefined) return;
    const before = this.segment.clock.enter(this.meter);
    return then(this.#pass(this.stage.settle(this.state, this.context), undefined), () => {
      this.segment.clock.enter(before);
    });
  }

  /** Passes on what a push gives. A plain iterable is looped over straight: no promise an item. */
  #pass(outs: Many<unknown>, item: unknown): Wait {
    if (Array.isArray(outs) && outs.length <= 1) {
      return outs.length === 0 ? this.#reject() : then(this.#give(outs[0]), () => this.#reject());
    }
    const sync = Symbol.iterator in outs;
    const iterator = sync ? outs[Symbol.iterator]() : outs[Symbol.asyncIterator]();
    if (!sync) return this.#passRest(iterator, item, undefined);
    try {
      for (;;) {
        const result = this.#step(iterator, item) as IteratorResult<unknown>;
        if (result.done) return this.#reject();
        let wait = this.#give(result.value);
        if (wait === undefined && this.segment.clock.due()) wait = this.segment.clock.turn();
        if (wait !== undefined) return this.#passRest(iterator, item, wait);
      }
    } catch (error) {
      iterator.return?.();
      throw error;
    }
  }

  /** The same from the first wait on. */
  async #passRest(
    iterator: Iterator<unknown> | AsyncIterator<unknown>,
    item: unknown,
    wait: Wait,
  ): Promise<void> {
    try {
      if (wait !== undefined) await wait;
      for (;;) {
        const next = this.#step(iterator, item);
        const result = "then" in next ? await this.#await(next, item) : next;
        if (result.done) break;
        const given = this.#give(result.value);
        if (given !== undefined) await given;
        if (this.segment.clock.due()) await this.segment.clock.turn();
      }
    } catch (error) {
      await iterator.return?.();
      throw error;
    }
    await this.#reject();
  }

  async #await<T>(next: PromiseLike<T>, item: unknown): Promise<T> {
    const { clock } = this.segment;
    const since = clock.wait();
    try {
      return await next;
    } catch (error) {
      throw this.#failed(error, item);
    } finally {
      clock.waited(since);
    }
  }

  #step(iterator: Iterator<unknown> | AsyncIterator<unknown>, item: unknown) {
    this.segment.signal.throwIfAborted();
    try {
      return iterator.next();
    } catch (error) {
      throw this.#failed(error, item);
    }
  }

  #give(value: unknown): Wait {
    if (this.#dropped.length > 0) return this.#reject()!.then(() => this.#give(value));
    if (value === takeCheckpoint) return this.takeCheckpoint();
    this.yielded();
    this.meter.gave(value);
    const wait = this.next.item(value);
    return this.#pauses ? then(wait, () => this.#place.host.pause()) : wait;
  }

  /** It is about to pass an item on. */
  protected yielded(): void {}

  /** Hands dropped items to where they are kept. */
  #reject(): Wait {
    if (this.#dropped.length === 0) return;
    return this.#rejectAll(this.#dropped.splice(0));
  }

  async #rejectAll(rejects: readonly Reject[]): Promise<void> {
    for (const reject of rejects) await this.#sinkFor(reject.stage)?.item(reject);
  }

  #sinkFor(name: string): Inlet | undefined {
    return this.rejects.find(({ stage }) => stage === null || stage === name)?.inlet;
  }

  #failed(error: unknown, item: unknown): unknown {
    if (this.segment.signal.aborted || error instanceof StopUpstream || isPlaced(error)) return error;
    return failure(`Stage ${this.stage.name} failed ${where(item, this.meter.in)}`, asError(error));
  }

  #makeContext(): GroupContext {
    const { rng, meter, rejects } = this;
    const { host, segment, measure } = this.#place;
    const reject = (reject: Reject): void => {
      if (this.#sinkFor(reject.stage) !== undefined) this.#dropped.push(reject);
    };
    return {
      signal: segment.signal,
      rng,
      seed: host.seed,
      get stopping() {
        return host.stopping;
      },
      get keeps() {
        return rejects.length > 0;
      },
      measures: measure !== null,
      emit: (event) => host.emit(event),
      drop(item, reason) {
        meter.drop(reason);
        if (rejects.length > 0) reject({ item, reason, stage: meter.name });
      },
      inside: (name) => this.#meterInside(name),
      reject,
    };
  }

  #meterInside(name: string): StageMeter {
    const meter = this.inside.get(name) ?? new StageMeter(name, this.#place.restored(name)?.counts);
    this.inside.set(name, meter);
    return meter;
  }
}

/** "on speech-17", or where an item has no name "on item 12". */
function where(item: unknown, count: number): string {
  if (item === undefined) return `after item ${count}`;
  if (typeof item === "object" && item !== null) {
    if ("id" in item && typeof item.id === "string") return `on ${item.id}`;
    if ("path" in item && typeof item.path === "string") return `on ${item.path}`;
  }
  return `on item ${count}`;
}
