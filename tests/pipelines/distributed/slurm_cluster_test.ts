/**
 * Tests training that Slurm starts on two nodes, with Open MPI through PMIx and with MPICH through PMI2.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { installPackages } from "../../cluster.ts";
import { beforeDeadline } from "../../deadline.ts";
import { deadlined } from "../../kernels/dist/run_ranks.ts";
import { SlurmCluster } from "../../slurm.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, smallRun, trainCommand, trains, writeShards } from "./runs.ts";

// Slurm opens PMIx by the name that the package for development has.
await installPackages("openmpi-bin", "mpich", "munge", "slurmctld", "slurmd", "slurm-client", "libpmix-dev");

Deno.test("srun: two nodes train with the bits of one process, on both libraries", async () => {
  await using cluster = await SlurmCluster.open();
  await withFolder(async (dir) => {
    const args = [...await writeShards(`${dir}/shards`), ...smallRun];
    await trains([...args, "--grad-accum", "4", "--out", `${dir}/one`]);
    for (const library of ["openmpi", "mpich"] as const) {
      const own = [...args, "--grad-accum", "2", "--out", `${dir}/${library}`];
      const { code, err } = await deadlined(trainCommand(own, cluster.srun(library)), { env: cluster.env });
      strictEqual(code, 0, err);
      deepStrictEqual(await bitsOf(`${dir}/${library}`), await bitsOf(`${dir}/one`), library);
    }
  });
});

Deno.test("srun: SIGUSR2 to a job stops all with a checkpoint; a process that is killed ends all; both resume", async () => {
  await using cluster = await SlurmCluster.open();
  await withFolder(async (dir) => {
    const args = [
      ...await writeShards(`${dir}/shards`),
      ...smallRun,
      "--grad-accum",
      "1",
      "--out",
      `${dir}/run`,
    ];
    const checkpointed = async (after: string) => {
      while (await latest(dir) === after) await new Promise((resolve) => setTimeout(resolve, 100));
    };
    const started = async () => {
      const before = await latest(dir), endless = ["--steps", "100000", "--schedule-steps", "6"];
      const [program, ...rest] = trainCommand([...args, ...endless], cluster.srun("openmpi"));
      const { env } = cluster, nowhere = { stdin: "null", stdout: "null", stderr: "null" } as const;
      const job = new Deno.Command(program, { args: rest, env, ...nowhere }).spawn();
      await beforeDeadline(checkpointed(before), 60_000);
      return job;
    };
    const asked = await started();
    const cancel = ["scancel", "--signal=USR2", "--user=root"];
    strictEqual((await deadlined(cancel, { env: cluster.env })).code, 0);
    strictEqual((await beforeDeadline(asked.status, 60_000)).code, 0);
    const stopped = await latest(dir);

    const failing = await started();
    Deno.kill(JSON.parse(await Deno.readTextFile(`${dir}/run/run.lock`)).pid, "SIGKILL");
    ok((await beforeDeadline(failing.status, 60_000)).code !== 0);
    ok(stepOf(await latest(dir)) > stepOf(stopped));
  });
});

async function latest(dir: string): Promise<string> {
  return await Deno.readTextFile(`${dir}/run/checkpoints/latest`).catch(() => "");
}

function stepOf(checkpoint: string): number {
  return Number(checkpoint.trim().slice("step-".length));
}
