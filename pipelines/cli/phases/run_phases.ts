/**
 * Runs the phases of a pipeline one after the other. Each is the run of another pipeline, with a folder, a
 * configuration and checkpoints of its own in the folder of the whole run. A phase that has finished is not
 * repeated, and one that was stopped resumes as any run does, so the whole run is as exact as its phases.
 *
 * @module
 */
import { versions } from "../../../stages/run/versions.ts";
import type { Console } from "../../../stages/run/console.ts";
import { asJson, makeRunFolder, readRunFolder, writeRecord } from "../../../stages/run/folder.ts";
import { writePhases } from "../../../stages/run/phases_file.ts";
import { type LivePages, startLivePages } from "../../../stages/run/start_live.ts";
import { onInterrupt } from "../../../stages/run/signals.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import type { NamedPipeline } from "../catalogue.ts";
import { aboutValues } from "../run/build.ts";
import { environment, workersOf } from "../run/environment.ts";
import { recordedCommand } from "../run/execute.ts";
import type { Phase } from "../pipeline.ts";
import { type PreparedRun, prepareRun } from "../prepare.ts";
import { checkFixed } from "../resolve.ts";
import { commandOptions } from "../run_options.ts";
import { shellWord } from "../shell_word.ts";
import { isFinished, startRun } from "../run/start.ts";
import { phaseArguments } from "./phase_arguments.ts";
import { reportPhases } from "./phase_report.ts";

/** What the phases of a run need besides its command line. */
export interface PhaseContext {
  readonly console: Console;
  /** The command in front of a pipeline's name: "deno task pipeline". */
  readonly command: string;
  /** Finds a pipeline by its name. */
  load(name: string): Promise<NamedPipeline>;
}

/** Returns the phases of a run. Throws UsageError if the options do not fit together. */
async function phasesOf(
  { named: { pipeline }, resolved: { values }, decision: { out } }: PreparedRun,
): Promise<readonly Phase[]> {
  return await aboutValues(values, async () => await pipeline.phases?.(values, { out }) ?? []);
}

/** Returns the phases of a run as --dry-run prints them: the commands, one line each. */
export async function phaseLines(run: PreparedRun): Promise<readonly string[]> {
  return (await phasesOf(run)).map(({ name, pipeline, defaults = [], args }) =>
    `${name}: ${[pipeline, ...defaults, ...args].map(shellWord).join(" ")}`
  );
}

/**
 * Reads the command lines of all phases, before any of them starts. Throws UsageError, which names the phase
 * and what is wrong, also if a phase that has begun was begun with other options.
 */
export async function preparePhases(run: PreparedRun, context: PhaseContext): Promise<void> {
  for (const phase of await phasesOf(run)) await preparePhase(phase, { run, context });
}

/**
 * Runs the phases that are left; returns the exit code: 0, or 130 if a phase was interrupted. Throws the
 * error of a phase that fails. The caller has claimed the run's folder.
 */
export async function runPhases(run: PreparedRun, context: PhaseContext): Promise<number> {
  const { console } = context, { out } = run.decision, phases = await phasesOf(run);
  await preparePhases(run, context);
  await makeRunFolder(out);
  await writeRecord(out, recordOf(run));
  await writePhases(
    out,
    phases.map(({ name, pipeline, leavesModel = false }) => ({ name, pipeline, leavesModel })),
  );
  const started = new Date().toISOString(),
    report = { run, started, command: recordedCommand(run.typed, console) };
  let interrupted = false;
  using _between = onInterrupt({
    first: () => void (interrupted = true), // a phase that runs writes a checkpoint, and says so itself
    second: () => Deno.exit(130),
    preempt: () => {},
  });
  const pages = await livePages(run, { phases, console });
  try {
    for (const [i, phase] of phases.entries()) {
      const prepared = await preparePhase(phase, { run, context });
      if (isFinished(prepared)) continue;
      if (interrupted) return 130;
      if (run.resolved.values.quiet !== true && run.resolved.values.json !== true) {
        console.err(
          `Phase ${i + 1} of ${phases.length}: ${phase.name}: ${context.command} ${prepared.typed}`,
        );
      }
      const code = await startRun(prepared, { console, isPhase: true, live: pages?.of(i) ?? null });
      const isLast = i === phases.length - 1, { finished } = await readRunFolder(`${out}/${phase.name}`);
      await reportPhases(phases, { ...report, isFinished: isLast && finished });
      if (code !== 0 || !finished) return code; // interrupted, or a scheduler needs the machine
    }
  } finally {
    await pages?.close();
  }
  await printEnd(run, console);
  return 0;
}

/** Serves the pages of all phases, if --ui asks for them. */
async function livePages(
  { resolved: { values }, decision: { out } }: PreparedRun,
  { phases, console }: { readonly phases: readonly Phase[]; readonly console: Console },
): Promise<LivePages | null> {
  if (values.ui !== true && typeof values.ui !== "number") return null;
  const runs = phases.map(({ name }) => ({ name, folder: `${out}/${name}` }));
  return await startLivePages({ runs, port: values.ui === true ? 0 : values.ui, console });
}

/** Prints where things are and what to type next. */
async function printEnd(run: PreparedRun, console: Console): Promise<void> {
  const { named: { pipeline }, resolved: { values }, decision: { out } } = run;
  if (pipeline.finish === undefined || values.json === true) return;
  const env = environment({
    values,
    out,
    resumed: false,
    signal: new AbortController().signal,
    emit: () => {},
    print: () => {},
  });
  const end = await pipeline.finish(values, env, {
    stages: [],
    seconds: 0,
    earlier: { documents: 0, characters: 0 },
  });
  const { results, hints } = "results" in end ? end : { results: end, hints: [] };
  const lines = values.quiet === true ? results : [...results, ...hints];
  const { retype = (text: string) => text } = console;
  for (const line of lines) console.out(`${retype(line)}\n`);
}

/** Reads the command line of a phase, as if it had been typed. */
async function preparePhase(
  phase: Phase,
  { run, context: { load, command } }: { readonly run: PreparedRun; readonly context: PhaseContext },
): Promise<PreparedRun> {
  const named = await load(phase.pipeline), args = phaseArguments(phase, { run, pipeline: named.pipeline });
  try {
    const { defaults = [] } = phase, prepared = await prepareRun(named, { args, defaults, command });
    const { saved, options, resolved, decision } = prepared;
    if (saved !== null) checkFixed(resolved, { options, saved, out: decision.out });
    return { ...prepared, resumeCommand: run.resumeCommand };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`In the phase ${phase.name}: ${error.message}`, { cause: error });
  }
}

function recordOf({ named: { name }, resolved: { values } }: PreparedRun) {
  return {
    pipeline: name,
    options: asJson(Object.fromEntries(Object.entries(values).filter(([name]) => !commandOptions.has(name)))),
    seed: Number(values.seed),
    workers: workersOf(values, null),
    versions: versions(),
  };
}
