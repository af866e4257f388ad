/**
 * The stage that writes tokens to llm.c shards and passes on what stands on disk.
 *
 * @module
 */
import { tokenWidth } from "../format/tokens/llmc_shard.ts";
import { PARTIAL } from "../format/tokens/token_file.ts";
import { openTokens } from "../format/tokens/token_formats.ts";
import { type Stage, stage } from "../flow/stage.ts";
import type { Tokens, TokenShard } from "../items.ts";
import { DocumentIndex } from "./document_index.ts";
import { GrowingShard, type ShardLayout } from "./growing_shard.ts";
import { SHARD_SUMMARY, type ShardSummary, writeShardSummary } from "./summary.ts";
import { entriesInSync, makeFolderSync } from "../disk/files.ts";

/** Where and how shards are written. */
export interface ShardOptions {
  /** Folder of the shards; made if it is missing. Shards of an earlier run there are replaced. */
  readonly dir: string;
  /** The first documents, whole, are held out until they have this many tokens; 0: none. */
  readonly validationTokens: number;
  /** Ids must be below it. Up to 65,536 the shards are uint16, beyond that uint32 (llm.c's version 7). */
  readonly vocabSize: number;
  /**
   * Tokens of a training shard; only the last is shorter. Default 100,000,000, as llm.c's fineweb.py;
   * nanoGPT's: all.
   */
  readonly shardTokens?: number;
  /** llm.c's, or nanoGPT's: train.bin and val.bin, uint16 without a header. Default llmc. */
  readonly format?: "llmc" | "nanogpt";
  /** Tokens passed on at a time. Default 65,536. */
  readonly extentTokens?: number;
}

/** What a checkpoint keeps: lengths and counts. */
export type ShardSaved = Readonly<{
  validation: Readonly<{ tokens: number; bytes: number; documents: number; sealed: boolean }>;
  training: Readonly<{ tokens: number; bytes: number; documents: number }>;
  /** Number of the shard that grows, its tokens on disk, and how many of those have been passed on. */
  shard: number;
  written: number;
  passed: number;
  /** Bytes of its index of documents; absent in checkpoints of earlier versions. */
  index?: number;
  ended: boolean;
}>;

const NOTHING: ShardSaved = {
  validation: { tokens: 0, bytes: 0, documents: 0, sealed: false },
  training: { tokens: 0, bytes: 0, documents: 0 },
  shard: 0,
  written: 0,
  passed: 0,
  ended: false,
};

/**
 * Tokens → the places of training tokens on disk.
 *
 * The first documents are the validation part, fixed from the start and held out whole: they fill
 * val_000000.bin until it has `validationTokens` tokens and is sealed at once; all later documents go to
 * train_000000.bin and so on (llm.c's format). A shard that grows is called `….bin.partial`; `path` always
 * names the final file, and readers try both. Tokens are passed on once they are written, in extents of
 * `extentTokens`, and what a shard holds is synced whenever the stage's state is saved. Resuming cuts the
 * files back to what the state says, so that a replay writes the same bytes again. shards.json beside them
 * says what validation and training hold, and an index for each training shard which document begins where.
 *
 * Throws RangeError for an id beyond the vocabulary, and at the end if no document was left to train on.
 */
export function shard(options: ShardOptions): Stage<Tokens, TokenShard> {
  check(options);
  return stage<Tokens, TokenShard, Shards>({
    name: "shard",
    open: (_ctx, saved?: unknown) => Shards.open(options, isSaved(saved) ? saved : NOTHING),
    push: (tokens, shards) => shards.add(tokens),
    flush: (shards) => shards.end(),
    save: (shards) => shards.save(),
    close: (shards) => shards.close(),
  });
}

/** The growing files and what is still to be written to them. */
class Shards {
  readonly #options: Required<ShardOptions>;
  readonly #layout: ShardLayout;
  readonly #validation: { tokens: number; bytes: number; documents: number; sealed: boolean };
  readonly #training: { tokens: number; bytes: number; documents: number };
  #shard: number;
  #passed: number;
  #ended: boolean;
  #validationFile: GrowingShard | null = null;
  #file: GrowingShard | null = null;
  #index: DocumentIndex | null = null;
  readonly #indexBytes: number; // of the shard that the run begins with
  readonly #firstShard: number;
  #held: Uint32Array; // tokens that wait to fill an extent
  #heldCount = 0;
  #heldWritten = 0; // of them, how many a save has already written

