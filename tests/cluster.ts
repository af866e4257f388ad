/**
 * What the tests of several processes and machines need from the system: Debian packages, which they install.
 *
 * @module
 */

/** Installs those Debian packages that are missing. Throws Error with apt's message, and without root. */
export async function installPackages(...names: readonly string[]): Promise<void> {
  const missing = [];
  for (const name of names) {
    if (!(await output("dpkg-query", "-W", "-f=${Status}", name)).includes("ok installed")) {
      missing.push(name);
    }
  }
  if (missing.length === 0) return;
  if (Deno.uid() !== 0) {
    throw new Error(
      `These tests need the Debian packages ${missing.join(", ")}: install them, or run the tests as root`,
    );
  }
  await runAsRoot("apt-get", "update", "-qq");
  await runAsRoot("apt-get", "install", "-y", "-qq", "--no-install-recommends", ...missing);
}

/** Runs a command; returns what it prints. Throws Error with what it prints to stderr if it fails. */
export async function runAsRoot(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${[program, ...args].join(" ")} failed:\n${text.decode(stderr)}`);
  return text.decode(stdout);
}

async function output(program: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(program, { args: [...args], stderr: "null" }).output();
    return new TextDecoder().decode(stdout);
  } catch {
    return ""; // not a Debian system
  }
}
