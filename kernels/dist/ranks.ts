/**
 * The processes of a run, numbered from 0 on: its ranks. All of them make the same calls in the same order.
 *
 * @module
 */

/**
 * How ranks add numbers. `tree`: in the order of the binary tree over their ranks, see tree.ts. `library`: as
 * the library likes, which may be faster; the bits then depend on the library and on the number of ranks.
 */
export type SumOrder = "tree" | "library";

/** Options of `Ranks.sum`. */
export interface SumOptions {
  /** Default: tree. */
  readonly order?: SumOrder;
  /**
   * Whether this process computes meanwhile: the sum then takes little of its processor and longer, and `x`
   * must not be used before its end. Default false.
   */
  readonly aside?: boolean;
}

/** This process among the processes of a run. */
export interface Ranks {
  /** Number of this process. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
  /** Number of this process among those of its machine, and how many these are. */
  readonly local: { readonly rank: number; readonly size: number };
  /** Seconds that a rank waits for the others before it ends all of them. */
  readonly timeout: number;
  /** What connects the processes, for people: "Open MPI 4.1.4". */
  readonly library: string;
  /**
   * Replaces `x` by the sum of the `x` of all ranks. All have the same length; every rank gets the same bits.
   */
  sum(x: Float32Array, options?: SumOptions): Promise<void>;
  /**
   * Replaces `data`, on all ranks of the same length, by that of rank 0. Its bytes are a multiple of 4.
   * `follows` says that all ranks make this call right after another, so that none has to be waited for.
   */
  broadcast(data: ArrayBufferView, options?: { readonly follows?: boolean }): Promise<void>;
  /** Returns the `x` of all ranks, in the order of the ranks. All have the same length. */
  gather(x: Float32Array): Promise<Float32Array>;
  /** Returns whether any rank has said yes. */
  agree(yes: boolean): Promise<boolean>;
  /** Ends all processes at once, with this exit code, which is not 0. */
  abort(code: number): Promise<never>;
  /** Waits until all ranks have called it; afterwards this process may end with any exit code. */
  close(): Promise<void>;
}

/** The ranks of a run with one process. */
export function oneRank(): Ranks {
  return {
    rank: 0,
    size: 1,
    local: { rank: 0, size: 1 },
    timeout: Infinity,
    library: "one process",
    sum: () => Promise.resolve(),
    broadcast: () => Promise.resolve(),
    gather: (x) => Promise.resolve(x.slice()),
    agree: (yes) => Promise.resolve(yes),
    abort: (code) => Deno.exit(code),
    close: () => Promise.resolve(),
  };
}
