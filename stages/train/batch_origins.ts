/**
 * Describes the origins of a batch's tokens, for messages about a batch that caused an error.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";
import type { TokenShard } from "../items.ts";
import { documentsAt } from "../shard/document_index.ts";

const MAX_RANGES = 4, MAX_DOCUMENTS = 4; // maximum number of each that a message names

/**
 * Returns the token ranges of a batch and their documents, such as "train_000000.bin tokens 640 to 704
 * (document sotu:3), …". Ranges that follow each other in a file are joined, and only the first four are
 * named. The result is empty for a batch without origins.
 */
export function describeOrigins(origins: readonly TokenShard[] | undefined): string {
  const ranges: { path: string; start: number; end: number }[] = [];
  for (const { path, start, count } of [...origins ?? []].sort(byPathAndStart)) {
    const last = ranges.at(-1);
    if (last?.path === path && last.end === start) last.end += count;
    else ranges.push({ path, start, end: start + count });
  }
  const shown = ranges.slice(0, MAX_RANGES).map(({ path, start, end }, i) => {
    const shard = i > 0 && ranges[i - 1].path === path ? "" : `${path} `;
    return `${shard}tokens ${start} to ${end}${describeDocuments({ path, start, count: end - start })}`;
  });
  const more = ranges.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more ranges` : ""}`;
}

/** Returns a text such as " (documents a, b)"; it is empty if the shard has no document index. */
function describeDocuments(range: TokenShard): string {
  const ids = documentsAt(range);
  if (ids.length === 0) return "";
  const more = ids.length - MAX_DOCUMENTS;
  const shown = ids.slice(0, MAX_DOCUMENTS).map((id) => excerpt(id)).join(", ");
  return ` (${ids.length === 1 ? "document" : "documents"} ${shown}${more > 0 ? ` and ${more} more` : ""})`;
}

function byPathAndStart(a: TokenShard, b: TokenShard): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.start - b.start;
}
