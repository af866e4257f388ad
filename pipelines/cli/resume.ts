/**
 * Decides from `--out` and `--resume` how a run starts. `auto` resumes from the last checkpoint, `never`
 * moves the old run aside and starts a new one, and a path resumes from the checkpoint at that path and
 * continues in the folder of the checkpoint's run, or in another `--out`, which becomes a run of its own. A
 * run that was interrupted before its first checkpoint starts over in the same folder.
 *
 * @module
 */
import { basename, resolve as absolute, sep } from "node:path";
import { entriesIn } from "../../stages/disk/files.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import type { NamedPipeline } from "./catalogue.ts";
import type { GivenValues } from "./command_line.ts";
import type { RankFolders } from "./pipeline.ts";
import { type Branch, branchAt, isBranchedAt } from "../../stages/run/branch.ts";
import { findCheckpoint, readRunFolder, requireOwn, type RunFolderState } from "../../stages/run/folder.ts";
import { RANKS_FOLDER, requireLocal } from "../../stages/run/own_folder.ts";
import { isStore } from "../../stages/run/store/store_place.ts";
import { aboutAddress } from "../../stages/run/store/inputs/fetch_input.ts";
import { StoreRun } from "../../stages/run/store/store_run.ts";
import { UsageError } from "../../stages/run/usage_error.ts";
import { withoutEndSlash } from "../../stages/disk/paths.ts";

/** The run's folder, and what is kept from an earlier run. */
export interface ResumeDecision {
  readonly out: string;
  /** Folder of this process's config.json, metrics and checkpoints: `out`, or `<out>/ranks/<rank>`. */
  readonly recordFolder: string;
  /**
   * State of `recordFolder`; null if the run writes no folder or does not continue an earlier run.
   */
  readonly state: RunFolderState | null;
  /**
   * Option values of the run that is resumed or has finished, or the option values of other ranks in `out`;
   * null if there are no such values.
   */
  readonly saved: Readonly<Record<string, unknown>> | null;
  /** Whether the run resumes from a checkpoint. */
  readonly resumed: boolean;
  /** Folder of the checkpoint to resume from; null for the newest. */
  readonly checkpoint: string | null;
  /** Whether `recordFolder` holds an old run that must be moved aside first. */
  readonly moveAside: boolean;
  /** The checkpoint of another run that must be copied to `recordFolder` first; null if there is none. */
  readonly branch: Branch | null;
  /** The object store that `--out` names, in which the run is kept; null for a folder of this machine. */
  readonly store: StoreRun | null;
}

/**
 * Finds the run's folder and what to resume there. If `--out` is in an object store, the run is fetched
 * first, unless `runs` is false (for --help and --dry-run). Throws the errors of `StoreRun.enter`, and
 * UsageError if `--resume` names no checkpoint, or if the folder belongs to another pipeline, to another rank
 * or to no run at all.
 */
