/**
 * The command line of `deno task supervise`.
 *
 * @module
 */

/** The tasks that run pipelines; the first is the default. */
const tasks: readonly string[] = ["pipeline", "native", "fast", "dawn"];

/** A task with its arguments, and the options that tell where its run is. */
export interface SupervisedCommand {
  /** The task that runs the pipeline: `pipeline`, `native`, `fast` or `dawn`. */
  readonly task: string;
  /** Arguments of the task. */
  readonly args: readonly string[];
  /** Value of `--restarts`. */
  readonly restarts: number;
  /** Name of the pipeline, or of its file without `.ts`. */
  readonly name: string;
  /** Values of `--out`, `--resume` and `--config`; null for those that are not given. */
  readonly out: string | null;
  readonly resume: string | null;
  readonly config: string | null;
}

/**
 * Reads the command line: a task or none, a pipeline, its options and `--restarts N`. Throws TypeError for a
 * wrong `--restarts` or if no pipeline is named.
 */
export function supervisedCommand(typed: readonly string[]): SupervisedCommand {
  const task = tasks.includes(typed[0]) ? typed[0] : tasks[0];
  const rest = tasks.includes(typed[0]) ? typed.slice(1) : typed;
  const args: string[] = [], found = new Map<string, string>();
  for (let i = 0; i < rest.length; i++) {
    const { option, value = rest[i + 1], inline } = partsOf(rest[i]);
    if (option === "--restarts") {
      found.set(option, value ?? "");
      if (!inline) i++;
      continue;
    }
    if (value !== undefined) found.set(option, value);
    args.push(rest[i]);
  }
  const restarts = found.get("--restarts") ?? "3";
  if (!/^\d+$/.test(restarts)) {
    throw new TypeError(`Expected a whole number after --restarts, got ${restarts || "nothing"}`);
  }
  const [name] = args;
  if (name === undefined || name.startsWith("-")) {
    throw new TypeError(
      "Expected the name of a pipeline and its options, such as train --steps 100, after the name of a task " +
        `(${tasks.join(", ")}) or none`,
    );
  }
  return {
    task,
    args,
    restarts: Number(restarts),
    name: name.replace(/^.*[\\/]/, "").replace(/\.ts$/, ""),
    out: found.get("--out") ?? null,
    resume: found.get("--resume") ?? null,
    config: found.get("--config") ?? null,
  };
}

/** What has happened to the run since the first start. */
export interface RunProgress {
  /** Folder of the run. */
  readonly folder: string;
  /** Whether a run has begun in the folder. */
  readonly began: boolean;
  /** Whether a checkpoint was written. */
  readonly wrote: boolean;
}

/**
 * Returns the arguments of a restart. `--resume never` holds for the first start alone, once the new run has
 * begun, and so does `--resume PATH`, once there is a newer checkpoint.
 */
export function afterRestart(
  { args, resume, out }: SupervisedCommand,
  { folder, began, wrote }: RunProgress,
): readonly string[] {
  if (resume === null || resume === "auto" || !(resume === "never" ? began : wrote)) return args;
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const { option, inline } = partsOf(args[i]);
    if (option !== "--resume") kept.push(args[i]);
    else if (!inline) i++;
  }
  return out === null ? [...kept, "--out", folder] : kept;
}

/** Splits an argument into the option and its value, if that follows a `=`. */
function partsOf(
  arg: string,
): { readonly option: string; readonly value?: string; readonly inline: boolean } {
  const [option, value] = arg.split(/=(.*)/s);
  return value === undefined ? { option, inline: false } : { option, value, inline: true };
}
