/**
 * The resume policy: `auto` goes on from the last checkpoint, `never` moves the old run aside and begins anew, a path
 * goes back to a checkpoint in its own folder. A run interrupted before its first checkpoint begins anew in place.
 *
 * @module
 */
import type { Named } from "./catalogue.ts";
import type { Given } from "./command_line.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { findCheckpoint, lookAt, type Standing } from "./run_folder.ts";
import { UsageError } from "./usage_error.ts";

/** The run's folder, and what of it is gone on with. */
export interface Place {
  readonly out: string;
  /** Where this process's record and checkpoints are: `out`, or its share's folder in it. */
  readonly home: string;
  readonly standing: Standing | null;
  /** Options of the run that is gone on with, of a finished one, or of the others that share it; null: of none. */
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
  const share = pipeline.share?.((option) => commandLine.get(option) ?? config.get(option)) ?? null;
  const inside = share === null ? "" : `/${sharesFolder}/${share}`;
  let out = trimmed(String(given ?? `runs/${name}`));
  let home = `${out}${inside}`;
  if (pipeline.writes === false) return { ...none, out, home };
  let checkpoint: string | null = null;
  if (resume !== "auto" && resume !== "never") {
    const found = await findCheckpoint(resume);
    if (given !== null && home !== found.out) {
      throw new UsageError(
        `Cannot take ${resume} on in --out ${given}: a run goes on in its own folder ${found.out}: leave --out away, or begin another run from its weights with --init-from`,
      );
    }
    ({ out: home, checkpoint } = found);
    out = home.endsWith(inside) ? home.slice(0, home.length - inside.length) : home;
  }
  const standing = await lookAt(home);
  const { record } = standing;
  if (record !== null && record.pipeline !== name) {
    throw new UsageError(
      `Cannot use ${home}: a run of ${record.pipeline} stands there: give another --out`,
    );
  }
  if (record !== null && (pipeline.share?.((option) => record.options[option]) ?? null) !== share) {
    throw new UsageError(
      `Cannot use ${home}: another share of the work stands there: give the options of that share, or another --out`,
    );
  }
  if (resume === "never") {
    if (!standing.empty && record === null && share === null) {
      throw new UsageError(
        `Cannot begin anew in ${home}: what stands there is not a run: give an empty --out, or move it yourself`,
      );
    }
    const saved = share === null ? null : await optionsOfOthers(out, { home, name });
    return { ...none, out, home, saved, moveAside: record !== null };
  }
  const goesOn = record !== null && (standing.hasCheckpoint || standing.finished);
  const others = pipeline.share !== undefined && !goesOn;
  return {
    out,
    home,
    standing,
    saved: goesOn ? record.options : others ? await optionsOfOthers(out, { home, name }) : null,
    resumed: standing.hasCheckpoint,
    checkpoint,
    moveAside: false,
  };
}

/** Where in --out the shares of the work have their folders. */
export const sharesFolder = "ranks";

/** What belongs to a share, not to the run. */
const ofAShare = new Set(["rank", "only", "out"]);

/** The options of what else was done in a folder, less those that say which share it was; null: nothing was. */
async function optionsOfOthers(
  out: string,
  { home, name }: { readonly home: string; readonly name: string },
): Promise<Readonly<Record<string, unknown>> | null> {
  const shares = await namesIn(`${out}/${sharesFolder}`);
  for (const place of [...shares.map((share) => `${out}/${sharesFolder}/${share}`), out]) {
    if (place === home) continue;
    const { record, hasCheckpoint, finished } = await lookAt(place);
    if (record?.pipeline !== name || !hasCheckpoint && !finished) continue;
    return Object.fromEntries(Object.entries(record.options).filter(([option]) => !ofAShare.has(option)));
  }
  return null;
}

async function namesIn(dir: string): Promise<string[]> {
  if (!await exists(dir)) return [];
  return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
}

function trimmed(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
