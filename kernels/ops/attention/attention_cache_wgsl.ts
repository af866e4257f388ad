/**
 * WGSL of attention to a KV cache. A workgroup computes one query of one head over a span of keys; each lane
 * computes the scores of some keys and then the sums of some channels. A single token has few queries, so its
 * keys are divided into spans for several workgroups, whose results a second dispatch combines (source: Dao
 * et al. 2023, "Flash-Decoding").
 *
 * @module
 */
import type { Call } from "../../core/graph.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { nanFunctions, wgslBindings } from "../../core/wgsl.ts";
import type { AttentionForm, HeadSizes } from "./attention_sizes.ts";
import { divisor, isAligned, range } from "./attention_tiles.ts";
import { cappedScore } from "./attention_wgsl.ts";
import { workgroupMax, workgroupSum } from "../reduce/workgroup_reduce.ts";

/** Sizes of an attention call to a KV cache. */
export interface CacheSizes extends HeadSizes {
  /** Number of rows of new tokens, B. */
  readonly batch: number;
  /** Number of new tokens per row, N. */
  readonly tokens: number;
  /** Number of texts in the cache, S. */
  readonly texts: number;
  /** Number of positions per text, T. */
  readonly time: number;
}

const LANES = 64;
/** Most loads of a key's numbers that are written out. */
const UNROLL = 8;
/** Number of loads of values that are written out. */
const VALUES = 4;
/** Number of keys per workgroup if the keys are divided into spans. */
const SPAN = 128;
/** Keys are divided into spans if there are at most this many tokens; more tokens keep a GPU busy anyway. */
const FEW = 8;

/** Returns the kernel that computes `out` from `qkv`, `cache` and `firstRows`. */
export function cacheAttentionKernel(call: Call<AttentionForm>, sizes: CacheSizes): WgslKernel {
  const { batch, tokens, heads, width, time } = sizes;
  const spans = batch * tokens <= FEW ? Math.ceil(time / SPAN) : 1;
  const first: WgslKernel = {
    workgroups: [heads, tokens * spans, batch],
    code: spanCode(call, { ...sizes, spans }),
  };
  if (spans === 1) return first;
  return {
    ...first,
    scratchBytes: 4 * batch * tokens * heads * spans * (width + 2),
    then: { workgroups: [heads, tokens, batch], code: combineCode(call, { ...sizes, spans }) },
  };
}

type SpanSizes = CacheSizes & { readonly spans: number };

/**
 * Returns WGSL that computes the indices of a query: its row, its text's first row in the cache (`begin`),
 * its `position` in the text, and whether that position `exists`.
 */
function queryPosition(
  { tokens, texts, time }: SpanSizes,
  options: { readonly token: string; readonly firstRow?: string },
): string {
  const { token, firstRow = "in2[row]" } = options;
  return `let row = group.z;
  let token = ${token};
  let firstRow = ${firstRow};
  let begin = firstRow - firstRow % ${time}u;
  let position = firstRow - begin + token;
  let exists = firstRow < ${texts * time}u && position < ${time}u;
  let query = row * ${tokens}u + token;`;
}

/**
 * WGSL that computes one span. With a single span it stores the final result; otherwise it stores the
 * weighted sums, the total weight and the highest score.
 */
