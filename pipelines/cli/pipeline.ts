/**
 * What a pipeline is: a declaration of options and a function from their values to a flow.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import type { Part } from "../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import type { StageStats } from "../../stages/report/stage_stats.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import type { Presets } from "./presets.ts";

/** One option, declared once: flag, help, default, type, its place in config.json and in the check on resume. */
export interface Option<T> {
  readonly about: string;
  /** The default, where no preset, config file or command line says otherwise. */
  readonly value: T;
  /** Throws RangeError or TypeError saying what was expected: "expected a whole number from 1 to 64". */
  parse(text: string): T;
  /** Another value makes it another run, so a resume refuses it. */
  readonly fixed: boolean;
  /** The heading it stands under in --help. */
  readonly group?: string;
  /** Words that are taken literally, for --help and for the nearest valid one. */
  readonly choices?: readonly string[];
  /** May be given several times: the lists are joined. */
  readonly repeat?: boolean;
  /** Takes no value: `--name`, `--no-name`. */
  readonly flag?: boolean;
  /** What stands for the value in --help: "N", "PATH". */
  readonly placeholder?: string;
  /** Without this, typing the option is a mistake. */
  readonly onlyWith?: OnlyWith;
  /**
   * The unit that it limits a run in. Where one option with a limit is given, the values of the others are dropped; a
   * finished run continues when the limit is changed.
   */
  readonly limits?: "steps" | "epochs" | "tokens" | "seconds";
  /** The options whose values are dropped where this one is given. */
  readonly replaces?: readonly string[];
  /**
   * The value that a run starts with and keeps where the option is unset, from the other values and from those that
   * `limits` and `replaces` dropped.
   */
  atStart?(values: Readonly<Record<string, unknown>>, dropped: ReadonlyMap<string, unknown>): T;
}

/** What another option has to be. */
export interface OnlyWith {
  /** Its name. */
  readonly option: string;
  /** Whether its value will do. */
  is(value: unknown): boolean;
  /** As it would be typed: "--optimizer sgd or muon". */
  readonly wanted: string;
}

/** Options by name, camelCase; `gradAccum` is typed `--grad-accum`. */
export type Options = Readonly<Record<string, Option<any>>>;

/** The values of a set of options. */
export type Values<O> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** What a pipeline gets beside its values. */
export interface Env {
  /** Opens the device's engine, once; says which and why. Not opened unless asked for. */
  engine(): Promise<Engine>;
  /** Bytes of the largest pack of parameters on the device; no engine is opened for it, so --dry-run is told the same. */
  largestPack(): Promise<number>;
  /** The run's folder, without a slash at its end. */
  readonly out: string;
  readonly seed: number;
  /** Threads for data stages and the CPU engine. */
  readonly workers: number;
  /** --dry-run: `plan` is about to be asked, nothing will run. */
  readonly dry: boolean;
  /** A checkpoint is there and the flow will go on from it. */
  readonly resumed: boolean;
  /** Batches that training passes over, by their number in the run, and why. */
  readonly leaveOut: ReadonlyMap<number, string>;
  /** Aborted by the second Ctrl-C: stop at once. */
  readonly signal: AbortSignal;
  /** How wide standard output is, and whether it takes colours. */
  readonly look: { readonly columns: number; readonly color: boolean };
  /** Into the one stream of events: metrics.jsonl, terminal, --json. A "run" event adds to the run's first line. */
  emit(event: RunEvent): void;
  /** A result, to standard output as it is; nothing under --json. */
  print(text: string): void;
  /**
   * Asks to be told what is on disk for good: the states that the run begins with (none: from the beginning), those of
   * each checkpoint once it is complete, and null when all is done.
   */
  onSaved(listener: (parts: ReadonlyMap<string, Part> | null) => void): void;
}

/** What a run has done, for its last lines. */
export interface Ran {
  readonly stages: readonly StageStats[];
  /** Since it was last begun. */
  readonly seconds: number;
  /** What the source had given before that, in earlier sittings of the run. */
  readonly before: { readonly documents: number; readonly characters: number };
}

/** A batch that training skips. */
export interface SkippedBatch {
  /** Number of the batch in the run, from 0. */
  readonly batch: number;
  readonly why: string;
}

/** A pipeline: the default export of `pipelines/<name>.ts`. */
export interface Pipeline<O> {
  /** One line for the list of pipelines, in lower case: what goes in and what comes out. */
  readonly about: string;
  readonly options: O;
  /**
   * Builds the flow. A RangeError, ShapeError or Deno.errors.NotFound thrown here counts as a wrong command line:
   * exit code 2, and no run folder is made.
   */
  build(values: Values<O>, env: Env): Flow<unknown> | Promise<Flow<unknown>>;
  /** Lines that --dry-run prints below the stages and the configuration: what the run would take. */
  plan?(values: Values<O>, env: Env): readonly string[] | Promise<readonly string[]>;
  /** What --preset chooses from. Absent: there are no presets. */
  readonly presets?: Presets;
  /**
   * The batch that made a run fail and that it can do without, or null. The run then goes back to its last checkpoint
   * and skips the batch. `skipped` holds the batches that are skipped already.
   */
  batchToSkip?(error: unknown, skipped: ReadonlyMap<number, string>): SkippedBatch | null;
  /** The repeatable option that arguments without a flag are values of. */
  readonly positional?: string;
  /** False for pipelines that leave no run folder, or for such options given. Default true. */
  readonly writes?: boolean | ((given: (option: string) => unknown) => boolean);
  /** Items of the source between barriers: the most that a resume does a second time. Default 1000. */
  readonly barrierEvery?: number;
  /** After the last item: lines for standard output, the last one says what to type next. */
  finish?(values: Values<O>, env: Env, ran: Ran): readonly string[] | Promise<readonly string[]>;
  /** Where in the run's folder the statistics are. Default data/stats.json. */
  readonly stats?: string;
  /**
   * The share of the work that a process does which was given these options, where several work into one folder: its
   * checkpoints and record are in `<out>/ranks/<share>`. Null: all of it; they are in `<out>`.
   */
  share?(given: (option: string) => unknown): string | null;
}

/** Declares a pipeline, its values' types inferred from its options. */
export function pipeline<O extends Options>(p: Pipeline<O>): Pipeline<O> {
  return p;
}
