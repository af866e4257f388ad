// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/attention/attention_cache.ts. One thread computes one query of one head: first
 * the scores, four keys at a time, then the softmax, then the weighted sum of values, 32 channels at a time
 * in registers.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";
import { exp, tanh } from "../../wasm/math.ts";
import { madd } from "../../wasm/madd.ts";
import { lanes, largest, loadPart, storePart } from "../../wasm/vector.ts";

/**
 * Copies the new rows of keys and values in `qkv` [B, N, P] into `cache` [S, T, R] at `firstRows` [B]. They
 * are the last R numbers of a row of `qkv`. `args`: B, N, P, R, S, T.
 */
export function cache_put(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const cache = tensor(tensors, 0), qkv = tensor(tensors, 1), firstRows = tensor(tensors, 2);
  const batch = size(args, 0), tokens = size(args, 1), packed = size(args, 2) << 2, row = size(args, 3) << 2;
  const texts = size(args, 4), time = size(args, 5);
  const end = first(batch * tokens, 1, thread + 1, threads);
  for (let i = first(batch * tokens, 1, thread, threads); i < end; i++) {
    const t = i % tokens, firstRow: usize = load<u32>(firstRows + (i / tokens << 2));
    if (firstRow >= texts * time || firstRow % time + t >= time) continue;
    memory.copy(cache + (firstRow + t) * row, qkv + (i + 1) * packed - row, row);
  }
}

/**
 * Computes `out` [B, N, H·D] from `qkv` [B, N, (H + 2K)·D], `cache` [S, T, 2K·D] and `firstRows` [B]. `args`:
 * B, N, S, T, H, K, D, scale, window, cap.
 */
export function cache_attention(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const qkv = tensor(tensors, 0),
    cache = tensor(tensors, 1),
    firstRows = tensor(tensors, 2),
    out = tensor(tensors, 3);
  const batch = size(args, 0), tokens = size(args, 1), texts = size(args, 2), time = size(args, 3);
  const heads = size(args, 4), keyHeads = size(args, 5), depth = size(args, 6);
  const scale = real(args, 7), window = size(args, 8), cap = real(args, 9);
  const outRow = (heads * depth) << 2, toValue = (keyHeads * depth) << 2, row = toValue << 1;
  // Tokens are in the inner loop, so that the keys and values of a head stay in the processor's cache.
  for (let unit = <usize> thread; unit < batch * heads * tokens; unit += <usize> threads) {
    const t = unit % tokens, pair = unit / tokens, head = pair % heads, b = pair / heads;
    const firstRow: usize = load<u32>(firstRows + (b << 2)), position = firstRow % time + t;
    const at = (head * depth) << 2, i = b * tokens + t, to = out + i * outRow + at;
    if (firstRow >= texts * time || position >= time) {
      memory.fill(to, 0, depth << 2);
      continue;
    }
    const least = position + 1 > window ? position + 1 - window : 0;
    const keys = cache + (firstRow - firstRow % time + least) * row +
      ((head * keyHeads / heads * depth) << 2);
    const query = qkv + i * (outRow + row) + at;
    attend(query, keys, toValue, row, position + 1 - least, depth, scale, cap, scratch, to);
  }
}

/**
 * Computes attention of one query to `count` keys that are `row` bytes apart; each value is `toValue` bytes
 * after its key.
 */
