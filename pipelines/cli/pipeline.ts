/**
 * What a pipeline is: options, and a function that builds a flow from their values.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import type { StageSnapshot } from "../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import type { StageStats } from "../../stages/report/stage_stats.ts";
import type { Presets } from "./presets.ts";

/**
 * One option, declared once: its flag, help text, default value, type, place in config.json and behaviour on
 * resume.
 */
export interface Option<T> {
  /** Help text: one phrase in lower case, without the default. */
  readonly about: string;
  /** Default value: it holds where no preset, config file or command line gives another. */
  readonly value: T;
  /** Parses the text typed. Throws RangeError or TypeError: "expected a whole number from 1 to 64". */
  parse(text: string): T;
  /** Whether a run keeps this value for good: resuming with another value is refused. */
  readonly fixed: boolean;
  /** Heading in --help. Default: "Options". */
  readonly group?: string;
  /** The only texts accepted. --help lists them, and an error suggests the nearest. */
  readonly choices?: readonly string[];
  /** Whether the option may be given several times; the lists are joined. */
  readonly repeat?: boolean;
  /** Whether the option takes no value: `--name`, `--no-name`. */
  readonly flag?: boolean;
  /** Stands for the value in --help: "N", "PATH". */
  readonly placeholder?: string;
  /** Unit of the value, which --help prints after the default: "MiB". */
  readonly unit?: string;
  /** Another option's value without which this one does nothing; typing it is then refused. */
  readonly requires?: OptionRequirement;
  /**
   * The unit in which the option limits the length of a run. Giving one limit drops the others. A finished
   * run continues when a limit is changed.
   */
  readonly limits?: "steps" | "epochs" | "tokens" | "seconds";
  /** Names of the options whose values are dropped when this one is given. */
  readonly replaces?: readonly string[];
  /**
   * Computes the value for a new run that does not set the option; a resumed run keeps it. `dropped` holds
   * the values that `limits` and `replaces` removed.
   */
  atStart?(values: Readonly<Record<string, unknown>>, dropped: ReadonlyMap<string, unknown>): T;
}

/** The value that another option must have. */
export interface OptionRequirement {
  /** Name of the other option. */
  readonly option: string;
  /** Whether a value of the other option is sufficient. */
  accepts(value: unknown): boolean;
  /** The requirement as a user types it: "--optimizer sgd or muon". */
  readonly typed: string;
}

/** Options by name in camel case; `gradAccum` is typed `--grad-accum`. */
export type Options = Readonly<Record<string, Option<any>>>;

/** The values of a set of options. */
export type Values<O> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** Looks up the value given for an option on the command line or in the config file; undefined: none. */
export type Lookup = (option: string) => unknown;

/** What a pipeline's functions get in addition to the option values. */
export interface Env {
  /** Opens the device's engine at the first call and prints which device was chosen and why. */
  engine(): Promise<Engine>;
  /**
   * Largest pack of parameters on the device in bytes. Opens no engine, so --dry-run gets the same number.
   */
  largestPack(): Promise<number>;
  /** The run's folder, without a slash at its end. */
  readonly out: string;
  readonly seed: number;
  /** Number of threads for data stages and the CPU engine. */
  readonly workers: number;
  /** Whether this is a --dry-run: `plan` will be called and nothing will run. */
  readonly dry: boolean;
  /** Whether the flow will resume from a checkpoint. */
  readonly resumed: boolean;
  /** Reasons for the batches that training skips, by number of the batch in the run. */
  readonly skippedBatches: ReadonlyMap<number, string>;
  /** Cancels all work at once when aborted. */
  readonly signal: AbortSignal;
  /** The terminal, for results that depend on its width. */
  readonly terminal: TextStyle;
  /**
   * Sends an event to metrics.jsonl, the terminal and --json. A "run" event adds its fields to the first
   * line.
   */
  emit(event: RunEvent): void;
  /** Writes a result to standard output unchanged; does nothing under --json. */
  print(text: string): void;
  /**
   * Calls the listener with the states of stages that are safely on disk: at the start with those that the
   * run resumes from (an empty map for a new run), then with those of each complete checkpoint, and at the
   * end of the run with null.
   */
  onSaved(listener: (parts: ReadonlyMap<string, StageSnapshot> | null) => void): void;
}

/** How text is printed. */
export interface TextStyle {
  /** Width of the terminal in characters. */
  readonly columns: number;
  readonly color: boolean;
}

/** What a finished run did, for its last lines. */
export interface RunSummary {
  readonly stages: readonly StageStats[];
  /** Duration since the run was last started or resumed. */
  readonly seconds: number;
  /** Output of the source before this run was last resumed; zeros for a new run. */
  readonly earlier: { readonly documents: number; readonly characters: number };
}

/** A batch that training skips. */
export interface SkippedBatch {
  /** Number of the batch in the run, from 0. */
  readonly batch: number;
  readonly reason: string;
}

/** How several processes (ranks) of one job share a run's folder. */
export interface RankFolders {
  /**
   * The options that say what a process does, in the order in which a resume command repeats them. "own" ones
   * differ between ranks, "shared" ones do not.
   */
  readonly options: Readonly<Record<string, "own" | "shared">>;
  /**
   * Name of a process's folder in `<out>/ranks`. Null: it works alone and keeps its checkpoints in `<out>`.
   */
  folder(given: Lookup): string | null;
}

/** A pipeline: the default export of `pipelines/<name>.ts`. */
export interface Pipeline<O> {
  /** Line in the list of pipelines, in lower case: what goes in and what comes out. */
  readonly about: string;
  readonly options: O;
  /**
   * Builds the flow. A RangeError, ShapeError or Deno.errors.NotFound thrown here counts as a wrong command
   * line: exit code 2, and no folder is made.
   */
  build(values: Values<O>, env: Env): Flow<unknown> | Promise<Flow<unknown>>;
  /** Lines that --dry-run prints after the stages and the configuration: what the run would take. */
  plan?(values: Values<O>, env: Env): readonly string[] | Promise<readonly string[]>;
  /** Presets to choose from by --preset. Absent: there are none. */
  readonly presets?: Presets;
  /** Name of the repeatable option that takes the arguments without a flag. */
  readonly positional?: string;
  /** Whether the pipeline leaves a run's folder, or does so with the options given. Default true. */
  readonly writes?: boolean | ((given: Lookup) => boolean);
  /** Number of source items between barriers: the most that a resumed run repeats. Default 1000. */
  readonly barrierEvery?: number;
  /** Lines for standard output after the last item; the last one says what to type next. */
  finish?(
    values: Values<O>,
    env: Env,
    summary: RunSummary,
  ): readonly string[] | Promise<readonly string[]>;
  /** Path of the statistics file in the run's folder. Default data/stats.json. */
  readonly stats?: string;
  /** How several processes share a run's folder. Absent: one process owns it. */
  readonly ranks?: RankFolders;
  /**
   * The batch that made a run fail, if the run can continue without it: the run then resumes from its last
   * checkpoint and skips the batch. `skipped` holds the batches that are skipped already. Null: the run has
   * failed.
   */
  batchToSkip?(error: unknown, skipped: ReadonlyMap<number, string>): SkippedBatch | null;
}

/** Declares a pipeline; the types of its values follow from its options. */
export function pipeline<O extends Options>(p: Pipeline<O>): Pipeline<O> {
  return p;
}
