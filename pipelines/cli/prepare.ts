/**
 * Turns a command line into everything that is known about a run before its flow is built.
 *
 * @module
 */
import type { MachineProfile } from "../../kernels/engine/machine_profile.ts";
import type { NamedPipeline } from "./catalogue.ts";
import { fromRecord, type GivenValues, readCommandLine, readConfig } from "./command_line.ts";
import { checkDevice, checkSpared, idleOnDevice, sparedOptions } from "./effect.ts";
import { type Machine, machineFor, plannedMachine } from "./machine.ts";
import { readMachine } from "./machines/read_machine.ts";
import type { Lookup, Options } from "./pipeline.ts";
import { resolve, type ResolvedOptions } from "./resolve.ts";
import { fetchInput } from "../../stages/run/store/inputs/fetch_input.ts";
import { isStore } from "../../stages/run/store/store_place.ts";
import { optionText } from "../../stages/report/option_text.ts";
import { decideResume, type ResumeDecision } from "./resume.ts";
import { runOptions } from "./run_options.ts";
import { aboutValues } from "./run/build.ts";
import { shellWord } from "./shell_word.ts";
import { fetchedValues } from "./run/stored_values.ts";

/** A run as its command line describes it. */
export interface PreparedRun {
  /** The pipeline and its name. The pipeline's `writes` is true or false here, never a function. */
  readonly named: NamedPipeline;
  /** The options of every pipeline and those of this one. */
  readonly options: Options;
  /** The options that do nothing in this pipeline or on the run's device, each with the reason. */
  readonly spared: ReadonlyMap<string, string>;
  readonly commandLine: GivenValues;
  readonly resolved: ResolvedOptions;
  /** Paths of copies that the pipeline gets in place of values that are addresses in an object store. */
  readonly fetched: Readonly<Record<string, unknown>>;
  /** Option values of the run that is resumed; null if no run is resumed. */
  readonly saved: GivenValues | null;
  readonly decision: ResumeDecision;
  /** The machine that `--machine` names for a --dry-run; null for this machine. */
  readonly planned: MachineProfile | null;
  /** The command after "deno task pipeline", as it was typed. */
  readonly typed: string;
  /** The command that resumes the run. */
  readonly resumeCommand: string;
}

/**
 * Reads the command line and the config file, finds an earlier run, resolves all options, and fetches what
 * they name in object stores. Throws UsageError, and the errors of `fetchInput`.
 */
export async function prepareRun(
  { name, typed, pipeline }: NamedPipeline,
  { args, defaults = [], command, ranks = 1, note = () => {} }: {
    readonly args: readonly string[];
    /** Words that `args` override, as those of a config file are: an option among them may do nothing. */
    readonly defaults?: readonly string[];
    readonly command: string;
    /** Receives what a user should know before the run begins. Default: nobody. */
    readonly note?: (text: string) => void;
    /** Number of processes of the run. Default 1. */
    readonly ranks?: number;
  },
): Promise<PreparedRun> {
  const { presets, positional, writes = true } = pipeline;
  const options: Options = { ...runOptions, ...pipeline.options };
  const spared = sparedOptions(pipeline);
  const commandLine = ofAllRanks(readCommandLine(args, options, { positional, unsuggested: spared }), {
    options,
    ranks,
  });
  checkSpared(commandLine, { spared, typed });
  const configPath = commandLine.get("config");
  const config: GivenValues = new Map([
    ...readCommandLine(defaults, options),
    ...typeof configPath === "string" ? await configAt(configPath, { options, note }) : [],
  ]);
  const given: Lookup = (option) => commandLine.get(option) ?? config.get(option);
  const named = {
    name,
    typed,
    pipeline: { ...pipeline, writes: typeof writes === "function" ? writes(given) : writes },
  };
  // --help shows the program's defaults, whatever the folder and the model of --init-from hold.
  const helping = (commandLine.get("help") ?? false) !== false;
  const runs = !helping && commandLine.get("dryRun") !== true;
  const decision = await decideResume(named, { commandLine, config, runs, note });
  const { out } = decision, shownOut = decision.store?.place.url ?? out;
  const saved = decision.saved === null ? null : fromRecord(decision.saved, options, {
    where: `in ${out}/config.json`,
    unknown: "skip",
  });
  const device = given("device") ?? decision.saved?.device ?? "auto";
  const computes = !spared.has("device");
  const asksDevice = presets !== undefined ||
    computes && (helping || ["tune", "blas", "workers"].some((name) => commandLine.has(name)));
  const planned = await plannedFor(commandLine);
  const machine: Machine = planned !== null
    ? plannedMachine(String(device), planned)
    : asksDevice
    ? await machineFor(String(device))
    : { device: "cpu" };
  const idle = asksDevice && computes ? idleOnDevice(pipeline, machine) : new Map<string, string>();
  checkDevice(commandLine, idle);
  const asked = { commandLine, config, saved: helping ? null : saved, machine };
  const resolved = resolve({ options, presets }, asked);
  const fetched = helping ? {} : await fetchedValues(options, {
    values: resolved.values,
    resumed: decision.resumed,
    note,
  });
  const settled = saved === null && !helping
    ? await settledBy(pipeline, { values: { ...resolved.values, ...fetched }, given })
    : {};
  const values = {
    ...resolved.values,
    ...settled,
    ...defaultsOfRanks(options, { values: resolved.values, ranks }),
    out,
  };
  return {
    named,
    options,
    spared: new Map([...spared, ...idle]),
    commandLine,
    resolved: { ...resolved, values },
    fetched,
    saved,
    decision,
    planned,
    typed: [typed, ...defaults, ...args].map(shellWord).join(" "),
    resumeCommand: `${command} ${shellWord(typed)}${
      shownOut === `runs/${name}` ? "" : ` --out ${shellWord(shownOut)}`
    }${rankWords(named, { decision, values })}`,
  };
}

