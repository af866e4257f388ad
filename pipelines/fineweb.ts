/**
 * Filter documents by FineWeb's recipe and write what stays, what was removed and why: one process, or several that
 * share the source, and one that brings together what they left.
 *
 * @module
 */
import { deleteDocumentStore } from "../stages/filter/minhash/minhash_clusters.ts";
import { dropDuplicates } from "../stages/filter/minhash/drop_duplicates.ts";
import {
  deleteRankStores,
  storedDocuments,
  storeRankDocuments,
} from "../stages/filter/minhash/rank_store.ts";
import { defaultWords } from "../stages/filter/recipe.ts";
import { type Flow, from } from "../stages/flow/flow.ts";
import { map, type Stage } from "../stages/flow/stage.ts";
import type { Document } from "../stages/items.ts";
import { bytes } from "../stages/report/quantity.ts";
import { speedLines } from "../stages/report/speed.ts";
import { writeDocuments } from "../stages/sink/documents.ts";
import { writeParquet } from "../stages/sink/parquet.ts";
import { chain } from "../stages/source/chain.ts";
import { findParts, partsOfRank, type SourcePart } from "../stages/source/parts.ts";
import { markCompletions } from "./parts/completions.ts";
import { filters, pagesFor } from "./parts/filters.ts";
import {
  documentOptions,
  filterOptions,
  rankOptions,
  sourceOptions,
} from "./parts/options/document_options.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import { removedIn } from "./parts/recipe.ts";
import { sourceLines } from "./parts/source_lines.ts";
import { shellWord } from "./cli/shell_word.ts";
import {
  checkRanksFinished,
  otherRanksFinished,
  rankFolder,
  type RankWork,
  rankWorkOf,
  writeMerged,
} from "./parts/ranks.ts";

const options = {
  ...sourceOptions,
  ...filterOptions,
  minhash: { ...filterOptions.minhash, value: "cluster" } satisfies typeof filterOptions.minhash,
  ...documentOptions,
  ...rankOptions,
};

type FinewebValues = Values<typeof options>;

export default pipeline({
  about: "filter documents by FineWeb's recipe and write what stays, what was removed and why",
  options,
  barrierEvery: 256, // documents
  stats: "stats.json",
  ranks: { options: { rank: "own", world: "shared", only: "own" }, folder: rankFolder },
  async build(o, env) {
    const share = rankWorkOf(o);
    const dir = `${env.out}/minhash`, memory = o.minhashMemory * 2 ** 20;
    if (share.step === "last") {
      await checkRanksFinished({ out: env.out, world: share.world, values: o, options });
      const removed = removedIn(`${env.out}/removed`)("minhash");
      const documents = from(storedDocuments({ dir, world: share.world }));
      const single = share.clusters
        ? documents.pipe(dropDuplicates({ dir, memory }), removed === null ? {} : { rejects: removed })
        : documents;
      return single
        .via(await filters({ ...o, stages: share.stages }, env, { surveys: ["after"] }))
        .pipe(writer(o, { out: env.out, rank: null }));
    }
    const { rank, world } = share;
    const documents = await sourceOf(o, { env, share });
    if (share.step === "all") {
      return documents
        .via(await filters({ ...o, stages: share.stages }, env, { rank: world === 1 ? null : rank }))
        .pipe(writer(o, { out: env.out, rank: world === 1 ? null : rank }));
    }
    const sign = share.clusters ? { recipe: o.recipe, words: o.words ?? defaultWords(o.recipe) } : null;
    return documents
      .via(await filters({ ...o, stages: share.stages }, env, { rank, signOnly: true, surveys: ["before"] }))
      .pipe(storeRankDocuments({ dir, rank: rank ?? 0, sign, memory }));
  },
  async plan(o, env) {
    const share = rankWorkOf(o);
    const parts = share.step === "last" ? [] : await partsFor(o, share);
    const ranks = Array.from(
      { length: share.world },
      (_, rank) => partsOfRank(parts, { rank, world: share.world }),
    );
    return sourceLines({
      files: new Set(parts.map(({ file }) => file)).size,
      bytes: bytesOf(parts),
      workers: env.workers,
      ranks: ranks.map((parts) => ({ parts: parts.length, bytes: bytesOf(parts) })),
    });
  },
  async finish(o, env, { stages, seconds, earlier: before }) {
    const share = rankWorkOf(o);
    const [source] = stages;
    const characters = (source?.lengths?.mean ?? 0) * (source?.lengths?.count ?? 0);
    const speed = speedLines(stages, {
      documents: (source?.kept ?? 0) - before.documents,
      characters: characters - before.characters,
      seconds,
      cores: env.workers,
    });
    return [...speed, ...await ending(o, { env, share })];
  },
});

