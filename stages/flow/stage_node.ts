/**
 * One stage in a running flow.
 *
 * @module
 */
import type { Part } from "./saved.ts";
import { asError, failure } from "./failure.ts";
import type { Gathering } from "./gathering.ts";
import { End, type Inlet, then, type Wait } from "./inlet.ts";
import { type Clock, Meter } from "./meter.ts";
import { snapshot } from "./snapshot.ts";
import { type Context, cut, type Many, type Stage } from "./stage.ts";
import { StageRng } from "./stage_rng.ts";
import type { RunEvent } from "./events.ts";

/** What a node needs to know of the run it is in. */
export interface Host {
  readonly seed: number;
  /** It was asked to end softly. */
  readonly stopping: boolean;
  emit(event: RunEvent): void;
}

/** What runs one after the other, from one joint with read-ahead to the next. */
export interface Segment {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What a `rejects` stage is given. */
export type Reject = Readonly<{ item: unknown; reason: string; stage: string }>;

/** A context with what only stages of this folder use: drops in the name of a stage inside a group. */
export interface GroupContext extends Context {
  /** Whether dropped items are kept somewhere. */
  readonly keeps: boolean;
  dropFor(stage: string, item: unknown, reason: string): void;
}

/** Pushes items through a stage, depth first. */
export class StageNode implements Inlet {
  readonly meter: Meter;
  readonly rng: StageRng;
  readonly context: GroupContext;
  next!: Inlet;
  rejects: Inlet | null = null;
  /** It is on a branch: that it is done does not end the run. */
  sideways = false;
  protected state: unknown;
  #opened = false;
  #dropped: Reject[] = [];

  constructor(
    readonly stage: Stage<any, any>,
    protected readonly host: Host,
    protected readonly segment: Segment,
    readonly saved: Part | undefined,
  ) {
    this.meter = new Meter(stage.name, saved?.counts);
    this.rng = new StageRng(host.seed, stage.name, saved?.rng);
    this.context = this.#makeContext();
  }

  async open(): Promise<void> {
    try {
      const copy = this.saved === undefined ? undefined : snapshot(this.saved.state);
      this.state = await this.stage.open(this.context, copy);
      this.#opened = true;
    } catch (error) {
      throw failure(`Stage ${this.stage.name} cannot be opened`, error);
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

  barrier(gathering: Gathering): Wait {
    return then(this.#settle(), () => this.saveTo(gathering));
  }

  end(): Wait {
    const before = this.segment.clock.enter(this.meter);
    let outs: Many<unknown> = [];
    try {
      outs = this.stage.flush?.(this.state, this.context) ?? [];
    } catch (error) {
      throw this.#failed(error, undefined);
    }
    return then(this.#pass(outs, undefined), () => {
      this.segment.clock.enter(before);
      return then(this.rejects?.end(), () => this.next.end());
    });
  }

  /** Adds this stage's part, then passes the barrier on. */
  protected async saveTo(gathering: Gathering, skip?: number): Promise<void> {
    gathering.barrier.parts.set(this.stage.name, await this.part(skip));
    await this.rejects?.barrier(gathering);
    await this.next.barrier(gathering);
  }

  /** A copy of its state, of the numbers drawn and of its counts. */
  async part(skip?: number): Promise<Part> {
    try {
      const state = snapshot(this.stage.save ? await this.stage.save(this.state) : this.state ?? null);
      return { state, ...(skip && { skip }), rng: this.rng.drawn, counts: this.meter.counts() };
    } catch (error) {
      throw failure(`Cannot save the state of stage ${this.stage.name}`, error);
    }
  }

  /** It has yielded `cut`. */
  protected cut(): Wait {
    throw new TypeError(`Stage ${this.stage.name} yields cut: declare it with cuts: true`);
  }

  /** It has pushed an item and everything after it has taken what came of it. */
  protected pushed(): Wait {}

  #after(before: Meter): Wait {
    this.segment.clock.enter(before);
    return then(this.pushed(), () => {
      if (this.done) throw new End(this);
    });
  }

  #settle(): Wait {
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
    try {
      return await next;
    } catch (error) {
      throw this.#failed(error, item);
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
    if (value === cut) return this.cut();
    this.yielded();
    this.meter.out++;
    return this.next.item(value);
  }

  /** It is about to pass an item on. */
  protected yielded(): void {}

  /** Hands dropped items to where they are kept. */
  #reject(): Wait {
    if (this.#dropped.length === 0) return;
    return this.#rejectAll(this.#dropped.splice(0));
  }

  async #rejectAll(rejects: readonly Reject[]): Promise<void> {
    for (const reject of rejects) await this.rejects?.item(reject);
  }

  #failed(error: unknown, item: unknown): unknown {
    if (this.segment.signal.aborted || error instanceof End) return error;
    return failure(`Stage ${this.stage.name} failed ${where(item, this.meter.in)}`, asError(error));
  }

  #makeContext(): GroupContext {
    const { host, segment, rng, meter } = this;
    const dropFor = (stage: string, item: unknown, reason: string) => {
      meter.drop(reason);
      if (this.rejects !== null) this.#dropped.push({ item, reason, stage });
    };
    const keeps = () => this.rejects !== null;
    return {
      signal: segment.signal,
      rng,
      seed: host.seed,
      get stopping() {
        return host.stopping;
      },
      get keeps() {
        return keeps();
      },
      emit: (event) => host.emit(event),
      drop: (item, reason) => dropFor(meter.name, item, reason),
      dropFor,
    };
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
