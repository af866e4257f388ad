/**
 * The doctor's test of checkpoints: a training run whose process is killed and that is resumed must give the
 * losses of one that is not, bit for bit.
 *
 * @module
 */
import { bytesOfTokens } from "../../stages/format/tokens/token_file.ts";
import { shardHeader } from "../../stages/format/tokens/llmc_shard.ts";
import { uniformAt } from "../../kernels/random/philox.ts";
import { writeAllSync } from "../../stages/disk/exact_io.ts";
import { readText } from "../../stages/disk/files.ts";
import { isRecord } from "../../stages/disk/json.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { readIfThere, replaceWholeSync } from "../../stages/disk/whole_files.ts";
import { readEvents } from "../../stages/report/metrics.ts";
import type { DoctorReport } from "./report.ts";

/** Number of tokens of the text that the runs train on. */
const TOKENS = 1 << 15;
/** Most updates of a run that must last long enough to be killed. */
const MOST_STEPS = 5000;
/** Milliseconds between two looks for the first checkpoint. */
const POLL = 10;
/** Milliseconds after which a run without a checkpoint is given up. */
const PATIENCE = 300_000;

/** Options of the test. */
export interface ResumedRun {
  /** The task that runs the pipeline: `pipeline`, or `dawn` for Chrome's WebGPU. */
  readonly task: "pipeline" | "dawn";
  /** Number of updates. */
  readonly steps: number;
}

/**
 * Trains a small model by the task, once as a whole, and once killed after its first checkpoint and resumed.
 * Throws Error with the message of a run that fails.
 */
export async function killAndResume({ task, steps }: ResumedRun): Promise<DoctorReport["resume"]> {
  const found = await compareRuns({ task, steps });
  // On a fast GPU the run may end before it is killed.
  return found.killedAfter === null && steps < MOST_STEPS
    ? await killAndResume({ task, steps: 4 * steps })
    : found;
}

async function compareRuns({ task, steps }: ResumedRun): Promise<DoctorReport["resume"]> {
  const folder = await Deno.makeTempDir({ prefix: "doctor-" });
  try {
    for (const name of ["train", "val"]) writeTokens(`${folder}/${name}_000000.bin`, name);
    const run = (name: string) => start(task, { folder, name, steps });
    check(await run("whole").output());
    const killedAfter = await killAfterCheckpoint(run("killed"), `${folder}/killed`);
    if (killedAfter !== null) check(await run("killed").output());
    const [whole, resumed] = [await stepsOf(`${folder}/whole`), await stepsOf(`${folder}/killed`)];
    const differs = whole.findIndex((step, i) => step !== resumed[i]);
    return {
      steps,
      killedAfter,
      differsFrom: differs < 0 && resumed.length === whole.length ? null : Math.max(0, differs),
    };
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {}); // a killed process may still be writing
  }
}

/** Writes a shard of random tokens of 256. */
function writeTokens(path: string, name: string): void {
  const ids = Uint32Array.from({ length: TOKENS }, (_, i) => Math.floor(256 * uniformAt(1, name, i) ** 3));
  replaceWholeSync(path, (file) => {
    writeAllSync(file, shardHeader(TOKENS, 2));
    writeAllSync(file, bytesOfTokens(ids, 2));
  });
}

function start(
  task: string,
  { folder, name, steps }: { readonly folder: string; readonly name: string; readonly steps: number },
): Deno.ChildProcess {
  const config = pathOfUrl(new URL("../../deno.json", import.meta.url));
  const options = {
    "train-shards": `${folder}/train_*.bin`,
    "val-shards": `${folder}/val_*.bin`,
    "vocab-size": 256,
    layers: 1,
    heads: 2,
    channels: 32,
    "seq-len": 32,
    "batch-size": 4,
    "grad-accum": 1,
    steps,
    "checkpoint-every": Math.ceil(steps / 4),
    "eval-every": 0,
    "sample-every": 0,
    device: "webgpu",
    out: `${folder}/${name}`,
  };
  return new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", config, task, "train", "--quiet"]
      .concat(Object.entries(options).flatMap(([option, value]) => [`--${option}`, `${value}`])),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Throws Error with the message of a run that failed. */
function check({ success, stderr }: Deno.CommandOutput): void {
  if (success) return;
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  throw new Error(lines.findLast((line) => line.startsWith("error")) ?? lines.at(-1) ?? "the run failed");
}

/**
 * Kills the process that holds the run's folder as soon as there is a checkpoint. Returns the checkpoint's
 * name, or null if the run had ended before. Throws Error if the run fails before that.
 */
async function killAfterCheckpoint(process: Deno.ChildProcess, folder: string): Promise<string | null> {
  const output = process.output(), state = { ended: false };
  output.then(() => state.ended = true);
  const latest = () => readText(`${folder}/checkpoints/latest`).then((text) => text.trim(), () => null);
  const deadline = performance.now() + PATIENCE;
  while (!state.ended && await latest() === null && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
  const endedByItself = state.ended, late = performance.now() >= deadline;
  if (!endedByItself) await killOwner(folder);
  const finished = await output;
  if (late) throw new Error(`no checkpoint of a small model after ${PATIENCE / 1000} s`);
  if (finished.success) return null;
  if (endedByItself) check(finished);
  return await latest();
}

/**
 * Kills the process that holds a run's folder, which run.lock names: `deno task` starts the run in a process
 * of its own.
 */
async function killOwner(folder: string): Promise<void> {
  const text = await readIfThere(`${folder}/run.lock`);
  if (text === null) return; // the run has just ended
  const lock: unknown = JSON.parse(text);
  if (!isRecord(lock) || typeof lock.pid !== "number") return;
  try {
    Deno.kill(lock.pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // otherwise it has just ended
  }
}

/** Returns step, loss and gradient norm of each step of a run, as texts that tell every bit. */
async function stepsOf(folder: string): Promise<readonly string[]> {
  const events = await readEvents(`${folder}/metrics.jsonl`);
  return events.flatMap((e) => e.type === "step" ? [`${e.step} ${e.loss} ${e.gradNorm}`] : []);
}
