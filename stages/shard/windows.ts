/**
 * Splits the tokens of shards into training sequences.
 *
 * @module
 */
import { permutation, uniformAt } from "../../kernels/random/philox.ts";
import { type Context, type Stage, stage } from "../flow/stage.ts";
import type { Sequence, TokenShard } from "../items.ts";
import { localTokens, type TokenRange, type TokenReader } from "../format/tokens/token_reader.ts";
import { addExtent, type Extent, extentsOf, readTokens, type Region, tokensIn } from "./extents.ts";

/** How tokens are split into sequences. */
export interface WindowsOptions {
  /** Number of predicted tokens per sequence; a sequence has one token more. */
  readonly seqLen: number;
  /** Vocabulary size; all token ids must be below it. */
  readonly vocabSize: number;
  /**
   * Order of the sequences. `none`: sequence `i` starts at token `i · seqLen` of all tokens. `windows`
   * (default): shuffled within each extent as it arrives. `shards`: the order of the extents is shuffled too.
   * `all`: all sequences are shuffled together, and in later epochs the sequences start at other tokens.
   * `shards` and `all` yield sequences only after the input has ended.
   */
  readonly shuffle?: "none" | "windows" | "shards" | "all";
  /** Number of passes over the tokens. Default: unlimited, until the next stage requests no more. */
  readonly epochs?: number;
  /**
   * Whether to count the sequences of all epochs before the first is yielded, and to give each the `total`.
   * Sequences are then yielded only after the input has ended, whatever the order. Default: false.
   */
  readonly counted?: boolean;
  /** Reads the tokens of the extents (default: files of this machine). It is closed at the end of the run. */
  readonly tokens?: TokenReader;
}

/** State of the stage. */
export interface WindowsState {
  /** The extents that have arrived. */
  regions: Region[];
  /** Index of the current epoch, starting at 0. */
  epoch: number;
  /** Position of the next extent in the epoch's order; used after the first epoch. */
  extent: number;
  /** Index of the next sequence: within the extent, or within the epoch for `none` and `all`. */
  window: number;
  /** Present if the sequences are counted first; a resumed run keeps it, whatever its options say. */
  readonly counted?: boolean;
}

/**
 * Splits token shards into sequences of `seqLen + 1` ids: the first `seqLen` are the inputs, the last
 * `seqLen` the targets.
 *
 * A sequence starts `seqLen` tokens after the one before it, so the last token of a sequence is the first
 * token of the next, even across the extents of a file. Tokens after the last complete sequence are left out.
 * The order within an extent depends only on the seed, the name of the file (without its folder), the start
 * of the extent and the epoch. When the input has ended, further epochs over all extents follow. Only one
 * extent is kept in memory. Throws a RangeError that names file and position for an id outside the
 * vocabulary, and RangeError if there are too few tokens for one sequence.
 *
 * @example
 * ```ts
 * import { byteTokenizer, encode, from, shard, windows } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * const sequences = from([{ id: "1", text: "We the People" }])
 *   .pipe(encode(byteTokenizer()))
 *   .pipe(shard({ dir, vocabSize: 257, validationTokens: 0 }))
 *   .pipe(windows({ seqLen: 4, vocabSize: 257, shuffle: "none", epochs: 1 }));
 * console.log((await Array.fromAsync(sequences.stream())).map(({ start }) => start)); // [ 0, 4, 8 ]
 * ```
 */
export function windows(options: WindowsOptions): Stage<TokenShard, Sequence> {
  check(options);
  return stage<TokenShard, Sequence, WindowsState>({
    name: "windows",
    resumesFlush: true,
    open: (_ctx, saved) => saved ?? newState(options),
    async *push(shard, state, ctx) {
      const extent = addExtent(state.regions, shard);
      if (waitsForEnd(state, options)) return;
      if (options.shuffle === "none") yield* inOrder(state, options, ctx);
      else {
        const next = { ...extent, start: extent.start + extent.count };
        yield* shuffled(extent, 0, { options, epoch: 0, ctx, next });
      }
    },
    async *flush(state, ctx) {
      const { seqLen, epochs = Infinity } = options;
      if (!state.regions.some((region) => region.count > seqLen)) checkEnough(state.regions, options);
      if (state.epoch === 0 && !waitsForEnd(state, options)) nextEpoch(state);
      const total = state.counted && Number.isFinite(epochs)
        ? countSequences(state.regions.map(({ count }) => count), { ...options, epochs, seed: ctx.seed })
        : null;
      for (; state.epoch < epochs; nextEpoch(state)) {
        for await (const sequence of epochOf(state, options, ctx)) {
          yield total === null ? sequence : { ...sequence, total };
        }
      }
    },
    close: () => options.tokens?.close?.(),
  });
}

