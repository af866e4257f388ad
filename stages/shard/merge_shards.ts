/**
 * Joins the shards that several processes have written: gives them consecutive numbers, in the order of the
 * processes, by renaming them.
 *
 * @module
 */
import { disk } from "../disk/disk.ts";
import { entriesInSync } from "../disk/files.ts";
import { syncFolderSync } from "../disk/folder_sync.ts";
import { existsSync, readIfThere, writeWholeSync } from "../disk/whole_files.ts";
import { indexPath } from "./document_index.ts";
import { readShardSummary, type ShardSummary, type SplitSummary, writeShardSummary } from "./summary.ts";

/** A file and its new place. */
type Move = readonly [from: string, to: string];

const MOVES = "moves.json"; // in the target folder; removed after shards.json is written

/**
 * Moves the shards of the folders to `to`, a folder on the same disk: `train_000000.bin` and so on, the
 * indices of their documents, and the `val_000000.bin` of the first folder. Writes `shards.json` with the
 * sums last. A merge that was interrupted continues where it was. Returns the sums and the number of shards.
 *
 * Throws RangeError if the folders were encoded with different vocabularies or have no tokens to train on,
 * Deno.errors.NotFound for a folder without shards.json.
 */
export async function mergeShards(
  folders: readonly string[],
  to: string,
): Promise<ShardSummary & { readonly shards: number }> {
  const summaries = await Promise.all(folders.map((folder) => summaryOf(folder)));
  const merged = sumOf(summaries, folders);
  const planned = await readIfThere(`${to}/${MOVES}`);
  const moves: readonly Move[] = planned === null ? movesOf(folders, to) : JSON.parse(planned);
  if (planned === null) writeWholeSync(`${to}/${MOVES}`, JSON.stringify(moves));
  for (const [from, target] of moves) {
    if (!existsSync(from) && existsSync(target)) continue; // moved before an interruption
    disk.renameSync(from, target);
  }
  syncFolderSync(to);
  writeShardSummary(to, merged);
  disk.removeSync(`${to}/${MOVES}`);
  return { ...merged, shards: moves.filter(([, target]) => /train_\d+\.bin$/.test(target)).length };
}

/** Returns where each file goes. */
function movesOf(folders: readonly string[], to: string): readonly Move[] {
  const moves: Move[] = [], validation = "val_000000.bin";
  let next = 0;
  for (const folder of folders) {
    const names = entriesInSync(folder).map(({ name }) => name).sort();
    if (names.includes(validation)) moves.push([`${folder}/${validation}`, `${to}/${validation}`]);
    for (const name of names.filter((name) => /^train_\d{6}\.bin$/.test(name))) {
      const from = `${folder}/${name}`, target = `${to}/train_${String(next++).padStart(6, "0")}.bin`;
      moves.push([from, target]);
      if (existsSync(indexPath(from))) moves.push([indexPath(from), indexPath(target)]);
    }
  }
  return moves;
}

async function summaryOf(folder: string): Promise<ShardSummary> {
  const summary = await readShardSummary(folder);
  if (summary !== null) return summary;
  throw new Deno.errors.NotFound(
    `Cannot merge the shards in ${folder}: it has no shards.json: encode them again`,
  );
}

function sumOf(summaries: readonly ShardSummary[], folders: readonly string[]): ShardSummary {
  const [{ vocabSize, validation }] = summaries;
  const other = summaries.findIndex((summary) => summary.vocabSize !== vocabSize);
  if (other >= 0) {
    throw new RangeError(
      `Cannot merge shards of different vocabularies: ${folders[0]} has ${vocabSize} ids, ${
        folders[other]
      } ` +
        `${summaries[other].vocabSize}: encode them with one tokenizer`,
    );
  }
  const sum = (count: keyof Omit<SplitSummary, "sha256">): number =>
    summaries.reduce((sum, { training }) => sum + training[count], 0);
  const training = { tokens: sum("tokens"), bytes: sum("bytes"), documents: sum("documents") };
  if (training.tokens === 0) throw new RangeError("Cannot merge the shards: they have no tokens to train on");
  return { vocabSize, validation, training };
}
