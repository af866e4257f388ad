/**
 * Learning rates of post-training.
 *
 * @module
 */
import { type Schedule, schedule } from "../../../kernels/optim/schedule.ts";
import type { Env } from "../../cli/pipeline.ts";
import type { ChatValues } from "./starting_point.ts";

/** Learning rates that options do not give: TRL's for a whole model and, ten times as high, for adapters. */
const RATES = { whole: 2e-5, adapters: 2e-4, world: 4e-3, worldMuon: 0.04 } as const;

/**
 * Returns the values that follow from the others, of a new run. `share` is the rate of the kind of training
 * as a share of that of conversations.
 */
export function chatSettings(
  o: ChatValues,
  isGiven: (option: string) => boolean,
  { share = 1, ownSteps = 300 }: { readonly share?: number; readonly ownSteps?: number } = {},
): Partial<Pick<ChatValues, "lr" | "optimizer" | "muonLr" | "steps" | "scheduleSteps">> {
  const lr = o.initFrom === null ? RATES.world : share * (o.lora > 0 ? RATES.adapters : RATES.whole);
  const steps = o.initFrom === null && !isGiven("steps") ? o.worldSteps + ownSteps : o.steps;
  return {
    steps,
    ...(!isGiven("scheduleSteps") && { scheduleSteps: steps }),
    ...(!isGiven("lr") && { lr }),
    ...(o.initFrom === null && !isGiven("optimizer") &&
      { optimizer: "muon", muonLr: o.muonLr ?? RATES.worldMuon }),
  };
}

/**
 * Returns the learning rate of each step: that of a new model's first steps, which falls to a tenth, and then
 * that of the run itself. `share` is the part of --lr that the run itself begins with.
 */
export function chatSchedule(o: ChatValues, { share = 1 }: { readonly share?: number } = {}): Schedule {
  const { lr, warmup, steps } = o, first = firstSteps(o), minLr = o.minLr ?? lr / 10;
  const length = Math.max(1, (o.scheduleSteps ?? steps) - first);
  const own = schedule({
    lr: lr * share,
    minLr: minLr * share,
    warmup: Math.min(warmup, length - 1),
    kind: o.schedule,
    steps: length,
  });
  if (first === 0) return own;
  const before = schedule({
    lr,
    minLr: lr / 10,
    warmup: Math.min(20, first - 1),
    kind: "linear",
    steps: first,
  });
  return (step) => step < first ? before(step) : own(step - first);
}

/** Says what a new model learns first and from which step on it learns what the pipeline is for. */
export function announceParts(
  o: ChatValues,
  { first, then, env }: { readonly first: string; readonly then: string; readonly env: Pick<Env, "emit"> },
): void {
  const steps = firstSteps(o);
  if (o.initFrom !== null || steps === 0) return;
  env.emit({
    type: "note",
    text: `No --init-from: a new model learns ${first} in steps 1 to ${steps}, and then ${then}`,
  });
}

/** Number of steps in which a new model learns the little world; 0 for a model that is there. */
export function firstSteps({ initFrom, worldSteps }: ChatValues): number {
  return initFrom === null ? worldSteps : 0;
}
