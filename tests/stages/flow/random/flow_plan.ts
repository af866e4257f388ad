/**
 * Random flows as plain data, drawn from a seed.
 *
 * @module
 */
import { philox } from "../../../../kernels/random/philox.ts";

/** How a stage returns its output: at once, from a generator, or after a turn of the event loop. */
export type Mode = "array" | "generator" | "late array" | "late generator";

/** A stage of a random flow; items are whole numbers. */
export type StagePlan =
  & { readonly name: string; readonly ahead: number; readonly mode: Mode }
  & (
    | { readonly kind: "add"; readonly by: number } // adds a constant
    | { readonly kind: "rule"; readonly divisor: number; readonly sink: boolean } // drops multiples
    | { readonly kind: "copies"; readonly most: number } // yields an item 0 to `most` times
    | { readonly kind: "sum" } // adds all items before, and emits an event
    | { readonly kind: "noise" } // adds a random number
    | { readonly kind: "group"; readonly size: number } // adds groups up; flushes the last one
    | { readonly kind: "repeat" } // passes items on, and again in a flush that can be resumed
    | { readonly kind: "delay"; readonly size: number } // keeps items in flight, and settles
    | { readonly kind: "take"; readonly count: number } // wants no more items after `count`
    | { readonly kind: "train"; readonly every: number } // takes checkpoints
    | { readonly kind: "collect" } // records items, and rewinds the record on resume
  );

/** A step of a random flow. */
export type StepPlan = StagePlan | { readonly kind: "tee"; readonly branch: readonly StepPlan[] };

/** A random flow. */
export interface FlowPlan {
  readonly seed: number;
  /** Number of items of the source. */
  readonly items: number;
  /** Whether the source waits for ever after its last item, as a network connection may. */
  waits: boolean;
  readonly late: boolean;
  readonly steps: readonly StepPlan[];
  readonly barrierEvery: number;
  readonly flushBarrierEvery: number;
  /** Number of turns of the event loop that it takes to write a checkpoint. */
  readonly commitTurns: number;
}

/** Random numbers of one seed. */
export class Draw {
  #words: number[] = [];
  #block = 0;

  constructor(readonly seed: number, readonly name: string) {}

  /** A whole number from 0 to `below - 1`. */
  below(below: number): number {
    if (this.#words.length === 0) this.#words = [...philox(this.seed, this.name, this.#block++)];
    return Math.floor((this.#words.pop() ?? 0) / 0x100000000 * below);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

const modes: readonly Mode[] = ["array", "generator", "late array", "late generator"];

/** The flow of a seed. */
export function flowPlan(seed: number): FlowPlan {
  const draw = new Draw(seed, "flow");
  const builder = { draw, number: 0, trains: draw.once(3), joints: draw.below(4) };
  const steps = chain(builder, { length: 1 + draw.below(6), trunk: true });
  const plan = {
    seed,
    items: draw.below(30),
    waits: draw.once(2),
    late: draw.once(2),
    steps,
    barrierEvery: 1 + draw.below(6),
    flushBarrierEvery: 1 + draw.below(4),
    commitTurns: draw.once(2) ? 0 : draw.below(30),
  };
  return draw.once(4) ? { ...plan, barrierEvery: 1000 } : plan; // more than there are items
}

interface Builder {
  readonly draw: Draw;
  number: number;
  trains: boolean;
  /** Number of read-ahead queues that may still be added. */
  joints: number;
}

function chain(
  builder: Builder,
  { length, trunk }: { readonly length: number; readonly trunk: boolean },
): StepPlan[] {
  const steps: StepPlan[] = [];
  const trainAt = trunk && builder.trains ? builder.draw.below(length) : -1;
  for (let i = 0; i < length; i++) {
    if (builder.draw.once(6)) {
      steps.push({
        kind: "tee",
        branch: chain(builder, { length: 1 + builder.draw.below(3), trunk: false }),
      });
    }
    steps.push(stagePlan(builder, i === trainAt));
    if (builder.draw.once(4)) steps.push(collect(builder));
  }
  return [...steps, collect(builder)];
}

function common(builder: Builder, kind: string): { name: string; ahead: number; mode: Mode } {
  const { draw } = builder;
  const joint = builder.joints > 0 && draw.once(2);
  if (joint) builder.joints--;
  return {
    name: `${kind} ${++builder.number}`,
    ahead: joint ? 1 + draw.below(4) : 0,
    mode: modes[draw.below(4)],
  };
}

function collect(builder: Builder): StagePlan {
  return { ...common(builder, "collect"), kind: "collect" };
}

function stagePlan(builder: Builder, trains: boolean): StagePlan {
  const { draw } = builder;
  if (trains) return { ...common(builder, "train"), kind: "train", every: 1 + draw.below(5) };
  switch (draw.below(10)) {
    case 0:
      return { ...common(builder, "add"), kind: "add", by: draw.below(100) };
    case 1:
      return { ...common(builder, "rule"), kind: "rule", divisor: 2 + draw.below(3), sink: draw.once(2) };
    case 2:
      return { ...common(builder, "copies"), kind: "copies", most: 1 + draw.below(3) };
    case 3:
      return { ...common(builder, "sum"), kind: "sum" };
    case 4:
      return { ...common(builder, "noise"), kind: "noise" };
    case 5:
      return { ...common(builder, "group"), kind: "group", size: 1 + draw.below(4) };
    case 6:
      return { ...common(builder, "repeat"), kind: "repeat" };
    case 7:
      return { ...common(builder, "delay"), kind: "delay", size: 1 + draw.below(4) };
    default:
      return { ...common(builder, "take"), kind: "take", count: 1 + draw.below(20) };
  }
}
