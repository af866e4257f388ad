/**
 * FineWeb's recipe: source → filters → documents. Every removed document is written with the reason. A single
 * process can run the whole recipe. Alternatively, several processes share the source, and another process
 * deduplicates the documents that they keep.
 *
 * @module
 */
import { dropDuplicates } from "../stages/filter/minhash/drop_duplicates.ts";
import { storedDocuments, storeRankDocuments } from "../stages/filter/minhash/rank_store.ts";
import { addressCounter } from "../stages/filter/pii/pii.ts";
import { defaultWords } from "../stages/filter/recipe.ts";
import { from } from "../stages/flow/flow.ts";
import type { Stage } from "../stages/flow/stage.ts";
import type { Document } from "../stages/items.ts";
import { writeDocuments } from "../stages/sink/documents.ts";
import { writeParquet } from "../stages/sink/parquet.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { runOptions } from "./cli/run_options.ts";
import { filters } from "./parts/filters.ts";
import {
  addressesBefore,
  checkOneWayToWrite,
  clusteredDocuments,
  comparedBuckets,
} from "./parts/fineweb/dedup_steps.ts";
import { finishRank, throughputLines } from "./parts/fineweb/finish.ts";
import { isReadByRank } from "./parts/fineweb/rank_files.ts";
import { planned, rankSource, rankSourceLines } from "./parts/fineweb/rank_source.ts";
import { rankFolder, rankWorkOf } from "./parts/fineweb/rank_work.ts";
import { checkRanksFinished, reportOfRanks } from "./parts/fineweb/ranks.ts";
import {
  documentOptions,
  filterOptions,
  rankOptions,
  sourceOptions,
} from "./parts/options/document_options.ts";
import { readsEmbedded } from "./parts/options/requirements.ts";
import { removedIn } from "./parts/recipe.ts";

const options = {
  ...sourceOptions,
  ...filterOptions,
  minhash: { ...filterOptions.minhash, value: "cluster" } satisfies typeof filterOptions.minhash,
  ...documentOptions,
  ...rankOptions,
  seed: { ...runOptions.seed, requires: readsEmbedded }, // several sources are read one after the other
};

export default pipeline({
  about: "filter and deduplicate documents by FineWeb's recipe; keep removed ones with reasons",
  options,
  examples: [
    { does: "filter the mails and speeches that come with the program", typed: "" },
    {
      does: "filter a crawl by the newer generation of the rules",
      typed: "--source 'crawl/*.warc.gz' --recipe current --out runs/crawl",
    },
    {
      does: "run two filters only, and write Parquet",
      typed: "--source notes.jsonl --stages gopher-quality,minhash --format parquet",
    },
  ],
  often: [
    "source",
    "damaged",
    "stages",
    "recipe",
    "minhash",
    "format",
    "workers",
    "rank",
    "world",
    "only",
    "out",
    "resume",
    "dryRun",
  ],
  spares: ["device", "blas", "tune", "logEvery"],
  barrierEvery: 256, // documents
  stats: "stats.json",
  ranks: {
    options: { rank: "own", world: "shared", only: "own" },
    folder: rankFolder,
    reads: isReadByRank,
  },
  async build(o, env) {
    const work = rankWorkOf(o), { rank, world, stages } = work;
    const dir = `${env.out}/minhash`, memory = o.minhashMemory * 2 ** 20;
    switch (work.step) {
      case "plan":
        return await planned(o, { env, work });
      case "report": {
        const needsLast = stages.some((name) => name === "minhash" || name === "pii");
        return await reportOfRanks({ out: env.out, world, values: o, options }, { needsLast });
      }
      case "all": {
        const number = world === 1 ? null : rank;
        return (await rankSource(o, { env, work }))
          .via(await filters({ ...o, stages }, env, { rank: number }))
          .pipe(writer(o, { out: env.out, rank: number }));
      }
      case "first": {
        const sign = work.clusters ? { recipe: o.recipe, words: o.words ?? defaultWords(o.recipe) } : null;
        const countAddresses = work.countsAddresses ? addressCounter(o.recipe) : null;
        const store = { dir, rank: rank ?? 0, sign, records: o.minhashRecords, countAddresses, memory };
        return (await rankSource(o, { env, work }))
          .via(await filters({ ...o, stages }, env, { rank, signOnly: true, surveys: ["before"] }))
          .pipe(storeRankDocuments(store));
      }
      case "buckets":
        await checkRanksFinished({ out: env.out, world, values: o, options });
        return comparedBuckets({ dir, memory }, work);
      case "clusters":
        await checkRanksFinished({ out: env.out, world, values: o, options });
        return clusteredDocuments({ dir, memory }, work);
      case "last": {
        await checkRanksFinished({ out: env.out, world, values: o, options });
        await checkOneWayToWrite(env.out, work);
        const before = addressesBefore(dir, work);
        const removed = removedIn(`${env.out}/removed`, rank)("minhash");
        const documents = from(storedDocuments({ dir, world, rank }));
        const unique = work.clusters
          ? documents.pipe(
            dropDuplicates({ dir, rank, memory }),
            removed === null ? {} : { rejects: removed },
          )
          : documents;
        return unique
          .via(await filters({ ...o, stages }, env, { rank, surveys: ["after"], addressesBefore: before }))
          .pipe(writer(o, { out: env.out, rank }));
      }
    }
  },
  plan: (o, env) => rankSourceLines(o, { env, work: rankWorkOf(o) }),
  finish: async (o, env, summary) => {
    const { results, hints } = await finishRank(o, { env, work: rankWorkOf(o) });
    return { results: [...throughputLines(summary, env), ...results], hints };
  },
});

function writer(
  { format }: Values<typeof options>,
  { out, rank }: { readonly out: string; readonly rank: number | null },
): Stage<Document, never> {
  const options = { dir: `${out}/documents`, rank };
  return format === "parquet" ? writeParquet(options) : writeDocuments(options);
}
