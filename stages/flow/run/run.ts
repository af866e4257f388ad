/**
 * One run of a flow: opens its stages, drives its segments, keeps its checkpoints, closes everything.
 *
 * @module
 */
import type { Barrier, StageSnapshot } from "../checkpoint/types.ts";
import type { RunEvent } from "../events.ts";
import { failure } from "./failure.ts";
import type { RunOptions, RunResult } from "../run_options.ts";
import type { FlowGraph } from "../step.ts";
import { PendingBarrier } from "./pending_barrier.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { Wait } from "./wait.ts";
import type { CheckpointHost } from "./checkpoint_node.ts";
import { type Layout, layOut, type RunSegment } from "./layout.ts";
import { SourceDriver } from "./source_driver.ts";
import { Reporter } from "./reporter.ts";

const BARRIER_EVERY = 1000; // items: seldom enough to cost nothing, often enough that a resume replays little
const GRACE = 1000; // milliseconds that an ended run waits for pushes under way before it closes the stages

/** The end of a chain: what comes out goes nowhere. */
const drain: Inlet = { item: () => {}, barrier: (gathering) => gathering.arrive(), end: () => {} };

/** Runs a flow once. */
export class Run implements CheckpointHost {
  readonly seed: number;
  readonly #flow: FlowGraph;
  readonly #options: RunOptions;
  readonly #end: Inlet;
  readonly #gatherings = new Set<PendingBarrier>();
  readonly #ended = Promise.withResolvers<void>(); // no longer running: failed, aborted or stopped
  #layout!: Layout;
  #source!: SourceDriver;
  #stopping = false;
  #stopped = false;
  #halt: Promise<void> | null = null; // the cutting stage takes its last checkpoint
  #failure: { readonly reason: unknown } | null = null;
  #written: Promise<void> = Promise.resolve(); // the last checkpoint; it never rejects

