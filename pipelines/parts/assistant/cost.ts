/**
 * What an assistant would cost: tokens, FLOPs, memory, time and money of each phase that trains, for
 * --dry-run.
 *
 * @module
 */
import { modelOf } from "../../../kernels/models/model_of.ts";
import type { Plan } from "../../../stages/model/plan.ts";
import { secondsOf, sumOfTimes, timeOfPlan } from "../../../stages/model/step_time.ts";
import { bytes, count, time } from "../../../stages/report/quantity.ts";
import type { Env } from "../../cli/pipeline.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { worldCharacters } from "../../../stages/task/verified/little_world.ts";
import { plannedGpu } from "../machine_lines.ts";
import { chatPlan, type ChatValues, shapeOf } from "../posttrain/starting_point.ts";
import type { TokenizerValues } from "../tokenizer_for.ts";
import { stepsOf } from "../training_length.ts";
import { modelConfig, trainingPlan, type TrainingValues } from "../training_plan.ts";

/** The values of the options of each phase that trains. */
export interface PhaseValues {
  readonly base: TrainingValues & TokenizerValues;
  readonly sft: ChatValues;
  readonly rl: ChatValues & { readonly maxTokens: number | null };
}

/** Speeds that are assumed where no --machine is named, in FLOPs per second. */
const assumed = [
  { name: "two CPU cores, at 20 GFLOPS", flops: 2e10 },
  { name: "a large GPU, at 20 TFLOPS", flops: 2e13 },
] as const;

/** What one phase takes. */
interface PhaseCost {
  readonly name: string;
  readonly steps: number;
  readonly tokensPerStep: number;
  readonly flops: number;
  readonly bytes: number;
  readonly plan: Plan;
  /** FLOPs of generating answers, at most; 0 for a phase that generates none. */
  readonly answering: number;
}

/** Returns the lines of the plan. */
export async function costLines(
  { hourPrice }: { readonly hourPrice: number },
  env: Env,
  values: PhaseValues,
): Promise<readonly string[]> {
  const costs = await phaseCosts(env, values), [{ plan: base }] = costs;
  const row = (name: string, cells: readonly string[]) =>
    name.padEnd(9) + cells.map((cell) => cell.padStart(13)).join("");
  const total = (of: (cost: PhaseCost) => number) => costs.reduce((sum, cost) => sum + of(cost), 0);
  const flops = total((cost) => cost.flops + cost.answering);
  return [
    `parameters       ${base.parameterCount.toLocaleString("en-US")}`,
    row("phase", ["steps", "tokens/step", "tokens", "FLOPs", "memory"]),
    ...costs.map(({ name, steps, tokensPerStep, flops, answering, bytes: size }) =>
      row(name, [
        count(steps),
        count(tokensPerStep),
        count(steps * tokensPerStep),
        (flops + answering).toExponential(2),
        bytes(size),
      ])
    ),
    row("all", [
      count(total(({ steps }) => steps)),
      "",
      count(total(({ steps, tokensPerStep }) => steps * tokensPerStep)),
      flops.toExponential(2),
      bytes(Math.max(...costs.map(({ bytes }) => bytes))),
    ]),
    ...timeLines(costs, { env, flops, hourPrice }),
    "Assumed: every answer of rl is as long as may be, at 2 FLOPs per parameter and token; evaluations, checks",
    "and the report card are not counted; the largest phase decides the memory.",
  ];
}

/** Time and money: on the machine of --machine, or at two assumed speeds. */
function timeLines(
  costs: readonly PhaseCost[],
  { env, flops, hourPrice }: { readonly env: Env; readonly flops: number; readonly hourPrice: number },
): string[] {
  const money = (seconds: number) => `$${(seconds / 3600 * hourPrice).toFixed(2)} at $${hourPrice} per hour`;
  const { machine } = env;
  if (machine === null || machine.computesOnCpu) {
    return assumed.map(({ name, flops: speed }) =>
      `time             ${time(flops / speed)} on ${name}: ${money(flops / speed)}`
    );
  }
  const { profile } = machine, gpu = plannedGpu(env);
  let all = 0;
  const lines = costs.map(({ name, steps, plan, answering }) => {
    const { groups, hostSeconds } = timeOfPlan(plan, { machine: profile, gpu });
    const training = steps * (secondsOf(sumOfTimes(groups.values())) + hostSeconds);
    const speed = profile.peak.gflops.value * 1e9 * profile.efficiencies.products.value;
    const seconds = training + answering / speed;
    all += seconds;
    return `${name.padEnd(9)}        ${time(seconds)} on ${profile.name}, by its machine file: ${
      money(seconds)
    }`;
  });
  return [...lines, `all              ${time(all)}: ${money(all)}`];
}

/** Size of the vocabulary of the little world. */
const WORLD_VOCABULARY = worldCharacters.length + nanochatTokens.length;

async function phaseCosts(env: Env, { base: own, sft, rl }: PhaseValues): Promise<PhaseCost[]> {
  const packBytes = await env.largestPack();
  const vocabSize = own.tokenizer === "train" ? own.vocabSize : WORLD_VOCABULARY;
  const base = trainingPlan(own, { vocabSize, packBytes });
  const model = modelOf(modelConfig(own, { vocabSize, start: null }));
  const start = { model, quantized: new Map(), adapters: null };
  const chat = (name: "sft" | "rl", values: ChatValues, maxTokens: number | null = null) => {
    const seqLen = Math.min(values.seqLen ?? 512, model.seqLen), shape = shapeOf(values, { seqLen });
    const answers = shape[0] * shape[1];
    const plan = chatPlan(values, { ...start, seqLen }, {
      ...(name === "sft" ? { segmented: true, texts: 0 } : { weighted: true, texts: Math.min(answers, 64) }),
      packBytes,
      ranks: 1,
    });
    const longest = Math.min(maxTokens ?? seqLen, seqLen);
    const answering = name === "sft" ? 0 : 2 * plan.parameterCount * values.steps * answers * longest;
    return costOf(name, { plan, steps: values.steps, answering });
  };
  return [
    costOf("base", { plan: base, steps: stepsOf(own) ?? 0, answering: 0 }),
    chat("sft", sft),
    chat("rl", rl, rl.maxTokens),
  ];
}

function costOf(
  name: string,
  { plan, steps, answering }: { readonly plan: Plan; readonly steps: number; readonly answering: number },
): PhaseCost {
  const { tokensPerStep, flopsPerStep, memory } = plan;
  const size = Object.values(memory).reduce((sum, n) => sum + n, 0);
  return { name, steps, tokensPerStep, flops: steps * flopsPerStep, bytes: size, plan, answering };
}
