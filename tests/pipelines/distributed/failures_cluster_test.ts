/**
 * Tests that processes end together: killed, asked to stop by a scheduler, or cut off.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { installPackages } from "../../cluster.ts";
import { beforeDeadline } from "../../deadline.ts";
import { type MpiName, mpirun } from "../../mpi.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, smallRun, trainCommand, trains, writeShards } from "./runs.ts";

await installPackages("openmpi-bin", "mpich");

const libraries = ["openmpi", "mpich"] as const;

/** A run of two processes that lasts until it is stopped. */
class Job {
  readonly #child: Deno.ChildProcess;
  readonly #out: string;

  constructor(name: MpiName, { args, out }: { readonly args: readonly string[]; readonly out: string }) {
    const [program, ...rest] = trainCommand([...args, "--out", out], mpirun(name, 2));
    this.#out = out;
    this.#child = new Deno.Command(program, { args: rest, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
  }

  get launcher(): number {
    return this.#child.pid;
  }

  /** Waits for the first checkpoint; returns the ids of the two processes, rank 0 first. */
  async running(): Promise<readonly [number, number]> {
    const ended = this.#child.status.then(({ code }) => {
      throw new Error(`ended with ${code} before its first checkpoint`);
    });
    await beforeDeadline(Promise.race([this.#checkpointed(), ended]), 60_000);
    const found: number[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
      if (!command.includes("launch.ts") || !command.includes(this.#out) || command.includes("mpirun")) {
        continue;
      }
      if (command.split("\0")[1] === "run") found.push(Number(name)); // and not deno task
    }
    strictEqual(found.length, 2);
    // Rank 0 is the one that owns the run's folder.
    const owner = JSON.parse(await Deno.readTextFile(`${this.#out}/run.lock`)).pid;
    const [first, second] = found;
    return first === owner ? [first, second] : [second, first];
  }

  /** Waits for the end of all. */
  async ended(milliseconds = 60_000): Promise<number> {
    return (await beforeDeadline(this.#child.status, milliseconds)).code;
  }

  async #checkpointed(): Promise<void> {
    for (;;) {
      if (await Deno.stat(`${this.#out}/checkpoints/latest`).then(() => true, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const endless = ["--steps", "100000", "--schedule-steps", "6"];

async function withArguments(work: (dir: string, args: readonly string[]) => Promise<void>): Promise<void> {
  await withFolder(async (dir) => {
    const shards = await writeShards(`${dir}/shards`);
    await work(dir, [...shards, ...smallRun, "--grad-accum", "1", "--eval-every", "0"]);
  });
}

for (const name of libraries) {
  for (const [who, rank] of [["rank 0", 0], ["rank 1", 1]] as const) {
    Deno.test(`${name}: all end if ${who} is killed; the run resumes from its checkpoint`, async () => {
      await withArguments(async (dir, args) => {
        const out = `${dir}/run`, job = new Job(name, { args: [...args, ...endless], out });
        Deno.kill((await job.running())[rank], "SIGKILL");
        ok(await job.ended() !== 0);
        await trains([...args, "--out", out, "--steps", "3"], mpirun(name, 2));
      });
    });
  }

  Deno.test(`${name}: SIGUSR2 in either process stops all after the same step with a checkpoint and exit code 0`, async () => {
    await withArguments(async (dir, args) => {
      for (const rank of [0, 1]) {
        const out = `${dir}/run-${rank}`, job = new Job(name, { args: [...args, ...endless], out });
        Deno.kill((await job.running())[rank], "SIGUSR2");
        strictEqual(await job.ended(), 0);
        const latest = (await Deno.readTextFile(`${out}/checkpoints/latest`)).trim(),
          steps = Number(latest.slice(5));
        const whole = [
          "--out",
          `${dir}/whole-${rank}`,
          "--steps",
          `${steps}`,
          "--schedule-steps",
          "6",
          "--grad-accum",
          "2",
        ];
        await trains([...args, ...whole]);
        deepStrictEqual((await bitsOf(out)).weights, (await bitsOf(`${dir}/whole-${rank}`)).weights);
      }
    });
  });

  Deno.test(`${name}: SIGTERM to mpirun ends all; the run resumes`, async () => {
    await withArguments(async (dir, args) => {
      const out = `${dir}/run`, job = new Job(name, { args: [...args, ...endless], out });
      const processes = await job.running();
      Deno.kill(job.launcher, "SIGTERM");
      const code = await job.ended();
      // MPICH passes the signal on, so that all stop; Open MPI kills them after a second.
      if (name === "mpich") strictEqual(code, 0);
      for (const pid of processes) await beforeDeadline(isGone(pid), 20_000);
      await trains([...args, "--out", out, "--steps", "3"], mpirun(name, 2));
    });
  });

  Deno.test(`${name}: a process that stands still makes all end with a failure once the time is over`, async () => {
    await withArguments(async (dir, args) => {
      const timeout = ["--distributed-timeout", "5s"];
      const job = new Job(name, { args: [...args, ...endless, ...timeout], out: `${dir}/run` });
      const [, second] = await job.running();
      Deno.kill(second, "SIGSTOP");
      const began = performance.now();
      ok(await job.ended(30_000) !== 0);
      ok(performance.now() - began > 4000);
    });
  });
}

async function isGone(pid: number): Promise<void> {
  while (await Deno.stat(`/proc/${pid}`).then(() => true, () => false)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
