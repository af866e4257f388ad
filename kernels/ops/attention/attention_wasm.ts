// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/attention/attention.ts, on panels of 8 queries or 8 keys. The scores of a panel
 * are stored in scratch as [key][8 queries]: the micro-kernel writes this layout and reads it in the next
 * product, and eight softmaxes can be computed at once, one per vector lane. Keys are processed in chunks
 * that fit into scratch, and the results of the chunks are combined by their log-sum-exp (online softmax;
 * source: Dao et al. 2022, "FlashAttention").
 *
 * The backward pass consists of five matrix products. It recomputes the weights once, for panels of keys, to
 * compute `dk` and `dv`; the gradients of the scores of 64 keys are then transposed to compute `dq`. One
 * thread computes all gradients of a (batch, head), so each element has a single writer and a fixed order of
 * additions.
 *
 * @module
 */
import { dropByKey, droppedScoreGrads } from "./attention_dropout_wasm.ts";
import { real, size, tensor } from "../../wasm/call.ts";
import { exp, log64, tanh } from "../../wasm/math.ts";
import { packPanel } from "../../wasm/pack.ts";
import { tile } from "../../wasm/tile.ts";
import { dotRun } from "../../wasm/vector.ts";

/**
 * Size in bytes of the scratch memory for packed keys, values and scores; the rest of scratch holds panels of
 * 8 rows.
 */
const BUDGET: usize = 0x160000;

/** Number of keys whose score gradients are stored before they are added to the gradients of the queries. */
const KEYS: usize = 64;

/** Start of a maximum: finite, so that a query whose scores are all masked has weights 0. */
const LOWEST: f32 = -3.4e38;

/**
 * Computes `out` [B, T, H·D] and `lse` [B, H, T] from `qkv` [B, T, (H + 2K)·D] and, for dropout, `key` and
 * `draw`, and for segments `firstKeys`. `args`: B, T, threshold and scale of dropout, H, K, D, scale, window,
 * cap, whether there are segments. A threshold above 0 enables dropout, a cap above 0 caps the scores.
 */
