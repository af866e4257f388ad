/**
 * One stage in a running flow.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { Reject } from "../rejects.ts";
import { giveBackItem, type Many, type Stage, takeCheckpoint } from "../stage.ts";
import { copyState } from "./copy_state.ts";
import { asError, failure, isPlaced } from "./failure.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { PendingBarrier } from "./pending_barrier.ts";
import { StageMeter } from "./stage_meter.ts";
import type { GroupContext, RejectSink, Segment, StagePlace } from "./stage_place.ts";
import { StageRng } from "./stage_rng.ts";
import { then, type Wait } from "./wait.ts";

/** Pushes items through a stage, depth first. */
export class StageNode implements Inlet {
  readonly meter: StageMeter;
  readonly rng: StageRng;
  readonly context: GroupContext;
  next!: Inlet;
  readonly rejects: RejectSink[] = [];
  /** Meters of the stages inside a group, in order; empty if this stage is not a group. */
  readonly inside: Map<string, StageMeter> = new Map();
  readonly saved: StageSnapshot | undefined;
  /** Whether the stage is a sink for dropped items. */
  isSink = false;
  protected state: unknown;
  /** Whether the stage, or all that follow it, want no more items. */
  protected over = false;
  protected readonly segment: Segment;
  readonly #place: StagePlace;
  #opened = false;
  #flushing = false; // whether a flush that can be resumed is running
  #flushed: boolean;
  #cut = false; // all that follow want no more items, so this stage's output goes nowhere
  #stopped: StopUpstream | null = null; // thrown downstream by the output of `settle`
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

  /**
   * The names under which the stage is saved and reported: its own name, or the names of the stages inside
   * it.
   */
  get names(): readonly string[] {
    return this.inside.size > 0 ? [...this.inside.keys()] : [this.stage.name];
  }

  /** Number of items that the stage holds; undefined if the stage does not say, or is not open. */
  get inFlight(): number | undefined {
    return this.#opened ? this.stage.inFlight?.(this.state) : undefined;
  }