function attend(
  query: usize,
  keys: usize,
  toValue: usize,
  row: usize,
  count: usize,
  depth: usize,
  scale: f32,
  cap: f32,
  scores: usize,
  out: usize,
): void {
  const padded = (count + 3) & ~3;
  let top4 = f32x4.splat(-Infinity), j: usize = 0;
  const by = f32x4.splat(scale), cap4 = f32x4.splat(cap), inverse = f32x4.splat(1 / cap);
  for (; j < padded; j += 4) {
    const k = keys + j * row;
    const more = count - 1 - j;
    // Repeats the last key to fill the vector; the surplus scores are replaced below.
    let s = more >= 3 ? fourDots(query, k, row, depth) : fourDotsAt(
      query,
      k,
      k + min<usize>(1, more) * row,
      k + min<usize>(2, more) * row,
      k + more * row,
      depth,
    );
    s = f32x4.mul(s, by);
    if (cap > 0) s = f32x4.mul(cap4, tanh(f32x4.mul(s, inverse)));
    if (more < 3) {
      s = f32x4.replace_lane(s, 3, -Infinity);
      if (more < 2) s = f32x4.replace_lane(s, 2, -Infinity);
      if (more < 1) s = f32x4.replace_lane(s, 1, -Infinity);
    }
    top4 = f32x4.pmax(top4, s);
    v128.store(scores + (j << 2), s);
  }
  const shift = f32x4.splat(largest(top4));
  let sum4 = f32x4.splat(0);
  for (let p = scores, end = scores + (padded << 2); p < end; p += 16) {
    const e = exp(f32x4.sub(v128.load(p), shift));
    v128.store(p, e);
    sum4 = f32x4.add(sum4, e);
  }
  const factor = f32x4.splat(<f32> (1 / lanes(sum4))), values = keys + toValue;
  let c: usize = 0;
  for (; c + 32 <= depth; c += 32) sums32(scores, values + (c << 2), row, count, factor, out + (c << 2));
  for (; c + 4 <= depth; c += 4) {
    let a = f32x4.splat(0), v = values + (c << 2);
    for (let i: usize = 0; i < count; i++, v += row) {
      a = madd(v128.load32_splat(scores + (i << 2)), v128.load(v), a);
    }
    v128.store(out + (c << 2), f32x4.mul(a, factor));
  }
  if (c < depth) {
    let a = f32x4.splat(0), v = values + (c << 2);
    const rest = depth - c;
    for (let i: usize = 0; i < count; i++, v += row) {
      a = madd(v128.load32_splat(scores + (i << 2)), loadPart(v, rest, 0), a);
    }
    storePart(out + (c << 2), f32x4.mul(a, factor), rest);
  }
}

function fourDots(query: usize, k: usize, row: usize, depth: usize): v128 {
  return fourDotsAt(query, k, k + row, k + 2 * row, k + 3 * row, depth);
}

/** Returns the dot products of the query with four keys. */
function fourDotsAt(query: usize, k0: usize, k1: usize, k2: usize, k3: usize, depth: usize): v128 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let at: usize = 0;
  for (const end = (depth & ~3) << 2; at < end; at += 16) {
    const q = v128.load(query + at);
    a = madd(q, v128.load(k0 + at), a);
    b = madd(q, v128.load(k1 + at), b);
    c = madd(q, v128.load(k2 + at), c);
    d = madd(q, v128.load(k3 + at), d);
  }
  const rest = depth & 3;
  if (rest > 0) {
    const q = loadPart(query + at, rest, 0);
    a = madd(q, loadPart(k0 + at, rest, 0), a);
    b = madd(q, loadPart(k1 + at, rest, 0), b);
    c = madd(q, loadPart(k2 + at, rest, 0), c);
    d = madd(q, loadPart(k3 + at, rest, 0), d);
  }
  // Sums the lanes of all four vectors at once.
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Returns 32 channels of the weighted sum of values. */
function sums32(weights: usize, v: usize, row: usize, count: usize, factor: v128, out: usize): void {
  let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (const end = weights + (count << 2); weights < end; weights += 4, v += row) {
    const w = v128.load32_splat(weights);
    a = madd(w, v128.load(v), a);
    b = madd(w, v128.load(v, 16), b);
    c = madd(w, v128.load(v, 32), c);
    d = madd(w, v128.load(v, 48), d);
    e = madd(w, v128.load(v, 64), e);
    f = madd(w, v128.load(v, 80), f);
    g = madd(w, v128.load(v, 96), g);
    h = madd(w, v128.load(v, 112), h);
  }
  v128.store(out, f32x4.mul(a, factor));
  v128.store(out, f32x4.mul(b, factor), 16);
  v128.store(out, f32x4.mul(c, factor), 32);
  v128.store(out, f32x4.mul(d, factor), 48);
  v128.store(out, f32x4.mul(e, factor), 64);
  v128.store(out, f32x4.mul(f, factor), 80);
  v128.store(out, f32x4.mul(g, factor), 96);
  v128.store(out, f32x4.mul(h, factor), 112);
}
