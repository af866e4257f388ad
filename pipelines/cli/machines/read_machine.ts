/**
 * Finds the machine that `--machine` names: a file of `bench/machines/` by its name, or any file by its path.
 *
 * @module
 */
import type { MachineProfile } from "../../../kernels/engine/machine_profile.ts";
import { explained, isMissing, isWrongPath } from "../../../stages/disk/file_error.ts";
import { entriesIn, fileInfo, readText } from "../../../stages/disk/files.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import { nearest } from "../args.ts";
import { doctorMachine } from "./doctor_machine.ts";
import { Fields } from "./fields.ts";
import { specification } from "./specification.ts";

/** Folder of the machines that have a name. */
export const machineFolder: URL = new URL("../../../bench/machines/", import.meta.url);

/** What every message about a wrong machine advises. */
const report = "a report that deno task doctor --json FILE writes";

/** Largest size of a machine file in bytes; a doctor's report has about 10 kB. */
const MAX_BYTES = 1 << 20;

/**
 * Reads a machine. A name is compared without its case and punctuation; a text with a slash or with the
 * ending .json is a path. Throws UsageError for an unknown name, with the names there are, and for a file
 * that is not a machine.
 */
export async function readMachine(
  name: string,
  { folder = machineFolder }: { readonly folder?: URL } = {},
): Promise<MachineProfile> {
  return await readMachineFile(await pathOfMachine(name, folder));
}

/** Reads a machine file: a specification, or a report of the doctor. Throws UsageError for any other file. */
export async function readMachineFile(path: string): Promise<MachineProfile> {
  const document = new Fields(await parsed(path), path);
  return document.has("kind") ? ofKind(document, path) : doctorMachine(document);
}

function ofKind(document: Fields, path: string): MachineProfile {
  const kind = document.text("kind");
  if (kind === "specification") return specification(document, path);
  throw new UsageError(
    `Cannot use ${path}: kind is ${JSON.stringify(kind)}: expected "specification", or no kind in ${report}`,
  );
}

/** Returns the names of the machines in a folder, sorted. */
export async function machineNames(folder: URL = machineFolder): Promise<readonly string[]> {
  try {
    const entries = await entriesIn(pathOfUrl(folder));
    return entries.filter(({ name }) => name.endsWith(".json")).map(({ name }) => name.slice(0, -5)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function pathOfMachine(name: string, folder: URL): Promise<string> {
  if (/[/\\]|\.json$/i.test(name)) return name;
  const names = await machineNames(folder), plain = plainName(name);
  const found = plain === "" ? undefined : names.find((known) => plainName(known) === plain);
  if (found !== undefined) return pathOfUrl(new URL(`${found}.json`, folder));
  const near = nearest(plain, names);
  throw new UsageError(
    `Unknown machine ${JSON.stringify(name)}: ${
      names.length === 0 ? "no machine has a name here" : `expected one of ${names.join(", ")}`
    }, or the path of ${report}${near === null ? "" : `: did you mean ${near}?`}`,
  );
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

async function parsed(path: string): Promise<unknown> {
  try {
    const { size, isFile } = await fileInfo(path);
    if (!isFile || size > MAX_BYTES) {
      throw new UsageError(
        `Cannot use ${path}: ${
          isFile ? `it has ${size} bytes, and a machine at most ${MAX_BYTES}` : "it is not a file"
        }: give --machine ${report}`,
      );
    }
    return JSON.parse(await readText(path));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new UsageError(`Cannot read ${path}: it is not JSON: ${error.message}`, { cause: error });
    }
    if (!isWrongPath(error)) throw error;
    const cause = explained(error, () => `give --machine a name, or ${report}`);
    throw new UsageError(cause.message, { cause });
  }
}