export async function decideResume(
  { name, pipeline }: NamedPipeline,
  { commandLine, config, runs = true, note = () => {} }: {
    readonly commandLine: GivenValues;
    readonly config: GivenValues;
    readonly runs?: boolean;
    /** Receives what a user should know. Default: nobody. */
    readonly note?: (text: string) => void;
  },
): Promise<ResumeDecision> {
  const given = (option: string): unknown => commandLine.get(option) ?? config.get(option);
  const resume = String(given("resume") ?? "auto");
  const { ranks } = pipeline;
  const rank = ranks?.folder(given) ?? null;
  const within = rank === null ? "" : `/${ranksFolder}/${rank}`;
  let out = withoutEndSlash(String(given("out") ?? `runs/${name}`));
  let store: StoreRun | null = null;
  if (isStore(out) && pipeline.writes !== false) {
    store = new StoreRun({
      url: out,
      rank,
      note,
      reads: (path) => rank !== null && (ranks?.reads?.(given, path) ?? true),
    });
    if (runs) await aboutAddress(async () => await store?.enter({ fresh: resume === "never" }));
    out = store.place.folder;
  }
  if (isStore(resume)) {
    throw new UsageError(
      `Cannot resume from ${resume}: a run in an object store is resumed by its address: give --out ${resume}`,
    );
  }
  requireLocal(out, "--out");
  let recordFolder = `${out}${within}`;
  const fresh = {
    state: null,
    saved: null,
    resumed: false,
    checkpoint: null,
    moveAside: false,
    branch: null,
    store,
  };
  if (pipeline.writes === false) return { ...fresh, out, recordFolder };

  let checkpoint: string | null = null;
  if (resume !== "auto" && resume !== "never") {
    const found = await findCheckpoint(resume);
    if ((given("out") ?? null) !== null && absolute(recordFolder) !== absolute(found.out)) {
      if (rank !== null) {
        throw new UsageError(
          `Cannot resume from ${resume} in --out ${out}: a rank resumes in its own folder ${found.out}: leave --out out`,
        );
      }
      return {
        ...await branchOff(await branchAt(found.out, found.checkpoint), { name, resume, out }),
        store,
      };
    }
    ({ out: recordFolder, checkpoint } = found);
    out = recordFolder.endsWith(within)
      ? recordFolder.slice(0, recordFolder.length - within.length)
      : recordFolder;
  }
  const state = await readRunFolder(recordFolder);
  const { record } = state;
  if (record !== null && record.pipeline !== name) {
    throw new UsageError(
      `Cannot use ${recordFolder}: it holds a run of ${record.pipeline}: give another --out`,
    );
  }
  if (record !== null && (ranks?.folder((option) => record.options[option]) ?? null) !== rank) {
    throw new UsageError(
      `Cannot use ${recordFolder}: it holds the run of another rank: give that rank's options, or another --out`,
    );
  }
  requireOwn(state, recordFolder);
  if (rank !== null) requireOwn(await readRunFolder(out), out);
  if (resume === "never") {
    const saved = ranks === undefined || rank === null
      ? null
      : await sharedOptions(out, { recordFolder, name, ranks });
    return { ...fresh, out, recordFolder, saved, moveAside: record !== null };
  }
  const continues = record !== null && (state.hasCheckpoint || state.finished);
  const saved = continues
    ? record.options
    : ranks === undefined
    ? null
    : await sharedOptions(out, { recordFolder, name, ranks });
  return { ...fresh, out, recordFolder, state, saved, resumed: state.hasCheckpoint, checkpoint };
}

/**
 * Decides how a run starts in the folder `out` from a checkpoint of another run. The same command typed again
 * resumes it. Throws UsageError if either folder is not as it must be.
 */
async function branchOff(
  branch: Branch,
  { name, resume, out }: { readonly name: string; readonly resume: string; readonly out: string },
): Promise<Omit<ResumeDecision, "store">> {
  const { record: origin } = await readRunFolder(branch.run);
  if (origin?.pipeline !== name) {
    throw new UsageError(
      `Cannot resume from ${resume}: ${branch.run} holds ${
        origin === null ? "no run" : `a run of ${origin.pipeline}`
      }: give a checkpoint of ${name}`,
    );
  }
  if (absolute(out).startsWith(absolute(branch.run) + sep)) {
    throw new UsageError(
      `Cannot resume from ${resume} in --out ${out}: it lies in the other run's folder: give another --out`,
    );
  }
  const state = await readRunFolder(out);
  requireOwn(state, out);
  const common = { out, recordFolder: out, state, resumed: true, moveAside: false };
  if (state.record === null) {
    const checkpoint = `${out}/checkpoints/${basename(branch.checkpoint)}`;
    return { ...common, saved: origin.options, checkpoint, branch };
  }
  if (isBranchedAt(state, branch)) {
    return { ...common, saved: state.record.options, checkpoint: null, branch: null };
  }
  throw new UsageError(
    `Cannot resume from ${resume} in --out ${out}: it holds another run: give an empty --out, or leave it out to resume in ${branch.run}`,
  );
}

/** Name of the folder in --out that holds a record folder for each rank. */
export const ranksFolder = RANKS_FOLDER;

/**
 * Returns the options that all ranks share, read from another rank that has a checkpoint or has finished, or
 * null if there is no such rank.
 */
async function sharedOptions(
  out: string,
  { recordFolder, name, ranks }: {
    readonly recordFolder: string;
    readonly name: string;
    readonly ranks: RankFolders;
  },
): Promise<Readonly<Record<string, unknown>> | null> {
  const folders = await namesIn(`${out}/${ranksFolder}`);
  for (const folder of [...folders.map((rank) => `${out}/${ranksFolder}/${rank}`), out]) {
    if (folder === recordFolder) continue;
    const { record, hasCheckpoint, finished } = await readRunFolder(folder);
    if (record?.pipeline !== name || !hasCheckpoint && !finished) continue;
    const own = (option: string): boolean => option === "out" || ranks.options[option] === "own";
    return Object.fromEntries(Object.entries(record.options).filter(([option]) => !own(option)));
  }
  return null;
}

async function namesIn(dir: string): Promise<string[]> {
  if (!await exists(dir)) return [];
  return (await entriesIn(dir)).map(({ name }) => name).sort();
}
