/**
 * A session of the CPU engine: its shared memory, its threads, and a queue that executes runs, reads and
 * writes in order.
 *
 * @module
 */
import type { Program } from "../../core/program.ts";
import { regionsOf } from "../../core/regions.ts";
import { bytesOf, sizeOf, type TensorMap } from "../../core/tensor.ts";
import { callingThread } from "./calling_thread.ts";
import { runListLength, timingNumbers } from "./control.ts";
import { type Layout, layOut, type PlacedTensor, writeTable } from "./layout.ts";
import { controlOf, startThreads, type ThreadOptions, type Threads } from "./threads.ts";
import { floatsOnly } from "../change.ts";
import type { CallTiming, ChangeOptions, ReplayOptions, Session, SessionCounters } from "../engine.ts";

/** A session on the CPU: programs and their memory. */
export class CpuSession implements Session {
  /** False: a read waits only for the runs before it. */
  readonly readsDrain = false;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #layout: Layout;
  readonly #buffer: SharedArrayBuffer;
  readonly #threads: Threads;
  /** Resolves when all queued work is done. */
  #tail: Promise<void> = Promise.resolve();
  /** Number of queued runs, reads and writes that have not ended. */
  #waiting = 0;
  /** Number of queued runs that have not ended. */
  #running = 0;
  readonly #counts = { runs: 0, readBacks: 0, waits: 0 };
  #disposed = false;

  private constructor(
    programs: readonly Program[],
    { layout, buffer, threads }: { layout: Layout; buffer: SharedArrayBuffer; threads: Threads },
  ) {
    this.#programs = new Map(programs.map((p) => [p.name, p]));
    this.#layout = layout;
    this.#buffer = buffer;
    this.#threads = threads;
  }

  /**
   * Lays out and fills the memory and starts the threads; `here` runs the kernels on the calling thread
   * instead. Throws TypeError for an op without a WASM kernel,
   * and RangeError if the memory exceeds 4 GiB.
   */
  static async open(
    programs: readonly Program[],
    { weights, threads: options, here }: { weights: TensorMap; threads: ThreadOptions; here: boolean },
  ): Promise<CpuSession> {
    const exports = WebAssembly.Module.exports(options.module).map((e) => e.name);
    checkKernels(programs, exports);
    const layout = layOut(programs, options.threads);
    // Allocated at its full size: a running WASM instance does not notice that shared memory grows.
    const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
    for (const program of programs) writeTable(program, { memory, layout, exports });
    // The members of a pack are listed instead of the pack, since some of them may have initial weights.
    const zeros = regionsOf(programs).flatMap(({ members }) => members)
      .filter(({ label }) => !(label in weights) && layout.tensors.has(label))
      .map((member) => ({ address: layout.tensors.get(member.label)!.address, bytes: bytesOf(member) }));
    const control = controlOf(memory), { buffer } = control;
    const start = here ? callingThread : startThreads;
    const threads = start(programs, { options, memory: { memory, control, layout, exports, zeros } });
    const session = new CpuSession(programs, { layout, buffer, threads });
    try {
      const known = Object.entries(weights).filter(([label]) => layout.tensors.has(label));
      session.write(Object.fromEntries(known));
      await threads.ready;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    return session;
  }

  get counters(): SessionCounters {
    return { ...this.#counts };
  }

  /**
   * Sets persistent tensors after all runs so far. Throws RangeError for an unknown label or a wrong size.
   */
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
    // The values are set after the queued runs. They are copied now, since the caller may change its arrays
    // before then.
    const copies = Object.entries(values).map(([label, { shape, data }]) => [
      label,
      { shape, data: data.slice() },
    ]);
    this.#queue(() => set(Object.fromEntries(copies))).catch(() => {}); // reported by the run that failed
  }

  /**
   * Runs programs. Throws RangeError for an unknown program. If a kernel fails, rejects with an error that
   * names the call and the program.
   */
  run(programs: readonly string[], { timed = false }: ReplayOptions = {}): Promise<void> {
    this.#checkOpen();
    const tables = programs.map((name) => {
      const table = this.#layout.tables.get(name);
      if (table === undefined) {
        throw new RangeError(`Cannot run ${name}: known are ${[...this.#programs.keys()].join(", ")}`);
      }
      return table;
    });
    this.#counts.runs++;
    this.#running++;
    return this.#queue(async () => {
      try {
        for (let i = 0; i < tables.length; i += runListLength) {
          await this.#threads.run(tables.slice(i, i + runListLength), timed);
        }
      } finally {
        this.#running--;
      }
    });
  }

  /** Copies persistent tensors after all runs so far. Rejects with RangeError for an unknown label. */
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

  /** Gives the tensors' own memory to `work`. Rejects with RangeError for an unknown label. */
  async change(
    labels: readonly string[],
    work: (tensors: readonly Float32Array[]) => Promise<void>,
    { aside = false }: ChangeOptions = {},
  ): Promise<void> {
    this.#checkOpen();
    const views = floatsOnly(labels, labels.map((label) => this.#view(this.#place(label, "write"))));
    if (!aside) return await this.#queue(() => work(views));
    await this.#queue(() => {});
    await work(views);
  }

  /** Waits for all runs so far, then returns the times of their calls on each thread. */
  async timings(): Promise<readonly CallTiming[]> {
    this.#checkOpen();
    await this.#queue(() => {});
    const names = new Map([...this.#layout.tables].map(([name, at]) => [at, name]));
    const all: CallTiming[] = [];
    for (const { thread, times } of await this.#threads.times()) {
      for (let at = 0; at < times.length; at += timingNumbers) {
        const [table, call, start, end, allEnd] = times.subarray(at, at + timingNumbers);
        const program = names.get(table)!;
        all.push({ program, call, thread, start, duration: allEnd - start, wait: allEnd - end });
      }
    }
    return all;
  }

  /** Waits for all runs so far, then ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#tail.catch(() => {}); // reported by the run that failed
    this.#threads.end();
  }

  #queue(work: () => void | Promise<void>): Promise<void> {
    this.#waiting++;
    const done = this.#tail.then(work);
    this.#tail = done.finally(() => this.#waiting--);
    this.#tail.catch(() => {}); // the caller handles failures of `done`
    return done;
  }

  #place(label: string, verb: "read" | "write"): PlacedTensor {
    const slots = [...this.#programs.values()].map((p) => p.outputs.get(label));
    const slot = slots.find((s) => s !== undefined);
    const place = this.#layout.tensors.get(slot?.label ?? label);
    if (place === undefined) throw new RangeError(`Cannot ${verb} ${label}: no program has it`);
    return place;
  }

  #view({ spec, address }: PlacedTensor): Float32Array | Uint32Array {
    const buffer = this.#buffer, size = sizeOf(spec.shape);
    return spec.dtype === "u32"
      ? new Uint32Array(buffer, address, size)
      : new Float32Array(buffer, address, size);
  }

  #checkOpen(): void {
    if (this.#disposed) throw new Error("Cannot use this session: it is closed: open another one");
  }
}

function checkKernels(programs: readonly Program[], exports: readonly string[]): void {
  const known = new Set(exports);
  for (const { name, calls } of programs) {
    const missing = calls.find((call) => !known.has(call.op.name));
    if (missing !== undefined) {
      throw new TypeError(
        `Cannot open ${name} on the CPU engine: op ${missing.op.name} has no WASM kernel: add ${missing.op.name}_wasm.ts beside the op and run deno task wasm`,
      );
    }
  }
}
