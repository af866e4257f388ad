/**
 * Computes the length of a training run and its learning rate schedule from the options.
 *
 * @module
 */
import { type Schedule, schedule, type ScheduleOptions } from "../../kernels/optim/schedule.ts";
import { optionText } from "../../stages/report/option_text.ts";
import type { OpenSchedule } from "../../stages/train/open_schedule.ts";
import type { Env } from "../cli/pipeline.ts";
import { batchShape, type TrainingValues } from "./training_plan.ts";

/** Bytes of a block of validation text, which `--eval-batches` counts. */
export const EVAL_BLOCK = 4096;

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

/** Returns the number of passes over the tokens that end a run, or null if something else ends it. */
export function epochsOf(o: TrainingValues): number | null {
  return o.epochs ?? (stepsOf(o) === null && o.timeLimit === null ? 1 : null); // without a limit: one pass
}

/**
 * Says that a run ends before its warm-up does, that it is longer than its schedule, or that it resumes with
 * the length of the schedule that was computed for its time limit, and what to type instead; null if none of
 * these holds.
 */
export function scheduleRemark(
  o: TrainingValues,
  { resumed }: { readonly resumed: boolean },
): string | null {
  const remarks = [warmupRemark(o), resumed ? keptRemark(o) : null, stretchRemark(o)];
  return remarks.filter((text) => text !== null).join("; ") || null;
}

function keptRemark(o: TrainingValues): string | null {
  const { scheduleSteps: length, timeLimit } = o;
  if (o.schedule === "constant" || length === null || timeLimit === null || stepsOf(o) !== null) return null;
  return `the learning rate's schedule keeps its length of ${length} steps, after which the rate stays at ${
    minLrOf(o)
  } (--min-lr): --schedule-steps sets another`;
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

/** Returns the learning rate schedule, or null if its length depends on the data or the speed. */
export function scheduleOf(o: TrainingValues): Schedule | null {
  const steps = o.scheduleSteps ?? stepsOf(o);
  if (o.schedule !== "constant" && steps === null) return null;
  return schedule({ ...ratesOf(o), kind: o.schedule, steps: steps ?? Number.MAX_SAFE_INTEGER });
}

/** Returns a learning rate schedule whose length is determined once in the run, and recorded. */
export function openScheduleOf(
  o: TrainingValues,
  { env, vocabSize }: { readonly env: Pick<Env, "given">; readonly vocabSize: number },
): OpenSchedule {
  const rates = ratesOf(o);
  return {
    before: schedule({ ...rates, kind: "constant", steps: Number.MAX_SAFE_INTEGER }),
    share: 0.95 / (1 + evaluationCost(o, vocabSize)),
    ofLength(length) {
      const steps = Math.max(1, length);
      // A preset's warm-up is for a run of the preset's length.
      const warmup = env.given("warmup") ? o.warmup : Math.min(o.warmup, Math.floor(steps / 2));
      return {
        schedule: schedule({ ...rates, warmup, kind: o.schedule, steps }),
        options: { scheduleSteps: [null, steps], ...(warmup !== o.warmup && { warmup: [o.warmup, warmup] }) },
      };
    },
  };
}

function ratesOf(o: TrainingValues): Pick<ScheduleOptions, "lr" | "minLr" | "warmup"> {
  return { lr: o.lr, minLr: minLrOf(o), warmup: o.warmup };
}

/**
 * Returns the time of the evaluations as a multiple of that of the updates. A token takes a third of the time
 * that it takes in an update, because nothing is computed backwards.
 */
function evaluationCost(o: TrainingValues, vocabSize: number): number {
  if (o.evalEvery === 0) return 0;
  const [accum, batchSize, seqLen] = batchShape(o);
  const bytesPerToken = vocabSize < 1000 ? 1 : 3;
  const evaluated = o.evalBatches * EVAL_BLOCK / bytesPerToken;
  return evaluated / 3 / (o.evalEvery * accum * batchSize * seqLen);
}
