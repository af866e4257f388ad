/**
 * Everything that the command line determines about a run.
 *
 * @module
 */
import type { StoreRun } from "../../../stages/run/store/store_run.ts";
import type { Leader } from "../../../kernels/engine/ranks/leader.ts";
import type { Json } from "../../../stages/disk/json.ts";
import type { NamedPipeline } from "../catalogue.ts";
import type { LiveControls } from "../../../stages/report/live/live_thread.ts";
import type { Console } from "../../../stages/run/console.ts";
import type { ResolvedOptions } from "../resolve.ts";

/** Everything that is known before a run starts. */
export interface RunJob {
  readonly named: NamedPipeline;
  readonly resolved: ResolvedOptions;
  /** As in `PreparedRun`; default: none. */
  readonly fetched?: Readonly<Record<string, unknown>>;
  readonly out: string;
  /** Folder of the run's config.json, metrics and checkpoints: `out`, or a rank's folder in it. */
  readonly recordFolder: string;
  /** Whether the run resumes from a checkpoint. */
  readonly resumed: boolean;
  /** Folder of the checkpoint to resume from; null for the newest. */
  readonly checkpoint: string | null;
  /** Whether the run is a phase of a longer one, whose last lines say where things are. Default false. */
  readonly isPhase?: boolean;
  /** Batches that training skips, as in `Env`; default: none. */
  readonly skippedBatches?: ReadonlyMap<number, string>;
  /** The command that resumes the run: "deno task pipeline train --out x". */
  readonly resumeCommand: string;
  /** The command after "deno task pipeline", as it was typed. */
  readonly typed: string;
  readonly console: Console;
  /** The conversation with the other processes of the run; null if there is one process. Default: null. */
  readonly leader?: Leader | null;
  /** The thread that serves the live page; null or absent if the run itself starts the one that it needs. */
  readonly live?: LiveControls | null;
  /** The object store that the run is brought to; null for none. Default: none. */
  readonly store?: StoreRun | null;
  /** Receives values of options that the run itself has determined. */
  onChange?(values: Readonly<Record<string, Json>>): void;
}
