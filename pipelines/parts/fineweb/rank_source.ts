/**
 * The source of FineWeb's documents, divided into parts among the processes.
 *
 * @module
 */
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { map } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { bytes } from "../../../stages/report/quantity.ts";
import { partsOfRank, partsSource } from "../../../stages/source/parts.ts";
import type { Env, Values } from "../../cli/pipeline.ts";
import { pagesFor } from "../filters.ts";
import { bytesOf, dealParts, type JobInputs, makePlan, piecesFor } from "../ranks/planned_parts.ts";
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

/** A process and its work. */
interface RankRun {
  readonly env: Env;
  readonly work: RankWork;
}

/** Returns the documents of this process's parts. A file in `<out>/completions` marks each finished part. */
export async function rankSource(o: SourceValues, { env, work }: RankRun): Promise<Flow<Document>> {
  const { dump } = o, { world } = work, rank = work.rank ?? 0;
  const { own, all } = await dealParts(inputsOf(o, { env, work }), { rank, world, signal: env.signal });
  const source = partsSource(o.source.length === 1 ? o.source[0] : "source", own);
  if (work.rank !== null && !env.dry) {
    const text = `rank ${rank} of ${world} reads ${own.length} of ${all.parts} parts, ${
      bytes(bytesOf(own))
    } of ${bytes(all.bytes)}`;
    env.emit({ type: "note", text });
  }
  markCompletions(env, { dir: `${env.out}/completions`, source: source.name, own, rank });
  return dump === null
    ? from(source)
    : from(source).pipe(map("dump", (doc: Document) => doc.dump === undefined ? { ...doc, dump } : doc));
}

/** Returns the division of the source among the processes, as --dry-run prints it. */
export async function rankSourceLines(o: SourceValues, { env, work }: RankRun): Promise<readonly string[]> {
  const { world, step } = work, reads = step === "all" || step === "first";
  const pieces = reads ? [...await piecesFor(inputsOf(o, { env, work }))] : [];
  const ranks = Array.from({ length: world }, (_, rank) => partsOfRank(pieces, { rank, world }));
  return sourceLines({
    files: new Set(pieces.map(({ input: { file } }) => file)).size,
    bytes: bytesOf(pieces),
    workers: env.workers,
    ranks: ranks.map((parts) => ({ parts: parts.length, bytes: bytesOf(parts) })),
  });
}

/** Makes the plan of all ranks. Throws RangeError if a rank has begun. */
export async function planned(o: SourceValues, { env, work }: RankRun): Promise<Flow<never>> {
  return await makePlan(inputsOf(o, { env, work }), env);
}

function inputsOf(o: SourceValues, { env: { out }, work: { stages } }: RankRun): JobInputs {
  const options = { ...pagesFor(stages), ...readingOf(o), partBytes: o.partBytes };
  return { uris: o.source, options, out };
}
