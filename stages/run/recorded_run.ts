/**
 * Everything that is known about a run before it starts.
 *
 * @module
 */
import type { LiveControls } from "../report/live/live_thread.ts";
import type { RunLimits } from "../report/progress.ts";
import type { Console } from "./console.ts";

/** A run whose progress is shown and whose events and states are kept in a folder. */
export interface RecordedRun {
  /** Name in the first line, in config.json and in the report. */
  readonly name: string;
  /** The command as it can be typed again, for the first event; absent for a run without a command. */
  readonly command?: string;
  /** Folder of config.json, metrics and checkpoints; null if the run keeps nothing. */
  readonly folder: string | null;
  /** Path of the statistics file in the folder. Default data/stats.json. */
  readonly stats?: string;
  /** Folder of the removed documents that the report shows; null if it shows none. */
  readonly removed: string | null;
  /** Values that config.json and the report list; the key is the option's name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Names of options that belong to one command only; their changes are not recorded. Default: none. */
  readonly perCommand?: ReadonlySet<string>;
  /**
   * Names of options that may be absent; their history says null in place of a missing value. Default: none.
   */
  readonly optional?: ReadonlySet<string>;
  readonly seed: number;
  /** Number of threads, for config.json. */
  readonly workers: number;
  /** Number of source items between barriers. Default 1000. */
  readonly barrierEvery?: number;
  /** Whether the run resumes from a checkpoint. */
  readonly resumed: boolean;
  /** Folder of the checkpoint to resume from; null for the newest. */
  readonly checkpoint: string | null;
  /** Number of newest checkpoints to keep; 0 keeps all. */
  readonly keepCheckpoints: number;
  /** Whether events are also written for TensorBoard. */
  readonly tensorboard: boolean;
  /** The thread that serves the run's live page and posts its events; null for none. Default: none. */
  readonly live?: LiveControls | null;
  /** Aborted once a scheduler asks the run to stop, as SIGUSR2 does. Default: only SIGUSR2 does. */
  readonly preempted?: AbortSignal;
  /** Limits towards which progress is shown. */
  readonly limits: RunLimits;
  /** Steps between progress lines where there is no terminal. */
  readonly logEvery: number;
  /** `quiet` shows no progress; `json` prints events to standard output and nothing else. */
  readonly output: "progress" | "quiet" | "json";
  /** Whether the last lines are results alone, as those of a phase of a longer run are. Default false. */
  readonly resultsOnly?: boolean;
  readonly color: boolean;
  /** First line: what runs where, and from which point. */
  readonly firstLine: string;
  /** What to type or to do to resume the run; completes "To resume: …". */
  readonly howToResume: string;
  readonly console: Console;
}

/** Returns the path of the statistics file in a run's folder. */
export function statsPath({ stats = "data/stats.json" }: Pick<RecordedRun, "stats">): string {
  return stats;
}