/** Reads the options of a JSON file on this machine or in an object store. */
async function configAt(
  path: string,
  { options, note }: { readonly options: Options; readonly note: (text: string) => void },
): Promise<GivenValues> {
  return await readConfig(isStore(path) ? await fetchInput(path, { kind: "files", note }) : path, options);
}

/** Multiplies the typed numbers that count for each process by the number of processes. */
function ofAllRanks(
  typed: GivenValues,
  { options, ranks }: { readonly options: Options; readonly ranks: number },
): GivenValues {
  return new Map([...typed].map(([name, value]) => {
    const each = options[name].perRank !== undefined && typeof value === "number";
    return [name, each ? ranks * value : value];
  }));
}

/** Returns the defaults of several processes for options that have no value and are replaced by none. */
function defaultsOfRanks(
  options: Options,
  { values, ranks }: { readonly values: Readonly<Record<string, unknown>>; readonly ranks: number },
): Readonly<Record<string, unknown>> {
  if (ranks === 1) return {};
  const unset = Object.entries(options).filter(([name, { replaces = [] }]) =>
    [name, ...replaces].every((other) => (values[other] ?? null) === null)
  );
  return Object.fromEntries(
    unset.flatMap(([name, { perRank }]) => perRank === undefined ? [] : [[name, ranks * perRank]]),
  );
}

/** Returns the machine that a --dry-run is planned for. Throws UsageError if `--machine` names none. */
async function plannedFor(commandLine: GivenValues): Promise<MachineProfile | null> {
  const name = commandLine.get("machine");
  return typeof name === "string" && commandLine.get("dryRun") === true ? await readMachine(name) : null;
}

/** Returns the values that the pipeline determines for a new run. */
async function settledBy(
  pipeline: NamedPipeline["pipeline"],
  { values, given }: { readonly values: Readonly<Record<string, unknown>>; readonly given: Lookup },
): Promise<Readonly<Record<string, unknown>>> {
  if (pipeline.settle === undefined) return {};
  const all = { ...values, seed: Number(values.seed) };
  return await aboutValues(
    values,
    async () => await pipeline.settle?.(all, (option) => (given(option) ?? null) !== null) ?? {},
  );
}

/**
 * Returns the options of a rank as they are typed in a command; the text is empty for a process that works
 * alone.
 */
function rankWords(
  { pipeline: { ranks } }: NamedPipeline,
  { decision, values }: {
    readonly decision: ResumeDecision;
    readonly values: Readonly<Record<string, unknown>>;
  },
): string {
  if (ranks === undefined || decision.recordFolder === decision.out) return "";
  return Object.keys(ranks.options)
    .filter((option) => (values[option] ?? null) !== null)
    .map((option) => ` ${optionText(option, values[option])}`)
    .join("");
}
