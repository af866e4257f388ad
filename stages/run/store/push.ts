/**
 * Brings a run's working folder to its object store while the run goes on. At every moment the store holds a
 * complete state: the manifest names the files of the last one, and is replaced when all of the next are
 * there. Files that grow meanwhile may be longer in the store than at their checkpoint; a resume cuts them
 * back, as it does on disk.
 *
 * @module
 */
import { isMissing } from "../../disk/file_error.ts";
import { entriesIn, fileInfo } from "../../disk/files.ts";
import { readIfThere } from "../../disk/whole_files.ts";
import type { RetryOptions } from "../../format/web/retry.ts";
import { putS3, removeS3 } from "../../format/web/s3/objects.ts";
import { uploadFile } from "../../format/web/s3/upload.ts";
import { type Claim, renewClaim, requireClaim } from "./claim_store.ts";
import {
  type FileMark,
  isSame,
  markOf,
  readStoreState,
  recordFolderOf,
  STORE_FILE,
  type StorePlace,
  unknownMark,
  writeStoreState,
} from "./store_files.ts";

const PART = 16 * 2 ** 20; // bytes up to which a file is read at once
const MAX_PASSES = 5;
/** Names of files of this machine alone: locks, leases, and what is being written. */
const notStored = /^run\.(lock|lease)\b|\.part$|^writing-|^\.nfs/;

/**
 * Uploads what has changed, and returns the claim that is then valid. Throws StoreTakenError if another
 * process has claimed the run, and the errors of `uploadFile`.
 */
export async function pushRun(place: StorePlace, claim: Claim, retry: RetryOptions = {}): Promise<Claim> {
  const { url, folder, within } = place, record = recordFolderOf(place);
  await requireClaim(place, claim, retry);
  const known = new Map(Object.entries((await readStoreState(record))?.files ?? {}));
  try {
    // The checkpoint is chosen first: all files that are listed after it are at least as new.
    const latestPath = `${within}checkpoints/latest`;
    const latest = await readIfThere(`${folder}/${latestPath}`);
    const files = await sendFiles(place, { known, without: latestPath, retry });
    if (latest !== null) {
      const checkpoint = `${within}checkpoints/${latest.trim()}/manifest.json`;
      if (!files.has(checkpoint)) throw new Error(`the checkpoint ${latest.trim()} was replaced meanwhile`);
      await putS3(`${url}/${latestPath}`, new TextEncoder().encode(latest), retry);
      files.add(latestPath);
    }
    const renewed = await renewClaim(place, { claim, files: [...files].sort(), retry });
    for (const path of known.keys()) {
      if (files.has(path)) continue;
      await removeS3(`${url}/${path}`, retry);
      known.delete(path);
    }
    return renewed;
  } finally {
    // Also of an upload that failed: the next one removes what it has left.
    await writeStoreState(record, { folder: claim.owner.folder, files: Object.fromEntries(known) });
  }
}

/** Uploads all files that have changed; those of checkpoints last. Returns the paths of all. */
async function sendFiles(
  { url, folder }: StorePlace,
  { known, without, retry }: {
    /** Files as they are in the store; receives those that are uploaded. */
    readonly known: Map<string, FileMark>;
    readonly without: string;
    readonly retry: RetryOptions;
  },
): Promise<Set<string>> {
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const files = new Set<string>();
    let changed = false;
    const paths = (await filesBelow(folder)).filter((path) => path !== without);
    const order = [...paths.filter((path) => !isCheckpoint(path)), ...paths.filter(isCheckpoint)];
    for (const path of order) {
      const mark = await markAt(`${folder}/${path}`);
      if (mark === null) {
        changed = true; // renamed, as a growing file is when it is complete
        continue;
      }
      files.add(path);
      if (isSame(known.get(path), mark)) continue;
      known.set(path, unknownMark); // a part of it may arrive
      try {
        const bytes = mark.bytes > PART ? { bytes: mark.bytes } : {};
        await uploadFile(`${folder}/${path}`, `${url}/${path}`, { ...retry, ...bytes });
      } catch (error) {
        if (!isMissing(error) && !(error instanceof Deno.errors.InvalidData)) throw error;
        changed = true; // renamed, or replaced by a shorter one
        continue;
      }
      const now = await markAt(`${folder}/${path}`);
      if (now === null || now.inode !== mark.inode) changed = true;
      else known.set(path, mark);
    }
    if (!changed) return files;
  }
  throw new Error("files of the run were renamed each time that they were read");
}

/** Paths of all files of a run, with slashes, relative to its folder. */
async function filesBelow(folder: string, within = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, isDirectory, isFile } of await entriesIn(`${folder}/${within}`)) {
    if (name === STORE_FILE || notStored.test(name)) continue;
    if (isDirectory) {
      paths.push(
        ...await filesBelow(folder, `${within}${name}/`).catch((error) => {
          if (isMissing(error)) return []; // an old checkpoint that was removed
          throw error;
        }),
      );
    } else if (isFile) paths.push(`${within}${name}`);
  }
  return paths;
}

function isCheckpoint(path: string): boolean {
  return /(^|\/)checkpoints\//.test(path);
}

async function markAt(path: string): Promise<FileMark | null> {
  try {
    return markOf(await fileInfo(path));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