  private constructor(options: ShardOptions, saved: ShardSaved) {
    const { format = "llmc" } = options;
    const shardTokens = format === "llmc" ? 100_000_000 : Number.MAX_SAFE_INTEGER;
    this.#options = { format, shardTokens, extentTokens: 65_536, ...options };
    this.#layout = { width: tokenWidth(options.vocabSize), format };
    this.#validation = { ...saved.validation };
    this.#training = { ...saved.training };
    this.#shard = this.#firstShard = saved.shard;
    this.#indexBytes = saved.index ?? 0;
    this.#passed = saved.passed;
    this.#ended = saved.ended;
    this.#held = new Uint32Array(this.#options.extentTokens);
  }

  static open(options: ShardOptions, saved: ShardSaved): Shards {
    makeFolderSync(options.dir);
    const shards = new Shards(options, saved);
    shards.#rewind(saved);
    return shards;
  }

  add(tokens: Tokens): TokenShard[] {
    this.#check(tokens);
    const held = this.#validation.tokens < this.#options.validationTokens;
    const part = held ? this.#validation : this.#training;
    part.tokens += tokens.ids.length;
    part.bytes += tokens.bytes ?? 0;
    part.documents++;
    if (!held) return this.#train(tokens);
    this.#validationFile ??= GrowingShard.create(this.#validationPath, this.#layout);
    this.#validationFile.append(tokens.ids);
    if (this.#validation.tokens >= this.#options.validationTokens) this.#sealValidation();
    return [];
  }

  end(): TokenShard[] {
    if (this.#ended) return [];
    if (this.#training.tokens === 0) {
      const { documents, tokens } = this.#validation;
      throw new RangeError(
        `Cannot train: nothing is left of ${documents} documents (${tokens} tokens) after validation took the first ` +
          `${this.#options.validationTokens} tokens: give more documents or a smaller validation part`,
      );
    }
    this.#ended = true;
    const out = this.#flushHeld();
    this.#sealTraining();
    return out;
  }

  async save(): Promise<ShardSaved> {
    this.#writeHeld();
    await this.#validationFile?.sync();
    await this.#file?.sync();
    const index = this.#index?.flush() ?? (this.#shard === this.#firstShard ? this.#indexBytes : 0);
    await this.#index?.sync();
    return {
      validation: { ...this.#validation },
      training: { ...this.#training },
      shard: this.#shard,
      written: this.#ended ? this.#passed : this.#file?.count ?? 0,
      passed: this.#passed,
      index,
      ended: this.#ended,
    };
  }

  /** Seals what there is, so that also a run that stopped early leaves whole files. */
  close(): void {
    try {
      if (this.#file?.sound ?? true) this.#writeHeld();
      if (this.#file !== null && this.#file.sound) this.#sealTraining();
    } finally {
      this.#file?.close();
      this.#validationFile?.close();
      this.#index?.close();
      this.#index = null;
    }
  }

  /** The index of the shard that grows. */
  get #indexed(): DocumentIndex {
    const bytes = this.#shard === this.#firstShard ? this.#indexBytes : 0;
    return this.#index ??= new DocumentIndex(this.#trainingPath(this.#shard), bytes);
  }

  get #validationPath(): string {
    return `${this.#options.dir}/${this.#options.format === "llmc" ? "val_000000" : "val"}.bin`;
  }

  #trainingPath(shard: number): string {
    const { dir, format } = this.#options;
    return `${dir}/${format === "llmc" ? `train_${String(shard).padStart(6, "0")}` : "train"}.bin`;
  }

  #check({ id, ids }: Tokens): void {
    const { vocabSize } = this.#options;
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] >= vocabSize) {
        throw new RangeError(
          `Cannot write token ${i} of ${id}: its id ${ids[i]} is beyond the vocabulary of ${vocabSize}`,
        );
      }
    }
  }

  #train({ id, ids }: Tokens): TokenShard[] {
    const out: TokenShard[] = [];
    this.#indexed.add(this.#passed + this.#heldCount, id);
    const { shardTokens, extentTokens } = this.#options;
    for (let start = 0; start < ids.length;) {
      const room = Math.min(extentTokens, shardTokens - this.#passed) - this.#heldCount;
      const part = ids.subarray(start, start + room);
      this.#held.set(part, this.#heldCount);
      this.#heldCount += part.length;
      start += part.length;
      if (part.length < room) continue;
      out.push(...this.#flushHeld());
      if (this.#passed === shardTokens) {
        this.#sealTraining();
        this.#shard++;
        this.#passed = 0;
        if (start < ids.length) this.#indexed.add(0, id); // its rest
      }
    }
    return out;
  }

  #writeHeld(): void {
    if (this.#heldWritten === this.#heldCount) return;
    this.#file ??= GrowingShard.create(this.#trainingPath(this.#shard), this.#layout);
    this.#file.append(this.#held.subarray(this.#heldWritten, this.#heldCount));
    this.#heldWritten = this.#heldCount;
  }

  #flushHeld(): TokenShard[] {
    if (this.#heldCount === 0) return [];
    this.#writeHeld();
    const { format } = this.#options;
    const extent = {
      path: this.#trainingPath(this.#shard),
      start: this.#passed,
      count: this.#heldCount,
      ...(format !== "llmc" && { format }),
    };
    this.#index?.flush(); // before the tokens can be trained on
    this.#passed += this.#heldCount;
    this.#heldCount = this.#heldWritten = 0;
    return [extent];
  }

  #sealValidation(): void {
    this.#validationFile?.seal();
    this.#validationFile = null;
    this.#validation.sealed = true;
    writeShardSummary(this.#options.dir, this.#summary());
  }

  #sealTraining(): void {
    this.#file?.seal();
    this.#file = null;
    this.#index?.close();
    this.#index = null;
    writeShardSummary(this.#options.dir, this.#summary());
  }

  #summary(): ShardSummary {
    const { sealed: _, ...validation } = this.#validation;
    return { vocabSize: this.#options.vocabSize, validation, training: { ...this.#training } };
  }

  /** Puts the files back to what was saved; what was not written by then is removed. */
  #rewind(saved: ShardSaved): void {
    const { dir } = this.#options;
    const last = saved.written > 0 ? saved.shard : saved.shard - 1;
    for (const { name } of entriesInSync(dir)) {
      const match = /^(?:train(?:_(\d{6}))?|val(?:_000000)?)\.(?:bin(?:\.partial)?|documents\.jsonl)$/.exec(
        name,
      );
      const stale = match === null
        ? name === SHARD_SUMMARY
        : name.startsWith("val")
        ? saved.validation.tokens === 0
        : Number(match[1] ?? 0) > last;
      if (stale) Deno.removeSync(`${dir}/${name}`);
    }
    if (saved.validation.sealed || saved.ended) writeShardSummary(dir, this.#summary());
    if (saved.validation.tokens > 0 && !saved.validation.sealed) {
      this.#validationFile = GrowingShard.rewind(this.#validationPath, this.#layout, saved.validation.tokens);
    }
    if (saved.written === 0 || saved.ended) return;
    const path = this.#trainingPath(saved.shard);
    this.#file = GrowingShard.rewind(path, this.#layout, saved.written);
    this.#heldCount = this.#heldWritten = saved.written - saved.passed;
    const written = openTokens({ path: path + PARTIAL, format: this.#options.format });
    this.#held.set(written.read(saved.passed, this.#heldCount));
    written.close();
  }
}

function check(options: ShardOptions): void {
  const { validationTokens, vocabSize, shardTokens = 1, extentTokens = 1 } = options;
  for (
    const [name, value, least] of [
      ["validationTokens", validationTokens, 0],
      ["vocabSize", vocabSize, 1],
      ["shardTokens", shardTokens, 1],
      ["extentTokens", extentTokens, 1],
    ] as const
  ) {
    if (!Number.isSafeInteger(value) || value < least || value > 0x7FFFFFFF) {
      throw new RangeError(`Cannot write shards: ${name} is ${value}: expected a whole number from ${least}`);
    }
  }
  if (options.format === "nanogpt" && tokenWidth(vocabSize) !== 2) {
    throw new RangeError(
      `Cannot write nanoGPT's files for a vocabulary of ${vocabSize}: its ids have 16 bits: use llm.c's format`,
    );
  }
}

function isSaved(saved: unknown): saved is ShardSaved {
  return typeof saved === "object" && saved !== null && "validation" in saved && "training" in saved;
}
