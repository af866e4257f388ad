/**
 * `deno task pipeline NAME …`, called by `launch.ts`: finds the pipeline, reads the command line, and starts
 * or resumes a run. Exit codes: 0 for success, 1 if the run failed, 2 if the command line was wrong, 130 if
 * the run was interrupted.
 *
 * @module
 */
import type { Leader } from "../../kernels/engine/ranks/leader.ts";
import { type Console, hasNoReader, processConsole } from "../../stages/run/console.ts";
import { versions } from "../../stages/run/versions.ts";
import { loadPipeline, pipelineNames } from "./catalogue.ts";
import { errorText } from "./error_text.ts";
import { dryRunText, graphLines } from "./dry_run.ts";
import { completionScript, shells } from "./completion.ts";
import { helpText } from "./help.ts";
import { listText } from "./list.ts";
import { phaseLines, preparePhases, runPhases } from "./phases/run_phases.ts";
import { type PreparedRun, prepareRun } from "./prepare.ts";
import { checkFixed, isTyped, limitsOf } from "./resolve.ts";
import { bringToStore, claimFolders, isFinished, startOwned, startRun } from "./run/start.ts";
import { optionText } from "../../stages/report/option_text.ts";
import { buildFlow } from "./run/build.ts";
import { environment } from "./run/environment.ts";
import { shellWord } from "./shell_word.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/** How the program was called. */
export interface MainOptions {
  readonly args: readonly string[];
  /** Folder of the pipelines' files. */
  readonly folder: URL;
  /** The command in front of `args`, as people type it: "deno task pipeline". */
  readonly command: string;
  /** Where the program writes. Default: standard output and standard error. */
  readonly console?: Console;
  /** The conversation with the other processes of the run; null or absent if there is one process. */
  readonly leader?: Leader | null;
}

/** Runs the command line; returns the exit code and never throws. */
export async function runMain(
  { args, folder, command, console = processConsole(), leader = null }: MainOptions,
): Promise<number> {
  const color = console.errIsTerminal && mayColor(args, console);
  try {
    return await dispatch({ args, folder, command, leader }, console);
  } catch (error) {
    if (hasNoReader(error)) return 0; // standard output has no reader any more
    const usage = error instanceof UsageError;
    const text = errorText(error, { color, trace: !usage && args.includes("--trace") });
    console.err(usage ? text.replace(/\s*\n\s*/g, " ") : text);
    return usage ? 2 : 1;
  }
}

/** Returns whether colours may be used on a terminal, before the options have been read. */
function mayColor(args: readonly string[], { colors }: Console): boolean {
  return colors && !args.includes("--no-color") && !args.includes("--color=false");
}

