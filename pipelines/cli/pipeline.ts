/**
 * The declaration of a pipeline: its options, and a function that builds a flow from their values.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import type { MachineProfile } from "../../kernels/engine/machine_profile.ts";
import type { StageSnapshot } from "../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import type { FinishLines, RunSummary } from "../../stages/run/record_run.ts";
import type { StoredInput } from "../../stages/run/store/inputs/input_objects.ts";
import type { Presets } from "./presets.ts";
import type { SpeedWork } from "./run/speed_hints.ts";

/**
 * One option, declared once: its flag, help text, default value, type, place in config.json and behaviour on
 * resume.
 */
export interface Option<T> {
  /** Help text: one phrase in lower case, without the default. */
  readonly about: string;
  /** Default value, used if no preset, config file or command line gives another. */
  readonly value: T;
  /**
   * Parses the text given on the command line. Throws RangeError or TypeError with a message such as
   * "expected a whole number from 1 to 64".
   */
  parse(text: string): T;
  /** Whether the value is fixed for a run. Resuming the run with another value is an error. */
  readonly fixed: boolean;
  /** Heading in --help. Default: "Options". */
  readonly group?: string;
  /**
   * The accepted values, if there are only a few. --help lists them, and an error message suggests the
   * nearest one.
   */
  readonly choices?: readonly string[];
  /** Whether the option may be given several times; the lists are joined. */
  readonly repeat?: boolean;
  /** Whether the option takes no value: `--name`, `--no-name`. */
  readonly flag?: boolean;
  /** Placeholder for the value in --help: "N", "PATH". */
  readonly placeholder?: string;
  /** Unit of the value, which --help prints after the default: "MiB". */
  readonly unit?: string;
  /**
   * The values that other options must have. Otherwise this option does nothing, and giving it on the command
   * line is an error.
   */
  readonly requires?: OptionRequirement | readonly OptionRequirement[];
  /**
   * The unit in which the option limits the length of a run. Giving one such limit drops all other limits. A
   * finished run continues if a limit is changed.
   */
  readonly limits?: "steps" | "epochs" | "tokens" | "seconds";
  /** Names of the options whose values are dropped when this one is given. */
  readonly replaces?: readonly string[];
  /**
   * Name of another option whose value this one is a share of. Where the other is given without this one, the
   * share stays the same: with --lr 1e-3 and --min-lr 1e-4 from a preset, --lr 5e-4 makes --min-lr 5e-5.
   */
  readonly shareOf?: string;
  /**
   * What the value, a path, names if it is an address in an object store. What is read of it is fetched
   * before the pipeline's functions are called, and they get the path of the copy; of `described` shards, the
   * address. It may depend on the values of other options. Absent: the option takes no such address, or the
   * pipeline's functions get it as it is.
   */
  readonly stored?: StoredInput | ((values: Readonly<Record<string, unknown>>) => StoredInput);
  /**
   * Default number for each process of a run with several. A number that is typed counts for each process
   * too; all other values, such as those in config.json, are those of all processes together.
   */
  readonly perRank?: number;
  /**
   * Computes the value for a new run that does not set the option; a resumed run keeps the computed value.
   */
  atStart?(values: Readonly<Record<string, unknown>>): T;
}

