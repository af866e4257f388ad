/**
 * A computation that several libraries perform so that their speeds can be compared, and a check that their
 * results agree.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import type { Work } from "../measure.ts";
import type { JaxDevice } from "./jaxjs.ts";
import type { Peer } from "./peer.ts";
import type { Tfjs } from "./tfjs.ts";

/**
 * A library that is ready to compute. `measure` repeats the computation, waits for the last repetition and
 * returns the seconds per repetition.
 */
export interface Contender extends Peer {
  /** Returns the results for the check. It is called once, before any measurement. */
  results(): Promise<Results>;
}

/** Results by name. */
export type Results = Readonly<Record<string, ArrayLike<number>>>;

/** A computation implemented in each library. All implementations get the same inputs. */
export interface Comparison {
  /** Name, with sizes. */
  readonly name: string;
  /** Work of one repetition as this project computes it; a peer may do more. */
  readonly work: Work;
  /**
   * Largest allowed difference from this project's results, relative to the largest magnitude of a result.
   */
  readonly tolerance: number;
  /** Prepares the computation on an engine of this project. */
  ours(engine: Engine): Promise<Contender>;
  /** Prepares the computation in jax-js on a device. */
  jaxjs(device: JaxDevice): Promise<Contender>;
  /** Prepares the computation in tfjs. The backend of `tf` must already be set. */
  tfjs(tf: Tfjs): Promise<Contender>;
}

/**
 * Returns the work of `times` repetitions as a bench's name states it: "1.210 GFLOP, 24.0 MB". Amounts near 0
 * are left out.
 */
export function workText({ GFLOP = 0, MB = 0, tokens = 0 }: Work, times = 1): string {
  return [
    GFLOP * times >= 0.0005 ? `${(GFLOP * times).toFixed(3)} GFLOP` : "",
    MB > 0 ? `${(MB * times).toFixed(1)} MB` : "",
    tokens > 0 ? `${tokens * times} tokens` : "",
  ].filter((part) => part !== "").join(", ");
}

/**
 * Throws Error if a result is missing, has a different length, or differs from `wanted` by more than
 * `tolerance`.
 */
export function expectSame(
  results: Results,
  { wanted, tolerance, who }: {
    readonly wanted: Results;
    readonly tolerance: number;
    readonly who: string;
  },
): void {
  for (const [name, ours] of Object.entries(wanted)) {
    const theirs = results[name];
    if (theirs?.length !== ours.length) {
      throw new Error(`${who} is wrong: ${name} has ${theirs?.length ?? 0} elements, wanted ${ours.length}`);
    }
    let largest = 0;
    for (let i = 0; i < ours.length; i++) largest = Math.max(largest, Math.abs(ours[i]));
    for (let i = 0; i < ours.length; i++) {
      if (Math.abs(theirs[i] - ours[i]) <= tolerance * largest) continue;
      throw new Error(
        `${who} is wrong: ${name} is ${theirs[i]} at ${i}, wanted ${ours[i]} within ${tolerance * largest}`,
      );
    }
  }
}
