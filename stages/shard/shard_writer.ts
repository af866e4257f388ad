/**
 * The files of `shard`: writing tokens to them, sealing them, and truncating them on resume.
 *
 * @module
 */
import { disk } from "../disk/disk.ts";
import { entriesInSync, makeFolderSync } from "../disk/files.ts";
import { tokenWidth } from "../format/tokens/llmc_shard.ts";
import { PARTIAL } from "../format/tokens/token_file.ts";
import { openTokens, type TokenFormat } from "../format/tokens/token_formats.ts";
import type { Tokens, TokenShard } from "../items.ts";
import { DocumentIndex } from "./document_index.ts";
import { GrowingShard, type ShardLayout } from "./growing_shard.ts";
import { SHARD_SUMMARY, type ShardSummary, writeShardSummary } from "./summary.ts";

/** Where and how shards are written. */
export interface ShardOptions {
  /** Folder of the shards, created if it is missing. Shards that an earlier run left in it are replaced. */
  readonly dir: string;
  /**
   * The first documents are held out for validation until they have this many tokens. Documents are not
   * split. If it is 0, no document is held out. Default: the documents that `holdOut` has marked are held
   * out.
   */
  readonly validationTokens?: number | undefined;
  /**
   * Vocabulary size, above all token ids. Shards have uint16 ids if it is at most 65,536, otherwise uint32
   * ids (llm.c's version 7).
   */
  readonly vocabSize: number;
  /**
   * Number of tokens per training shard; only the last shard is shorter. Default: 100,000,000, as in llm.c's
   * fineweb.py; without headers, one shard for all tokens.
   */
  readonly shardTokens?: number;
  /**
   * llm.c's format; or train.bin and val.bin without headers: nanoGPT's format of uint16, or int32. Default:
   * llmc.
   */
  readonly format?: TokenFormat;
  /** Number of tokens in each extent that is yielded. Default: 65,536. */
  readonly extentTokens?: number;
  /** Whether there may be no document to train on, as in one process of several. Default: false. */
  readonly mayBeEmpty?: boolean;
}

/** Saved state of the stage: numbers of tokens, and lengths of files. */
export type SavedShardState = Readonly<{
  validation: Readonly<
    { tokens: number; bytes: number; documents: number; sealed: boolean; sha256?: string }
  >;
  training: Readonly<{ tokens: number; bytes: number; documents: number }>;
  /** Index of the training shard that is being written. */
  shard: number;
  /** Number of tokens of that shard that are on disk. */
  written: number;
  /** Number of tokens of that shard that have been yielded. */
  passed: number;
  /** Length in bytes of that shard's document index; absent in checkpoints of earlier versions. */
  index?: number;
  /** Whether the input has ended and all shards are sealed. */
  ended: boolean;
  /** Hashes of the shards, which are compared on resume; absent in checkpoints of earlier versions. */
  hashes?: ShardHashes;
}>;

/**
 * Hashes of the tokens in the validation shard and in each training shard; null for a shard without tokens.
 */
export type ShardHashes = Readonly<{ validation: string | null; training: readonly (string | null)[] }>;