/** What a requirement may look at besides the other option's value. */
export interface RequirementContext {
  /** Value of the option that has the requirement. */
  readonly own: unknown;
  /** Values of all options. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The value that another option must have. */
export interface OptionRequirement {
  /** Name of the other option. */
  readonly option: string;
  /**
   * Returns whether a value of the other option satisfies the requirement. `own` is the value of the option
   * that has the requirement, which may ask for what holds anyway, such as `--eval-every 0`.
   */
  accepts(value: unknown, given: RequirementContext): boolean;
  /** The requirement as a user types it: "--optimizer sgd or muon". */
  readonly typed: string;
}

/** The options of every pipeline that a pipeline may have no use for. */
export type SparedOption =
  | "out"
  | "resume"
  | "seed"
  | "device"
  | "workers"
  | "blas"
  | "tune"
  | "logEvery"
  | "quiet"
  | "json";

/** A command line that --help shows. */
export interface Example {
  /** What it does: one phrase in lower case. */
  readonly does: string;
  /** The words after the pipeline's name, as they are typed in a shell; may be empty. */
  readonly typed: string;
}

/** Options; the key is the name in camel case. `gradAccum` is typed `--grad-accum`. */
export type Options = Readonly<Record<string, Option<any>>>;

/** The values of a set of options. */
export type Values<O> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/**
 * Looks up the value given for an option on the command line or in the config file; undefined if none was
 * given.
 */
export type Lookup = (option: string) => unknown;

/** The machine that a --dry-run is planned for. */
export interface PlannedMachine {
  /** The speeds of its GPU. */
  readonly profile: MachineProfile;
  /** Whether the run would compute on the CPU, whose speed the profile does not hold. */
  readonly computesOnCpu: boolean;
}

/** The environment that a pipeline's functions get in addition to the option values. */
export interface Env {
  /** Opens the device's engine at the first call, and prints which device was chosen and why. */
  engine(): Promise<Engine>;
  /**
   * Returns the size limit of a pack of parameters on the device, in bytes. Opens no engine, so --dry-run
   * gets the same number.
   */
  largestPack(): Promise<number>;
  /** The machine that `--machine` names, for a --dry-run; null without the option. */
  readonly machine: PlannedMachine | null;
  /** Returns whether this command gives an option, on the command line or in the config file. */
  given(option: string): boolean;
  /** The run's folder, without a trailing slash. */
  readonly out: string;
  /** The value of `--out` in a command about the run: `out`, or its address in an object store. */
  readonly address: string;
  /** Seed from which all randomness of the run derives. */
  readonly seed: number;
  /** Number of threads for data stages and the CPU engine. */
  readonly workers: number;
  /** Number of processes that compute the run's batches together. */
  readonly ranks: number;
  /** Whether this is a --dry-run: `plan` will be called and nothing will run. */
  readonly dry: boolean;
  /** Whether the flow will resume from a checkpoint. */
  readonly resumed: boolean;
  /**
   * The batches that training skips. The key is the index of the batch in the run; the value is the reason
   * for skipping it.
   */
  readonly skippedBatches: ReadonlyMap<number, string>;
  /** Aborted by a Ctrl-C while the flow is built: what `build` still does is for nothing. */
  readonly signal: AbortSignal;
  /** The terminal, for results that depend on its width. */
  readonly terminal: TextStyle;
  /**
   * Writes an event to metrics.jsonl, the terminal and, under --json, standard output. The fields of a "run"
   * event are added to the first line of metrics.jsonl.
   */
  emit(event: RunEvent): void;
  /** Writes a result to standard output unchanged; does nothing under --json. */
  print(text: string): void;
  /**
   * Calls the listener each time the states of the stages have been saved to disk. The first call gets the
   * states that the run resumes from (an empty map for a new run), further calls get the states of each
   * complete checkpoint, and the call at the end of the run gets null.
   */
  onSaved(listener: (parts: ReadonlyMap<string, StageSnapshot> | null) => void): void;
}

/** How text is printed. */
export interface TextStyle {
  /** Width of the terminal in characters. */
  readonly columns: number;
  /** Whether colours may be used. */
  readonly color: boolean;
}

/** A batch that training skips. */
export interface SkippedBatch {
  /** Index of the batch in the run, starting at 0. */
  readonly batch: number;
  /** Why the batch is skipped. */
  readonly reason: string;
  /** Largest step of a checkpoint to go back to. Default: the last checkpoint, whatever its step. */
  readonly before?: number;
}

/** A phase of a pipeline: the run of another pipeline, in a folder of its own in --out. */
export interface Phase {
  /** Name of the phase, and of its folder. */
  readonly name: string;
  /** Name of the pipeline that it runs. */
  readonly pipeline: string;
  /** The words after the pipeline's name, without --out and without the options of every pipeline. */
  readonly args: readonly string[];
  /** Words before them, which they override. Default: none. */
  readonly defaults?: readonly string[];
  /** Whether it leaves a model. The model of the whole run is that of the last such phase. */
  readonly leavesModel?: boolean;
}

/** How several processes (ranks) of one job share a run's folder. */
export interface RankFolders {
  /**
   * The options that say what a process does, in the order in which a resume command repeats them. Each rank
   * has its own value of an "own" option; all ranks have the same value of a "shared" option.
   */
  readonly options: Readonly<Record<string, "own" | "shared">>;
  /**
   * Returns the name of a process's folder in `<out>/ranks`, or null if the process works alone and keeps its
   * checkpoints in `<out>`.
   */
  folder(given: Lookup): string | null;
  /**
   * Whether a process with these options reads a file that others have written; `path` is relative to `out`.
   * Asked for each file in an object store, from which a process fetches what it reads. Default: all.
   */
  reads?(given: Lookup, path: string): boolean;
}

/** A pipeline: the default export of `pipelines/<name>.ts`. */
export interface Pipeline<O> {
  /** One line in lower case for the list of pipelines; it names the input and the output. */
  readonly about: string;
  /** Options of the pipeline, by their names in camel case. */
  readonly options: O;
  /**
   * Builds the flow. A RangeError, ShapeError or Deno.errors.NotFound thrown here counts as a wrong command
   * line: exit code 2, and no folder is made.
   */
  build(values: Values<O>, env: Env): Flow<unknown> | Promise<Flow<unknown>>;
  /**
   * Returns the phases of a pipeline that runs others one after the other; `build` is then not called. A
   * phase reads what earlier ones left in their folders, `<out>/<phase>`. Absent for every other pipeline.
   */
  phases?(values: Values<O>, run: Pick<Env, "out">): readonly Phase[] | Promise<readonly Phase[]>;
  /**
   * Returns the command to run at once after a run with phases, or one that has finished before, where both
   * sides of the conversation are a terminal; null for none. It gets the run's --device. Default: none.
   */
  next?(values: Values<O>, run: Pick<Env, "out">): readonly string[] | null;
  /**
   * Lines that --dry-run prints after the stages and the configuration, such as the memory that the run would
   * need.
   */
  plan?(values: Values<O>, env: Env): readonly string[] | Promise<readonly string[]>;
  /** Whether `plan` estimates times on the machine `env.machine`, so that --machine acts. Default false. */
  readonly estimates?: boolean;
  /** Returns lines that --help all prints after the options. Default: none. */
  helpNotes?(): readonly string[];
  /** Command lines that --help shows, the simplest first. Default: the pipeline's name alone. */
  readonly examples?: readonly Example[];
  /**
   * Names of the options that --help shows, in the order of their declaration; --help all shows every option.
   * Default: all options that the pipeline itself declares, and --out.
   */
  readonly often?: readonly string[];
  /**
   * The options of every pipeline that do nothing in this one: --help does not list them, and giving one on
   * the command line is an error. --resume is one of them in a pipeline that never writes a run folder.
   */
  readonly spares?: readonly SparedOption[];
  /**
   * What --workers counts the threads of: `data` stages (and the CPU engine, if the pipeline has a model), or
   * only the CPU `engine`; then --workers does nothing on a GPU. Default `data`.
   */
  readonly workersFor?: "data" | "engine";
  /** Presets for --preset; absent if the pipeline has none. */
  readonly presets?: Presets;
  /** Name of the repeatable option whose values are the arguments without a flag. */
  readonly positional?: string;
  /**
   * Whether the pipeline writes a run folder; a function decides this from the given options. Default true.
   */
  readonly writes?: boolean | ((given: Lookup) => boolean);
  /** Number of source items between barriers; default 1000. A resumed run repeats at most this many items. */
  readonly barrierEvery?: number;
  /**
   * Determines values of a new run that follow from others or from files; a resumed run keeps them. `isGiven`
   * tells whether the command line or the config file gives an option. A RangeError thrown here counts as a
   * wrong command line.
   */
  settle?(
    values: Values<O> & { readonly seed: number },
    isGiven: (option: string) => boolean,
  ): Promise<Partial<Values<O>>>;
  /** Addition to the first line of a run, about what follows from its options; null for none. */
  remark?(values: Values<O>, run: Pick<Env, "resumed">): string | null;
  /**
   * Options to type for a run of twice the length; null if the run has no limit. Default: twice the limit.
   */
  twiceAsLong?(values: Values<O>): string | null;
  /**
   * Adapts the states of the checkpoint that a run resumes from to options that have changed since, such as
   * the batch size, and to the folder, which may have been moved or copied.
   */
  adapt?(
    values: Values<O>,
    states: ReadonlyMap<string, StageSnapshot>,
    run: Pick<Env, "out">,
  ): ReadonlyMap<string, StageSnapshot>;
  /**
   * Lines for standard output after the last item: results, and hints, of which the last says what to type
   * next. Lines alone are results. --quiet prints no hints.
   */
  finish?(values: Values<O>, env: Env, summary: RunSummary): FinishLines | Promise<FinishLines>;
  /**
   * The work in matrix products that takes the time of a run. A run on the CPU then says whether `deno task
   * native` or `deno task fast` would be faster. Default: it says nothing.
   */
  readonly speedHints?: SpeedWork;
  /** Path of the statistics file in the run's folder. Default data/stats.json. */
  readonly stats?: string;
  /** How several processes share a run's folder; absent if only one process uses it. */
  readonly ranks?: RankFolders;
  /**
   * Returns the batch that made a run fail, if the run can continue without it. The run then resumes from its
   * last checkpoint and skips the batch. `skipped` holds the batches that are skipped already. Returns null
   * if the run cannot continue.
   */
  batchToSkip?(error: unknown, skipped: ReadonlyMap<number, string>): SkippedBatch | null;
}

/** Declares a pipeline; the types of its values are inferred from its options. */
export function pipeline<O extends Options>(p: Pipeline<O>): Pipeline<O> {
  return p;
}

/** Declares a pipeline that has phases in place of a flow. */
export function phasedPipeline<O extends Options>(
  p: Omit<Pipeline<O>, "build"> & Required<Pick<Pipeline<O>, "phases">>,
): Pipeline<O> {
  return {
    ...p,
    build() {
      throw new TypeError("A pipeline with phases has no flow of its own");
    },
  };
}

/** Returns whether a value has the fields of a pipeline. */
export function isPipeline(value: unknown): value is Pipeline<Options> {
  return typeof value === "object" && value !== null && missingFields(value).length === 0;
}

/** Returns the fields of a pipeline that an object lacks, as a message names them: "options", "build()". */
export function missingFields(value: object): string[] {
  return [
    ...("about" in value && typeof value.about === "string" ? [] : ["about"]),
    ...("options" in value && isOptions(value.options) ? [] : ["options"]),
    ...("build" in value && typeof value.build === "function" ? [] : ["build()"]),
  ];
}

function isOptions(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    Object.values(value).every((option) => typeof option?.parse === "function");
}
