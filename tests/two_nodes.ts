/**
 * Two machines on one: network namespaces with names of their own, connected by a link of a chosen speed.
 * Linux only, as root; needs the Debian package iproute2.
 *
 * @module
 */
import { runAsRoot } from "./cluster.ts";
import { beforeDeadline } from "./deadline.ts";
import { launcherOf, type MpiName } from "./mpi.ts";

const network = "10.77.0", suffixes = ["A", "B"] as const;

/** Two nodes, until they are disposed of. */
export class TwoNodes implements AsyncDisposable {
  readonly #folder: string;
  readonly #hosts: string;

  private constructor(folder: string, hosts: string) {
    this.#folder = folder;
    this.#hosts = hosts;
  }

  /** Makes the nodes, with a link of `megabits` per second. */
  static async open({ megabits }: { readonly megabits: number }): Promise<TwoNodes> {
    // Without the lines that tests which were killed have left.
    const hosts = (await Deno.readTextFile("/etc/hosts")).replaceAll(/^\S+ node[AB]\n/gm, "");
    const nodes = new TwoNodes(await Deno.makeTempDir(), hosts);
    await nodes.#removeNamespaces();
    for (const s of suffixes) await runAsRoot("ip", "netns", "add", `node${s}`);
    await runAsRoot("ip", ..."link add v0 netns nodeA type veth peer name v0 netns nodeB".split(" "));
    for (const [i, s] of suffixes.entries()) {
      await runAsRoot("ip", "-n", `node${s}`, ..."link set lo up".split(" "));
      await runAsRoot("ip", "-n", `node${s}`, "addr", "add", `${network}.${i + 1}/24`, "dev", "v0");
      await runAsRoot("ip", "-n", `node${s}`, "link", "set", "v0", "up");
      const shape = `qdisc add dev v0 root tbf rate ${megabits}mbit burst 256kb latency 400ms`;
      await runAsRoot("ip", "netns", "exec", `node${s}`, "tc", ...shape.split(" "));
    }
    for (const s of suffixes) await nodes.#isUp(s);
    const names = suffixes.map((s, i) => `${network}.${i + 1} node${s}\n`).join("");
    await Deno.writeTextFile("/etc/hosts", `${nodes.#hosts.replace(/\n?$/, "\n")}${names}`);
    await Deno.writeTextFile(nodes.#agent, agent);
    await Deno.chmod(nodes.#agent, 0o755);
    return nodes;
  }

  /** Returns the words that start `each` processes of a command on each node. */
  mpirun(name: Exclude<MpiName, "openmpi5">, each = 1): readonly string[] {
    const hosts = suffixes.map((s) => `node${s}:${each}`).join(",");
    const options = name === "openmpi"
      ? [
        ...["--allow-run-as-root", "--oversubscribe", "--mca", "plm_rsh_agent", this.#agent, "--host", hosts],
        ...[
          "--mca",
          "btl_tcp_if_include",
          `${network}.0/24`,
          "--mca",
          "oob_tcp_if_include",
          `${network}.0/24`,
        ],
      ]
      : ["-launcher", "ssh", "-launcher-exec", this.#agent, "-hosts", hosts];
    // Without its variable, MPICH's UCX would find that the nodes share their memory.
    const env = name === "openmpi" ? [] : ["env", "UCX_TLS=tcp,self", "UCX_NET_DEVICES=v0"];
    return [this.#agent, "nodeA", ...env, ...launcherOf(name), ...options];
  }

  /** Returns the number of bytes that the first node has sent. */
  async bytesSent(): Promise<number> {
    const [{ stats64 }] = JSON.parse(await runAsRoot("ip", "-n", "nodeA", "-s", "-j", "link", "show", "v0"));
    return stats64.tx.bytes;
  }

  /** Cuts the link. */
  async cut(): Promise<void> {
    await runAsRoot("ip", "-n", "nodeA", "link", "set", "v0", "down");
  }

  /** Waits until the link is up, which takes a second; UCX overlooks it before. */
  async #isUp(suffix: string): Promise<void> {
    const state = async () => {
      const [link] = JSON.parse(await runAsRoot("ip", "-n", `node${suffix}`, "-j", "link", "show", "v0"));
      return link.operstate;
    };
    const up = async () => {
      while (await state() !== "UP") await new Promise((resolve) => setTimeout(resolve, 100));
    };
    await beforeDeadline(up(), 20_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.writeTextFile("/etc/hosts", this.#hosts);
    await this.#removeNamespaces();
    await Deno.remove(this.#folder, { recursive: true });
  }

  get #agent(): string {
    return `${this.#folder}/agent`;
  }

  /**
   * Removes the namespaces, and ends what is left in them: launchers that do not notice that the link is
   * down.
   */
  async #removeNamespaces(): Promise<void> {
    for (const s of suffixes) {
      const pids = await runAsRoot("ip", "netns", "pids", `node${s}`).catch(() => "");
      for (const pid of pids.split("\n").filter(Boolean)) {
        try {
          Deno.kill(Number(pid), "SIGKILL");
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended meanwhile
        }
      }
    }
    for (const s of suffixes) await runAsRoot("ip", "netns", "del", `node${s}`).catch(() => {}); // none there
  }
}

/** Runs a command on a node, as ssh does: `agent HOST COMMAND…`; options before the name are ignored. */
const agent = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
host=$1; shift
exec ip netns exec "$host" unshare -u sh -c "hostname $host; exec $*"
`;
