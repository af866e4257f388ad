/**
 * What token shards hold, whatever their number.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Size and SHA-256 of the tokens of all shards of a part, one after another, without their headers. */
export function tokensOf(folder: string, part: string): { readonly bytes: number; readonly hash: string } {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.startsWith(part) && name.endsWith(".bin")
  );
  const hash = createHash("sha256");
  let bytes = 0;
  for (const name of names.sort()) {
    const tokens = Deno.readFileSync(`${folder}/${name}`).subarray(1024);
    hash.update(tokens);
    bytes += tokens.length;
  }
  return { bytes, hash: hash.digest("hex") };
}