function spanCode(call: Call, sizes: SpanSizes): string {
  const { channels, heads, keyHeads, width, row, time, spans, window, scale, softCap } = sizes;
  const keyRow = row - channels, group = heads / keyHeads;
  const wide = Math.ceil(width / LANES), each = Array.from({ length: wide }, (_, i) => i);
  const span = spans === 1 ? time : SPAN;
  // Lanes read different rows of keys, so each reads four numbers at once. Values are read along a row.
  const fours = isAligned(width), unit = fours ? 4 : 1, type = fours ? "vec4f" : "f32";
  const units = width / unit, piece = divisor(units, UNROLL);
  // A piece's numbers are loaded before the first is used, since each load waits for memory.
  const dots = range(piece).map((i) => `let key${i} = in1[at + ${i}u];`).concat(
    range(piece).map((i) => {
      const query = `queryStaged[turn][${i}u]`;
      if (!fours) return `dot0 = fma(${query}, key${i}, dot0);`;
      return `let query${i} = ${query};\n        ` + "xyzw".replace(
        /./g,
        (c) => `dot0 = fma(query${i}.${c}, key${i}.${c}, dot0); `,
      ).trimEnd();
    }),
  );
  const value = (at: string) => `in1[${at}]${fours ? "[lane % 4u]" : ""}`;
  const sums = (i: number) =>
    `var j = 0u;
      for (; j + ${VALUES}u <= count; j += ${VALUES}u) {
        ${
      range(VALUES).map((n) => `let value${n} = ${value(`at + ${n * keyRow / unit}u`)};`).join("\n        ")
    }
        ${
      range(VALUES).map((n) => `sum${i} = fma(weights[j + ${n}u], value${n}, sum${i});`).join("\n        ")
    }
        at += ${VALUES * keyRow / unit}u;
      }
      for (; j < count; j++) {
        sum${i} = fma(weights[j], ${value("at")}, sum${i});
        at += ${keyRow / unit}u;
      }`;
  const own = (i: number) => `lane + ${i * LANES}u`;
  const inside = (i: number) => (i + 1) * LANES > width ? `if (${own(i)} < ${width}u) ` : "";
  const scratch = `(((query * ${heads}u + group.x) * ${spans}u) + part) * ${width + 2}u`;
  const end = spans === 1
    ? each.map((i) =>
      `  ${inside(i)}{ out0[query * ${channels}u + group.x * ${width}u + ${
        own(i)
      }] = select(0.0, sum${i} / total, exists); }`
    )
    : [
      `  let at = ${scratch};`,
      "  if (lane == 0u) { scratch[at] = top; scratch[at + 1u] = total; }",
      ...each.map((i) => `  ${inside(i)}{ scratch[at + 2u + ${own(i)}] = sum${i}; }`),
    ];
  return `${wgslBindings(call, { in0: type, in1: type })}
${spans === 1 ? "" : scratchBinding}
var<workgroup> firstRowStaged: u32; // uniform, as the bounds of loops with barriers must be
var<workgroup> queryStaged: array<array<${type}, ${piece}>, ${units / piece}>;
var<workgroup> weights: array<f32, ${LANES}>;
${nanFunctions}
${workgroupMax(LANES)}
${workgroupSum(LANES)}

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = group.y % ${spans}u;
  if (lane == 0u) { firstRowStaged = in2[group.z]; }
  ${queryPosition(sizes, { token: `group.y / ${spans}u`, firstRow: "workgroupUniformLoad(&firstRowStaged)" })}
  for (var c = lane; c < ${units}u; c += ${LANES}u) {
    queryStaged[c / ${piece}u][c % ${piece}u] = in0[query * ${row / unit}u + group.x * ${
    width / unit
  }u + c] * f32(${scale});
  }
  workgroupBarrier();
  let head = group.x / ${group}u * ${width}u;
  let start = ${
    window < time
      ? `max(part * ${span}u, select(0u, position - ${window - 1}u, position >= ${window - 1}u))`
      : `part * ${span}u`
  };
  let to = select(0u, min((part + 1u) * ${span}u, position + 1u), exists);
  var top = -3.4e38;
  var total = 0.0;
${each.map((i) => `  var sum${i} = 0.0;`).join("\n")}
  for (var first = start; first < to; first += ${LANES}u) {
    let key = first + lane;
    var score = -3.4e38;
    if (key < to) {
      var at = ((begin + key) * ${keyRow}u + head) / ${unit}u;
      var dot0 = 0.0;
      for (var turn = 0u; turn < ${units / piece}u; turn++) {
        ${dots.join("\n        ")}
        at += ${piece}u;
      }
      score = ${cappedScore("dot0", softCap, "f32")};
    }
    let highest = maxOrNan(top, workgroupMax(score, lane));
    let weight = select(0.0, orNan(exp(score - highest), score - highest), key < to);
    weights[lane] = weight;
    let shrink = exp(top - highest);
    total = total * shrink + workgroupSum(weight, lane); // its barriers make all lanes' weights visible
    top = highest;
    let count = min(${LANES}u, to - first);
${
    each.map((i) =>
      `    ${inside(i)}{
      sum${i} *= shrink;
      var at = ((begin + first) * ${keyRow}u + ${keyRow / 2}u + head + ${own(i)}) / ${unit}u;
      ${sums(i)}
    }`
    ).join("\n")
  }
    workgroupBarrier();
  }
${end.join("\n")}
}`;
}

const scratchBinding = "@group(0) @binding(4) var<storage, read_write> scratch: array<f32>;";

/**
 * Returns WGSL that adds up the results of all spans in order, each scaled from its own highest score to the
 * highest score of all spans.
 */
function combineCode(call: Call, sizes: SpanSizes): string {
  const { channels, heads, width, spans } = sizes;
  return `${wgslBindings(call)}
${scratchBinding}
${nanFunctions}

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${queryPosition(sizes, { token: "group.y" })}
  let first = (query * ${heads}u + group.x) * ${spans * (width + 2)}u;
  var top = -3.4e38;
  for (var part = 0u; part < ${spans}u; part++) { top = maxOrNan(top, scratch[first + part * ${
    width + 2
  }u]); }
  var total = 0.0;
  for (var part = 0u; part < ${spans}u; part++) {
    let at = first + part * ${width + 2}u;
    total += scratch[at + 1u] * orNan(exp(scratch[at] - top), scratch[at] - top);
  }
  for (var c = lane; c < ${width}u; c += ${LANES}u) {
    var sum = 0.0;
    for (var part = 0u; part < ${spans}u; part++) {
      let at = first + part * ${width + 2}u;
      sum += scratch[at + 2u + c] * exp(scratch[at] - top);
    }
    out0[query * ${channels}u + group.x * ${width}u + c] = select(0.0, sum / total, exists);
  }
}`;
}
