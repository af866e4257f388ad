/**
 * Writes the report of a run while it goes on, and its statistics when it ends.
 *
 * @module
 */
import { writeWhole } from "../disk/whole_files.ts";
import { LiveRun } from "../report/live/live_run.ts";
import { reportPageOf } from "../report/report.ts";
import { type RunStats, runStats, runStatsLines } from "../report/run_stats.ts";
import { type RecordedRun, statsPath } from "./recorded_run.ts";

/** The statistics of a run, and lines for standard output that sum them up and name the report. */
export interface RunReports {
  readonly stats: RunStats;
  readonly lines: readonly string[];
}

/** What a report needs to know of its run. */
export type ReportedRun = Pick<RecordedRun, "removed" | "stats">;

/** Least milliseconds between two reports of a run that goes on. */
const EVERY = 10_000;
/** A report takes at most one hundredth of the time: it is written the more seldom, the longer it takes. */
const SHARE = 0.01;

/** The report.html of a run's folder. */
export class RunReport {
  readonly #run: ReportedRun;
  readonly #folder: string;
  readonly #page: LiveRun;
  #next: number;
  #writing: Promise<void> = Promise.resolve();
  #busy = false;

  /** `now` returns milliseconds since an arbitrary fixed moment. */
  constructor(run: ReportedRun, folder: string, readonly now: () => number = () => performance.now()) {
    this.#run = run;
    this.#folder = folder;
    // All ranks write removed documents into one folder, so only the merged report shows them.
    this.#page = new LiveRun("", folder, run.removed);
    this.#next = now() + EVERY;
  }

  /**
   * Starts to write the report anew if the last one is old enough, and does not wait for it. A report that
   * cannot be written does not end the run: `finish()` tries again and throws.
   */
  update(): void {
    if (this.#busy || this.now() < this.#next) return;
    this.#start();
  }

  /** Writes the report of a run that has failed, if it can be written. */
  async fail(): Promise<void> {
    await this.settled();
    this.#start({ isLast: true });
    await this.settled();
  }

  /** Writes the statistics and the last report. */
  async finish(): Promise<RunReports> {
    await this.settled();
    await this.#write({ isLast: true });
    const stats = runStats(this.#page.page.events);
    await writeWhole(`${this.#folder}/${statsPath(this.#run)}`, `${JSON.stringify(stats, null, 2)}\n`);
    return { stats, lines: [...runStatsLines(stats), `Report: ${this.#folder}/report.html`] };
  }

  /** Resolves when no report is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #start(which: { readonly isLast?: boolean } = {}): void {
    this.#busy = true;
    const done = (): void => {
      this.#busy = false;
      this.#next = Math.max(this.#next, this.now() + EVERY);
    };
    this.#writing = this.#write(which).then(done, done);
  }

  async #write({ isLast = false } = {}): Promise<void> {
    const began = this.now();
    await this.#page.refresh({ removedNow: isLast });
    await writeWhole(`${this.#folder}/report.html`, reportPageOf([this.#page.page], { live: null }));
    const now = this.now();
    this.#next = now + Math.max(EVERY, (now - began) / SHARE);
  }
}
