/**
 * One run of a flow: opens its stages, drives its segments, saves its checkpoints and closes everything.
 *
 * @module
 */
import type { Barrier, StageSnapshot } from "../checkpoint/types.ts";
import type { RunEvent } from "../events.ts";
import type { RunOptions, RunResult } from "../run_options.ts";
import type { FlowGraph } from "../step.ts";
import type { CheckpointHost } from "./checkpoint_node.ts";
import { flushFrom } from "./downstream.ts";
import { failure } from "./failure.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import { type Layout, layOut, type RunSegment } from "./layout.ts";
import { findUnneeded } from "./needed_stages.ts";
import { PendingBarrier } from "./pending_barrier.ts";
import { Reporter } from "./reporter.ts";
import { SourceDriver, type SourceHost } from "./source_driver.ts";
import type { Segment } from "./stage_place.ts";
import type { Wait } from "./wait.ts";

const BARRIER_EVERY = 1000; // items: rare enough to cost nothing, often enough to replay little on resume
const GRACE = 1000; // milliseconds that an ended run waits for unfinished pushes before it closes the stages

/** Drops the output of the flow's last stage. */
const drain: Inlet = {
  begin: () => {},
  item: () => {},
  barrier: (pending) => pending.arrive(),
  end: () => {},
};

/** Runs a flow once. */
export class Run implements CheckpointHost, SourceHost {
  readonly seed: number;
  readonly #flow: FlowGraph;
  readonly #options: RunOptions;
  readonly #end: Inlet;
  readonly #pending = new Set<PendingBarrier>();
  readonly #ended = Promise.withResolvers<void>(); // resolves when the run has failed, was aborted or stopped
  #layout!: Layout;
  #source!: SourceDriver;
  #unopened: readonly (readonly [string, StageSnapshot])[] = []; // snapshots of what is not opened
  #timer: ReturnType<typeof setInterval> | undefined;
  #stopping = false;
  #stopped = false;
  #lastCheckpoint: Promise<void> | null = null; // taken by the CheckpointNode when the run stops
  #failure: { readonly reason: unknown } | null = null;
  #written: Promise<void> = Promise.resolve(); // pending while checkpoints are to be written; never rejects
  #barriers = 0; // number of barriers that have started
  #newest = 0; // number of the newest barrier that has been, or is being, written