  /** Whether `open` has finished. If not, a barrier takes the snapshot from which the run resumes. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Opens the stage, unless it is open already. */
  async open(): Promise<void> {
    if (this.#opened) return;
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
        `Stage ${this.stage.name} has a sink for rejects of ${stray.stage}, which is not inside it: expected one of ${
          this.names.join(", ")
        }`,
      );
    }
  }

  /** The stage's name, and a function that closes it. */
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

  /** Whether the stage wants no more items. */
  get done(): boolean {
    return this.#opened && (this.stage.done?.(this.state) ?? false);
  }

  async begin(): Promise<void> {
    try {
      await this.next.begin();
    } catch (thrown) {
      this.#passStop(thrown);
    }
    for (const { inlet } of this.rejects) await inlet.begin();
    this.#stopIfDone();
  }

  item(item: unknown): Wait {
    if (this.over) return; // output that was still in flight in a stage before this one
    this.meter.in++;
    const before = this.segment.clock.enter(this.meter);
    let outputs: Many<unknown>;
    try {
      outputs = this.stage.push(item, this.state, this.context);
    } catch (error) {
      throw this.#failure(error, item);
    }
    let wait: Wait;
    try {
      wait = this.#pass(outputs, item);
    } catch (thrown) {
      this.#passStop(thrown);
    }
    if (wait !== undefined) return wait.then(() => this.#endPush(before), (thrown) => this.#passStop(thrown));
    return this.#endPush(before);
  }

  /** Throws again what the stages after this one have thrown. */
  #passStop(thrown: unknown): never {
    if (thrown instanceof StopUpstream) this.over = this.#cut = true;
    throw thrown;
  }

  barrier(pending: PendingBarrier): Wait {
    // A stage after a later queue is being flushed and waits for this barrier. It takes no more items, so
    // what this stage still holds must not be passed on: nothing would take it, and the barrier would wait
    // for ever.
    if (pending.flushing > this.segment.index) return this.saveTo(pending);
    return then(this.settle(), () => then(this.saveTo(pending), () => this.throwIfStopped()));
  }

  end(): Wait {
    if (this.#flushed) return this.#endAll();
    this.#flushing = this.stage.resumesFlush ?? false;
    const before = this.segment.clock.enter(this.meter);
    let outputs: Many<unknown> = [];
    try {
      outputs = this.stage.flush?.(this.state, this.context) ?? [];
    } catch (error) {
      throw this.#failure(error, undefined);
    }
    return then(this.#pass(outputs, undefined), () => {
      this.segment.clock.enter(before);
      this.#flushing = false;
      this.#flushed = true;
      return this.#endAll();
    });
  }

  async #endAll(): Promise<void> {
    for (const { inlet } of this.rejects) await inlet.end();
    await this.next.end();
  }

  /** Adds this stage's snapshot, then passes the barrier on. `StageSnapshot` explains `skip`. */
  protected async saveTo(pending: PendingBarrier, skip?: number): Promise<void> {
    if (this.inside.size === 0 && this.#opened) {
      pending.barrier.snapshots.set(this.stage.name, await this.snapshot(skip));
    }
    for (const [name, meter] of this.inside) {
      pending.barrier.snapshots.set(name, {
        state: null,
        rng: 0,
        counts: meter.counts(),
        ...(this.#flushed && { flushed: true }),
      });
    }
    for (const { inlet } of this.rejects) await inlet.barrier(pending);
    await this.next.barrier(pending);
  }

  /** Returns a copy of the state, the number of random words drawn, and the counts. */
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

  /** Called when the stage has yielded `takeCheckpoint`. */
  protected takeCheckpoint(): Wait {
    throw new TypeError(
      `Stage ${this.stage.name} yields takeCheckpoint: declare it with takesCheckpoints: true`,
    );
  }

  /** Called when the stage has yielded `giveBackItem`. */
  protected giveBackItem(): void {
    throw new TypeError(
      `Stage ${this.stage.name} yields giveBackItem: declare it with takesCheckpoints: true`,
    );
  }

  /** Called after a push, when everything downstream has taken the output of the push. */
  protected afterPush(): Wait {}

  #endPush(before: StageMeter): Wait {
    this.segment.clock.enter(before);
    return then(this.afterPush(), () => this.#stopIfDone());
  }

  #stopIfDone(): void {
    if (!this.done) return;
    this.over = true;
    throw new StopUpstream(this);
  }

  /**
   * Passes on the output that the stage would otherwise have to save. If a later stage wants no more items,
   * the rest of the output is dropped; StopUpstream is thrown only after the barrier has passed all stages.
   */
  protected settle(): Wait {
    if (this.stage.settle === undefined || !this.#opened) return;
    if (this.#cut || this.segment.signal.aborted) return;
    const before = this.segment.clock.enter(this.meter);
    return this.#settleAll().then(() => void this.segment.clock.enter(before));
  }

  async #settleAll(): Promise<void> {
    try {
      await this.#pass(this.stage.settle?.(this.state, this.context) ?? [], undefined);
    } catch (thrown) {
      if (!(thrown instanceof StopUpstream) || this.segment.halted) throw thrown;
      this.over = this.#cut = true;
      this.#stopped ??= thrown;
    }
  }

  /** Throws the StopUpstream that the output of `settle` has met. */
  protected throwIfStopped(): void {
    if (this.#stopped !== null) throw this.#stopped;
  }

  /** Passes on the output of a push. A synchronous iterable needs no promise per item. */
  #pass(outputs: Many<unknown>, item: unknown): Wait {
    if (Array.isArray(outputs) && outputs.length <= 1) {
      return outputs.length === 0 ? this.#reject() : then(this.#give(outputs[0]), () => this.#reject());
    }
    const sync = Symbol.iterator in outputs;
    const iterator = sync ? outputs[Symbol.iterator]() : outputs[Symbol.asyncIterator]();
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

  /** Continues `#pass` from the first wait on. */
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
      throw this.#failure(error, item);
    } finally {
      clock.waited(since);
    }
  }

  #step(iterator: Iterator<unknown> | AsyncIterator<unknown>, item: unknown) {
    this.segment.signal.throwIfAborted();
    try {
      return iterator.next();
    } catch (error) {
      throw this.#failure(error, item);
    }
  }

  #give(value: unknown): Wait {
    if (this.#dropped.length > 0) return this.#reject()!.then(() => this.#give(value));
    if (value === takeCheckpoint) return this.takeCheckpoint();
    if (value === giveBackItem) return this.giveBackItem();
    this.beforeOutput();
    this.meter.countOutput(value);
    const wait = this.next.item(value);
    return this.#flushing ? then(wait, () => this.#place.host.afterFlushItem(this.segment)) : wait;
  }

  /** Called before an item is passed on. */
  protected beforeOutput(): void {}

  /** Passes dropped items to their sinks. */
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

  #failure(error: unknown, item: unknown): unknown {
    if (error instanceof StopUpstream || isPlaced(error)) return error;
    if (this.segment.signal.aborted) return this.segment.signal.reason;
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
      get keepsRejects() {
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

/**
 * Returns the place of a stage's failure, for the error message: "on speech-17" if the item has an id or a
 * path, otherwise "on item 12", or "after item 12" in a flush.
 */
function where(item: unknown, count: number): string {
  if (item === undefined) return `after item ${count}`;
  if (typeof item === "object" && item !== null) {
    if ("id" in item && typeof item.id === "string") return `on ${item.id}`;
    if ("path" in item && typeof item.path === "string") return `on ${item.path}`;
  }
  return `on item ${count}`;
}
