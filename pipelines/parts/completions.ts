/**
 * `<out>/completions`: a small file for each part of the source that is done, so that a person or a scheduler sees how
 * far a run is. They tell what the checkpoints know: a part is done once a checkpoint lies behind it.
 *
 * @module
 */
import type { SourcePart } from "../../stages/source/parts.ts";
import type { Env } from "../cli/pipeline.ts";
import { removeIfThereSync, writeWholeSync } from "../../stages/disk/whole_files.ts";

/** Which parts, of which process. */
export interface Marked {
  readonly dir: string;
  /** The name of the source that reads the parts one after another. */
  readonly source: string;
  /** All parts, of all processes: they are numbered by it. */
  readonly parts: readonly SourcePart[];
  /** Those of this process. */
  readonly own: readonly SourcePart[];
  readonly rank: number;
}

/** Keeps the marks of a process's parts as its checkpoints say. */
export function markCompletions(env: Pick<Env, "onSaved">, { dir, source, parts, own, rank }: Marked): void {
  const numbers = new Map(parts.map((part, i) => [part, i]));
  let marked: number | null = null; // own parts that are marked; null: not known what an earlier run has left
  env.onSaved((saved) => {
    const done = saved === null ? own.length : doneBy(saved.get(source)?.state, own);
    if (marked === null) {
      Deno.mkdirSync(dir, { recursive: true });
      for (const part of own.slice(done)) removeIfThereSync(pathOf(part));
      marked = 0;
    }
    for (; marked < done; marked++) write(own[marked]);
  });

  function pathOf(part: SourcePart): string {
    return `${dir}/part-${String(numbers.get(part)).padStart(6, "0")}.json`;
  }

  function write(part: SourcePart): void {
    const { file, bytes, source: { name } } = part;
    writeWholeSync(pathOf(part), `${JSON.stringify({ file, part: name, bytes, rank })}\n`);
  }
}

/** How many of the parts lie behind a chain's saved state. */
function doneBy(state: unknown, own: readonly SourcePart[]): number {
  if (typeof state !== "object" || state === null || !("at" in state)) return 0;
  if (state.at === null) return own.length;
  return Math.max(0, own.findIndex(({ source }) => source.name === state.at));
}
