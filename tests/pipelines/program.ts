/**
 * Runs `deno task pipeline …` as a process with the permissions of the task.
 *
 * @module
 */
import { pathOfUrl } from "../../stages/disk/paths.ts";

export { withFolder } from "../temporary.ts";

/** Exit code and output of a finished process. */
export type Finished = Readonly<{ code: number; out: string; err: string }>;

const root = pathOfUrl(new URL("../../", import.meta.url));
const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));

/** Arguments that follow "deno" in the task `pipeline`. */
export const task: readonly string[] = argumentsOf("pipeline");

/** The same for a process that starts in another folder. */
export const taskElsewhere: readonly string[] = argumentsOf("pipeline", root);

/** Returns the arguments that follow "deno" in a task; paths in the project begin with `at`. */
function argumentsOf(name: string, at = ""): readonly string[] {
  return tasks[name].command.replace(/^.*&& deno /, "").replaceAll('"$ROOT/', at).replaceAll('"', "").split(
    " ",
  );
}

/** Options of a model so small that a step takes a millisecond; data and tokenizer are real. */
export const smallModel: readonly string[] =
  "--layers 1 --heads 2 --channels 16 --seq-len 32 --batch-size 4 --val-tokens 4096".split(
    " ",
  );

/** The same with a small vocabulary, which only a tokenizer that is trained can have. */
export const small: readonly string[] = [...smallModel, "--vocab-size", "512"];

/** Options of a run without filters, which take most of the time of a short run. */
export const unfiltered: readonly string[] = ["--stages", "none"];

/** Starts the program by its task `pipeline`, or by the task that is the first argument. */
export function start(args: readonly string[], env: Record<string, string> = {}): Deno.ChildProcess {
  const command = new Deno.Command(Deno.execPath(), {
    args: args[0] in tasks ? [...argumentsOf(args[0]), ...args.slice(1)] : [...task, ...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  return command.spawn();
}

/** Runs the program to its end. */
export async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const { code, stdout, stderr } = await start(args, env).output();
  const text = new TextDecoder();
  return { code, out: withDeno(text.decode(stdout)), err: withDeno(text.decode(stderr)) };
}

/** Returns a text in which commands begin with `deno`, also if the tests were started by npx. */
export function withDeno(text: string): string {
  return text.replaceAll(/npx -y deno@\S+ task/g, "deno task");
}

/** Runs the program; throws with all its output unless the exit code is `code`. */
export async function runsTo(
  code: number,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  const finished = await run(args, env);
  if (finished.code !== code) {
    throw new Error(
      `pipeline ${
        args.join(" ")
      } ended with ${finished.code}, wanted ${code}:\n${finished.out}\n${finished.err}`,
    );
  }
  return finished;
}

/** Runs the program, closes its standard output once that contains `until`, and waits for the end. */
export async function readUntil(until: string, args: readonly string[]): Promise<Finished> {
  const process = start(args);
  const err = new Response(process.stderr).text();
  const text = new TextDecoder();
  let out = "";
  for await (const piece of process.stdout) {
    if ((out += text.decode(piece, { stream: true })).includes(until)) break; // this closes the pipe
  }
  const { code } = await process.status;
  return { code, out: withDeno(out), err: withDeno(await err) };
}

/** Returns the only line that starts with "error". Throws if there is none or more than one. */
export function errorLine({ err }: Finished): string {
  const lines = err.trimEnd().split("\n");
  const errors = lines.filter((line) => line.startsWith("error"));
  if (errors.length !== 1 || errors[0] !== lines.at(-1)) {
    throw new Error(`Not one line of error at the end:\n${err}`);
  }
  return errors[0];
}

/** Returns the events of a run's folder. */
export async function eventsOf(out: string): Promise<any[]> {
  const lines = (await Deno.readTextFile(`${out}/metrics.jsonl`)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/**
 * Returns the steps, losses and samples of a run. They must be the same bit for bit however often the run was
 * interrupted.
 */
export async function courseOf(out: string): Promise<unknown[]> {
  const events = await eventsOf(out);
  return events.flatMap((e): unknown[] => {
    switch (e.type) {
      case "step":
        return [[e.step, e.loss, e.gradNorm, e.lr, e.tokens]];
      case "eval":
        return [["eval", e.step, e.valLoss, e.bitsPerByte, e.unigramLoss]];
      case "sample":
        return [["sample", e.step, e.text]];
      default:
        return [];
    }
  });
}

/**
 * Runs `fineweb`, or another pipeline, and kills it when a path in the run's folder is touched. Returns
 * whether it was killed.
 */
export async function killedAt(
  moment: string,
  { out, args, pipeline = "fineweb" }: {
    readonly out: string;
    readonly args: readonly string[];
    readonly pipeline?: string;
  },
): Promise<boolean> {
  const watcher = Deno.watchFs(out);
  const process = start([pipeline, "--out", out, ...args]);
  const ended = Promise.all([process.status, process.stdout.cancel(), process.stderr.cancel()]);
  const closing = ended.then(() => watcher.close());
  for await (const { paths } of watcher) {
    if (!paths.some((path) => path.includes(moment))) continue;
    try {
      process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the process has ended already
    }
  }
  await closing;
  return (await process.status).signal === "SIGKILL";
}
