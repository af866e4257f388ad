/**
 * The stage that refuses to resume a run whose questions or tools have changed: its answers would be others.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Stage, stage } from "../../../stages/flow/stage.ts";

/** Hash of the texts that the answers of a run depend on, in 32 hexadecimal digits. */
export function hashOfTexts(texts: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest("hex").slice(0, 32);
}

/**
 * Passes items on. On resume, throws Deno.errors.InvalidData, which names what has changed, if one of the
 * hashes is another than when the run began; `hashes` are keyed by what they are of, such as `the task`.
 */
export function sameInput<T>(hashes: Readonly<Record<string, string>>): Stage<T, T> {
  return stage<T, T, { readonly hashes: Readonly<Record<string, string>> }>({
    name: "input",
    open(_ctx, saved) {
      for (const [what, hash] of Object.entries(saved?.hashes ?? {})) {
        if (hashes[what] === hash) continue;
        throw new Deno.errors.InvalidData(
          `Cannot resume: ${what} has changed since the run began: put it back as it was, or start over with --resume never`,
        );
      }
      return { hashes };
    },
    push: (item) => [item],
  });
}