  constructor(flow: FlowGraph, options: RunOptions, end: Inlet = drain) {
    this.#flow = flow;
    this.#options = options;
    this.#end = end;
    this.seed = options.seed ?? 0;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  takeCheckpointRequest(): boolean {
    return this.#options.checkpointRequest?.take() ?? false;
  }

  emit(event: RunEvent): void {
    this.#options.onEvent?.(event);
  }

  /** See Flow.run. */
  async execute(): Promise<RunResult> {
    const { signal, stop, checkpoints } = this.#options;
    signal?.throwIfAborted();
    const saved = await checkpoints?.latest() ?? null;
    await this.#restoreEffects(saved);
    this.#build(saved);
    const onAbort = () => this.#fail(signal?.reason);
    const onStop = () => this.#stop();
    signal?.addEventListener("abort", onAbort);
    stop?.addEventListener("abort", onStop);
    try {
      if (await this.#openAll(saved)) this.#compareNames(saved);
      const reporter = new Reporter(this.#layout, this);
      if (this.#failure === null) reporter.graph();
      this.#timer = setInterval(() => this.#guard(() => reporter.report()), 1000);
      try {
        if (stop?.aborted) this.#stop();
        await this.#driveAll();
      } finally {
        clearInterval(this.#timer);
        this.#guard(() => reporter.report(true));
      }
      await this.#written; // a failure to write fails the run
    } catch (error) {
      this.#fail(error);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      stop?.removeEventListener("abort", onStop);
      await this.#written; // even after a failure, because the checkpoint may still become complete
      await this.#closeAll();
      checkpoints?.close?.();
    }
    if (this.#failure !== null) throw this.#failure.reason;
    return { stopped: this.#stopped };
  }

  /** Whether the process must not end by itself while this run waits. */
  keepsProcess(keeps: boolean): void {
    if (this.#timer === undefined) return;
    if (keeps) Deno.refTimer(this.#timer);
    else Deno.unrefTimer(this.#timer);
  }

  get waitsForBarriers(): boolean {
    return this.#layout.checkpointNode === null && this.#options.effects !== undefined;
  }

  beginBarrier(flushing = -1): PendingBarrier | null {
    if (this.#options.checkpoints === undefined) return null;
    const { checkpointNode, leaves } = this.#layout;
    const pending = this.#newBarrier(leaves, { commits: checkpointNode === null, flushing });
    for (const [name, snapshot] of this.#unopened) pending.barrier.snapshots.set(name, snapshot);
    return pending;
  }

  /**
   * Lets a barrier pass after an item of a flush. In a flow with branches, no barrier passes during a flush,
   * because the two sides of a branch point end one after the other.
   */
  afterFlushItem(segment: Segment): Wait {
    if (this.#layout.divided) return;
    return this.#source.afterFlushItem(segment.index);
  }

  get resumedStates(): Iterable<readonly [string, StageSnapshot]> {
    return this.#unopened;
  }

  beginCheckpoint(): PendingBarrier | null {
    if (this.#options.checkpoints === undefined) return null;
    return this.#newBarrier(this.#layout.checkpointLeaves, { commits: true, flushing: -1 });
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

  /**
   * Opens the source and the stages, except those of a resumed run that are not needed any more: they keep
   * their state and their files. Returns whether all are open.
   */
  async #openAll(saved: ReadonlyMap<string, StageSnapshot> | null): Promise<boolean> {
    const unneeded = await findUnneeded(this.#layout.trunk, saved ?? new Map());
    if (!unneeded.source) await this.#source.open();
    for (const node of this.#layout.nodes) {
      if (this.#failure !== null) return false;
      if (!unneeded.nodes.has(node)) await node.open();
    }
    const all = !unneeded.source && unneeded.nodes.size === 0;
    if (all && this.#layout.checkpointNode?.done !== true) return true;
    this.#unopened = [...saved ?? []].filter(([name]) => !name.startsWith("effect:"));
    return all;
  }

  async #driveAll(): Promise<void> {
    if (this.#failure !== null) return;
    const { segments, queues } = this.#layout;
    const tasks = queues.map(({ queue, segment }) => this.#drive(segment, () => queue.drive()));
    tasks.push(this.#drive(segments[0], () => this.#driveSource()));
    const all = Promise.all(tasks).then(() => this.#lastCheckpoint);
    await Promise.race([all, this.#ended.promise]);
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, GRACE);
    await Promise.race([all, grace.promise]);
    clearTimeout(timer);
  }

  async #driveSource(): Promise<void> {
    if (this.#layout.checkpointNode !== null) {
      const pending = this.beginBarrier(); // for a checkpoint that is taken before the first regular barrier
      if (pending !== null) await this.#source.barrier(pending);
    }
    await this.#source.drive();
  }

  /** Runs one segment. If it fails, the run fails. */
  async #drive(segment: RunSegment, work: () => Promise<void>): Promise<void> {
    try {
      try {
        await work();
      } catch (thrown) {
        if (!(thrown instanceof StopUpstream)) throw thrown;
        if (!segment.halted) await flushFrom(thrown, segment);
      }
    } catch (error) {
      if (!(error instanceof StopUpstream)) this.#fail(error);
    }
  }

  #newBarrier(
    leaves: number,
    { commits, flushing }: { readonly commits: boolean; readonly flushing: number },
  ): PendingBarrier {
    const number = ++this.#barriers;
    const pending = new PendingBarrier(leaves, (barrier) => {
      this.#pending.delete(pending);
      if (commits) return this.#commit(barrier, number);
    }, flushing);
    this.#pending.add(pending);
    return pending;
  }

  /**
   * Starts writing a complete barrier while the run continues. Waits first until the previous checkpoint is
   * written, for two reasons: the effects saved here must include the line about the previous checkpoint in
   * the metrics, and at most two checkpoints should be in memory.
   */
  #commit(barrier: Barrier, number: number): Promise<void> {
    const begun = Promise.withResolvers<void>();
    this.#written = this.#written
      .then(() => this.#write(barrier, { number, onBegin: begun.resolve }))
      .catch((error) => this.#fail(error))
      .finally(begun.resolve);
    return begun.promise;
  }

  /**
   * Saves the effects and writes the barrier. `onBegin` is called when the barrier has been copied. A barrier
   * may be complete before an older one: a part of the flow that has ended answers it at once, while the
   * older one waits in a queue of that part. The older one is then not written, so that the last checkpoint
   * is the newest.
   */
  async #write(
    barrier: Barrier,
    { number, onBegin }: { readonly number: number; readonly onBegin: () => void },
  ): Promise<void> {
    const { checkpoints } = this.#options;
    if (checkpoints === undefined || this.#failure !== null || number < this.#newest) return;
    this.#newest = number;
    for (const [name, effect] of Object.entries(this.#options.effects ?? {})) {
      barrier.snapshots.set(`effect:${name}`, { state: await effect.save() });
    }
    const written = checkpoints.commit(barrier);
    onBegin();
    await written;
  }

  async #restoreEffects(saved: ReadonlyMap<string, StageSnapshot> | null): Promise<void> {
    for (const [name, effect] of Object.entries(this.#options.effects ?? {})) {
      await effect.restore((saved?.get(`effect:${name}`)?.state ?? null) as null);
    }
  }

  /**
   * Emits notes about stages that are only in the checkpoint or only in the flow, which is probably a
   * mistake. Throws TypeError if two stages have the same name.
   */
  #compareNames(saved: ReadonlyMap<string, StageSnapshot> | null): void {
    const all = [this.#flow.source.name, ...this.#layout.nodes.flatMap((node) => node.names)];
    const names = new Set(all);
    const twice = all.find((name, i) => all.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new TypeError(
        `Two stages are called ${twice}: states are saved by name: give one of them another name`,
      );
    }
    if (saved === null) return;
    const onlySaved = [...saved.keys()].filter((name) => !names.has(name) && !name.startsWith("effect:"));
    const onlyHere = [...names].filter((name) => !saved.has(name));
    if (onlySaved.length > 0) {
      this.#note(`The checkpoint also holds ${onlySaved.join(", ")}: no stage has that name now`);
    }
    if (onlyHere.length > 0) {
      this.#note(`The checkpoint does not hold ${onlyHere.join(", ")}: started from the beginning`);
    }
  }

  #note(text: string): void {
    this.emit({ type: "note", text });
  }

  #stop(): void {
    this.#stopping = true;
    this.#lastCheckpoint = this.#layout.checkpointNode?.stop().catch((thrown) => {
      if (!(thrown instanceof StopUpstream)) this.#fail(thrown);
    }) ?? null;
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#endWith(this.#failure.reason);
  }

  #endWith(reason: unknown): void {
    this.#ended.resolve();
    for (const segment of this.#layout.segments) segment.halt(reason);
    for (const pending of this.#pending) pending.fail(reason);
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
