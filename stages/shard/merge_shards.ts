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
import { countTokens } from "../format/tokens/token_formats.ts";
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
 * Deno.errors.NotFound for a folder without shards.json, Deno.errors.InvalidData or UnexpectedEof for shards
 * that are damaged or that shards.json does not count; then nothing has been moved.
 */
export async function mergeShards(
  folders: readonly string[],
  to: string,
): Promise<ShardSummary & { readonly shards: number }> {
  const summaries = await Promise.all(folders.map((folder) => summaryOf(folder)));
  const merged = sumOf(summaries, folders);
  const planned = await plannedMoves(`${to}/${MOVES}`);
  if (planned === null) folders.forEach((folder, i) => checkCounts(folder, summaries[i]));
  const moves = planned ?? movesOf(folders, to);
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

/** Returns the moves of a merge that was interrupted; null if there was none. */
async function plannedMoves(path: string): Promise<readonly Move[] | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    const moves: unknown = JSON.parse(text);
    if (Array.isArray(moves) && moves.every(isMove)) return moves;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Deno.errors.InvalidData(
    `Cannot continue the merge: ${path} is damaged, which says which shards were renamed: encode them again into another folder`,
  );
}

function isMove(value: unknown): value is Move {
  return Array.isArray(value) && value.length === 2 && value.every((path) => typeof path === "string");
}

/** Throws unless the training shards in a folder are whole and have the tokens of their summary. */
function checkCounts(folder: string, { training }: ShardSummary): void {
  const tokens = trainingShards(folder).reduce((sum, name) => sum + countTokens(`${folder}/${name}`), 0);
  if (tokens === training.tokens) return;
  throw new Deno.errors.InvalidData(
    `Cannot merge the shards in ${folder}: they have ${tokens} tokens, shards.json says ${training.tokens}: encode them again`,
  );
}

/** Names of the training shards in a folder, in order. */
function trainingShards(folder: string): readonly string[] {
  return entriesInSync(folder).map(({ name }) => name).filter((name) => /^train_\d{6}\.bin$/.test(name))
    .sort();
}

/** Returns where each file goes. */
function movesOf(folders: readonly string[], to: string): readonly Move[] {
  const moves: Move[] = [], validation = "val_000000.bin";
  let next = 0;
  for (const folder of folders) {
    const held = `${folder}/${validation}`;
    if (existsSync(held)) moves.push([held, `${to}/${validation}`]);
    for (const name of trainingShards(folder)) {
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