/**
 * Number of sequences that `windows` makes in `epochs` passes over files of these numbers of tokens, each of
 * which arrives in consecutive extents.
 */
export function countSequences(
  files: readonly number[],
  { seqLen, shuffle = "windows", epochs, seed }: Omit<WindowsOptions, "vocabSize" | "epochs"> & {
    readonly epochs: number;
    readonly seed: number;
  },
): number {
  const sum = (counts: readonly number[], shift: number) =>
    counts.reduce((all, count) => all + sequencesFrom(count, { seqLen, shift }).sequences, 0);
  if (shuffle === "none") return epochs * sum([files.reduce((all, count) => all + count, 0)], 0);
  if (shuffle !== "all") return epochs * sum(files, 0);
  let all = 0;
  for (let epoch = 0; epoch < epochs; epoch++) all += sum(files, shiftOf(epoch, { seqLen, seed }));
  return all;
}

/** Token of each file at which the first sequence of an epoch begins with shuffle `all`. */
function shiftOf(
  epoch: number,
  { seqLen, seed }: { readonly seqLen: number; readonly seed: number },
): number {
  return epoch === 0 ? 0 : Math.floor(uniformAt(seed, "beginnings of passes", epoch) * seqLen);
}

/** First token and number of the sequences in `count` tokens of a file, from token `shift` on if possible. */
function sequencesFrom(
  count: number,
  { seqLen, shift }: { readonly seqLen: number; readonly shift: number },
): { readonly first: number; readonly sequences: number } {
  if (count <= seqLen) return { first: 0, sequences: 0 };
  const first = Math.min(shift, count - 1 - seqLen); // leaves at least one sequence
  return { first, sequences: Math.floor((count - 1 - first) / seqLen) };
}

function newState({ counted = false }: WindowsOptions): WindowsState {
  return { regions: [], epoch: 0, extent: 0, window: 0, ...(counted && { counted }) };
}

/** Returns whether sequences are yielded only after the input has ended. */
function waitsForEnd({ counted = false }: WindowsState, { shuffle }: WindowsOptions): boolean {
  return counted || shuffle === "shards" || shuffle === "all";
}

/** Yields the rest of the current epoch. */
function epochOf(state: WindowsState, options: WindowsOptions, ctx: Context): AsyncGenerator<Sequence> {
  switch (options.shuffle) {
    case "none":
      return inOrder(state, options, ctx);
    case "all":
      return epochOfAll(state, options, ctx);
    default:
      return epochByExtent(state, options, ctx);
  }
}

/** Yields, in order, the sequences that are complete with the tokens received so far. */
async function* inOrder(
  state: WindowsState,
  { seqLen, vocabSize, tokens = localTokens }: WindowsOptions,
  { signal }: Context,
): AsyncGenerator<Sequence> {
  let offset = 0;
  let tail = new Uint32Array(0); // tokens of the sequence that is not complete yet
  for (const region of state.regions) {
    const from = Math.max(0, state.window * seqLen - offset);
    offset += region.count;
    for (let at = from; at < region.count;) {
      const count = Math.min(region.count - at, READ_AT_ONCE);
      const { path, format } = region, start = region.start + at, range = { path, format, start, count };
      const next = { ...range, start: start + count };
      const ids = await readTokens(range, { tokens, vocabSize, next, signal });
      at += count;
      const row = joined(tail, ids);
      let taken = 0;
      for (; taken + seqLen < row.length; taken += seqLen) {
        state.window++;
        // Negative if the sequence starts with tokens of the file before this one.
        const begin = region.start + at - row.length + taken;
        yield { ids: row.slice(taken, taken + seqLen + 1), path, start: Math.max(region.start, begin) };
      }
      tail = row.slice(taken);
    }
  }
}

