/**
 * Writes `<out>/completions`: a small file for each finished part of the source, so that a person or a
 * scheduler can see how far a run has got. A part is finished once a checkpoint covers all of it.
 *
 * @module
 */
import { makeFolderSync } from "../../../stages/disk/files.ts";
import { removeIfThereSync, writeWholeSync } from "../../../stages/disk/whole_files.ts";
import type { SourcePart } from "../../../stages/source/parts.ts";
import type { Env } from "../../cli/pipeline.ts";

/** The parts of a source and the process that reads them. */
export interface CompletionOptions {
  /** Folder of the files. */
  readonly dir: string;
  /** Name of the source that reads this process's parts one after another. */
  readonly source: string;
  /** Parts of this process. The index of a part determines the name of its file. */
  readonly own: readonly SourcePart[];
  readonly rank: number;
}

/** Writes the file of each part of this process once a checkpoint covers the part. */
export function markCompletions(
  env: Pick<Env, "onSaved">,
  { dir, source, own, rank }: CompletionOptions,
): void {
  // Number of this process's parts that have a file. Null until the files of an earlier run are removed.
  let marked: number | null = null;
  env.onSaved((saved) => {
    const done = saved === null ? own.length : finishedParts(saved.get(source)?.state, own);
    if (marked === null) {
      makeFolderSync(dir);
      for (const part of own.slice(done)) removeIfThereSync(pathOf(part));
      marked = 0;
    }
    for (; marked < done; marked++) write(own[marked]);
  });

  function pathOf({ index }: SourcePart): string {
    return `${dir}/part-${String(index).padStart(6, "0")}.json`;
  }

  function write(part: SourcePart): void {
    const { file, bytes, source: { name } } = part;
    writeWholeSync(pathOf(part), `${JSON.stringify({ file, part: name, bytes, rank })}\n`);
  }
}

/** Returns the number of parts that a chain of sources has finished, according to its saved state. */
function finishedParts(state: unknown, own: readonly SourcePart[]): number {
  if (typeof state !== "object" || state === null || !("at" in state)) return 0;
  if (state.at === null) return own.length;
  return Math.max(0, own.findIndex(({ source }) => source.name === state.at));
}
