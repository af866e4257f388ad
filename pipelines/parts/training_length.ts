/**
 * Computes the length of a training run and its learning rate schedule from the options.
 *
 * @module
 */
import { type Schedule, schedule } from "../../kernels/optim/schedule.ts";
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
    minLr: o.minLr ?? o.lr / 10,
    warmup: Math.min(o.warmup, (steps ?? Infinity) - 1),
    steps: steps ?? Number.MAX_SAFE_INTEGER,
  });
}