/** Yields one epoch over all extents, starting at the position in the state. */
async function* epochByExtent(
  state: WindowsState,
  options: WindowsOptions,
  ctx: Context,
): AsyncGenerator<Sequence> {
  const { epoch } = state, { seed } = ctx;
  const extents = extentsOf(state.regions);
  const order = options.shuffle === "shards"
    ? permutation(seed, `extents of pass ${epoch}`, extents.length)
    : null;
  while (state.extent < extents.length) {
    const [extent, next] = [state.extent, state.extent + 1].map((at): Extent | undefined =>
      extents[order === null ? at : order[at]]
    );
    if (extent === undefined) break;
    for await (const window of shuffled(extent, state.window, { options, epoch, ctx, next })) {
      state.window++;
      yield window;
    }
    state.extent++;
    state.window = 0;
  }
}

/**
 * Yields one epoch over the sequences of all regions in one random order, starting at the position in the
 * state.
 */
async function* epochOfAll(
  state: WindowsState,
  { seqLen, vocabSize, tokens = localTokens }: WindowsOptions,
  { seed, signal }: Context,
): AsyncGenerator<Sequence> {
  const { epoch } = state, shift = shiftOf(epoch, { seqLen, seed });
  const regions = state.regions.filter(({ count }) => count > seqLen).map((region) => {
    const { first, sequences } = sequencesFrom(region.count, { seqLen, shift });
    return { region, from: region.start + first, windows: sequences };
  });
  const order = permutation(seed, `windows of pass ${epoch}`, regions.reduce((sum, r) => sum + r.windows, 0));
  while (state.window < order.length) {
    let number = order[state.window], at = 0;
    while (number >= regions[at].windows) number -= regions[at++].windows;
    const { region: { path, format }, from } = regions[at], start = from + number * seqLen;
    const ids = await readTokens({ path, format, start, count: seqLen + 1 }, { tokens, vocabSize, signal });
    state.window++;
    yield { ids, path, start };
  }
}

/**
 * Yields the sequences of an extent in the order of an epoch and skips the first `skip` of them. `next` is
 * the extent that probably follows; it may extend beyond the end of its file.
 */
async function* shuffled(
  extent: Extent,
  skip: number,
  { options, epoch, ctx: { seed, signal }, next }: {
    readonly options: WindowsOptions;
    readonly epoch: number;
    readonly ctx: Context;
    readonly next: Extent | undefined;
  },
): AsyncGenerator<Sequence> {
  const { region, start, count } = extent, { seqLen, vocabSize, tokens = localTokens } = options;
  // The sequences that start at region.start + `k · seqLen` and whose last token is in this extent. Tokens
  // before the extent are on disk; tokens after it may not be.
  const offset = start - region.start;
  const first = Math.max(0, Math.ceil(offset / seqLen) - 1);
  const end = Math.floor((offset + count - 1) / seqLen);
  if (end - first <= skip) return;
  const from = region.start + first * seqLen;
  const range = rangeOf(extent, { start: from, count: (end - first) * seqLen + 1 });
  const ids = await readTokens(range, {
    tokens,
    vocabSize,
    next: next === undefined ? null : rangeOf(next),
    signal,
  });
  const name = `${region.path.replace(/^.*[\\/]/, "")} ${start} pass ${epoch}`;
  const order = permutation(seed, name, end - first);
  for (let i = skip; i < order.length; i++) {
    const at = order[i] * seqLen;
    yield { ids: ids.slice(at, at + seqLen + 1), path: region.path, start: from + at };
  }
}

/** The tokens of an extent, or others of its file. */
function rangeOf(
  { region: { path, format }, start, count }: Extent,
  other: Pick<TokenRange, "start" | "count"> = { start, count },
): TokenRange {
  return { path, format, ...other };
}

function nextEpoch(state: WindowsState): void {
  state.epoch++;
  state.extent = 0;
  state.window = 0;
}

function joined(a: Uint32Array, b: Uint32Array): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

const READ_AT_ONCE = 1 << 20; // tokens: 4 MB

function checkEnough(regions: readonly Region[], { seqLen, shuffle }: WindowsOptions): void {
  const total = tokensIn(regions);
  if (shuffle === "none" && total > seqLen) return;
  throw new RangeError(
    `Cannot make a sequence: ${total} training tokens in ${regions.length} ` +
      `${regions.length === 1 ? "file" : "files"}, expected at least ${seqLen + 1} in one: ` +
      `give more text or a smaller --seq-len`,
  );
}

function check({ seqLen, vocabSize, epochs = 1 }: WindowsOptions): void {
  for (const [name, value] of Object.entries({ seqLen, vocabSize, epochs })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot make sequences: ${name} is ${value}: expected a whole number of at least 1`,
      );
    }
  }
}
