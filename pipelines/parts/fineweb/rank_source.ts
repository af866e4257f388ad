/**
 * The source of FineWeb's documents, divided into parts among the processes.
 *
 * @module
 */
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { map } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { bytes } from "../../../stages/report/quantity.ts";
import { findParts, partsOfRank, partsSource, type SourcePart } from "../../../stages/source/parts.ts";
import type { Env, Values } from "../../cli/pipeline.ts";
import { pagesFor } from "../filters.ts";
import { markCompletions } from "./completions.ts";
import type { RankWork } from "./rank_work.ts";
import { sourceLines } from "./source_lines.ts";
import {
  type documentOptions,
  type rankOptions,
  readingOf,
  type sourceOptions,
} from "../options/document_options.ts";

type SourceValues = Values<typeof sourceOptions & typeof documentOptions & typeof rankOptions>;

/** Returns the documents of this process's parts. A file in `<out>/completions` marks each finished part. */
export async function rankSource(
  o: SourceValues,
  { env, work }: { readonly env: Env; readonly work: RankWork },
): Promise<Flow<Document>> {
  const { world } = work, rank = work.rank ?? 0, { dump } = o;
  const parts = await partsFor(o, work);
  const own = partsOfRank(parts, { rank, world });
  const source = partsSource(o.source.length === 1 ? o.source[0] : "source", own);
  if (work.rank !== null && !env.dry) {
    const text = `rank ${rank} of ${world} reads ${own.length} of ${parts.length} parts, ${
      bytes(bytesOf(own))
    } of ${bytes(bytesOf(parts))}`;
    env.emit({ type: "note", text });
  }
  markCompletions(env, { dir: `${env.out}/completions`, source: source.name, parts, own, rank });
  return dump === null
    ? from(source)
    : from(source).pipe(map("dump", (doc: Document) => doc.dump === undefined ? { ...doc, dump } : doc));
}

/** Returns the division of the source among the processes, as --dry-run prints it. */
export async function rankSourceLines(
  o: SourceValues,
  { env: { workers }, work }: { readonly env: Env; readonly work: RankWork },
): Promise<readonly string[]> {
  const { world, step } = work;
  const parts = step !== "all" && step !== "first" ? [] : await partsFor(o, work);
  const ranks = Array.from({ length: world }, (_, rank) => partsOfRank(parts, { rank, world }));
  return sourceLines({
    files: new Set(parts.map(({ file }) => file)).size,
    bytes: bytesOf(parts),
    workers,
    ranks: ranks.map((parts) => ({ parts: parts.length, bytes: bytesOf(parts) })),
  });
}

function partsFor(o: SourceValues, { stages }: RankWork): Promise<readonly SourcePart[]> {
  return findParts(o.source, { ...pagesFor(stages), ...readingOf(o), partBytes: o.partBytes });
}

function bytesOf(parts: readonly SourcePart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