  constructor(flow: FlowGraph, options: RunOptions, end: Inlet = drain) {
    this.#flow = flow;
    this.#options = options;
    this.#end = end;
    this.seed = options.seed ?? 0;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  emit(event: RunEvent): void {
    this.#options.onEvent?.(event);
  }

  /** Runs to the end; see Flow.run. */
  async execute(): Promise<RunResult> {
    const { signal, stop, checkpoints } = this.#options;
    signal?.throwIfAborted();
    const saved = await checkpoints?.latest() ?? null;
    await this.#restoreEffects(saved);
    this.#build(saved);
    const abort = () => this.#fail(signal?.reason);
    const softly = () => this.#stop();
    signal?.addEventListener("abort", abort);
    stop?.addEventListener("abort", softly);
    try {
      await this.#openAll();
      this.#compare(saved);
      const reporter = new Reporter(this.#layout, this);
      const timer = setInterval(() => this.#guard(() => reporter.report()), 1000);
      try {
        if (stop?.aborted) this.#stop();
        await this.#driveAll();
      } finally {
        clearInterval(timer);
        this.#guard(() => reporter.report(true));
      }
      await this.#written; // may fail the run
    } catch (error) {
      this.#fail(error);
    } finally {
      signal?.removeEventListener("abort", abort);
      stop?.removeEventListener("abort", softly);
      await this.#written; // also of a run that failed: it may be whole yet
      await this.#closeAll();
      checkpoints?.close?.();
    }
    if (this.#failure !== null) throw this.#failure.reason;
    return { stopped: this.#stopped };
  }

  get aligned(): boolean {
    return this.#layout.checkpointNode === null && this.#options.effects !== undefined;
  }

  /** A barrier from the source; null where no checkpoints are kept. */
  beginBarrier(): PendingBarrier | null {
    if (this.#options.checkpoints === undefined) return null;
    const { checkpointNode: cutting, leaves } = this.#layout;
    return this.#gather(leaves, cutting === null ? (barrier) => this.#commit(barrier) : () => {});
  }

  /** Not where the flow divides: its sides end one after the other, and another may be at work. */
  pause(): Wait {
    if (this.#layout.segments.some((segment) => segment.divided)) return;
    return this.#source.pause();
  }

  beginCheckpoint(): PendingBarrier | null {
    if (this.#options.checkpoints === undefined) return null;
    return this.#gather(this.#layout.checkpointLeaves, (barrier) => this.#commit(barrier));
  }

  finish(): void {
    this.#stopped = true;
    this.#endWith(new StopUpstream(null));
  }

  #build(saved: ReadonlyMap<string, StageSnapshot> | null): void {
    const { source, steps } = this.#flow;
    const saves = this.#options.checkpoints !== undefined;
    this.#layout = layOut(source, steps, {
      host: this,
      end: this.#end,
      saved,
      saves,
      measure: this.#options.measure ?? null,
    });
    this.#source = new SourceDriver(source, {
      host: this,
      segment: this.#layout.segments[0],
      next: this.#layout.inlet,
      saved: saved?.get(source.name),
      every: this.#options.barrierEvery ?? BARRIER_EVERY,
      flushEvery: this.#options.flushBarrierEvery ?? BARRIER_EVERY,
      stageTakesCheckpoints: this.#layout.checkpointNode !== null,
    });
  }

  async #openAll(): Promise<void> {
    await this.#source.open();
    for (const node of this.#layout.nodes) {
      if (this.#failure !== null) return;
      await node.open();
    }
  }

  async #driveAll(): Promise<void> {
    if (this.#failure !== null) return;
    const { segments, joints } = this.#layout;
    const tasks = joints.map(({ joint, segment }) => this.#drive(segment, () => joint.drive()));
    tasks.push(this.#drive(segments[0], () => this.#driveSource()));
    const all = Promise.all(tasks).then(() => this.#halt);
    await Promise.race([all, this.#ended.promise]);
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, GRACE);
    await Promise.race([all, grace.promise]);
    clearTimeout(timer);
  }

  async #driveSource(): Promise<void> {
    if (this.#layout.checkpointNode !== null) {
      const gathering = this.beginBarrier(); // where a cut begins that comes before the first barrier
      if (gathering !== null) await this.#source.barrier(gathering);
    }
    const done = this.#layout.nodes.findLast((node) => node.done && !node.sideways);
    if (done !== undefined) throw new StopUpstream(done);
    await this.#source.drive();
  }

  /** Runs one segment's work; its failure is the run's. */
  async #drive(segment: RunSegment, work: () => Promise<void>): Promise<void> {
    try {
      try {
        await work();
      } catch (thrown) {
        if (!(thrown instanceof StopUpstream)) throw thrown;
        if (!segment.signal.aborted) await thrown.flush?.end();
      }
    } catch (error) {
      if (!(error instanceof StopUpstream)) this.#fail(error);
    }
  }

  #gather(leaves: number, completed: (barrier: Barrier) => Wait): PendingBarrier {
    const gathering = new PendingBarrier(leaves, (barrier) => {
      this.#gatherings.delete(gathering);
      return completed(barrier);
    });
    this.#gatherings.add(gathering);
    return gathering;
  }

  /**
   * Has a complete barrier written, while the run goes on. The one before it is waited for: its line in the metrics is
   * then part of what this one saves, and no more than two snapshots are in memory.
   */
  async #commit(barrier: Barrier): Promise<void> {
    const { checkpoints } = this.#options;
    if (checkpoints === undefined) return;
    await this.#written;
    if (this.#failure !== null) return;
    for (const [name, effect] of Object.entries(this.#options.effects ?? {})) {
      barrier.snapshots.set(`effect:${name}`, { state: await effect.save() });
    }
    this.#written = checkpoints.commit(barrier).catch((error) => this.#fail(error));
  }

  async #restoreEffects(saved: ReadonlyMap<string, StageSnapshot> | null): Promise<void> {
    for (const [name, effect] of Object.entries(this.#options.effects ?? {})) {
      await effect.restore((saved?.get(`effect:${name}`)?.state ?? null) as null);
    }
  }

  /** Says what of a checkpoint fits nothing here, and the reverse: both are likely to be mistakes. */
  #compare(saved: ReadonlyMap<string, StageSnapshot> | null): void {
    const all = [this.#flow.source.name, ...this.#layout.nodes.flatMap((node) => node.names)];
    const names = new Set(all);
    const twice = all.find((name, i) => all.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new TypeError(`Two stages are called ${twice}: names key saved state, so give one another name`);
    }
    if (saved === null) return;
    const lost = [...saved.keys()].filter((name) => !names.has(name) && !name.startsWith("effect:"));
    const fresh = [...names].filter((name) => !saved.has(name));
    if (lost.length > 0) {
      this.#note(`The checkpoint also holds ${lost.join(", ")}: no stage has that name now`);
    }
    if (fresh.length > 0) this.#note(`The checkpoint does not hold ${fresh.join(", ")}: begun anew`);
  }

  #note(text: string): void {
    this.emit({ type: "note", text });
  }

  #stop(): void {
    this.#stopping = true;
    this.#halt = this.#layout.checkpointNode?.stop().catch((thrown) => {
      if (!(thrown instanceof StopUpstream)) this.#fail(thrown);
    }) ?? null;
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#endWith(this.#failure.reason);
  }

  #endWith(reason: unknown): void {
    this.#ended.resolve();
    for (const segment of this.#layout.segments) segment.abort(reason);
    for (const gathering of this.#gatherings) gathering.fail(reason);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #closeAll(): Promise<void> {
    const closing = [...this.#layout.nodes].reverse();
    for (const { name, close } of [...closing.map((node) => node.closing), this.#source.closing]) {
      try {
        await close();
      } catch (error) {
        this.#failure ??= { reason: failure(`Stage ${name} cannot be closed`, error) };
      }
    }
  }
}