async function dispatch(
  { args, folder, command, leader = null }: MainOptions,
  console: Console,
): Promise<number> {
  const [name, ...rest] = args;
  const color = console.outIsTerminal && mayColor(args, console);
  const style = { command, columns: console.columns, color };
  const print = (text: string): void => console.out(console.retype?.(text) ?? text);
  const known = async () =>
    await Promise.all((await pipelineNames(folder)).map((each) => loadPipeline(folder, each)));
  switch (name) {
    case undefined:
    case "--no-color":
    case "--help":
    case "-h":
      print(listText((await known()).map(({ name, pipeline: { about } }) => ({ name, about })), style));
      return 0;
    case "help": // help NAME is NAME --help
      return await dispatch({ args: helpArguments(rest), folder, command, leader }, console);
    case "--version":
    case "-V":
    case "version":
      print(
        `${Object.entries(versions()).map(([name, version]) => `${name} ${version}`).join(", ")}\n`,
      );
      return 0;
    case "completion": {
      const shell = shells.find((shell) => shell === rest[0]);
      if (shell === undefined) throw new UsageError(`Expected ${command} completion ${shells.join("|")}`);
      console.out(completionScript(shell, await known()));
      return 0;
    }
  }
  if (name.startsWith("-")) {
    throw new UsageError(`Expected a pipeline's name or file first, not ${name}: ${command} lists them`);
  }
  const run = await prepareRun(await loadPipeline(folder, name), {
    args: rest,
    command,
    ranks: leader?.ranks.size ?? 1,
    note: (text) => console.err(text),
  });
  using _store = run.decision.store ?? null;
  const { named, options, commandLine, resolved, saved, spared, decision } = run;
  const help = commandLine.get("help") ?? false;
  if (help !== false) {
    const { pipeline } = named, typed = shellWord(named.typed);
    const earlier = saved === null ? null : { out: decision.out, values: saved };
    const subject = { ...pipeline, own: pipeline.options, typed, options, spared, saved: earlier };
    print(helpText(subject, resolved, { ...style, all: help === "all" }));
    return 0;
  }
  if (saved !== null) checkFixed(resolved, { options, saved, out: decision.out });
  const context = { console, command, load: (name: string) => loadPipeline(folder, name) };
  if (named.pipeline.phases !== undefined) checkPhased(run, leader);
  if (commandLine.get("dryRun") === true) {
    if (named.pipeline.phases !== undefined) await preparePhases(run, context);
    const { stages, plan } = await dryRun(run, leader);
    print(dryRunText({ stages, resolved, spared, plan }, style));
    return 0;
  }
  const done = isFinished(run);
  if (done) {
    using _claim = await claimFolders(run, console);
    await bringToStore(run, console); // its end may not have been brought there
    print(`${finishedText(run)}\n`);
  } else if (named.pipeline.phases === undefined) return await startRun(run, { console, leader });
  const code = done ? 0 : await startOwned(run, { console, work: () => runPhases(run, context) });
  const next = code === 0 && console.outIsTerminal && Deno.stdin.isTerminal()
    ? named.pipeline.next?.(resolved.values, decision) ?? null
    : null;
  if (next === null) return code;
  return await dispatch({ args: [...next, `--device=${resolved.values.device}`], folder, command }, console);
}

/** Throws UsageError for a run with phases in several processes, or with an object store as its folder. */
function checkPhased({ named: { name }, decision }: PreparedRun, leader: Leader | null): void {
  if (leader !== null) throw new UsageError(`${name} runs in one process: start it without mpirun or srun`);
  if (decision.store === null) return;
  throw new UsageError(`${name} keeps its phases on this machine: give --out a folder, not an object store`);
}

/** Returns the arguments that `help …` stands for: a pipeline's name first, and `all` for every option. */
function helpArguments([name, ...rest]: readonly string[]): readonly string[] {
  return name === undefined || name.startsWith("-") ? [] : [name, "--help", ...rest];
}

/** Builds the flow for --dry-run, without opening an engine or making a folder. */
async function dryRun(run: PreparedRun, leader: Leader | null) {
  const { named: { pipeline }, resolved: { origin }, decision, planned } = run;
  const values = { ...run.resolved.values, ...run.fetched };
  const env = environment({
    values,
    given: isTyped(origin),
    machine: planned,
    leader,
    out: decision.branch?.run ?? decision.out, // the files of a branch have not been copied
    resumed: decision.resumed,
    signal: new AbortController().signal,
    emit: () => {},
    print: () => {},
  });
  const plan = async () => await pipeline.plan?.(values, env) ?? null;
  if (pipeline.phases !== undefined) return { stages: await phaseLines(run), plan: await plan() };
  const flow = await buildFlow(pipeline, { values, env });
  return { stages: graphLines(flow.describe()), plan: await plan() };
}

function finishedText(
  { named: { pipeline }, options, resolved: { values }, decision, resumeCommand }: PreparedRun,
): string {
  const limit = limitsOf(options).find((name) => typeof values[name] === "number");
  const reached = limit === undefined ? "" : ` (${optionText(limit, values[limit])})`;
  return [
    `The run in ${decision.recordFolder} is finished${reached}`,
    ...(limit === undefined ? [] : [
      `To continue it:      ${resumeCommand} ${
        pipeline.twiceAsLong?.(values) ?? optionText(limit, Number(values[limit]) * 2)
      }`,
    ]),
    // The old run's options, since the data of a new one are not known from the folder alone.
    `To start a new run:  ${resumeCommand} --config ${
      shellWord(`${decision.recordFolder}/config.json`)
    } --resume never`,
  ].join("\n");
}