export function attention(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const threshold = <u32> load<f64>(args, 16), key = tensor(tensors, 1), draw = tensor(tensors, 2);
  const segmented = size(args, 10) != 0, segments = tensor(tensors, threshold > 0 ? 3 : 1);
  const outputs: usize = (threshold > 0 ? 3 : 1) + <usize> segmented;
  const qkv = tensor(tensors, 0), out = tensor(tensors, outputs), lses = tensor(tensors, outputs + 1);
  const batch = size(args, 0), time = size(args, 1), heads = size(args, 4), keyHeads = size(args, 5);
  const depth = size(args, 6), depth4 = (depth + 3) & ~3, depth8 = (depth + 7) & ~7;
  const scale = real(args, 7), window = size(args, 8), cap = real(args, 9);
  const outRow = (heads * depth) << 2, keyRow = (keyHeads * depth) << 2, row = outRow + 2 * keyRow;
  const chunk = (BUDGET / (4 * (depth4 + depth8) + 32)) & ~7;
  const keys = scratch, values = keys + chunk * depth4 * 4, scores = values + chunk * depth8 * 4;
  const query = scores + chunk * 32, sums = query + depth4 * 32, state = sums + depth8 * 32;
  const words = state + 96;

  const panels = (time + 7) >> 3, parts = partsOf(batch * heads, panels, <usize> threads);
  for (let unit = <usize> thread; unit < batch * heads * parts; unit += <usize> threads) {
    const pair = unit / parts, part = unit % parts, b = pair / heads, head = pair % heads;
    const rows0 = qkv + b * time * row, q = rows0 + ((head * depth) << 2);
    const k = rows0 + outRow + (((head * keyHeads / heads) * depth) << 2), v = k + keyRow;
    for (let start: usize = 0; start < time; start += chunk) {
      const count = min(chunk, time - start);
      packLanes(k + start * row, row, count, depth, depth4, keys);
      packDepth(v + start * row, row, count, depth, chunk, values);
      for (let panel = part; panel < panels; panel += parts) {
        const first = panel << 3, rows = min<usize>(8, time - first), starts = segments + ((b * time) << 2);
        // Segments do not overlap, so the first query of a panel has the earliest one.
        const opens = segmented ? <usize> load<u32>(starts + (first << 2)) & ~7 : 0;
        const least = max(firstKeys(first, window), opens);
        if (first + 8 <= start || least >= start + count) continue;
        packPanel(q + first * row, row, 4, rows, depth, depth4, query);
        scaleRun(query, depth4 << 3, scale);
        const from = least > start ? least - start : 0, reach = min((count + 7) & ~7, first + 8 - start);
        for (let at = from; at < reach; at += 8) {
          tile(depth4, keys + at * depth4 * 4, query, scores + (at << 5), 32, false);
        }
        const some = scores + (from << 5), steps = reach - from;
        if (cap > 0) capRun(some, steps << 3, cap);
        if (start + reach == first + 8) maskTile(scores + ((reach - 8) << 5), 32, 4);
        for (let at = from; at < reach && start + at + window < first + 8; at += 8) {
          maskBefore(scores + (at << 5), 32, 4, start + at + window, first);
        }
        if (segmented) {
          for (let at = from; at < reach; at += 8) {
            maskSegments(scores + (at << 5), 32, 4, start + at, first, starts, time);
          }
        }
        softmax(some, steps, state);
        if (threshold > 0) {
          const line = pair * time + first;
          // `dropByKey` is called twice, for four queries each: the compiler would inline a single call, and
          // inlining made the loop without dropout 4 % slower.
          dropByKey(some, steps, line, start + from, key, draw, threshold, words);
          dropByKey(some + 16, steps, line + 4, start + from, key, draw, threshold, words);
          scaleRun(state, 8, real(args, 3));
        }
        for (let d: usize = 0; d < depth8; d += 8) {
          tile(steps, some, values + d * chunk * 4 + (from << 5), sums + (d << 2), depth8 << 2, false);
        }
        const to = out + (b * time + first) * outRow + ((head * depth) << 2);
        join(
          sums,
          depth8 << 2,
          to,
          outRow,
          rows,
          depth,
          state,
          lses + ((pair * time + first) << 2),
          least < start,
        );
      }
    }
  }
}

/**
 * Computes `dqkv` from `qkv`, `out`, `lse`, `dout` and, for dropout, `key` and `draw`, and for segments
 * `firstKeys`. `args` are those of `attention`.
 */
