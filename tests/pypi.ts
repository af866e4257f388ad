/**
 * Programs from PyPI that tests run, each in a virtual environment of its own below the user's cache.
 *
 * @module
 */
import { homedir } from "node:os";

/** Returns the folder of a virtual environment: its programs are in `bin`. */
export function pypiFolder(name: string): string {
  return `${homedir()}/.cache/stagewise-gpt-tests/${name}`;
}

/** Installs packages into a virtual environment unless it is complete. Throws Error with pip's message. */
export async function installFromPypi(name: string, packages: readonly string[]): Promise<void> {
  const folder = pypiFolder(name), complete = `${folder}/complete`;
  if (await Deno.stat(complete).then(() => true, () => false)) return;
  await command("python3", "-m", "venv", "--clear", folder);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await command(`${folder}/bin/python`, ...pip, ...packages);
  await Deno.writeTextFile(complete, "");
}

async function command(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr)}`);
}
