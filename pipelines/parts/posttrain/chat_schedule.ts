/**
 * Learning rates of post-training.
 *
 * @module
 */
import { type Schedule, schedule } from "../../../kernels/optim/schedule.ts";
import type { Env } from "../../cli/pipeline.ts";
import { startingRates } from "./starting_rates.ts";
import type { ChatValues } from "./starting_point.ts";

/** Learning rates that options do not give: TRL's for a whole model and, ten times as high, for adapters. */
const RATES = { whole: 2e-5, adapters: 2e-4, world: 4e-3, worldMuon: 0.04 } as const;

/** The pipelines of post-training, with their rates as shares of those of conversations. */
const SHARES = { sft: 1, dpo: 0.05, rl: 0.05 } as const;

/** A pipeline of post-training. */
export type PosttrainName = keyof typeof SHARES;

/** Rate of conversations for a model of a run, as a share of the run's. */
const SHARE_OF_RUN = 0.1;

/** Returns the share of the rate of conversations that a pipeline has by default. */
export function shareOf(name: PosttrainName): number {
  return SHARES[name];
}

/** Returns the values that follow from the others, of a new run of the pipeline `name`. */
export async function chatSettings(
  o: ChatValues,
  isGiven: (option: string) => boolean,
  { name, ownSteps }: { readonly name: PosttrainName; readonly ownSteps: number },
): Promise<Partial<Pick<ChatValues, "lr" | "optimizer" | "muonLr" | "steps" | "scheduleSteps">>> {
  const steps = o.initFrom === null && !isGiven("steps") ? o.worldSteps + ownSteps : o.steps;
  const { lr, optimizer, muonLr } = await ratesOf(o, name);
  const takesOptimizer = optimizer !== undefined && (!isGiven("optimizer") || o.optimizer === optimizer);
  const own = isGiven("lr")
    ? o.lr
    : takesOptimizer || optimizer === undefined
    ? lr
    : SHARES[name] * RATES.whole;
  return {
    steps,
    lr: own,
    ...(!isGiven("scheduleSteps") && { scheduleSteps: steps }),
    ...(takesOptimizer && { optimizer }),
    ...(takesOptimizer && muonLr !== null && o.muonLr === null && { muonLr: muonLr * own / lr }),
  };
}

/** Rates of a pipeline, and the optimizer that they are for: any, if it is absent. */
interface Rates {
  readonly lr: number;
  readonly muonLr: number | null;
  readonly optimizer?: ChatValues["optimizer"];
}

/** Returns the rates for the little world, for adapters, for the model of a run, or for any other model. */
async function ratesOf({ initFrom, lora }: ChatValues, name: PosttrainName): Promise<Rates> {
  if (initFrom === null) return { lr: RATES.world, muonLr: RATES.worldMuon, optimizer: "muon" };
  const share = SHARES[name];
  if (lora > 0) return { lr: share * RATES.adapters, muonLr: null };
  const run = await startingRates(initFrom);
  if (run === null) return { lr: share * RATES.whole, muonLr: null };
  const factor = run.further === name ? 1 : Math.min(share, SHARE_OF_RUN), { optimizer, lr, muonLr } = run;
  return { optimizer, lr: factor * lr, muonLr: muonLr === null ? null : factor * muonLr };
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
