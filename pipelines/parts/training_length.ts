/**
 * Computes the length of a training run and its learning rate schedule from the options.
 *
 * @module
 */
import { type Schedule, schedule } from "../../kernels/optim/schedule.ts";
import { optionText } from "../../stages/report/option_text.ts";
import { batchShape, type TrainingValues } from "./training_plan.ts";

/**
 * Returns the number of steps of a run, or null if the run ends when there are no more tokens, or at
 * --time-limit.
 */
export function stepsOf(o: TrainingValues): number | null {
  if (o.steps !== null) return o.steps;
  const [accum, batchSize, seqLen] = batchShape(o);
  return o.tokens === null ? null : Math.ceil(o.tokens / (accum * batchSize * seqLen));
}

/**
 * Returns options to type for a run of twice the length. The schedule is stretched with it: otherwise the
 * rate would stay at --min-lr in the second half. Null if the run has no limit.
 */
export function twiceAsLong(o: TrainingValues): string | null {
  const steps = stepsOf(o), length = steps ?? o.scheduleSteps;
  const limit = (["steps", "tokens", "epochs", "timeLimit"] as const).find((name) => o[name] !== null);
  if (limit === undefined) return null;
  const stretched = o.schedule === "constant" || length === null
    ? ""
    : ` ${optionText("scheduleSteps", Math.max(2 * length, o.scheduleSteps ?? 0))}`;
  return optionText(limit, 2 * Number(o[limit])) + stretched;
}

/**
 * Says that a run ends before its warm-up does, or is longer than its schedule, and what to type instead;
 * null if neither holds.
 */
export function scheduleRemark(o: TrainingValues): string | null {
  return [warmupRemark(o), stretchRemark(o)].filter((text) => text !== null).join("; ") || null;
}

function warmupRemark(o: TrainingValues): string | null {
  const steps = stepsOf(o), { warmup, lr, scheduleSteps } = o;
  // A run that ends before a longer schedule does is meant to be resumed.
  if (steps === null || warmup < Math.max(steps, scheduleSteps ?? 0)) return null;
  const reached = Number((lr * steps / (warmup + 1)).toPrecision(3));
  return `the run ends within its warm-up of ${warmup} steps (--warmup): its learning rate rises to ${reached} of --lr ${lr}`;
}

function stretchRemark(o: TrainingValues): string | null {
  const steps = stepsOf(o), { scheduleSteps: length } = o;
  if (o.schedule === "constant" || length === null || steps === null || steps <= length) return null;
  return `from step ${length} on, where its schedule ends, the learning rate stays at ${
    minLrOf(o)
  } (--min-lr): ` +
    `${optionText("scheduleSteps", steps)} stretches the schedule`;
}

function minLrOf({ minLr, lr }: TrainingValues): number {
  return minLr ?? lr / 10;
}

/** The learning rate schedule. Throws RangeError if the length of the schedule is not known. */
export function scheduleOf(o: TrainingValues): Schedule {
  const steps = o.scheduleSteps ?? stepsOf(o);
  if (steps === null && o.schedule !== "constant") {
    throw new RangeError(
      `Cannot tell the length of the ${o.schedule} schedule: ` +
        "give --steps, --tokens, --schedule-steps or --schedule constant",
    );
  }
  return schedule({
    kind: o.schedule,
    lr: o.lr,
    minLr: minLrOf(o),
    warmup: o.warmup,
    steps: steps ?? Number.MAX_SAFE_INTEGER,
  });
}