export function attention_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const threshold = <u32> load<f64>(args, 16), keep = real(args, 3);
  const placeKey = tensor(tensors, 4), draw = tensor(tensors, 5);
  const qkv = tensor(tensors, 0), out = tensor(tensors, 1), lses = tensor(tensors, 2);
  const segmented = size(args, 10) != 0, segments = tensor(tensors, threshold > 0 ? 6 : 4);
  const dout = tensor(tensors, 3), dqkv = tensor(tensors, (threshold > 0 ? 6 : 4) + <usize> segmented);
  const batch = size(args, 0), time = size(args, 1), heads = size(args, 4), keyHeads = size(args, 5);
  const depth = size(args, 6), depth4 = (depth + 3) & ~3, depth8 = (depth + 7) & ~7;
  const scale = real(args, 7), window = size(args, 8), cap = real(args, 9);
  const outRow = (heads * depth) << 2, keyRow = (keyHeads * depth) << 2, row = outRow + 2 * keyRow;
  const group = heads / keyHeads;
  const chunk = (BUDGET / (8 * (depth4 + depth8) + 72 + 4 * KEYS + (cap > 0 ? 32 : 0))) & ~7;
  const queriesByLane = scratch, dOByLane = queriesByLane + chunk * depth4 * 4;
  const queries = dOByLane + chunk * depth4 * 4, dOs = queries + chunk * depth8 * 4;
  const weights = dOs + chunk * depth8 * 4, scoreGrads = weights + chunk * 32;
  const lse = scoreGrads + chunk * 32, delta = lse + chunk * 4, turned = delta + chunk * 4;
  const keys = turned + chunk * KEYS * 4, key = keys + KEYS * depth8 * 4;
  const value = key + depth4 * 32, sums = value + depth4 * 32, words = sums + depth8 * 32;
  const slopes = words + 64; // derivatives of capped scores, laid out as the scores

  // One thread computes all heads of queries of a head of keys, because they add to the same gradients.
  for (let keyPair = <usize> thread; keyPair < batch * keyHeads; keyPair += <usize> threads) {
    for (let pair = keyPair * group; pair < (keyPair + 1) * group; pair++) {
      const b = pair / heads, head = pair % heads, rows0 = b * time * row;
      const at = rows0 + ((head * depth) << 2), outAt = b * time * outRow + ((head * depth) << 2);
      const keyAt = rows0 + outRow + ((head / group * depth) << 2), follows = head % group > 0;
      const q = qkv + at, k = qkv + keyAt, v = k + keyRow, o = out + outAt, dO = dout + outAt;
      const dq = dqkv + at, dk = dqkv + keyAt, dv = dk + keyRow, lseRow = lses + ((pair * time) << 2);

      for (let start: usize = 0; start < time; start += chunk) { // chunks of queries that fit into scratch
        const count = min(chunk, time - start), whole = (count + 7) & ~7;
        packLanes(q + start * row, row, count, depth, depth4, queriesByLane);
        scaleRun(queriesByLane, whole * depth4, scale);
        packLanes(dO + start * outRow, outRow, count, depth, depth4, dOByLane);
        packDepth(q + start * row, row, count, depth, chunk, queries);
        packDepth(dO + start * outRow, outRow, count, depth, chunk, dOs);
        rowConstants(o, dO, outRow, depth, lseRow, start, count, whole, lse, delta);
        for (let block = firstKeys(start, window) & ~(KEYS - 1); block < start + count; block += KEYS) {
          const blockEnd = min(block + KEYS, min((time + 7) & ~7, start + whole));
          for (let first = block; first < blockEnd; first += 8) { // `dk` and `dv` for panels of keys
            const rows = min<usize>(8, time - first), from = first > start ? first - start : 0;
            const joins = follows || start > (first / chunk) * chunk;
            if (first + 7 + window <= start) continue;
            const to = min(whole, (first + 14 + window - start) & ~7), steps = to - from, skip = from << 5;
            packPanel(k + first * row, row, 4, rows, depth, depth4, key);
            packPanel(v + first * row, row, 4, rows, depth, depth4, value);
            for (let query = from; query < to; query += 8) {
              tile(depth4, queriesByLane + query * depth4 * 4, key, weights + (query << 5), 32, false);
              tile(depth4, dOByLane + query * depth4 * 4, value, scoreGrads + (query << 5), 32, false);
            }
            if (cap > 0) {
              capRun(weights + skip, steps << 3, cap);
              slopesOf(weights + skip, slopes + skip, steps << 3, cap);
            }
            if (first >= start) maskTile(weights + skip, 4, 32);
            const end = first + window > start ? (first + window - start) & ~7 : 0;
            for (let query = max(from, end); query < to; query += 8) {
              maskBefore(weights + (query << 5), 4, 32, first + window, start + query);
            }
            if (segmented) {
              const starts = segments + ((b * time) << 2);
              for (let query = from; query < to; query += 8) {
                maskSegments(weights + (query << 5), 4, 32, first, start + query, starts, time);
              }
            }
            if (threshold == 0) scoreGradsOf(weights, scoreGrads, from, to, lse, delta);
            else {
              const line = pair * time + start;
              droppedScoreGrads(
                weights,
                scoreGrads,
                from,
                to,
                lse,
                delta,
                line,
                first,
                placeKey,
                draw,
                threshold,
                keep,
                words,
              );
            }
            if (cap > 0) multiplyRun(scoreGrads + skip, slopes + skip, steps << 3);
            for (let d: usize = 0; d < depth8; d += 8) {
              tile(
                steps,
                scoreGrads + skip,
                queries + d * chunk * 4 + skip,
                sums + (d << 2),
                depth8 << 2,
                false,
              );
            }
            rowsOut(sums, depth8 << 2, dk + first * row, row, rows, depth, scale, joins);
            for (let d: usize = 0; d < depth8; d += 8) {
              tile(steps, weights + skip, dOs + d * chunk * 4 + skip, sums + (d << 2), depth8 << 2, false);
            }
            rowsOut(sums, depth8 << 2, dv + first * row, row, rows, depth, 1, joins);
            for (let query = from; query < to; query += 8) { // [query][8 keys] -> [key][8 queries]
              const place = turned + query * KEYS * 4 + ((first - block) << 5);
              packPanel(scoreGrads + (query << 5), 32, 4, 8, 8, 8, place);
            }
          }
          packDepth(k + block * row, row, min(blockEnd, time) - block, depth, KEYS, keys);
          // Computes `dq` for panels of queries.
          for (let query = block > start ? block - start : 0; query < whole; query += 8) {
            const least = firstKeys(start + query, window), skip = least > block ? (least - block) << 5 : 0;
            if (least >= blockEnd) break;
            const rows = min<usize>(8, time - start - query),
              reach = min(blockEnd, start + query + 8) - block;
            for (let d: usize = 0; d < depth8; d += 8) {
              tile(
                reach - (skip >> 5),
                turned + query * KEYS * 4 + skip,
                keys + d * KEYS * 4 + skip,
                sums + (d << 2),
                depth8 << 2,
                false,
              );
            }
            rowsOut(sums, depth8 << 2, dq + (start + query) * row, row, rows, depth, scale, block > least);
          }
        }
      }
    }
  }
}

