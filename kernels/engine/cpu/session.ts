/**
 * A session of the CPU engine: shared memory with everything in it, the threads on it, and runs in the order asked for.
 *
 * @module
 */
import type { Program } from "../../core/program.ts";
import { regionsOf } from "../../core/regions.ts";
import { bytesOf, sizeOf, type TensorMap } from "../../core/tensor.ts";
import { runListAddress, runListLength, timingNumbers, word } from "./control.ts";
import { type Layout, layOut, type PlacedTensor, writeTable } from "./layout.ts";
import { controlOf, startThreads, type ThreadOptions, type WorkerThreads } from "./threads.ts";
import type { CallTiming, ReplayOptions, Session, SessionCounters } from "../engine.ts";

/** Programs and their memory on the CPU. */
export class CpuSession implements Session {
  /** A read comes after the runs before it, and before those after it. */
  readonly readsDrain = false;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #layout: Layout;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #threads: WorkerThreads;
  /** All that was asked for so far, in order. */
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Runs asked for that have not ended. */
  #running = 0;
  /** Answers of timed runs that are still to be fetched. */
  #timed = 0;
  readonly #counts = { submits: 0, readBacks: 0, waits: 0 };
  #disposed = false;

  private constructor(
    programs: readonly Program[],
    { layout, memory, threads }: { layout: Layout; memory: WebAssembly.Memory; threads: WorkerThreads },
  ) {
    this.#programs = new Map(programs.map((p) => [p.name, p]));
    this.#layout = layout;
    this.#control = controlOf(memory);
    this.#threads = threads;
  }

