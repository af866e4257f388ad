/**
 * Tests of processes on two nodes, with a network between them.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { installPackages } from "../../cluster.ts";
import { beforeDeadline } from "../../deadline.ts";
import { hashesOf } from "../../kernels/dist/run_ranks.ts";
import { installMpiFromPypi, mpirun } from "../../mpi.ts";
import { withFolder } from "../../temporary.ts";
import { TwoNodes } from "../../two_nodes.ts";
import { bitsOf, evaluated, smallRun, trainCommand, trains, writeShards } from "./runs.ts";

await installPackages("openmpi-bin", "mpich", "iproute2", "python3-venv");
await installMpiFromPypi();

for (const name of ["openmpi", "mpich", "mpich5"] as const) {
  Deno.test(`${name}: two nodes over a link of 400 Mbit/s train with the bits of one process`, async () => {
    await using nodes = await TwoNodes.open({ megabits: 400 });
    await withFolder(async (dir) => {
      deepStrictEqual(await hashesOf(nodes.mpirun(name), 2), await hashesOf(mpirun(name, 2)));
      const args = [...await writeShards(`${dir}/shards`), ...smallRun, ...evaluated];
      await trains([...args, "--out", `${dir}/one`, "--grad-accum", "4"]);
      const before = await nodes.bytesSent();
      await trains([...args, "--out", `${dir}/two`, "--grad-accum", "2"], nodes.mpirun(name));
      deepStrictEqual(await bitsOf(`${dir}/two`), await bitsOf(`${dir}/one`));
      const sent = await nodes.bytesSent() - before; // half of the gradients of 35,000 parameters, six times
      ok(sent > 6 * 2 * 35_000, `${sent} bytes over the link`);
    });
  });
}

for (const name of ["openmpi", "mpich"] as const) {
  Deno.test(`${name}: processes that are cut off end by themselves once the time is over, with exit code 75`, async () => {
    const nodes = await TwoNodes.open({ megabits: 400 });
    await withFolder(async (dir) => {
      const args = [...await writeShards(`${dir}/shards`), ...smallRun, "--grad-accum", "1"];
      const out = `${dir}/run`,
        rest = ["--steps", "100000", "--schedule-steps", "6", "--distributed-timeout", "5s"];
      const [program, ...words] = trainCommand([...args, "--out", out, ...rest], nodes.mpirun(name));
      const launcher = new Deno.Command(program, {
        args: words,
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      let said = "";
      const reading = launcher.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
        new WritableStream({ write: (text) => void (said += text) }),
      );
      try {
        await beforeDeadline(
          until(() => Deno.stat(`${out}/checkpoints/latest`).then(() => true, () => false)),
        );
        strictEqual(await processesOf(out), 2);
        await nodes.cut();
        await beforeDeadline(until(async () => await processesOf(out) === 0), 30_000);
        ok(said.includes("has waited 5 s for the others"), said);
      } finally {
        killed(launcher); // Open MPI's does not notice that the link is down
        await nodes[Symbol.asyncDispose]();
        await reading.catch(() => {});
        await launcher.status;
      }
    });
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Returns the number of processes of a run, without `deno task` and launchers. */
async function processesOf(out: string): Promise<number> {
  let count = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (command.includes("launch.ts") && command.includes(out) && command.split("\0")[1] === "run") count++;
  }
  return count;
}

function killed(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // it has ended
  }
}
