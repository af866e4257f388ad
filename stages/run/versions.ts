/**
 * Versions that are recorded in a run's config.json.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };

/** Returns the versions of this program, Deno, V8 and TypeScript; the key is the program's name. */
export function versions(): Readonly<Record<string, string>> {
  const { deno, v8, typescript } = Deno.version;
  return { [manifest.name]: manifest.version, deno, v8, typescript };
}
