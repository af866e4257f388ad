/**
 * A learning rate schedule whose length is not known when a run starts. The stage `train` determines it once:
 * from the number of batches where that is counted, and otherwise from the measured speed and the time limit.
 *
 * @module
 */
import type { Schedule } from "../../kernels/optim/schedule.ts";
import type { ChangeEvent } from "../flow/events.ts";

/** A schedule whose length is determined while the run goes on. */
export interface OpenSchedule {
  /** Learning rate of each update until the length is known. */
  readonly before: Schedule;
  /**
   * Share of the time that is left to be planned for updates. The rest is for what else the run does, such as
   * evaluations. Default: 0.9.
   */
  readonly share?: number;
  /**
   * Returns the schedule of a length in updates, and the option values that this changes, as
   * `[before, after]`. The event `change` tells of them.
   */
  ofLength(steps: number): { readonly schedule: Schedule; readonly options: ChangeEvent["options"] };
}

/** Returns whether the length of a schedule is not known. */
export function isOpen(schedule: Schedule | OpenSchedule): schedule is OpenSchedule {
  return typeof schedule !== "function";
}

/** Number of updates whose time is measured before the length is determined. */
const MEASURED = 20;

/** What the length is determined from. */
export interface TrainingTime {
  /** Number of updates begun. */
  readonly step: number;
  /** Seconds of training, over all resumes. */
  readonly elapsed: number;
}

/**
 * Measures the speed of updates. The first update of a process is left out, because it may compile kernels.
 * Slow updates are measured for half of the time limit at most, so that the other half is left for the decay.
 */
export class SpeedMeter {
  readonly #limit: number;
  #updates = 0;
  #from: TrainingTime | null = null;

  /** `timeLimit` is in seconds. */
  constructor(timeLimit: number) {
    this.#limit = timeLimit;
  }

  /** Counts an update. Returns whether `measure` must be called before the next one. */
  updated({ step, elapsed }: TrainingTime): boolean {
    this.#updates++;
    if (this.#updates === 1) return true;
    const measured = step - (this.#from?.step ?? step);
    return measured >= MEASURED || measured > 0 && elapsed >= this.#limit / 2;
  }

  /**
   * Takes the time after all updates begun so far have ended. Returns the number of updates that the whole
   * run can make in a share of its time; null after the first update.
   */
  measure({ step, elapsed }: TrainingTime, share: number): number | null {
    if (this.#from === null) {
      this.#from = { step, elapsed };
      return null;
    }
    const seconds = (elapsed - this.#from.elapsed) / (step - this.#from.step);
    const left = Math.max(0, this.#limit - elapsed);
    return step + Math.max(1, Math.floor(share * left / Math.max(seconds, 1e-6)));
  }
}
