/**
 * Ranks that are connected by MPI: `mpirun -np 4 …` starts them.
 *
 * Each call has two parts. First all ranks arrive at a barrier, for which each asks MPI now and then while
 * its event loop goes on: so a rank that waits for a long time takes no core, and notices if it waits too
 * long. Then the data move: few as all wait at the barrier, many by a call off the event loop, for which no
 * rank has to wait any more. Such a call keeps a core busy to its end, so a sum beside a computation moves
 * its data in the first way too. No call waits on the event loop, whose timer ends a rank that waits in vain.
 *
 * @module
 */
import { MpiError, type MpiLibrary, openMpiLibrary } from "./mpi_library.ts";
import type { Ranks, SumOptions } from "./ranks.ts";
import { addRows, memory, ROWS } from "./sum.wasm";

/** Milliseconds for which a rank asks at every turn of its event loop: the ranks seldom differ by more. */
const EAGER_MS = 5;

/** Options of `openMpi`. */
export interface MpiOptions {
  /**
   * Seconds that a rank waits for the others before it ends all of them; longer than any of them computes
   * between two calls. Default 600, as that of NCCL in PyTorch.
   */
  readonly timeout?: number;
}

/** Exit code of a rank that has waited too long: EX_TEMPFAIL of sysexits.h, so a job may be started again. */
export const timeoutCode = 75;

/**
 * Starts MPI in this process; once in its life. If the process ends in any other way than after `close`, all
 * other ranks end too. Throws MpiError and Deno.errors.NotCapable with what to do.
 */
export async function openMpi({ timeout = 600 }: MpiOptions = {}): Promise<Ranks> {
  const ranks = new MpiRanks(openMpiLibrary(), timeout);
  await ranks.findNeighbours();
  return ranks;
}

const FLOATS = 2 ** 21; // in the memory of the WASM module from ROWS on
const FEW = 2 ** 14; // floats that take less time to send than a call to hand to another thread
const LARGEST_COUNT = 2 ** 28; // floats in one call; MPI counts in 31 bits

/** Seconds after which a rank no longer waits for the end of MPI, which takes less than one. */
const ENDING_S = 30;
/** Milliseconds by which ranks may differ when they leave a barrier, on overloaded cores. */
const APART_MS = 1000;

