/**
 * `deno task pipeline NAME …`: finds the pipeline, reads the command line, goes on with the run that stands there or
 * begins one. Exit codes: 0 done, 1 the run failed, 2 the command line was wrong, 130 interrupted.
 *
 * @module
 */
import { buildFlow } from "./build.ts";
import { loadPipeline, type Named, pipelineNames } from "./catalogue.ts";
import { fromRecord, type Given, readCommandLine, readConfig } from "./command_line.ts";
import { type Console, errorText, processConsole } from "./console.ts";
import { environment } from "./environment.ts";
import { executeWithRollback } from "./rollback.ts";
import { dryRunText, helpText, listText } from "./help.ts";
import { type Machine, machineFor } from "./machine.ts";
import type { Options } from "./pipeline.ts";
import { checkFixed, limitsOf, resolve, type Resolved, show } from "./resolve.ts";
import { placeOf } from "./resume.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { moveAside } from "./run_folder.ts";
import { runOptions } from "./run_options.ts";
import { shellWord } from "./shell_word.ts";
import { UsageError } from "./usage_error.ts";

/** How the program was called. */
export interface MainOptions {
  readonly args: readonly string[];
  /** Where the pipelines' files are. */
  readonly folder: URL;
  /** What people type to get here. */
  readonly command: string;
}

/** Runs the command line; returns the exit code and never throws. */
export async function runMain({ args, folder, command }: MainOptions): Promise<number> {
  const console = processConsole();
  const color = console.errIsTerminal && !args.includes("--no-color");
  try {
    return await dispatch({ args, folder, command }, console);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 0; // who reads standard output has read enough
    const usage = error instanceof UsageError;
    const text = errorText(error, { color, trace: !usage && args.includes("--trace") });
    console.err(usage ? text.replace(/\s*\n\s*/g, " ") : text);
    return usage ? 2 : 1;
  }
}

async function dispatch({ args, folder, command }: MainOptions, console: Console): Promise<number> {
  const [name, ...rest] = args;
  const look = {
    command,
    columns: console.columns,
    color: console.outIsTerminal && !args.includes("--no-color"),
  };
  if (name === undefined || name === "--help" || name === "-h") {
    const all = await Promise.all((await pipelineNames(folder)).map((each) => loadPipeline(folder, each)));
    console.out(listText(all.map(({ name, pipeline }) => ({ name, about: pipeline.about })), look));
    return 0;
  }
  if (name.startsWith("-")) {
    throw new UsageError(`Expected a pipeline's name first, not ${name}: ${command} lists them`);
  }
  const found = await loadPipeline(folder, name);
  const options: Options = { ...runOptions, ...found.pipeline.options };
  const commandLine = readCommandLine(rest, options, { positional: found.pipeline.positional });
  const configPath = commandLine.get("config");
  const config: Given = typeof configPath === "string" ? await readConfig(configPath, options) : new Map();
  const named = settled(found, (option) => commandLine.get(option) ?? config.get(option));
  const place = await placeOf(named, { commandLine, config });
  const device = commandLine.get("device") ?? config.get("device") ?? place.saved?.device ?? "auto";
  const machine: Machine = found.pipeline.presets === undefined
    ? { device: "cpu" }
    : await machineFor(String(device));
  const saved = place.saved === null ? null : fromRecord(place.saved, options, {
    where: `in ${place.out}/config.json`,
    strangers: "skip",
  });
  const resolved = resolve({ options, presets: found.pipeline.presets }, {
    commandLine,
    config,
    saved,
    machine,
  });
  const filled: Resolved = { ...resolved, values: { ...resolved.values, out: place.out } };
  const { pipeline } = named;

  if (commandLine.get("help") === true) {
    console.out(helpText({ ...pipeline, name: named.name, options }, filled, look));
    return 0;
  }
  if (saved !== null) checkFixed(filled, { options, saved, out: place.out });
  const shared = place.home === place.out ? [] : ["rank", "world", "only"]
    .filter((option) => (filled.values[option] ?? null) !== null)
    .map((option) => ` ${show(option, filled.values[option])}`);
  const again = `${command} ${named.name}${
    place.out === `runs/${named.name}` ? "" : ` --out ${shellWord(place.out)}`
  }${shared.join("")}`;
  if (commandLine.get("dryRun") === true) {
    const env = environment({
      values: filled.values,
      out: place.out,
      resumed: place.resumed,
      signal: new AbortController().signal,
      emit: () => {},
      print: () => {},
    });
    const flow = await buildFlow(pipeline, { values: filled.values, env });
    const plan = await pipeline.plan?.(filled.values, env) ?? null;
    console.out(dryRunText({ graph: flow.describe(), resolved: filled, plan }, look));
    return 0;
  }
  if (
    place.standing?.finished && saved !== null && !goesFurther(filled, { options, saved }) &&
    place.checkpoint === null
  ) {
    console.out(`${finishedText(filled, { options, again, home: place.home })}\n`);
    return 0;
  }
  const { out, home, resumed, checkpoint } = place;
  const moved = place.moveAside ? await moveAside(home) : null;
  if (moved !== null) console.err(`The run that stood in ${home} is in ${moved} now`);
  try {
    return await executeWithRollback({
      named,
      resolved: filled,
      out,
      home,
      resumed,
      checkpoint,
      again,
      console,
    });
  } catch (error) {
    if (moved !== null && error instanceof UsageError && !await exists(home)) await Deno.rename(moved, home);
    throw error;
  }
}

/** With it decided whether it leaves a run's folder. */
function settled({ name, pipeline }: Named, given: (option: string) => unknown): Named {
  const { writes = true } = pipeline;
  return { name, pipeline: { ...pipeline, writes: typeof writes === "function" ? writes(given) : writes } };
}

function goesFurther(
  { values }: Resolved,
  { options, saved }: { readonly options: Options; readonly saved: Given },
): boolean {
  return limitsOf(options).some((name) =>
    saved.has(name) && JSON.stringify(values[name]) !== JSON.stringify(saved.get(name))
  );
}

function finishedText(
  { values }: Resolved,
  { options, again, home }: { readonly options: Options; readonly again: string; readonly home: string },
): string {
  const goal = limitsOf(options).find((name) => typeof values[name] === "number");
  const further = goal === undefined
    ? ""
    : `\nTo go further:  ${again} ${show(goal, Number(values[goal]) * 2)}`;
  const reached = goal === undefined ? "" : ` (${show(goal, values[goal])})`;
  return `The run in ${home} is finished${reached}${further}\nTo begin anew:  ${again} --resume never`;
}

if (import.meta.main) {
  Deno.exit(
    await runMain({
      args: Deno.args,
      folder: new URL("../", import.meta.url),
      command: "deno task pipeline",
    }),
  );
}
