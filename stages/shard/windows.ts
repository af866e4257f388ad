/**
 * The stage that cuts token shards into training sequences.
 *
 * @module
 */
import { permutation, uniformAt } from "../../kernels/random/philox.ts";
import { type Context, type Stage, stage } from "../flow/stage.ts";
import type { Sequence, TokenShard } from "../items.ts";
import { addExtent, type Extent, extentsOf, readChecked, type Region, tokensIn } from "./extents.ts";

/** How sequences are cut. */
export interface WindowsOptions {
  /** Tokens a sequence predicts; it is given one more. */
  readonly seqLen: number;
  /** Ids at or above it are refused. */
  readonly vocabSize: number;
  /**
   * `windows` (default): shuffled within each extent as it comes. `shards`: the order of extents is shuffled
   * too; `all`: all windows together, each read by itself, and every pass after the first begins its windows
   * elsewhere; both wait for the end of the input. `none`: window i starts at token i · seqLen of all tokens
   * in a row.
   */
  readonly shuffle?: "none" | "windows" | "shards" | "all";
  /** Passes over the tokens; default: endless, until what follows is done. */
  readonly epochs?: number;
}

/** What a checkpoint keeps. */
export interface WindowsState {
  /** The extents seen. */
  regions: Region[];
  /** The pass under way, from 0. */
  epoch: number;
  /** In a pass after the first: the next extent of its order. */
  extent: number;
  /** The next window: of that extent, with `none` of all tokens in a row, with `all` of the pass. */
  window: number;
}

/**
 * Token shards → sequences of seqLen + 1 ids: inputs are the first seqLen, targets the last.
 *
 * A window starts seqLen after the one before it, so the last token of one is the first of the next, also
 * from one extent of a file to the next; the tokens after the last whole window are left out. The order of
 * windows in an extent depends only on the seed, the file's name (without folder), the extent's start and the
 * pass. After the input's end further passes follow over all extents seen. Memory: one extent. Throws
 * RangeError for ids beyond the vocabulary, with file and position, and if there is not one whole window.
 */
export function windows(options: WindowsOptions): Stage<TokenShard, Sequence> {
  check(options);
  return stage<TokenShard, Sequence, WindowsState>({
    name: "windows",
    resumesFlush: true,
    open: (_ctx, saved = { regions: [], epoch: 0, extent: 0, window: 0 }) => saved,
    *push(shard, state, ctx) {
      const extent = addExtent(state.regions, shard);
      if (options.shuffle === "none") yield* inARow(state, options);
      else if (!waits(options)) {
        yield* shuffled(extent, 0, { options, epoch: 0, seed: ctx.seed });
      }
    },
    *flush(state, ctx) {
      const { seqLen, epochs = Infinity } = options;
      if (!state.regions.some((region) => region.count > seqLen)) checkWhole(state.regions, options);
      if (state.epoch === 0 && !waits(options)) nextPass(state);
      for (; state.epoch < epochs; nextPass(state)) {
        if (options.shuffle === "none") yield* inARow(state, options);
        else if (options.shuffle === "all") yield* together(state, options, ctx);
        else yield* pass(state, options, ctx);
      }
    },
  });
}

/** Whether windows come only when the input has ended. */
function waits({ shuffle }: WindowsOptions): boolean {
  return shuffle === "shards" || shuffle === "all";
}

/** Every window, as far as there are tokens, in order. */
function* inARow(state: WindowsState, { seqLen, vocabSize }: WindowsOptions): Generator<Sequence> {
  let offset = 0;
  let tail = new Uint32Array(0); // tokens from the window's start that do not yet make a whole one
  for (const region of state.regions) {
    const from = Math.max(0, state.window * seqLen - offset);
    offset += region.count;
    for (let at = from; at < region.count;) {
      const count = Math.min(region.count - at, AT_A_TIME);
      const ids = readChecked(region, { start: region.start + at, count, vocabSize });
      at += count;
      const row = joined(tail, ids);
      let start = 0;
      for (; start + seqLen < row.length; start += seqLen) {
        state.window++;
        const begin = region.start + at - row.length + start; // before the file where it has tokens of the one before
        const place = { path: region.path, start: Math.max(region.start, begin) };
        yield { ids: row.slice(start, start + seqLen + 1), ...place };
      }
      tail = row.slice(start);
    }
  }
}