/** Returns the first key that a panel of queries attends to, rounded down to a whole panel of keys. */
function firstKeys(query: usize, window: usize): usize {
  return query + 1 > window ? (query + 1 - window) & ~7 : 0;
}

/**
 * Returns the number of parts into which the panels of one (batch, head) are divided so that all threads have
 * work.
 */
function partsOf(pairs: usize, panels: usize, threads: usize): usize {
  if (pairs % threads == 0 || pairs >= 4 * threads) return 1;
  return min(panels, (4 * threads + pairs - 1) / pairs);
}

/** Packs 8 rows per panel, one lane per row, with one step per channel. */
function packLanes(x: usize, stride: usize, rows: usize, depth: usize, depth4: usize, to: usize): void {
  for (let i: usize = 0; i < rows; i += 8) {
    packPanel(x + i * stride, stride, 4, min<usize>(8, rows - i), depth, depth4, to + i * depth4 * 4);
  }
}

/**
 * Packs 8 channels per panel, one lane per channel, with one step per row; a panel has memory for `room`
 * rows.
 */
function packDepth(x: usize, stride: usize, rows: usize, depth: usize, room: usize, to: usize): void {
  for (let d: usize = 0; d < depth; d += 8) {
    packPanel(x + (d << 2), 4, stride, min<usize>(8, depth - d), rows, (rows + 7) & ~7, to + d * room * 4);
  }
}

function scaleRun(x: usize, n: usize, by: f32): void {
  const by4 = f32x4.splat(by);
  for (const end = x + (n << 2); x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), by4));
}

/** Masks a tile on the diagonal: scores of keys after the query become -Infinity. */
function maskTile(scores: usize, keyStride: usize, queryStride: usize): void {
  for (let key: usize = 1; key < 8; key++) {
    for (let query: usize = 0; query < key; query++) {
      store<f32>(scores + key * keyStride + query * queryStride, -Infinity);
    }
  }
}

/**
 * Masks the scores of an 8 × 8 tile whose keys are before the window of the query: `end` is the first
 * position past the window of the tile's first key, `query` the position of its first query.
 */