class MpiRanks implements Ranks {
  readonly rank: number;
  readonly size: number;
  local = { rank: 0, size: 1 };
  readonly #mpi: MpiLibrary;
  /** Settles when all calls so far have ended. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Whether a call off the event loop is going on, during which MPI may be locked. */
  #isBusy = false;
  /** Number of calls that wait for their turn, or have it, and beside which nothing is computed. */
  #urgent = 0;
  /** What MPI reads and writes, which is known to it by address alone and must not be collected. */
  readonly #inUse = new Set<readonly ArrayBufferView[]>();
  #hasEnded = false;
  readonly #onUnload = (): void => this.#abortAtOnce(Deno.exitCode);
  readonly #onError = (event: Event): void => {
    const error = event instanceof ErrorEvent
      ? event.error
      : event instanceof PromiseRejectionEvent
      ? event.reason
      : event;
    console.error(`rank ${this.rank}:`, error);
    this.#abortAtOnce(1);
  };

  constructor(mpi: MpiLibrary, readonly timeout: number) {
    this.#mpi = mpi;
    const { call, threads, world } = mpi, number = new Int32Array(1);
    // MPI_Init_thread waits for all processes on this thread, where no timer can fire meanwhile.
    call.alarm(Math.ceil(timeout));
    const code = call.MPI_Init_thread(0n, 0n, threads.multiple, number), level = number[0];
    call.alarm(0);
    this.#check(code, "start");
    this.#check(call.MPI_Comm_rank(world, number), "start");
    this.rank = number[0];
    this.#check(call.MPI_Comm_size(world, number), "start");
    this.size = number[0];
    addEventListener("unload", this.#onUnload);
    addEventListener("error", this.#onError);
    addEventListener("unhandledrejection", this.#onError);
    if (level < threads.serialized) {
      throw new MpiError(
        `Cannot use ${mpi.name}: it was built without support for threads (level ${level}, wanted at least ` +
          `${threads.serialized}, MPI_THREAD_SERIALIZED): use one that was configured with it`,
      );
    }
  }

  get library(): string {
    return this.#mpi.name;
  }

  /** Finds out which ranks are on this machine. */
  async findNeighbours(): Promise<void> {
    const name = new TextEncoder().encode(Deno.hostname());
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", name)).subarray(0, 3);
    const own = hash[0] << 16 | hash[1] << 8 | hash[2]; // 24 bits, which a float holds
    const all = [...await this.gather(Float32Array.of(own))];
    this.local = {
      rank: all.slice(0, this.rank).filter((other) => other === own).length,
      size: all.filter((other) => other === own).length,
    };
  }

  async sum(x: Float32Array, { order = "tree", aside = false }: SumOptions = {}): Promise<void> {
    if (this.size === 1 || x.length === 0) return;
    await this.#inTurn(async () => {
      if (order === "library") await this.#sumByLibrary(x, aside);
      else await this.#sumAsTree(x, aside);
    }, { uses: [x], aside });
  }

  async broadcast(data: ArrayBufferView, { follows = false } = {}): Promise<void> {
    if (this.size === 1 || data.byteLength === 0) return;
    const { call, float, world } = this.#mpi, address = addressOf(data), count = data.byteLength / 4;
    await this.#inTurn(async () => {
      if (count <= FEW) {
        return await this.#asked(
          (request) => call.MPI_Ibcast(address, count, float, 0, world, request),
          "broadcast",
        );
      }
      for (let at = 0; at < count; at += LARGEST_COUNT) {
        const part = Math.min(LARGEST_COUNT, count - at);
        await this.#offLoop(call.MPI_Bcast(address + BigInt(4 * at), part, float, 0, world), "broadcast");
      }
    }, { uses: [data], follows });
  }

  async gather(x: Float32Array): Promise<Float32Array> {
    const all = new Float32Array(this.size * x.length), count = x.length;
    if (this.size === 1) {
      all.set(x);
      return all;
    }
    const from = addressOf(x), to = addressOf(all);
    await this.#inTurn(() => this.#gather(from, { to, count, aside: count <= FEW }), { uses: [x, all] });
    return all;
  }

  async agree(yes: boolean): Promise<boolean> {
    return (await this.gather(Float32Array.of(Number(yes)))).includes(1);
  }

  abort(code: number): Promise<never> {
    this.#end();
    // Later, since a launcher that has to end all may drop what it has not passed on, such as the reason; and
    // not on this thread, since MPI may be locked by a call that never ends.
    setTimeout(() => this.#mpi.call.abortAside(this.#mpi.world, code).catch(() => {}), 200);
    setTimeout(() => Deno.exit(code), 1200);
    return new Promise<never>(() => {});
  }

  async close(): Promise<void> {
    await this.#inTurn(() => Promise.resolve());
    // Over TCP a rank answers another that ends only while it is in a call of MPI. If it answers before it
    // ends as well, the other stops calling, and nobody answers it.
    if (this.#mpi.endsTogether) await new Promise((resolve) => setTimeout(resolve, APART_MS));
    const { name, call } = this.#mpi, seconds = Math.min(ENDING_S, this.timeout);
    await this.#offLoop(call.MPI_Finalize(), "end", {
      seconds,
      tooLong:
        `waited ${seconds} s for the end of ${name} after all work was done: all end with a failure, ` +
        "but what the run has written is complete",
    });
    this.#end();
  }

  /** Slices go to the rank of the same number, which adds them and returns the sum to all. */
  async #sumAsTree(x: Float32Array, aside: boolean): Promise<void> {
    const { call, float, world } = this.#mpi, { size } = this;
    const from = addressOf(x), rows = addressOf(new Uint8Array(memory.buffer, ROWS, 4));
    const most = Math.floor(FLOATS / size);
    let at = 0;
    while (x.length - at >= size) {
      const count = Math.min(most, Math.floor((x.length - at) / size)), here = from + BigInt(4 * at);
      const slices = [here, count, float, rows, count, float, world] as const;
      if (aside) await this.#asked((request) => call.MPI_Ialltoall(...slices, request), "sum");
      else await this.#offLoop(call.MPI_Alltoall(...slices), "sum");
      addRows(size, count);
      await this.#gather(rows, { to: here, count, aside });
      at += count * size;
    }
    const rest = x.length - at; // fewer floats than there are ranks
    if (rest === 0) return;
    await this.#gather(from + BigInt(4 * at), { to: rows, count: rest, aside });
    addRows(size, rest);
    x.set(new Float32Array(memory.buffer, ROWS, rest), at);
  }

  async #sumByLibrary(x: Float32Array, aside: boolean): Promise<void> {
    const { call, float, add, world, inPlace } = this.#mpi, address = addressOf(x);
    for (let at = 0; at < x.length; at += LARGEST_COUNT) {
      const count = Math.min(LARGEST_COUNT, x.length - at);
      const sum = [inPlace, address + BigInt(4 * at), count, float, add, world] as const;
      if (aside) await this.#asked((request) => call.MPI_Iallreduce(...sum, request), "sum");
      else await this.#offLoop(call.MPI_Allreduce(...sum), "sum");
    }
  }

  async #gather(
    from: bigint,
    { to, count, aside = false }: {
      readonly to: bigint;
      readonly count: number;
      readonly aside?: boolean;
    },
  ): Promise<void> {
    const { call, float, world } = this.#mpi, parts = [from, count, float, to, count, float, world] as const;
    if (aside) await this.#asked((request) => call.MPI_Iallgather(...parts, request), "gather");
    else await this.#offLoop(call.MPI_Allgather(...parts), "gather");
  }

  /** Does some work after all earlier calls, once all ranks have arrived at it unless it `follows` them. */
  async #inTurn<T>(
    work: () => Promise<T>,
    { uses = [], follows = false, aside = false }: {
      readonly uses?: readonly ArrayBufferView[];
      readonly follows?: boolean;
      readonly aside?: boolean;
    } = {},
  ): Promise<T> {
    if (!aside) this.#urgent++;
    this.#inUse.add(uses);
    const result = this.#tail.then(async () => {
      if (!follows) {
        await this.#asked((request) => this.#mpi.call.MPI_Ibarrier(this.#mpi.world, request), "wait");
      }
      return await work();
    });
    this.#tail = result.catch(() => {}); // the caller gets the error
    try {
      return await result;
    } finally {
      this.#inUse.delete(uses);
      if (!aside) this.#urgent--;
    }
  }

  /** Begins a call and asks MPI now and then whether it has ended. */
  async #asked(begin: (request: Uint8Array<ArrayBuffer>) => number, what: string): Promise<void> {
    const { call, ignoreStatus } = this.#mpi;
    const request = new Uint8Array(16), done = new Int32Array(1), began = performance.now();
    this.#check(begin(request), what);
    for (;;) {
      this.#check(call.MPI_Test(request, done, ignoreStatus), what);
      if (done[0] !== 0) return;
      const waited = performance.now() - began;
      if (waited > 1000 * this.timeout) await this.#giveUp();
      // Often at first, since steps of a small model take milliseconds; seldom when rank 0 prepares data, and
      // while the processor has gradients to compute.
      if (waited < EAGER_MS && this.#urgent > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      else await new Promise((resolve) => setTimeout(resolve, waited < 1000 ? 0 : 5));
    }
  }

  /** Waits for a call off the event loop; ends all ranks if it takes longer than `seconds`. */
  async #offLoop(
    call: Promise<number>,
    what: string,
    { seconds = this.timeout, tooLong }: { readonly seconds?: number; readonly tooLong?: string } = {},
  ): Promise<void> {
    this.#isBusy = true;
    const timer = setTimeout(() => this.#giveUp(tooLong), 1000 * seconds);
    try {
      this.#check(await call, what);
    } finally {
      clearTimeout(timer);
      this.#isBusy = false;
    }
  }

  async #giveUp(
    reason = `waited ${this.timeout} s for the others: one of them hangs, or the network between them is ` +
      "down: all end; the run resumes from its last checkpoint when it is started again",
  ): Promise<never> {
    console.error(`rank ${this.rank} has ${reason}`);
    return await this.abort(timeoutCode);
  }

  #check(code: number, what: string): void {
    if (code !== 0) throw new MpiError(`Cannot ${what}: ${this.#mpi.name} returned error ${code}`);
  }

  #end(): void {
    this.#hasEnded = true;
    removeEventListener("unload", this.#onUnload);
    removeEventListener("error", this.#onError);
    removeEventListener("unhandledrejection", this.#onError);
  }

  /**
   * Ends all ranks while this process ends without `close`. If MPI may be locked, the end of this process has
   * to suffice, which launchers notice.
   */
  #abortAtOnce(code: number): void {
    if (this.#hasEnded) return;
    this.#end();
    if (!this.#isBusy) this.#mpi.call.MPI_Abort(this.#mpi.world, code || 1);
  }
}

/** Returns the address of a view's first byte in this process. */
function addressOf({ buffer, byteOffset }: ArrayBufferView): bigint {
  // One byte is enough, and Deno refuses views longer than 2 GiB.
  const first = Deno.UnsafePointer.of(new Uint8Array(buffer, 0, 1));
  return Deno.UnsafePointer.value(first) + BigInt(byteOffset);
}
