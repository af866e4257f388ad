/**
 * Tests that processes of a Slurm job end together, and that the README's script starts them again until the
 * run has finished. The cluster's two nodes are on one machine.
 *
 * @module
 */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { installPackages } from "../../cluster.ts";
import { beforeDeadline } from "../../deadline.ts";
import { deadlined } from "../../kernels/dist/run_ranks.ts";
import { SlurmCluster } from "../../slurm.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, smallRun, trainCommand, trains, writeShards } from "./runs.ts";

// Slurm opens PMIx by the name that the package for development has.
await installPackages("openmpi-bin", "mpich", "munge", "slurmctld", "slurmd", "slurm-client", "libpmix-dev");

const libraries = ["openmpi", "mpich"] as const;
const ending = new URL("../../kernels/dist/ending_script.ts", import.meta.url).href;
const readme = new URL("../../../pipelines/cluster/README.md", import.meta.url);

Deno.test("srun: a process that exits, throws or is killed ends all, with an exit code other than 0", async () => {
  await using cluster = await SlurmCluster.open();
  for (const library of libraries) {
    for (const end of ["exit 3", "exit 0", "throw", "kill"]) {
      const run = [...cluster.srun(library), Deno.execPath(), "run", "--quiet", "--allow-all", ending, end];
      const { code, err } = await deadlined(run, { env: cluster.env, seconds: 55 });
      notStrictEqual(code, 0, `${library}, ${end}: ${err}`);
    }
    const wrong = await deadlined(trainCommand(["--no-such"], cluster.srun(library)), { env: cluster.env });
    strictEqual(wrong.code, 2);
    strictEqual(wrong.err.match(/Unknown option --no-such/g)?.length, 1, wrong.err);
  }
});

Deno.test("srun: a process that stands still makes all end with exit code 75 once the time is over", async () => {
  await using cluster = await SlurmCluster.open();
  await withFolder(async (dir) => {
    const out = `${dir}/run`, timeout = ["--distributed-timeout", "5s"];
    const args = [...await options(dir), "--steps", "100000", "--out", out, ...timeout];
    const [program, ...rest] = trainCommand(args, cluster.srun("openmpi"));
    const job = new Deno.Command(program, { args: rest, env: cluster.env, stdin: "null", stderr: "piped" })
      .spawn();
    await beforeDeadline(cluster.until(async () => await stepOf(out) > 0), 60_000);
    Deno.kill(await ownerOf(out), "SIGSTOP");
    const { code, stderr } = await beforeDeadline(job.output(), 60_000);
    strictEqual(code, 75);
    match(new TextDecoder().decode(stderr), /rank 1 has waited 5 s for the others/);
  });
});

Deno.test("the README's script goes on after a killed process, SIGUSR2, a requeue, a lost and a drained node, with the bits of one process", async () => {
  await using cluster = await SlurmCluster.open();
  await withFolder(async (dir) => {
    const out = `${dir}/run`, log = `${dir}/job.txt`, own = [...await options(dir), "--steps", "700"];
    const [script] = (await Deno.readTextFile(readme)).match(/#SBATCH --ntasks[^`]*/) ?? [""];
    const train = trainCommand([...own, "--grad-accum", "1"]).map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(
      `${dir}/job.sh`,
      "#!/bin/sh\n" + script.replace("--ntasks=4 --cpus-per-task=16", `-N2 -n2 --output=${log}`)
        .replace("deno task native train", train).replaceAll("/shared/run", out).replace("…", ""),
    );
    const job = await cluster.command("sbatch", "--parsable", `${dir}/job.sh`);
    const restarts = async () =>
      Number(/Restarts=(\d+)/.exec(await cluster.command("scontrol", "show", "job", job))?.[1]);
    const set = (state: string) =>
      cluster.command("scontrol", "update", "NodeName=n2", `State=${state}`, "Reason=test");
    const disturbances: readonly (() => Promise<unknown>)[] = [
      async () => Deno.kill(await ownerOf(out), "SIGKILL"),
      () => cluster.command("scancel", "--signal=USR2", job), // as --signal=USR2@120 does
      () => cluster.command("scontrol", "requeue", job), // as a preemption does
      () => set("DOWN"),
      () => set("DRAIN"),
    ];
    for (const [i, disturb] of disturbances.entries()) {
      let before: number | null = null; // the step from which this start of the job goes on
      const trained = async (jobs: readonly string[]) => {
        if (!jobs.some((job) => job.includes("RUNNING")) || await restarts() !== i) return false;
        before ??= await stepOf(out);
        return await stepOf(out) > before;
      };
      await beforeDeadline(cluster.until(trained), 120_000).catch(async (cause) => {
        throw new Error(`before disturbance ${i}: ${await Deno.readTextFile(log)}`, { cause });
      });
      await disturb();
    }
    await beforeDeadline(cluster.until((jobs) => jobs.length === 0), 120_000);
    const text = await Deno.readTextFile(log);
    strictEqual(await stepOf(out), 700, text);
    strictEqual(await restarts(), 4, text); // a drained node keeps its job
    ok((await Deno.readTextFile(`${out}/metrics.jsonl`)).endsWith('"reason":"finished"}\n'));
    await trains([...own, "--grad-accum", "2", "--out", `${dir}/one`]);
    deepStrictEqual((await bitsOf(out)).weights, (await bitsOf(`${dir}/one`)).weights, text);
  });
});

/** Returns options of a run of many steps, with a checkpoint in every second or so. */
async function options(dir: string): Promise<readonly string[]> {
  const shards = await writeShards(`${dir}/shards`);
  return [...shards, ...smallRun, "--schedule-steps", "6", "--checkpoint-every", "20", "--eval-every", "0"];
}

/** Returns the step of the newest checkpoint, 0 if there is none. */
async function stepOf(out: string): Promise<number> {
  const latest = await Deno.readTextFile(`${out}/checkpoints/latest`).catch(() => "step-0");
  return Number(latest.trim().slice("step-".length));
}

/** Returns the number of the process that owns the run's folder: rank 0. */
async function ownerOf(out: string): Promise<number> {
  return JSON.parse(await Deno.readTextFile(`${out}/run.lock`)).pid;
}