function maskBefore(scores: usize, keyStride: usize, queryStride: usize, end: usize, query: usize): void {
  for (let key: usize = 0; key < 8; key++) {
    for (let i: usize = 0; i < 8; i++) {
      if (query + i >= end + key) store<f32>(scores + key * keyStride + i * queryStride, -Infinity);
    }
  }
}

/**
 * Masks the scores of an 8 × 8 tile whose keys are before the segment of the query: `key` and `query` are the
 * positions of the tile's first key and query, `starts` the first key of each of `time` queries.
 */
function maskSegments(
  scores: usize,
  keyStride: usize,
  queryStride: usize,
  key: usize,
  query: usize,
  starts: usize,
  time: usize,
): void {
  for (let i: usize = 0; i < 8; i++) {
    const opens = <usize> load<u32>(starts + (min(query + i, time - 1) << 2));
    for (let j: usize = 0; j < 8 && key + j < opens; j++) {
      store<f32>(scores + j * keyStride + i * queryStride, -Infinity);
    }
  }
}

/** Replaces `n` scores by `cap · tanh(score / cap)`. */
function capRun(scores: usize, n: usize, cap: f32): void {
  const cap4 = f32x4.splat(cap), inverse = f32x4.splat(1 / cap);
  for (const end = scores + (n << 2); scores < end; scores += 16) {
    v128.store(scores, f32x4.mul(cap4, tanh(f32x4.mul(inverse, v128.load(scores)))));
  }
}

/** Stores the derivatives of capping, `1 - (score / cap)²`, of `n` capped scores. */
function slopesOf(scores: usize, slopes: usize, n: usize, cap: f32): void {
  const one = f32x4.splat(1), inverse = f32x4.splat(1 / cap);
  for (const end = scores + (n << 2); scores < end; scores += 16, slopes += 16) {
    const t = f32x4.mul(inverse, v128.load(scores));
    v128.store(slopes, f32x4.sub(one, f32x4.mul(t, t)));
  }
}

function multiplyRun(x: usize, by: usize, n: usize): void {
  for (const end = x + (n << 2); x < end; x += 16, by += 16) {
    v128.store(x, f32x4.mul(v128.load(x), v128.load(by)));
  }
}

/**
 * Replaces scores [n][8] by `e^(score - maximum of the lane)`. `state` receives 8 reciprocal sums and then 8
 * log-sum-exps.
 */
function softmax(scores: usize, n: usize, state: usize): void {
  const end = scores + (n << 5);
  let top0 = f32x4.splat(LOWEST), top1 = top0, sum0 = f32x4.splat(0), sum1 = sum0;
  for (let p = scores; p < end; p += 32) {
    top0 = f32x4.pmax(top0, v128.load(p));
    top1 = f32x4.pmax(top1, v128.load(p, 16));
  }
  for (let p = scores; p < end; p += 32) {
    const e0 = exp(f32x4.sub(v128.load(p), top0)), e1 = exp(f32x4.sub(v128.load(p, 16), top1));
    v128.store(p, e0);
    v128.store(p, e1, 16);
    sum0 = f32x4.add(sum0, e0);
    sum1 = f32x4.add(sum1, e1);
  }
  const one = f32x4.splat(1);
  v128.store(state, f32x4.div(one, sum0));
  v128.store(state, f32x4.div(one, sum1), 16);
  v128.store(state, top0, 32);
  v128.store(state, top1, 48);
  v128.store(state, sum0, 64);
  v128.store(state, sum1, 80);
  for (let lane: usize = 0; lane < 32; lane += 4) {
    const at = state + lane;
    store<f32>(at, <f32> (<f64> load<f32>(at, 32) + log64(<f64> load<f32>(at, 64))), 32);
  }
}

/**
 * Divides each row of weighted sums by the sum of the row's weights and writes the result to `out`. If
 * `joins` is true, `out` holds results of earlier chunks, and the new results are combined with them.
 */
