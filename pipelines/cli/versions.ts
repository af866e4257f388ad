/**
 * What a run was made with.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };

/** Versions of this program, of Deno and what is in it. */
export function versions(): Readonly<Record<string, string>> {
  const { deno, v8, typescript } = Deno.version;
  return { [manifest.name]: manifest.version, deno, v8, typescript };
}
