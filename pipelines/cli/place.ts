/**
 * The resume policy: `auto` goes on from the last checkpoint, `never` moves the old run aside and begins anew, a path
 * goes back to a checkpoint in its own folder. A run interrupted before its first checkpoint begins anew in place.
 *
 * @module
 */
import type { Named } from "./catalogue.ts";
import type { Given } from "./command_line.ts";
import { findCheckpoint, lookAt, type Standing } from "./run_folder.ts";
import { UsageError } from "./usage_error.ts";

/** The run's folder, and what of it is gone on with. */
export interface Place {
  readonly out: string;
  readonly standing: Standing | null;
  /** Options of the run that is gone on with, or of a finished one; null: from the beginning. */
  readonly saved: Readonly<Record<string, unknown>> | null;
  readonly resumed: boolean;
  readonly checkpoint: string | null;
  readonly moveAside: boolean;
}

/**
 * Decides what `--out` and `--resume` come to. Throws UsageError where another pipeline's run stands there, or none.
 */
export async function placeOf(
  { name, pipeline }: Named,
  { commandLine, config }: { readonly commandLine: Given; readonly config: Given },
): Promise<Place> {
  const given = commandLine.get("out") ?? config.get("out") ?? null;
  const resume = String(commandLine.get("resume") ?? config.get("resume") ?? "auto");
  const none = { standing: null, saved: null, resumed: false, checkpoint: null, moveAside: false };
  let out = trimmed(String(given ?? `runs/${name}`));
  if (pipeline.writes === false) return { ...none, out };
  let checkpoint: string | null = null;
  if (resume !== "auto" && resume !== "never") {
    const found = await findCheckpoint(resume);
    if (given !== null && trimmed(String(given)) !== found.out) {
      throw new UsageError(
        `Cannot take ${resume} on in --out ${given}: a run goes on in its own folder ${found.out}: leave --out away, or begin another run from its weights with --init-from`,
      );
    }
    ({ out, checkpoint } = found);
  }
  const standing = await lookAt(out);
  const { record } = standing;
  if (record !== null && record.pipeline !== name) {
    throw new UsageError(
      `Cannot use ${out}: a run of ${record.pipeline} stands there: give another --out`,
    );
  }
  if (resume === "never") {
    if (!standing.empty && record === null) {
      throw new UsageError(
        `Cannot begin anew in ${out}: what stands there is not a run: give an empty --out, or move it yourself`,
      );
    }
    return { ...none, out, moveAside: record !== null };
  }
  const goesOn = record !== null && (standing.hasCheckpoint || standing.finished);
  return {
    out,
    standing,
    saved: goesOn ? record.options : null,
    resumed: standing.hasCheckpoint,
    checkpoint,
    moveAside: false,
  };
}

function trimmed(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
