/**
 * A Slurm of two nodes on this machine: munged, slurmctld and two slurmd, which end with it. Linux only, as
 * root; needs the Debian packages munge, slurmctld, slurmd and slurm-client.
 *
 * @module
 */
import { beforeDeadline } from "./deadline.ts";

/** First of three ports on 127.0.0.1: that of slurmctld, and those of the nodes. */
const PORT = 17_016;

/** The cluster, until it is disposed of. */
export class SlurmCluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #children: Deno.ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts the cluster and waits until both nodes are idle. Throws Error with the logs if they never are. */
  static async open(): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(await Deno.makeTempDir());
    try {
      await cluster.#start();
    } catch (error) {
      const logs = await cluster.#logs();
      await cluster[Symbol.asyncDispose]();
      throw new Error(`The cluster did not start:\n${logs}`, { cause: error });
    }
    return cluster;
  }

  /** Environment of the commands srun, sbatch, scontrol and scancel. */
  get env(): Readonly<Record<string, string>> {
    return { SLURM_CONF: `${this.#folder}/slurm.conf` };
  }

  /** Returns the words that start one process of a command on each node. */
  srun(library: "openmpi" | "mpich"): readonly string[] {
    return ["srun", "-K1", "-W30", `--mpi=${library === "openmpi" ? "pmix" : "pmi2"}`, "-N2", "-n2"];
  }

  /** Runs one of Slurm's commands; returns what it prints. */
  async command(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await new Deno.Command(program, { args: [...args], env: this.env }).output();
    return new TextDecoder().decode(stdout).trim();
  }

  /** Returns the state of all jobs in the queue: "12_3 RUNNING None" and so on. */
  async jobs(): Promise<readonly string[]> {
    const text = await this.command("squeue", "--noheader", "--array", "--format=%i %T %r");
    return text.split("\n").filter((line) => line !== "");
  }

  /**
   * Waits until `holds`. Jobs that were requeued would wait for two minutes; they begin after ten seconds, as
   * a node refuses a job whose end it still handles. Throws Error if a job waits for another that has failed.
   */
  async until(holds: (jobs: readonly string[]) => boolean | Promise<boolean>): Promise<void> {
    const hastened = new Map<string, number>(); // milliseconds, by job
    for (;; await new Promise((resolve) => setTimeout(resolve, 200))) {
      const jobs = await this.jobs();
      if (await holds(jobs)) return;
      for (const job of jobs) {
        if (/DependencyNeverSatisfied/.test(job)) throw new Error(`${job}: the recipe broke off`);
        const [id] = job.split(" ");
        if (/BeginTime/.test(job) && performance.now() - (hastened.get(id) ?? -Infinity) > 20_000) {
          hastened.set(id, performance.now());
          await this.command("scontrol", "update", `JobId=${id}`, "StartTime=now+10");
        }
      }
    }
  }

  async #start(): Promise<void> {
    const folder = this.#folder;
    await Deno.chmod(folder, 0o755);
    await Deno.writeFile(`${folder}/munge.key`, crypto.getRandomValues(new Uint8Array(128)), { mode: 0o600 });
    await Deno.writeTextFile(`${folder}/slurm.conf`, configuration(folder));
    for (const name of ["state", "tmp-n1", "tmp-n2", "spool-n1", "spool-n2"]) {
      await Deno.mkdir(`${folder}/${name}`);
    }
    const files = ["key-file=munge.key", "socket=munge.socket", "pid-file=munge.pid", "seed-file=munge.seed"];
    this.#run(
      "munged",
      "--foreground",
      "--force",
      ...files.map((name) => `--${name.replace("=", `=${folder}/`)}`),
    );
    await beforeDeadline(
      until(() => Deno.stat(`${folder}/munge.socket`).then(() => true, () => false)),
      20_000,
    );
    this.#run("slurmctld", "-D", "-i");
    this.#run("slurmd", "-D", "-N", "n1");
    this.#run("slurmd", "-D", "-N", "n2");
    await beforeDeadline(
      until(async () => (await this.#states()).every((state) => state === "idle")),
      60_000,
    );
  }

  async #states(): Promise<readonly string[]> {
    const states = (await this.command("sinfo", "-h", "-N", "-o", "%T")).split("\n");
    return states.length === 2 ? states : ["missing"];
  }

  #run(program: string, ...args: readonly string[]): void {
    const log = Deno.openSync(`${this.#folder}/${program}.log`, { create: true, append: true });
    const child = new Deno.Command(program, {
      args: [...args],
      env: this.env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    child.stderr.pipeTo(log.writable).catch(() => {});
    this.#children.push(child);
  }

  async #logs(): Promise<string> {
    const logs = ["munged", "slurmctld", "slurmd"].map((name) =>
      Deno.readTextFile(`${this.#folder}/${name}.log`).catch(() => "")
    );
    return (await Promise.all(logs)).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.reverse()) {
      try {
        child.kill("SIGTERM");
      } catch {
        continue; // it has ended
      }
      await beforeDeadline(child.status, 20_000).catch(() => child.kill("SIGKILL"));
    }
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 200));
}

/** Returns the text of slurm.conf. Each node has folders of its own, as PMIx needs. */
function configuration(folder: string): string {
  const host = Deno.hostname(), cores = navigator.hardwareConcurrency;
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldPort=${PORT}
TmpFS=${folder}/tmp-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=5
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[${PORT + 1}-${
    PORT + 2
  }] CPUs=${cores} State=UNKNOWN
PartitionName=all Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
`;
}