/** The process's part of the source; each part that is done is marked. */
async function sourceOf(
  o: FinewebValues,
  { env, share: { stages, ...share } }: { readonly env: Env; readonly share: RankWork },
): Promise<Flow<Document>> {
  const parts = await partsFor(o, { stages });
  const own = partsOfRank(parts, { rank: share.rank ?? 0, world: share.world });
  const source = chain(o.source.length === 1 ? o.source[0] : "source", own.map(({ source }) => source));
  if (share.rank !== null && !env.dry) {
    const text = `rank ${share.rank} of ${share.world} reads ${own.length} of ${parts.length} parts, ${
      bytes(bytesOf(own))
    } of ${bytes(bytesOf(parts))}`;
    env.emit({ type: "note", text });
  }
  markCompletions(env, {
    dir: `${env.out}/completions`,
    source: source.name,
    parts,
    own,
    rank: share.rank ?? 0,
  });
  const { dump } = o;
  return dump === null
    ? from(source)
    : from(source).pipe(map("dump", (doc: Document) => doc.dump === undefined ? { ...doc, dump } : doc));
}

function partsFor(o: FinewebValues, { stages }: Pick<RankWork, "stages">): Promise<readonly SourcePart[]> {
  return findParts(o.source, { ...pagesFor(stages), damaged: o.damaged, partBytes: o.partBytes });
}

function bytesOf(parts: readonly SourcePart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

function writer(
  { format }: FinewebValues,
  { out, rank }: { readonly out: string; readonly rank: number | null },
): Stage<Document, never> {
  const options = { dir: `${out}/documents`, rank };
  return format === "parquet" ? writeParquet(options) : writeDocuments(options);
}

/** Tidies up; what is where, and what comes next. */
async function ending(
  o: FinewebValues,
  { env: { out }, share }: { readonly env: Env; readonly share: RankWork },
): Promise<readonly string[]> {
  const { step, world } = share;
  if (step === "first") {
    return [
      `Set aside:  ${out}/minhash, removed ones with reasons: ${out}/removed`,
      `Next:       once all ${world} ranks are done: deno task pipeline fineweb --out ${
        shellWord(out)
      } --only dedup`,
    ];
  }
  const last = step === "last";
  const merges = last || world > 1 && await otherRanksFinished({ out, world, rank: share.rank ?? 0 });
  if (merges) await writeMerged({ out, world, values: o }, { rank: last ? null : share.rank ?? 0 });
  if (last) deleteRankStores({ dir: `${out}/minhash`, world });
  else deleteDocumentStore(`${out}/minhash`);
  const all = merges ? [`All ranks:  ${out}/stats.json and ${out}/report.html`] : [];
  const files = (await Array.fromAsync(Deno.readDir(`${out}/documents`))).filter(({ name }) =>
    !name.endsWith(".partial")
  );
  if (files.length === 0) {
    return [...all, `No document passed the filters: the removed ones, with reasons, are in ${out}/removed`];
  }
  const glob = `${out}/documents/*${o.format === "parquet" ? ".parquet" : ".jsonl.gz"}`;
  return [
    ...all,
    `Documents:  ${out}/documents, removed ones with reasons: ${out}/removed`,
    `Next:       deno task pipeline tokenize --source ${shellWord(glob)}`,
  ];
}
