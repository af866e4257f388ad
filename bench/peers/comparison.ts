/**
 * One thing that several libraries do, so that they can take turns at it; and how to see that they do the same.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import type { Work } from "../measure.ts";
import type { JaxDevice } from "./jaxjs.ts";
import type { Peer } from "./peer.ts";
import type { Tfjs } from "./tfjs.ts";

/** A library about to do it: `measure` gives seconds each over so many times, the last one waited for. */
export interface Contender extends Peer {
  /** What comes out of it, to compare; asked once, before anything is measured. */
  results(): Promise<Results>;
}

/** By name. */
export type Results = Readonly<Record<string, ArrayLike<number>>>;

/** What is done, on each library. All begin with the same numbers. */
export interface Comparison {
  /** With its sizes. */
  readonly name: string;
  /** What one time takes: as this project does it, also where a peer does more. */
  readonly work: Work;
  /** Of each result, the largest difference from this project's, as a share of its largest magnitude. */
  readonly tolerance: number;
  /** This project. */
  ours(engine: Engine): Promise<Contender>;
  /** jax-js, started with the device. */
  jaxjs(device: JaxDevice): Promise<Contender>;
  /** tfjs, its backend set. */
  tfjs(tf: Tfjs): Promise<Contender>;
}

/** Of so many times, as in a bench's name: "1.210 GFLOP, 24.0 MB"; what is next to nothing is left out. */
export function workText({ GFLOP = 0, MB = 0, tokens = 0 }: Work, times = 1): string {
  return [
    GFLOP * times >= 0.0005 ? `${(GFLOP * times).toFixed(3)} GFLOP` : "",
    MB > 0 ? `${(MB * times).toFixed(1)} MB` : "",
    tokens > 0 ? `${tokens * times} tokens` : "",
  ].filter((part) => part !== "").join(", ");
}

/** Throws Error where a result is missing, of another length, or further from `wanted` than `tolerance` allows. */
export function expectSame(
  found: Results,
  { wanted, tolerance, who }: {
    readonly wanted: Results;
    readonly tolerance: number;
    readonly who: string;
  },
): void {
  for (const [name, ours] of Object.entries(wanted)) {
    const theirs = found[name];
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