  /**
   * Lays out memory, fills it and starts the threads. Throws TypeError on an op without a kernel, RangeError where
   * memory does not fit into 4 GiB.
   */
  static async open(
    programs: readonly Program[],
    { weights, pool }: { weights: TensorMap; pool: ThreadOptions },
  ): Promise<CpuSession> {
    const exports = WebAssembly.Module.exports(pool.module).map((e) => e.name);
    checkKernels(programs, exports);
    const layout = layOut(programs, pool.threads);
    // All at once: running WASM does not see shared memory grow.
    const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
    for (const program of programs) writeTable(program, { memory, layout, exports });
    // A pack is left out, its members are not: some of them may have weights.
    const zeros = regionsOf(programs).flatMap(({ members }) => members)
      .filter(({ label }) => !(label in weights) && layout.places.has(label))
      .map((member) => ({ address: layout.places.get(member.label)!.address, bytes: bytesOf(member) }));
    const threads = startThreads(programs, { pool, layout, memory, exports, zeros });
    const session = new CpuSession(programs, { layout, memory, threads });
    try {
      const known = Object.entries(weights).filter(([label]) => layout.places.has(label));
      session.write(Object.fromEntries(known));
      await Promise.race([threads.ready, threads.failure]);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    return session;
  }

  get counters(): SessionCounters {
    return { ...this.#counts };
  }

  /** Sets persistent tensors, after all runs so far. Throws RangeError on an unknown label or a wrong size. */
  write(values: TensorMap): void {
    this.#checkOpen();
    for (const [label, { data }] of Object.entries(values)) {
      const { spec } = this.#place(label, "write");
      const wanted = sizeOf(spec.shape);
      if (data.length !== wanted) {
        throw new RangeError(`Cannot write ${label}: got ${data.length} values, wanted ${wanted}`);
      }
    }
    const set = (map: TensorMap) => {
      for (const label of Object.keys(map)) this.#view(this.#place(label, "write")).set(map[label].data);
    };
    if (this.#waiting === 0) return set(values);
    // After the runs asked for before: the caller may reuse its arrays, so they are copied.
    const copies = Object.entries(values).map(([label, { shape, data }]) => [
      label,
      { shape, data: data.slice() },
    ]);
    this.#queue(() => set(Object.fromEntries(copies))).catch(() => {}); // the run before it reports the failure
  }

  /** Replays programs. Throws RangeError on an unknown one; rejects with op and program where a kernel fails. */
  run(programs: readonly string[], { timed = false }: ReplayOptions = {}): Promise<void> {
    this.#checkOpen();
    const tables = programs.map((name) => {
      const table = this.#layout.tables.get(name);
      if (table === undefined) {
        throw new RangeError(`Cannot run ${name}: known are ${[...this.#programs.keys()].join(", ")}`);
      }
      return table;
    });
    this.#counts.submits++;
    this.#running++;
    return this.#queue(async () => {
      try {
        for (let i = 0; i < tables.length; i += runListLength) {
          await this.#round(tables.slice(i, i + runListLength), timed);
        }
      } finally {
        this.#running--;
      }
    });
  }

  /** Copies of persistent tensors, after all runs so far. Rejects with RangeError on an unknown label. */
  async read(labels: readonly string[]): Promise<TensorMap> {
    this.#checkOpen();
    const places = labels.map((label) => this.#place(label, "read"));
    const out: Record<string, TensorMap[string]> = {};
    await this.#queue(() => {
      labels.forEach((label, i) => {
        const { shape } = places[i].spec;
        out[label] = { shape, data: this.#view(places[i]).slice() };
      });
      this.#counts.readBacks++;
      if (this.#running === 0) this.#counts.waits++;
    });
    return out;
  }

  /** Times of all threads, after all runs so far. */
  async timings(): Promise<readonly CallTiming[]> {
    this.#checkOpen();
    await this.#queue(() => {});
    const count = this.#timed, names = new Map([...this.#layout.tables].map(([name, at]) => [at, name]));
    this.#timed = 0;
    const all: CallTiming[] = [];
    for (const { thread, times } of await this.#threads.times(count)) {
      for (let at = 0; at < times.length; at += timingNumbers) {
        const [table, call, start, end, allEnd] = times.subarray(at, at + timingNumbers);
        const program = names.get(table)!;
        all.push({ program, call, thread, start, duration: allEnd - start, wait: allEnd - end });
      }
    }
    return all;
  }

  /** Waits for the runs so far, then ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#tail.catch(() => {}); // reported by the run itself
    Atomics.store(this.#control, word.stop, 1);
    Atomics.add(this.#control, word.started, 1);
    Atomics.notify(this.#control, word.started);
    for (const worker of this.#threads.workers) worker.terminate();
  }

  /** Has the workers go through op tables once. */
  async #round(tables: readonly number[], timed: boolean): Promise<void> {
    const control = this.#control;
    if (Atomics.load(control, word.failed) !== 0) await this.#threads.failure;
    control.set(tables, runListAddress / 4);
    control[word.programs] = tables.length;
    control[word.timed] = Number(timed);
    if (timed) this.#timed += this.#threads.workers.length;
    const run = Atomics.load(control, word.started);
    Atomics.add(control, word.started, 1);
    Atomics.notify(control, word.started);
    const end = Atomics.waitAsync(control, word.finished, run);
    if (end.async) await end.value; // a failure ends it too
    if (Atomics.load(control, word.failed) !== 0) await this.#threads.failure;
  }

  #queue(work: () => void | Promise<void>): Promise<void> {
    this.#waiting++;
    const done = this.#tail.then(work);
    this.#tail = done.finally(() => this.#waiting--);
    this.#tail.catch(() => {}); // whoever asked has `done`
    return done;
  }

  #place(label: string, verb: "read" | "write"): PlacedTensor {
    const slots = [...this.#programs.values()].map((p) => p.outputs.get(label));
    const slot = slots.find((s) => s !== undefined);
    const place = this.#layout.places.get(slot?.label ?? label);
    if (place === undefined) throw new RangeError(`Cannot ${verb} ${label}: no program has it`);
    return place;
  }

  #view({ spec, address }: PlacedTensor): Float32Array | Uint32Array {
    const { buffer } = this.#control, size = sizeOf(spec.shape);
    return spec.dtype === "u32"
      ? new Uint32Array(buffer, address, size)
      : new Float32Array(buffer, address, size);
  }

  #checkOpen(): void {
    if (this.#disposed) throw new Error("Cannot use this session: it was disposed of: open another one");
  }
}

function checkKernels(programs: readonly Program[], exports: readonly string[]): void {
  const known = new Set(exports);
  for (const { name, calls } of programs) {
    const missing = calls.find((call) => !known.has(call.op.name));
    if (missing !== undefined) {
      throw new TypeError(
        `Cannot open ${name} on the CPU engine: op ${missing.op.name} has no WASM kernel: add one to kernels/wasm and build it`,
      );
    }
  }
}
