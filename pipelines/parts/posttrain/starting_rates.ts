/**
 * The optimizer and the learning rates of the run that a model comes from: what trained it trains it further,
 * more slowly.
 *
 * @module
 */
import { isRecord } from "../../../stages/disk/json.ts";
import { readText } from "../../../stages/disk/files.ts";
import { runFile } from "../run_files.ts";
import { MUON_LR } from "../training_plan.ts";

/** The rates of a run. */
export interface StartingRates {
  readonly optimizer: "adamw" | "muon";
  /** Learning rate of AdamW's parameters. */
  readonly lr: number;
  /** Learning rate of Muon's matrices; null without Muon. */
  readonly muonLr: number | null;
  /** Pipeline of a run that had itself trained a model further; null for one that began with a new model. */
  readonly further: string | null;
}

/**
 * Returns the rates of the run that a path belongs to; null for a model of another program, and for a run
 * that trained adapters, whose rates are too high for weights.
 */
export async function startingRates(initFrom: string): Promise<StartingRates | null> {
  const path = await runFile(initFrom, "config.json");
  const config: unknown = path === null ? null : JSON.parse(await readText(path));
  if (!isRecord(config) || !isRecord(config.options)) return null;
  const { optimizer, lr, muonLr, lora, initFrom: origin } = config.options;
  if (typeof lora === "number" && lora > 0) return null;
  if (optimizer !== "adamw" && optimizer !== "muon" || typeof lr !== "number") return null;
  return {
    optimizer,
    lr,
    muonLr: optimizer !== "muon" ? null : typeof muonLr === "number" ? muonLr : MUON_LR,
    further: typeof origin === "string" && typeof config.pipeline === "string" ? config.pipeline : null,
  };
}