/** The open files, and the tokens that are not written yet. */
export class ShardWriter {
  readonly #options: Required<Omit<ShardOptions, "validationTokens">>;
  readonly #validationTokens: number | null;
  readonly #layout: ShardLayout;
  readonly #validation: {
    tokens: number;
    bytes: number;
    documents: number;
    sealed: boolean;
    sha256?: string;
  };
  readonly #training: { tokens: number; bytes: number; documents: number };
  #shard: number;
  #passed: number;
  #ended: boolean;
  #validationFile: GrowingShard | null = null;
  #file: GrowingShard | null = null;
  #index: DocumentIndex | null = null;
  readonly #indexBytes: number; // length in bytes of the document index of this run's first shard
  readonly #firstShard: number;
  #sealedValidation: string | null; // hash of the shard once it is sealed
  readonly #sealedTraining: (string | null)[]; // likewise, of each sealed shard
  #held: Uint32Array; // tokens of the extent that is not full yet
  #heldCount = 0;
  #heldWritten = 0; // number of these tokens that a save has already written

  private constructor(options: ShardOptions, saved: SavedShardState) {
    const { format = "llmc" } = options;
    const shardTokens = format === "llmc" ? 100_000_000 : Number.MAX_SAFE_INTEGER;
    this.#options = { format, shardTokens, extentTokens: 65_536, mayBeEmpty: false, ...options };
    this.#validationTokens = options.validationTokens ?? null;
    this.#layout = { width: format === "int32" ? 4 : tokenWidth(options.vocabSize), format };
    this.#validation = { ...saved.validation };
    this.#training = { ...saved.training };
    this.#shard = this.#firstShard = saved.shard;
    this.#indexBytes = saved.index ?? 0;
    this.#passed = saved.passed;
    this.#ended = saved.ended;
    this.#held = new Uint32Array(this.#options.extentTokens);
    const { validation = null, training = [] } = saved.hashes ?? {};
    this.#sealedValidation = saved.validation.sealed ? validation : null;
    this.#sealedTraining = training.slice(0, saved.ended ? saved.shard + 1 : saved.shard);
  }

  /** Creates the folder if it is missing, and restores its files as they were when `saved` was saved. */
  static open(options: ShardOptions, saved: SavedShardState): ShardWriter {
    makeFolderSync(options.dir);
    const writer = new ShardWriter(options, saved);
    writer.#rewind(saved);
    return writer;
  }

  /** Adds a document; returns the extents of training tokens that are on disk now. */
  add(tokens: Tokens): TokenShard[] {
    this.#check(tokens);
    const heldOut = this.#isHeldOut(tokens);
    const split = heldOut ? this.#validation : this.#training;
    split.tokens += tokens.ids.length;
    split.bytes += tokens.bytes ?? 0;
    split.documents++;
    if (!heldOut) {
      if (this.#validationFile !== null) this.#sealValidation();
      return this.#train(tokens);
    }
    if (tokens.heldOut !== undefined) this.#validation.sha256 = tokens.heldOut;
    this.#validationFile ??= GrowingShard.create(this.#validationPath, this.#layout);
    this.#validationFile.append(tokens.ids);
    const most = this.#validationTokens;
    if (most !== null && this.#validation.tokens >= most) this.#sealValidation();
    return [];
  }

  #isHeldOut({ heldOut }: Tokens): boolean {
    return this.#validationTokens === null
      ? heldOut !== undefined && !this.#validation.sealed
      : this.#validation.tokens < this.#validationTokens;
  }

  /** Writes and seals everything at the end of the input; returns the last extent. */
  end(): TokenShard[] {
    if (this.#ended) return [];
    if (this.#training.tokens === 0 && !this.#options.mayBeEmpty) {
      throw new RangeError(`Cannot train: ${this.#whyNothingIsLeft()}`);
    }
    this.#ended = true;
    const out = this.#flushHeld();
    this.#sealTraining();
    return out;
  }

  #whyNothingIsLeft(): string {
    const { documents, tokens, bytes } = this.#validation;
    if (documents === 0) return "there are no documents: give text with --source";
    if (this.#validationTokens === null) {
      return `all of the text (${bytes} bytes) is held out for validation: give more text`;
    }
    const advice = tokens < 20
      ? "give more text"
      : `give more text or --val-tokens ${Math.floor(tokens / 10)} in place of ` +
        `${this.#validationTokens}; without this option, a tenth of the text is held out`;
    return `nothing is left of ${documents} ${documents === 1 ? "document" : "documents"} (${tokens} ` +
      `tokens) after the first ${this.#validationTokens} tokens were held out for validation: ${advice}`;
  }

  /** Writes and syncs everything; returns the state to save. */
  async save(): Promise<SavedShardState> {
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
      hashes: {
        validation: this.#validationFile?.hash() ?? this.#sealedValidation,
        training: this.#file === null
          ? [...this.#sealedTraining]
          : [...this.#sealedTraining, this.#file.hash()],
      },
    };
  }

  /** Seals the files, so that even a run that stopped early leaves complete files. */
  close(): void {
    try {
      if (this.#file?.intact ?? true) this.#writeHeld();
      if (this.#file !== null && this.#file.intact) this.#sealTraining();
    } finally {
      this.#file?.close();
      this.#validationFile?.close();
      this.#index?.close();
      this.#index = null;
    }
  }

  /** The document index of the shard that is being written; opened on first use. */
  get #openIndex(): DocumentIndex {
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
          `Cannot write token ${i + 1} of ${id}: its id ${ids[i]} is beyond the vocabulary of ${vocabSize}`,
        );
      }
    }
  }

  #train({ id, ids }: Tokens): TokenShard[] {
    const out: TokenShard[] = [];
    this.#openIndex.add(this.#passed + this.#heldCount, id);
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
        if (start < ids.length) this.#openIndex.add(0, id); // the rest of the document starts the next shard
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
    this.#index?.flush(); // so that the index is complete for tokens that training can read
    this.#passed += this.#heldCount;
    this.#heldCount = this.#heldWritten = 0;
    return [extent];
  }

  #sealValidation(): void {
    this.#sealedValidation = this.#validationFile?.hash() ?? null;
    this.#validationFile?.seal();
    this.#validationFile = null;
    this.#validation.sealed = true;
    writeShardSummary(this.#options.dir, this.#summary());
  }

  #sealTraining(): void {
    if (this.#file !== null) this.#sealedTraining[this.#shard] = this.#file.hash();
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

  /** Throws Deno.errors.InvalidData, which names the shard, for one that is missing or has changed. */
  #checkHashes({ hashes, validation, shard, written }: SavedShardState): void {
    const check = (path: string, { count, hash }: { count: number; hash: string | null }): void => {
      if (hash === null) return;
      const refuse = (why: string, cause?: unknown): never => {
        throw new Deno.errors.InvalidData(
          `Cannot resume: ${path} ${why}: put it back as it was, or start over with --resume never`,
          { cause },
        );
      };
      let now = "";
      try {
        now = GrowingShard.hashOf(path, this.#layout, count);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) refuse("is missing", error);
        if (error instanceof Deno.errors.InvalidData) refuse(`has fewer than ${count} tokens`, error);
        throw error;
      }
      if (now !== hash) refuse("has changed since the checkpoint");
    };
    check(this.#validationPath, { count: validation.tokens, hash: hashes?.validation ?? null });
    for (const [i, hash] of hashes?.training.entries() ?? []) {
      const count = i < shard ? this.#options.shardTokens : written;
      check(this.#trainingPath(i), { count, hash });
    }
  }

  /** Truncates the files to the saved lengths, and removes files that were created later. */
  #rewind(saved: SavedShardState): void {
    const { dir } = this.#options;
    this.#checkHashes(saved);
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
      if (stale) disk.removeSync(`${dir}/${name}`);
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
