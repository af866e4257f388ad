/**
 * What is done about updates that went wrong: losses that are no number, losses and gradients that jump.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";
import type { TokenShard } from "../items.ts";
import { documentsAt } from "../shard/document_index.ts";
import { zScore } from "./outliers.ts";
import type { StepResult } from "../model/model_session.ts";

/**
 * stop: end with an error; skip: leave the weights as they are and go on with the next batch; rollback: go back to the
 * last checkpoint and leave the batch out.
 */
export type DivergenceAction = "stop" | "skip" | "rollback";

/** What counts as wrong, and what is done about it. */
export interface DivergenceOptions {
  /** A loss or gradient norm that is no number. Default stop. */
  readonly onNan?: DivergenceAction;
  /** Deviations above the mean of the last 128 from which on a loss or norm is a spike; 0 or absent: none is. */
  readonly spikeZ?: number;
  /** Default skip. */
  readonly onSpike?: DivergenceAction;
}

/** What a checkpoint keeps of it. */
export interface DivergenceState {
  /** The last losses, oldest first. */
  readonly loss: readonly number[];
  /** The last norms, before clipping. */
  readonly gradNorm: readonly number[];
  /** Updates skipped in a row because of NaN. */
  readonly skipped: number;
}

/** What is wrong with an update. */
export interface Divergence {
  /** What is to be done. */
  readonly action: DivergenceAction;
  /** "the loss is NaN". */
  readonly reason: string;
}

/** Skips in a row after which it is not the batches: the weights are ruined. */
const MOST_SKIPPED = 10;

/** Whether updates must wait for a verdict on their losses: then each costs a wait for the device. */
export function needsDeferredUpdates({ onNan, spikeZ = 0, onSpike = "skip" }: DivergenceOptions): boolean {
  return onNan === "skip" || spikeZ > 0 && onSpike === "skip";
}

/** Looks at each update's loss and norm, in order. */
export class DivergenceDetector {
  readonly #options: DivergenceOptions;
  readonly #loss: number[];
  readonly #gradNorm: number[];
  #skipped: number;

  /** `state`: what a checkpoint kept. */
  constructor(options: DivergenceOptions, state?: DivergenceState) {
    this.#options = options;
    this.#loss = [...state?.loss ?? []];
    this.#gradNorm = [...state?.gradNorm ?? []];
    this.#skipped = state?.skipped ?? 0;
  }

  /** Null: all is well. */
  check({ loss, gradNorm }: StepResult): Divergence | null {
    const { onNan = "stop", spikeZ = 0, onSpike = "skip" } = this.#options;
    const scores = { loss: zScore(this.#loss, loss), "gradient norm": zScore(this.#gradNorm, gradNorm) };
    const values = Object.entries({ loss, "gradient norm": gradNorm });
    const nan = values.find(([, value]) => !Number.isFinite(value));
    if (nan !== undefined) {
      const why = `the ${nan[0]} is ${nan[1]}`;
      if (onNan !== "skip") return { action: onNan, reason: why };
      if (++this.#skipped <= MOST_SKIPPED) return { action: "skip", reason: why };
      return { action: "stop", reason: `${why}, as those of the ${MOST_SKIPPED} updates before it were` };
    }
    this.#skipped = 0;
    const spike = Object.entries(scores).find(([, z]) => spikeZ > 0 && z > spikeZ);
    if (spike === undefined) return null;
    const [what, z] = spike, value = what === "loss" ? loss : gradNorm;
    return {
      action: onSpike,
      reason: `the ${what} ${value.toPrecision(4)} stands ${z.toFixed(1)} deviations above the last 128`,
    };
  }

  /** For a checkpoint. */
  save(): DivergenceState {
    return { loss: [...this.#loss], gradNorm: [...this.#gradNorm], skipped: this.#skipped };
  }
}

/** A batch that must be left out of the run, which has to be gone on with from its last checkpoint. */
export class SkipBatchError extends Error {
  /** As for every error. */
  override readonly name = "LeaveOut";

  /** `batch`: its number in the run, from 0; `why`, with its origins. */
  constructor(readonly batch: number, readonly reason: string) {
    super(`Cannot go on with batch ${batch}: ${reason}: go back to the last checkpoint and leave it out`);
  }
}

/**
 * Where a batch stands, in words: "train_000000.bin tokens 640 to 704 (document sotu:3), …". Neighbours are one; of many, the first ones;
 * empty where it does not say.
 */
export function describeOrigins(origins: readonly TokenShard[] | undefined): string {
  const runs: { path: string; start: number; end: number }[] = [];
  for (const { path, start, count } of [...origins ?? []].sort(byPlace)) {
    const last = runs.at(-1);
    if (last?.path === path && last.end === start) last.end += count;
    else runs.push({ path, start, end: start + count });
  }
  const shown = runs.slice(0, MOST_PLACES).map(({ path, start, end }, i) => {
    const shard = i > 0 && runs[i - 1].path === path ? "" : `${path} `;
    return `${shard}tokens ${start} to ${end}${documentsInWords({ path, start, count: end - start })}`;
  });
  const more = runs.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more origins` : ""}`;
}

const MOST_PLACES = 4, MOST_DOCUMENTS = 4;

/** " (documents a, b)", where the shard has an index of them. */
function documentsInWords(place: TokenShard): string {
  const ids = documentsAt(place);
  if (ids.length === 0) return "";
  const more = ids.length - MOST_DOCUMENTS;
  const shown = ids.slice(0, MOST_DOCUMENTS).map((id) => excerpt(id)).join(", ");
  return ` (${ids.length === 1 ? "document" : "documents"} ${shown}${more > 0 ? ` and ${more} more` : ""})`;
}

function byPlace(a: TokenShard, b: TokenShard): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.start - b.start;
}
