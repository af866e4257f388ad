/**
 * Divides the work of `tokenize` among several processes (ranks). Each encodes its parts of the source into
 * shards of its own folder; then one process gives them consecutive numbers in the order of the ranks. The
 * tokens, one after another, are those of one process for any number of ranks.
 *
 * @module
 */
import { makeFolderSync } from "../../../stages/disk/files.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { type Source, stage } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { readRunFolder } from "../../../stages/run/folder.ts";
import type { EndLines } from "../../../stages/run/record_run.ts";
import { mergeShards } from "../../../stages/shard/merge_shards.ts";
import { partsSource } from "../../../stages/source/parts.ts";
import { copyFolder } from "../../../stages/disk/copy_folder.ts";
import type { Env, Lookup, Values } from "../../cli/pipeline.ts";
import { oneOf } from "../../cli/option_types.ts";
import { ranksFolder } from "../../cli/resume.ts";
import { shellWord } from "../../cli/shell_word.ts";
import { rankOptions, type sourceOptions, textOnly } from "../options/document_options.ts";
import { dealParts, type JobInputs, planPath } from "./planned_parts.ts";

const { rank, world, partBytes } = rankOptions;

/** Options for several processes. */
export const tokenizeRankOptions = {
  rank,
  world: {
    ...world,
    about: "number of processes that encode into one folder; --only merge then joins their shards",
  },
  only: oneOf(
    "do one step of the work: plan looks into all files and decides how they are divided, which ranks then read; merge joins the shards of all ranks",
    { value: null, choices: ["plan", "merge"], fixed: true, group: "Several processes" },
  ),
  partBytes,
};

/** The options that determine what a process does. */
type TokenizeValues = Values<typeof tokenizeRankOptions & typeof sourceOptions> & {
  readonly tokenizer: string;
  readonly valTokens: number | null;
  readonly shardFormat: string;
};

/** The work of one process. */
export interface TokenizeWork {
  readonly step: "encode" | "plan" | "merge";
  /** Rank of the process; null if it works alone or does a step for all ranks. */
  readonly rank: number | null;
  /** Number of processes that encode. */
  readonly world: number;
}

/** Returns the work that the options ask for. Throws RangeError if they contradict each other. */
export function tokenizeWorkOf(o: TokenizeValues): TokenizeWork {
  const { rank, world, only } = o;
  if (only !== null) {
    if (rank !== null) {
      throw new RangeError(`Cannot use --only ${only} with --rank ${rank}: one process does it`);
    }
    if (only === "merge" && world === null) {
      throw new RangeError("Cannot use --only merge: no rank has begun: give each --rank R --world N");
    }
    return { step: only, rank, world: world ?? 1 };
  }
  if (rank === null && world === null) return { step: "encode", rank, world: 1 };
  if (world === null) throw new RangeError(`--rank ${rank} needs --world N, the number of processes`);
  if (rank === null) {
    throw new RangeError(
      `--world ${world} needs --rank R from 0 to ${world - 1}, or --only merge once all ranks are done`,
    );
  }
  if (rank >= world) {
    throw new RangeError(`--rank ${rank} is not one of --world ${world}: expected 0 to ${world - 1}`);
  }
  const refuse = (option: string, instead: string): never => {
    throw new RangeError(`Cannot use ${option} with --rank ${rank}: ${instead}`);
  };
  if (o.tokenizer === "train" || o.tokenizer === "char") {
    refuse(
      `--tokenizer ${o.tokenizer}`,
      "train the vocabulary first (deno task pipeline tokenizer), and give its folder",
    );
  }
  if (o.valTokens !== null) refuse("--val-tokens", "give --val-bytes");
  if (o.shardFormat !== "llmc") refuse(`--shard-format ${o.shardFormat}`, "a single file cannot be shared");
  if (o.source.every((uri) => /^(embedded|-)/.test(uri))) {
    refuse(`--source ${o.source.join(" ")}`, "only files can be shared");
  }
  return { step: "encode", rank, world };
}

/** Returns the name of a process's folder in `<out>/ranks`; null if the process works alone. */
export function tokenizeFolder(given: Lookup): string | null {
  const only = given("only"), rank = given("rank");
  if (only === "plan" || only === "merge") return only;
  return typeof rank === "number" ? padded(rank) : null;
}

/** Returns the folder of a rank, which holds its shards until they are merged. */
export function rankFolderOf(out: string, rank: number): string {
  return `${out}/${ranksFolder}/${padded(rank)}`;
}

/** Returns the inputs of all processes. */
export function tokenizeInputs(o: TokenizeValues, { out }: Pick<Env, "out">): JobInputs {
  return { uris: o.source, options: { ...textOnly(o), partBytes: o.partBytes }, out };
}

/** Returns the documents of a rank's parts. */
export async function ownParts(
  o: TokenizeValues,
  { env, work: { rank, world } }: {
    readonly env: Env;
    readonly work: { readonly rank: number; readonly world: number };
  },
): Promise<Source<Document>> {
  const { own } = await dealParts(tokenizeInputs(o, env), { rank, world, signal: env.signal });
  return partsSource(o.source.length === 1 ? o.source[0] : "source", own);
}

/**
 * Merges the shards of all ranks into `<out>/shards`, and copies the tokenizer. Throws RangeError if a rank
 * has not finished.
 */
export async function mergedShards(out: string, { world }: TokenizeWork): Promise<Flow<never>> {
  const folders = Array.from({ length: world }, (_, rank) => rankFolderOf(out, rank));
  for (const [rank, folder] of folders.entries()) {
    if ((await readRunFolder(folder)).finished) continue;
    throw new RangeError(
      `Cannot merge the shards in ${out}: rank ${rank} is not finished: finish it with --rank ${rank} --world ${world}`,
    );
  }
  return from(asSource("ranks", () => [out])).pipe(stage<string, never, null>({
    name: "merge",
    open: () => null,
    async *push(out, _state, { emit }) {
      if (!await exists(`${out}/tokenizer`)) await copyFolder(`${folders[0]}/tokenizer`, `${out}/tokenizer`);
      makeFolderSync(`${out}/shards`);
      const { training, shards } = await mergeShards(
        folders.map((folder) => `${folder}/shards`),
        `${out}/shards`,
      );
      emit({ type: "note", text: `merged ${shards} shards of ${world} ranks: ${training.tokens} tokens` });
    },
  }));
}

/** Returns the lines that say what to type after a step. */
export function tokenizeNext(
  out: string,
  { step, rank, address }: Pick<TokenizeWork, "step" | "rank"> & Pick<Env, "address">,
): EndLines {
  const command = `deno task pipeline tokenize --out ${shellWord(address)}`;
  return step === "plan"
    ? {
      results: [`Plan:    ${planPath(out)}`],
      hints: [`Next:    for each rank R of N: ${command} --rank R --world N`],
    }
    : {
      results: [`Shards:  ${rankFolderOf(out, rank ?? 0)}/shards`],
      hints: [`Next:    once all ranks are done: ${command} --only merge`],
    };
}

function padded(rank: number): string {
  return String(rank).padStart(5, "0");
}
