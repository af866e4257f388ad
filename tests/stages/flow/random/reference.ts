/**
 * What a random flow must give: one item after the other through all stages, in plain functions and arrays.
 *
 * @module
 */
import { StageRng } from "../../../../stages/flow/run/stage_rng.ts";
import type { FlowPlan, StagePlan, StepPlan } from "./flow_plan.ts";

/** The number of items that went into and came out of a stage, and the number it dropped. */
export type Counts = { in: number; out: number; dropped: number };

/** The result of a flow. */
export interface Result {
  /** Items recorded by each collector and by each sink for dropped items. */
  readonly collected: Map<string, number[]>;
  /** Items for which a stage emitted an event. */
  readonly events: Map<string, number[]>;
  readonly counts: Map<string, Counts>;
  /** Whether the flow ended before its source did. */
  readonly stopped: boolean;
}

/** Thrown when a stage wants no more items: `flush` ends it and what follows. */
class Stop {
  constructor(readonly flush: () => void) {}
}

/** The input of a chain of steps. */
interface Input {
  item(x: number): void;
  end(): void;
}

/** A stage's work. `emit` passes an item on. */
interface Work {
  push(x: number): void;
  flush?(): void;
  done?(): boolean;
}

/** Runs a flow in which the stages `without` take all items. */
export function reference(plan: FlowPlan, without: ReadonlySet<string> = new Set()): Result {
  const result = { collected: new Map(), events: new Map(), counts: new Map(), stopped: false };
  const input = chain(plan.steps, { plan, without, result });
  const guarded = guard(input);
  for (let i = 0; i < plan.items && !guarded.over; i++) guarded.item(i);
  result.stopped = guarded.over;
  if (!guarded.over) guarded.end();
  return result;
}

interface Run {
  readonly plan: FlowPlan;
  readonly without: ReadonlySet<string>;
  readonly result: Result;
}

function chain(steps: readonly StepPlan[], run: Run): Input {
  const [step, ...rest] = steps;
  if (step === undefined) return { item: () => {}, end: () => {} };
  if (step.kind !== "tee") return stage(step, chain(rest, run), run);
  const sides = [guard(chain(step.branch, run)), guard(chain(rest, run))];
  return {
    item(x) {
      for (const side of sides) side.item(x);
      if (sides.every(({ over }) => over)) throw new Stop(() => {});
    },
    end: () => sides.forEach((side) => side.end()),
  };
}

/** Ends a chain where a stage in it wants no more items. */
function guard(input: Input): Input & { readonly over: boolean } {
  let over = false;
  const work = (act: () => void): void => {
    if (over) return;
    let next: (() => void) | null = act;
    while (next !== null) {
      try {
        next();
        next = null;
      } catch (thrown) {
        if (!(thrown instanceof Stop)) throw thrown;
        over = true;
        next = thrown.flush;
      }
    }
  };
  return {
    get over() {
      return over;
    },
    item: (x) => work(() => input.item(x)),
    end: () => work(() => input.end()),
  };
}

function stage(plan: StagePlan, next: Input, run: Run): Input {
  const counts: Counts = { in: 0, out: 0, dropped: 0 };
  run.result.counts.set(plan.name, counts);
  const emit = (x: number): void => {
    counts.out++;
    next.item(x);
  };
  const work = workOf(plan, { ...run, counts, emit });
  const end = (): void => {
    work.flush?.();
    next.end();
  };
  return {
    item(x) {
      counts.in++;
      work.push(x);
      if (work.done?.() && !run.without.has(plan.name)) throw new Stop(end);
    },
    end,
  };
}

function workOf(
  plan: StagePlan,
  { plan: { seed }, result, counts, emit }: Run & { readonly counts: Counts; emit(x: number): void },
): Work {
  const recorded = (into: Map<string, number[]>, name: string): number[] => {
    into.set(name, []);
    return into.get(name)!;
  };
  switch (plan.kind) {
    case "add":
      return { push: (x) => emit(x + plan.by) };
    case "rule": {
      const sink = plan.sink ? recorded(result.collected, `sink of ${plan.name}`) : [];
      return {
        push(x) {
          if (x % plan.divisor !== 0) return emit(x);
          counts.dropped++;
          sink.push(x);
        },
      };
    }
    case "copies":
      return {
        push(x) {
          for (let i = 0; i < x % (plan.most + 1); i++) emit(x + i);
        },
      };
    case "sum": {
      let sum = 0;
      const events = recorded(result.events, plan.name);
      return { push: (x) => (events.push(x), emit(sum += x)) };
    }
    case "noise": {
      const rng = new StageRng(seed, plan.name);
      return { push: (x) => emit(x + rng.integer(1000)) };
    }
    case "group": {
      let held: number[] = [];
      const pass = (): void => {
        const sum = held.reduce((a, b) => a + b, 0);
        held = [];
        emit(sum);
      };
      return {
        push: (x) => {
          if (held.push(x) === plan.size) pass();
        },
        flush: () => {
          if (held.length > 0) pass();
        },
      };
    }
    case "repeat": {
      const held: number[] = [];
      return { push: (x) => (held.push(x), emit(x)), flush: () => held.forEach((x) => emit(x)) };
    }
    case "take": {
      let taken = 0;
      return { push: (x) => (taken++, emit(x)), done: () => taken >= plan.count };
    }
    case "delay":
    case "train":
      return { push: emit };
    case "collect": {
      const into = recorded(result.collected, plan.name);
      return { push: (x) => (into.push(x), emit(x)) };
    }
  }
}
