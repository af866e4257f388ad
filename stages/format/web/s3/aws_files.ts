/**
 * The files in which the tools of object stores keep their settings: `~/.aws/credentials` and
 * `~/.aws/config`.
 *
 * @module
 */
import { homedir } from "node:os";
import { isMissing } from "../../../disk/file_error.ts";
import { readText } from "../../../disk/files.ts";

/** Settings of a profile; the key of a nested setting is `s3.addressing_style`. */
export type AwsProfile = ReadonlyMap<string, string>;

/**
 * Returns the settings of each profile in a file's text. Sections are called `[NAME]`, or `[profile NAME]` in
 * `config`. Lines that are indented after `s3 =` belong to it.
 */
export function parseAwsFile(text: string): ReadonlyMap<string, AwsProfile> {
  const profiles = new Map<string, Map<string, string>>();
  let profile: Map<string, string> | null = null, parent = "";
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line);
    if (section !== null) {
      profile = profiles.get(section[1]) ?? new Map();
      profiles.set(section[1], profile);
      parent = "";
      continue;
    }
    const setting = /^(\s*)([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (setting === null || profile === null) continue;
    const [, indent, name, value] = setting;
    if (indent !== "" && parent !== "") profile.set(`${parent}.${name}`, value);
    else {
      profile.set(name, value);
      parent = value === "" ? name : "";
    }
  }
  return profiles;
}

/**
 * Returns the settings of a profile in a file, or null if there is no such file or profile. `path` null means
 * the file called `name` in `~/.aws`.
 */
export async function readAwsProfile(
  profile: string,
  { path, name }: { readonly path: string | null; readonly name: "credentials" | "config" },
): Promise<AwsProfile | null> {
  const file = path ?? ownFile(name);
  if (file === null) return null;
  try {
    return parseAwsFile(await readText(file)).get(profile) ?? null;
  } catch (error) {
    if (path === null && (isMissing(error) || error instanceof Deno.errors.NotCapable)) return null;
    throw error;
  }
}

/** The user's own file; null where the home folder is unknown or may not be asked for. */
function ownFile(name: string): string | null {
  try {
    return `${homedir()}/.aws/${name}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
}