/** A further pass over all extents, from where the state stands. */
function* pass(state: WindowsState, options: WindowsOptions, ctx: Context): Generator<Sequence> {
  const { epoch } = state, { seed } = ctx;
  const extents = extentsOf(state.regions);
  const order = options.shuffle === "shards"
    ? permutation(seed, `extents of pass ${epoch}`, extents.length)
    : null;
  while (state.extent < extents.length) {
    const extent = extents[order === null ? state.extent : order[state.extent]];
    for (const window of shuffled(extent, state.window, { options, epoch, seed })) {
      state.window++;
      yield window;
    }
    state.extent++;
    state.window = 0;
  }
}

/** A pass over the windows of all regions in one random order, from where the state stands. */
function* together(
  state: WindowsState,
  { seqLen, vocabSize }: WindowsOptions,
  { seed }: Context,
): Generator<Sequence> {
  const { epoch } = state;
  const shift = epoch === 0 ? 0 : Math.floor(uniformAt(seed, "beginnings of passes", epoch) * seqLen);
  const regions = state.regions.filter(({ count }) => count > seqLen).map((region) => {
    const from = region.start + Math.min(shift, region.count - 1 - seqLen); // one window at least
    return { region, from, windows: Math.floor((region.start + region.count - 1 - from) / seqLen) };
  });
  const order = permutation(seed, `windows of pass ${epoch}`, regions.reduce((sum, r) => sum + r.windows, 0));
  while (state.window < order.length) {
    let number = order[state.window++], at = 0;
    while (number >= regions[at].windows) number -= regions[at++].windows;
    const { region, from } = regions[at], start = from + number * seqLen;
    yield { ids: readChecked(region, { start, count: seqLen + 1, vocabSize }), path: region.path, start };
  }
}

/** The windows of an extent in the order of a pass, from the given one on. */
function* shuffled(
  extent: Extent,
  skip: number,
  { options, epoch, seed }: { options: WindowsOptions; epoch: number; seed: number },
): Generator<Sequence> {
  const { region, start, count } = extent, { seqLen, vocabSize } = options;
  // Of the windows at region.start + k · seqLen, those whose last token lies in this extent: what came before
  // it in the file is on disk, what comes after it may not be.
  const offset = start - region.start;
  const first = Math.max(0, Math.ceil(offset / seqLen) - 1);
  const end = Math.floor((offset + count - 1) / seqLen);
  if (end - first <= skip) return;
  const from = region.start + first * seqLen;
  const ids = readChecked(region, { start: from, count: (end - first) * seqLen + 1, vocabSize });
  const name = `${region.path.replace(/^.*[\\/]/, "")} ${start} pass ${epoch}`;
  const order = permutation(seed, name, end - first);
  for (let i = skip; i < order.length; i++) {
    const at = order[i] * seqLen;
    yield { ids: ids.slice(at, at + seqLen + 1), path: region.path, start: from + at };
  }
}

function nextPass(state: WindowsState): void {
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

const AT_A_TIME = 1 << 20; // tokens read at once: 4 MB

function checkWhole(regions: readonly Region[], { seqLen, shuffle }: WindowsOptions): void {
  const total = tokensIn(regions);
  if (shuffle === "none" && total > seqLen) return;
  throw new RangeError(
    `Cannot cut sequences: ${total} training tokens in ${regions.length} places, wanted at least ` +
      `${seqLen + 1} in one: give more text or a smaller --seq-len`,
  );
}

function check({ seqLen, vocabSize, epochs = 1 }: WindowsOptions): void {
  for (const [name, value] of Object.entries({ seqLen, vocabSize, epochs })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot cut sequences: ${name} is ${value}: expected a whole number from 1`);
    }
  }
}
