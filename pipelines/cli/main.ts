/**
 * `deno task pipeline NAME …`, called by `launch.ts`: finds the pipeline, reads the command line, and starts
 * or resumes a run. Exit codes: 0 for success, 1 if the run failed, 2 if the command line was wrong, 130 if
 * the run was interrupted.
 *
 * @module
 */
import type { Leader } from "../../kernels/engine/ranks/leader.ts";
import { disk } from "../../stages/disk/disk.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { type Console, hasNoReader, processConsole } from "../../stages/run/console.ts";
import { versions } from "../../stages/run/versions.ts";
import { copyRun } from "../../stages/run/branch.ts";
import { claimFolder, claimRankFolder } from "../../stages/run/claim.ts";
import { moveAside, readRunFolder } from "../../stages/run/folder.ts";
import { loadPipeline, pipelineNames } from "./catalogue.ts";
import { errorText } from "./error_text.ts";
import { dryRunText } from "./dry_run.ts";
import { completionScript, shells } from "./completion.ts";
import { helpText } from "./help.ts";
import { listText } from "./list.ts";
import { type PreparedRun, prepareRun } from "./prepare.ts";
import { checkFixed, isTyped, limitsOf } from "./resolve.ts";
import { optionText } from "../../stages/report/option_text.ts";
import { buildFlow } from "./run/build.ts";
import { environment } from "./run/environment.ts";
import { executeWithRollback } from "./run/rollback.ts";
import type { RunJob } from "./run/run_job.ts";
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
  if (commandLine.get("dryRun") === true) {
    const { graph, plan } = await dryRun(run, leader);
    print(dryRunText({ graph, resolved, spared, plan }, style));
    return 0;
  }
  if (isFinished(run)) {
    using _claim = await claimFolders(run, console);
    await bringToStore(run, console); // its end may not have been brought there
    print(`${finishedText(run)}\n`);
    return 0;
  }
  return await start(run, { console, leader });
}

/** Returns the arguments that `help …` stands for: a pipeline's name first, and `all` for every option. */
function helpArguments([name, ...rest]: readonly string[]): readonly string[] {
  return name === undefined || name.startsWith("-") ? [] : [name, "--help", ...rest];
}

/** Builds the flow for --dry-run, without opening an engine or making a folder. */
async function dryRun(
  { named: { pipeline }, resolved: { values, origin }, decision, planned }: PreparedRun,
  leader: Leader | null,
) {
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
  const flow = await buildFlow(pipeline, { values, env });
  return { graph: flow.describe(), plan: await pipeline.plan?.(values, env) ?? null };
}

/**
 * Returns whether there is nothing left to do: the run has finished, no limit was changed, and no other
 * checkpoint to resume from was given.
 */
function isFinished({ options, resolved: { values }, saved, decision }: PreparedRun): boolean {
  if (saved === null || decision.state?.finished !== true || decision.checkpoint !== null) return false;
  return limitsOf(options).every((name) =>
    !saved.has(name) || JSON.stringify(values[name]) === JSON.stringify(saved.get(name))
  );
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

/** Moves an old run aside if necessary, and starts the new run as the only owner of its folder. */
async function start(prepared: PreparedRun, io: Pick<RunJob, "console" | "leader">): Promise<number> {
  const { console } = io;
  const { named, decision: { recordFolder, moveAside: replaces } } = prepared;
  if (named.pipeline.writes === false) return await executeOwned(prepared, io);
  const moved = replaces ? await moveUnused(recordFolder) : null;
  if (moved !== null) console.err(`The earlier run in ${recordFolder} was moved to ${moved}`);
  try {
    using _claim = await claimFolders(prepared, console);
    return await executeOwned(prepared, io);
  } catch (error) {
    const unused = moved !== null && error instanceof UsageError && !await exists(recordFolder);
    if (unused) await disk.rename(moved, recordFolder); // nothing was started: restore the earlier run
    throw error;
  }
}

/** Moves a run aside unless a process is running in it. Returns its new path. */
async function moveUnused(folder: string): Promise<string> {
  using _claim = await claimFolder(folder);
  return await moveAside(folder);
}

/**
 * Claims the run's folder. Ranks share `--out`, and each claims its own folder in it. Throws UsageError if
 * another process holds a folder, or has changed it since the command line was read.
 */
async function claimFolders({ decision }: PreparedRun, console: Console): Promise<Disposable> {
  const { out, recordFolder, state } = decision;
  using claims = new DisposableStack();
  if (recordFolder === out) claims.use(await claimFolder(out));
  else {
    claims.use(await claimFolder(out, { shared: true }));
    const lost = (why: string): never => {
      console.err(`${why}: this process ends, and leaves the work to it`);
      Deno.exit(1); // without a checkpoint, which would be written over the other's
    };
    claims.use(await claimRankFolder(recordFolder, { say: console.err, lost }));
  }
  const now = state === null ? null : await readRunFolder(recordFolder);
  if (JSON.stringify(now) !== JSON.stringify(state)) {
    throw new UsageError(
      `Cannot use ${recordFolder}: another process has just changed it: type the command again`,
    );
  }
  return claims.move();
}

async function executeOwned(
  prepared: PreparedRun,
  io: Pick<RunJob, "console" | "leader">,
): Promise<number> {
  const { named, resolved, decision, typed, resumeCommand } = prepared;
  const { out, recordFolder, resumed, checkpoint, branch, store } = decision;
  await store?.claim();
  if (branch !== null) await copyRun(branch, recordFolder);
  let code: number;
  try {
    code = await executeWithRollback({
      named,
      resolved,
      out,
      recordFolder,
      resumed,
      checkpoint,
      resumeCommand,
      typed,
      store,
      ...io,
    });
  } catch (error) {
    await store?.finish().catch(() => {}); // what was saved before the failure; the first error counts
    throw error;
  }
  await bringToStore(prepared, io.console);
  return code;
}

/** Brings the end of a run to its object store, if it has one. */
async function bringToStore({ decision: { store } }: PreparedRun, console: Console): Promise<void> {
  if (store === null) return;
  if (!store.isClaimed) await store.claim();
  await store.finish();
  console.err(`Stored in ${store.place.url}`);
}
