/**
 * Tests that need an MPI library and its `mpirun`: Open MPI or MPICH. Without one they are ignored and their
 * names say why, except where CI=true: there they fail.
 *
 * @module
 */

/** Name of an implementation, as Debian appends it to `mpirun`. */
export type MpiName = "openmpi" | "mpich";

/** The implementations that are installed. */
export const installed: readonly MpiName[] = (["openmpi", "mpich"] as const).filter(isInstalled);

/** Returns the words that start `count` processes of a command on this machine. */
export function mpirun(name: MpiName, count: number): readonly string[] {
  const options = name === "openmpi" ? ["--allow-run-as-root", "--oversubscribe"] : [];
  return [`mpirun.${name}`, ...options, "-np", `${count}`];
}

/** Registers a test that needs an implementation; it gets the first that is installed. */
export function mpiTest(name: string, run: (mpi: MpiName) => Promise<void>): void {
  const [mpi = "openmpi"] = installed;
  if (installed.length > 0 || Deno.env.get("CI") === "true") Deno.test(name, () => run(mpi));
  else {
    Deno.test({
      name: `${name} (ignored: no MPI here: install openmpi-bin or mpich)`,
      ignore: true,
      fn: () => {},
    });
  }
}

function isInstalled(name: MpiName): boolean {
  try {
    return new Deno.Command(`mpirun.${name}`, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync()
      .success;
  } catch {
    return false;
  }
}