function join(
  sums: usize,
  stride: usize,
  out: usize,
  outStride: usize,
  rows: usize,
  depth: usize,
  state: usize,
  lses: usize,
  joins: bool,
): void {
  for (let i: usize = 0; i < rows; i++, sums += stride, out += outStride) {
    const lane = i << 2, own = load<f32>(state + lane, 32);
    // A query has no keys in this chunk if the chunk ends before the query's window or segment.
    if (joins && own == -Infinity) continue;
    let factor: f32 = own == -Infinity ? 0 : load<f32>(state + lane), lse = own;
    if (joins) {
      const before = load<f32>(lses + lane), top = max(before, own);
      const a = expOne(before - top), b = expOne(own - top);
      lse = top + <f32> log64(<f64> (a + b));
      factor *= b / (a + b);
      rowsOut(out, 0, out, 0, 1, depth, a / (a + b), false);
    }
    rowsOut(sums, 0, out, 0, 1, depth, factor, joins);
    store<f32>(lses + lane, lse);
  }
}

function expOne(x: f32): f32 {
  return f32x4.extract_lane(exp(f32x4.splat(x)), 0);
}

/** Computes `to[row][d] = (add ? to[row][d] : 0) + by * from[row][d]`. */
function rowsOut(
  from: usize,
  stride: usize,
  to: usize,
  toStride: usize,
  rows: usize,
  depth: usize,
  by: f32,
  add: bool,
): void {
  const by4 = f32x4.splat(by), end = depth << 2;
  for (let i: usize = 0; i < rows; i++, from += stride, to += toStride) {
    let at: usize = 0;
    for (; at + 16 <= end; at += 16) {
      const value = f32x4.mul(v128.load(from + at), by4);
      v128.store(to + at, add ? f32x4.add(v128.load(to + at), value) : value);
    }
    for (; at < end; at += 4) store<f32>(to + at, (add ? load<f32>(to + at) : 0) + load<f32>(from + at) * by);
  }
}

/**
 * Stores `lse` and `delta = dot(out, dout)` of some rows. Padding rows, up to `room`, get an `lse` of
 * Infinity, which makes their weights 0.
 */
function rowConstants(
  o: usize,
  dO: usize,
  stride: usize,
  depth: usize,
  lses: usize,
  first: usize,
  rows: usize,
  room: usize,
  lse: usize,
  delta: usize,
): void {
  for (let i: usize = 0; i < rows; i++) {
    const at = (first + i) * stride;
    store<f32>(lse + (i << 2), load<f32>(lses + ((first + i) << 2)));
    store<f32>(delta + (i << 2), <f32> dotRun(o + at, dO + at, depth));
  }
  for (let i = rows; i < room; i++) {
    store<f32>(lse + (i << 2), Infinity);
    store<f32>(delta + (i << 2), 0);
  }
}

/**
 * Computes `scoreGrads[query][8 keys] = weight * (g - delta)`, where `weight = e^(score - lse)` and `g` is
 * the previous value of `scoreGrads`, the gradient of the weight. There is one `lse` and one delta per query.
 * Scores are replaced by weights.
 */
function scoreGradsOf(
  scores: usize,
  scoreGrads: usize,
  from: usize,
  to: usize,
  lse: usize,
  delta: usize,
): void {
  for (let i = from; i < to; i++) {
    const p = scores + (i << 5), g = scoreGrads + (i << 5);
    const lse4 = v128.load32_splat(lse + (i << 2)), delta4 = v128.load32_splat(delta + (i << 2));
    const w0 = exp(f32x4.sub(v128.load(p), lse4)), w1 = exp(f32x4.sub(v128.load(p, 16), lse4));
    v128.store(p, w0);
    v128.store(p, w1, 16);
    v128.store(g, f32x4.mul(w0, f32x4.sub(v128.load(g), delta4)));
    v128.store(g, f32x4.mul(w1, f32x4.sub(v128.load(g, 16), delta4)), 16);
  }
}
