/**
 * The copy of its tokenizer that a run keeps in its folder. A resumed run needs nothing else, so the folder
 * that the tokenizer came from may be gone; a tokenizer that has changed there is refused.
 *
 * @module
 */
import { exists } from "../../../stages/disk/whole_files.ts";
import { isSavedTokenizer, readTokenizer, saveTokenizer } from "../../../stages/token/files/folder.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import type { Env } from "../../cli/pipeline.ts";

/** Saves a tokenizer in a new run's folder, for resumed runs and for whoever uses the run's model. */
export async function keepTokenizer(tokenizer: Tokenizer, env: Env): Promise<void> {
  if (!env.dry && !env.resumed) await saveTokenizer(tokenizer, { dir: folderOf(env) });
}

/**
 * Returns the tokenizer of a run. `given` is the tokenizer where the options name it, null if it is gone. A
 * resumed run takes its own copy, if it has one. Throws RangeError if `given` is another tokenizer; `where`
 * names its place in the message.
 */
export async function keptTokenizer(
  given: Tokenizer | null,
  { env, where }: { readonly env: Pick<Env, "resumed" | "out">; readonly where: string },
): Promise<Tokenizer | null> {
  const dir = folderOf(env);
  if (!env.resumed || !await exists(`${dir}/report.json`)) return given;
  if (given === null || await isSavedTokenizer(given, dir)) return given ?? await readTokenizer(dir);
  throw new RangeError(
    `Cannot resume ${env.out}: the tokenizer ${where} is not the one that the run was started with, which ${dir} holds: ` +
      "put that one back, or start a new run with another --out or --resume never",
  );
}

function folderOf({ out }: Pick<Env, "out">): string {
  return `${out}/tokenizer`;
}
