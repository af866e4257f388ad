/**
 * The stages of random flows, as the library runs them.
 *
 * @module
 */
import { type Flow, from } from "../../../../stages/flow/flow.ts";
import type { Reject } from "../../../../stages/flow/rejects.ts";
import {
  type Context,
  type Many,
  type Source,
  type Stage,
  takeCheckpoint,
} from "../../../../stages/flow/stage.ts";
import type { FlowPlan, Mode, StagePlan, StepPlan } from "./flow_plan.ts";

/** What the stages of a run share. */
export interface Surroundings {
  /** Records of the collectors, which outlive a run as files do. */
  readonly collected: Map<string, number[]>;
  /** Stages that emit events. */
  readonly emitting: ReadonlySet<string>;
  /** Called with the name of a stage before it takes an item, and before its flush; may throw. */
  before(name: string, phase: "push" | "flush"): void;
  opened(name: string): void;
  closed(name: string): void;
}

type Output = Iterable<number | typeof takeCheckpoint>;
type Plain = Stage<number, number>;

/** The flow of a plan. */
export function flowOf(plan: FlowPlan, around: Surroundings): Flow<number> {
  return piped(from(source(plan, around)), plan.steps, around);
}

function piped(flow: Flow<number>, steps: readonly StepPlan[], around: Surroundings): Flow<number> {
  let made = flow;
  for (const step of steps) {
    if (step.kind === "tee") {
      made = made.tee((branch) => piped(branch, step.branch, around));
      continue;
    }
    const sink = step.kind === "rule" && step.sink ? sinkOf(step.name, around) : undefined;
    made = made.pipe(watched(step, around), {
      ahead: step.ahead,
      ...(sink !== undefined && { rejects: sink }),
    });
  }
  return made;
}

/** Lets timers and messages run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function source({ items, waits, late }: FlowPlan, around: Surroundings): Source<number, { next: number }> {
  return {
    name: "source",
    open: (_ctx, saved = { next: 0 }) => (around.opened("source"), saved),
    async *read(state, ctx) {
      while (state.next < items) {
        if (late && state.next % 3 === 0) await turn();
        yield state.next++;
      }
      if (waits) {
        await new Promise((_, reject) =>
          ctx.signal.addEventListener("abort", () => reject(new Error("cut")))
        );
      }
    },
    close: () => around.closed("source"),
  };
}

/** A stage that reports to its surroundings and returns its output in the plan's mode. */
function watched(plan: StagePlan, around: Surroundings): Plain {
  const { name, mode } = plan, inner = stageOf(plan, around);
  const output = (phase: "push" | "flush", work: () => Output): Many<number | typeof takeCheckpoint> =>
    inMode(mode, () => {
      around.before(name, phase);
      return work();
    });
  return {
    ...inner,
    name,
    async open(ctx, saved) {
      if (mode.startsWith("late")) await turn();
      around.opened(name);
      return await inner.open(ctx, saved);
    },
    push: (x, state, ctx) => output("push", () => inner.push(x, state, ctx) as Output),
    flush: (state, ctx) => output("flush", () => (inner.flush?.(state, ctx) ?? []) as Output),
    close: () => around.closed(name),
  };
}

function inMode(mode: Mode, work: () => Output): Many<number | typeof takeCheckpoint> {
  switch (mode) {
    case "array":
    case "generator":
      return work(); // an array or a generator, as the stage likes
    case "late array":
      return (async function* () {
        await turn();
        yield* work();
      })();
    case "late generator":
      return (async function* () {
        for (const item of work()) {
          yield item;
          await Promise.resolve();
        }
      })();
  }
}

function stageOf(plan: StagePlan, { collected, emitting }: Surroundings): Omit<Plain, "name"> {
  const stateless = (push: (x: number, ctx: Context) => Output): Omit<Plain, "name"> => ({
    open: () => null,
    push: (x, _state, ctx) => push(x, ctx),
  });
  switch (plan.kind) {
    case "add":
      return stateless((x) => [x + plan.by]);
    case "rule":
      return stateless((x, ctx) => x % plan.divisor !== 0 ? [x] : (ctx.drop(x, "multiple"), []));
    case "copies":
      return stateless(function* (x) {
        for (let i = 0; i < x % (plan.most + 1); i++) yield x + i;
      });
    case "noise":
      return stateless((x, ctx) => [x + ctx.rng.integer(1000)]);
    case "sum":
      return {
        open: (_ctx, saved = { sum: 0 }) => saved,
        push(x, state, ctx) {
          if (emitting.has(plan.name)) ctx.emit({ type: "note", text: `${plan.name}:${x}` });
          return [state.sum += x];
        },
      };
    case "group":
      return {
        open: (_ctx, saved = { held: [] as number[] }) => saved,
        *push(x, state) {
          if (state.held.push(x) === plan.size) yield added(state);
        },
        *flush(state) {
          if (state.held.length > 0) yield added(state);
        },
      };
    case "repeat":
      return {
        resumesFlush: true,
        open: (_ctx, saved = { held: [] as number[], next: 0 }) => saved,
        push: (x, state) => (state.held.push(x), [x]),
        *flush(state) {
          while (state.next < state.held.length) yield state.held[state.next++];
        },
      };
    case "delay":
      return {
        open: () => ({ held: [] as number[] }),
        push: (x, state) => state.held.push(x) > plan.size ? [state.held.shift()] : [],
        settle: (state) => shifted(state.held),
        flush: (state) => shifted(state.held),
        save: () => null,
      };
    case "take":
      return {
        open: (_ctx, saved = { taken: 0 }) => saved,
        push: (x, state) => (state.taken++, [x]),
        done: (state) => state.taken >= plan.count,
      };
    case "train":
      return {
        takesCheckpoints: true,
        open: (_ctx, saved = { step: 0 }) => saved,
        *push(x, state) {
          state.step++;
          yield x;
          if (state.step % plan.every === 0) yield takeCheckpoint;
        },
      };
    case "collect": {
      const record = recordOf(collected, plan.name);
      return {
        open: (_ctx, saved = { length: 0 }) => {
          record.length = saved.length;
          return saved;
        },
        push: (x, state) => (record.push(x), state.length++, [x]),
      };
    }
  }
}

function sinkOf(rule: string, { collected, opened, closed }: Surroundings): Stage<Reject, never> {
  const name = `sink of ${rule}`, record = recordOf(collected, name);
  return {
    name,
    open: (_ctx, saved = { length: 0 }) => {
      opened(name);
      record.length = saved.length;
      return saved;
    },
    push: ({ item }, state) => (record.push(Number(item)), state.length++, []),
    close: () => closed(name),
  };
}

function recordOf(collected: Map<string, number[]>, name: string): number[] {
  const record = collected.get(name) ?? [];
  collected.set(name, record);
  return record;
}

function added(state: { held: number[] }): number {
  return state.held.splice(0).reduce((a, b) => a + b, 0);
}

function* shifted(held: number[]): Generator<number> {
  while (held.length > 0) yield held.shift()!;
}
