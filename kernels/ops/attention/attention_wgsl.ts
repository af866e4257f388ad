/**
 * WGSL of attention and its gradient, in tiles (attention_tiles.ts). In the forward pass and for the gradient
 * of queries, a workgroup's own rows are queries and it visits keys; for the gradients of keys and values it
 * is the other way round. The gradient takes three dispatches: the products of `out` and `dout` of each row,
 * then `dq`, then `dk` and `dv`. There are no atomics, so each sum has a fixed order.
 *
 * @module
 */
import type { WgslKernel } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import { bindings } from "../../core/op.ts";
import { flat, nanFunctions, wgslBindings } from "../../core/wgsl.ts";
import { attentionMask } from "./attention_dropout.ts";
import type { AttentionAttrs } from "./attention_sizes.ts";
import {
  isAligned,
  type KernelSizes,
  LANES,
  type Matrix,
  range,
  tileCode,
  tileOf,
  type TilePlan,
} from "./attention_tiles.ts";

/** Below every score: finite, because drivers may assume that numbers are. */
const LOWEST = "-3.4e38";

/**
 * Returns the kernel that computes `out` and `lse` from `qkv` and, for dropout, `key` and `draw`. The softmax
 * uses a running maximum.
 */
export function attentionKernel(call: Call<AttentionAttrs>, sizes: KernelSizes): WgslKernel {
  const { time, heads, batch } = sizes, { q, k, v, out } = matrices(sizes);
  const plan: TilePlan = { own: [q], others: [k, v], products: [{ weights: 0, of: 1 }] };
  const tile = tileOf(sizes, plan), { rows, others, groups, across } = tile;
  const code = tileCode(sizes, plan, tile), scores = range(code.scores), places = range(across);
  const mask = attentionMask(call.attrs.dropout, {
    queries: rows,
    keys: others,
    lanes: LANES,
    key: "in1",
    draw: "in2",
  });
  const dropped = (k: number) =>
    mask.drop(`weight_${k}`, code.places.map((query) => ({ query, key: code.other(k) })));
  const blocks = Math.ceil(time / rows), opens = segmentsOf(call) === null ? null : "opens";
  return {
    workgroups: [blocks, heads, batch],
    code: `${wgslBindings(call, vectors(sizes, ["in0", "out0"]))}
${nanFunctions}
${code.declarations}
${mask.declarations}
// A number for each invocation and row, padded so that groups lie in different banks of memory.
var<workgroup> shared0: array<array<vec4f, ${across + 1}>, ${groups}>;

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let batch = group.z;
  let head = group.y;
  ${headStarts(sizes)}
  ${keyStarts(sizes, `head / ${heads / sizes.keyHeads}u`)}
  let row0 = (${blocks - 1}u - group.x) * ${rows}u; // the blocks with the most keys begin first
  ${code.begin}
  ${ownSegments(call, sizes)}
  var top = vec4f(${LOWEST});
  var total = vec4f(); // sum of exp(score - top) over the invocation's keys
  for (var first = ${firstTile(sizes)}; first < min(row0 + ${rows}u, ${time}u); first += ${others}u) {
    ${code.stageOthers}
    ${mask.stage({ query: "row0", key: "first" })}
    workgroupBarrier();
    ${code.dots}
    ${
      scores.map((k) => validity(sizes, k, { query: "own", key: `vec4u(first + ${code.other(k)})`, opens }))
        .join("\n    ")
    }
    ${
      scores.map((k) =>
        `let score_${k} = select(vec4f(${LOWEST}), ${scoreOf(sizes, `dot_0_${k}`)}, valid_${k});`
      ).join("\n    ")
    }
    shared0[part][place] = ${scores.map((k) => `score_${k}`).reduce((a, b) => `max(${a}, ${b})`)};
    workgroupBarrier();
    var highest = top;
    ${places.map((i) => `highest = max(highest, shared0[part][${i}u]);`).join("\n    ")}
    let shrink = exp(top - highest);
    top = highest;
    total *= shrink;
    ${
      scores.map((k) =>
        `let weight_${k} = select(vec4f(), ${expOrNan(`score_${k} - top`)}, valid_${k});
    ${code.setWeights(0, k, dropped(k))}
    total += ${others < across ? `select(vec4f(), weight_${k}, place < ${others}u)` : `weight_${k}`};`
      ).join("\n    ")
    }
    ${code.scaleSums((i) => `shrink[${i}]`)}
    workgroupBarrier();
    ${code.addProducts}
    workgroupBarrier();
  }
  shared0[part][place] = total;
  workgroupBarrier();
  let all = ${places.map((i) => `shared0[part][${i}u]`).join(" + ")};
  let factor = ${mask.scaled("vec4f(1.0)")} / all;
  ${code.store(0, { ...out, binding: "out0" }, (i) => `factor[${i}]`)}
  if (place == 0u) {
    let lse = top + orNan4(log(all), all);
    ${range(4).map((i) => `if (own[${i}] < ${time}u) { out1[line + own[${i}]] = lse[${i}]; }`).join("\n    ")}
  }
}`,
  };
}

/**
 * Returns the kernel that computes `dqkv` from `qkv`, `out`, `lse`, `dout` and, for dropout, `key` and
 * `draw`.
 */
export function attentionGradKernel(call: Call<AttentionAttrs>, sizes: KernelSizes): WgslKernel {
  const { batch, heads, time } = sizes;
  return {
    ...deltaKernel(call, sizes),
    scratchBytes: 4 * batch * heads * time,
    then: { ...queryGradient(call, sizes), then: keyGradient(call, sizes) },
  };
}

/** Stores delta [B, H, T], the dot product of each row of `out` and `dout`, in scratch memory. */
function deltaKernel(call: Call<AttentionAttrs>, { batch, heads, time, width }: KernelSizes): WgslKernel {
  const fours = isAligned(width); // one load of four numbers instead of four loads that lie far apart
  const kernel = flat(
    call,
    `var delta = 0.0;
  ${
      fours
        ? `for (var c = i * ${width / 4}u; c < (i + 1u) * ${width / 4}u; c++) {
    let a = in1[c];
    let b = in3[c];
    delta = fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, delta))));
  }`
        : `for (var c = i * ${width}u; c < (i + 1u) * ${width}u; c++) { delta = fma(in1[c], in3[c], delta); }`
    }
  let position = i / ${heads}u;
  scratch[(position / ${time}u * ${heads}u + i % ${heads}u) * ${time}u + position % ${time}u] = delta;`,
    { count: batch * heads * time, types: fours ? { in1: "vec4f", in3: "vec4f" } : {} },
  );
  return { ...kernel, code: `${scratchBinding(call)}\n${kernel.code}` };
}

function queryGradient(call: Call<AttentionAttrs>, sizes: KernelSizes): WgslKernel {
  const { time, heads, batch } = sizes, { q, k, v, dout } = matrices(sizes);
  const plan: TilePlan = { own: [q, dout], others: [k, v], products: [{ weights: 0, of: 0 }] };
  const tile = tileOf(sizes, plan), { rows, others } = tile;
  const code = tileCode(sizes, plan, tile), blocks = Math.ceil(time / rows);
  const opens = segmentsOf(call) === null ? null : "opens";
  const mask = attentionMask(call.attrs.dropout, {
    queries: rows,
    keys: others,
    lanes: LANES,
    key: "in4",
    draw: "in5",
  });
  const ofOwn = (array: string) =>
    `vec4f(${range(4).map((i) => `${array}[line + min(own[${i}], ${time - 1}u)]`).join(", ")})`;
  return {
    workgroups: [blocks, heads, batch],
    code: `${wgslBindings(call, vectors(sizes, ["in0", "in3", "out0"]))}
${scratchBinding(call)}
${nanFunctions}
${code.declarations}
${mask.declarations}

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let batch = group.z;
  let head = group.y;
  ${headStarts(sizes)}
  ${keyStarts(sizes, `head / ${heads / sizes.keyHeads}u`)}
  let row0 = (${blocks - 1}u - group.x) * ${rows}u; // the blocks with the most keys begin first
  ${code.begin}
  ${ownSegments(call, sizes)}
  let lse = ${ofOwn("in2")};
  let delta = ${ofOwn("scratch")};
  for (var first = ${firstTile(sizes)}; first < min(row0 + ${rows}u, ${time}u); first += ${others}u) {
    ${code.stageOthers}
    ${mask.stage({ query: "row0", key: "first" })}
    workgroupBarrier();
    ${code.dots}
    ${
      range(code.scores).map((k) => {
        const weights = code.places.map((query) => ({ query, key: code.other(k) }));
        return `${validity(sizes, k, { query: "own", key: `vec4u(first + ${code.other(k)})`, opens })}
    ${
          scoreGradient(sizes, k, {
            lse: "lse",
            delta: "delta",
            ofWeight: mask.drop(mask.scaled(`dot_1_${k}`), weights),
          })
        }
    ${code.setWeights(0, k, `gradient_${k}`)}`;
      }).join("\n    ")
    }
    workgroupBarrier();
    ${code.addProducts}
    workgroupBarrier();
  }
  ${code.store(0, { ...q, binding: "out0" }, () => literal(sizes.scale))}
}`,
  };
}

function keyGradient(call: Call<AttentionAttrs>, sizes: KernelSizes): WgslKernel {
  const { time, heads, keyHeads, batch } = sizes,
    { q, k, v, dout } = matrices(sizes),
    group = heads / keyHeads;
  const plan: TilePlan = {
    own: [k, v],
    others: [q, dout],
    products: [{ weights: 0, of: 0 }, { weights: 1, of: 1 }],
  };
  const tile = tileOf(sizes, plan), { rows, others } = tile, code = tileCode(sizes, plan, tile);
  const segments = segmentsOf(call);
  const mask = attentionMask(call.attrs.dropout, {
    queries: others,
    keys: rows,
    lanes: LANES,
    key: "in4",
    draw: "in5",
  });
  return {
    workgroups: [Math.ceil(time / rows), keyHeads, batch],
    code: `${wgslBindings(call, vectors(sizes, ["in0", "in3", "out0"]))}
${scratchBinding(call)}
${nanFunctions}
${code.declarations}
${mask.declarations}

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let batch = group.z;
  ${keyStarts(sizes, "group.y")}
  let row0 = group.x * ${rows}u;
  ${code.begin}
  for (var head = group.y * ${group}u; head < (group.y + 1u) * ${group}u; head++) {
  ${headStarts(sizes)}
  for (var first = row0; first < ${lastTile(sizes, rows)}; first += ${others}u) {
    ${code.stageOthers}
    ${mask.stage({ query: "first", key: "row0" })}
    workgroupBarrier();
    ${code.dots}
    ${
      range(code.scores).map((k) => {
        const weights = code.places.map((key) => ({ query: code.other(k), key }));
        return `let query_${k} = first + ${code.other(k)};
    let at_${k} = line + min(query_${k}, ${time - 1}u);
    ${
          validity(sizes, k, {
            query: `vec4u(query_${k})`,
            key: "own",
            opens: segments === null
              ? null
              : `vec4u(${segments}[batch * ${time}u + min(query_${k}, ${time - 1}u)])`,
          })
        }
    ${
          scoreGradient(sizes, k, {
            lse: `vec4f(in2[at_${k}])`,
            delta: `vec4f(scratch[at_${k}])`,
            ofWeight: mask.drop(mask.scaled(`dot_1_${k}`), weights),
          })
        }
    ${code.setWeights(0, k, `gradient_${k}`)}
    ${code.setWeights(1, k, mask.drop(`weight_${k}`, weights))}`;
      }).join("\n    ")
    }
    workgroupBarrier();
    ${code.addProducts}
    workgroupBarrier();
  }
  }
  ${code.store(0, { ...k, binding: "out0" }, () => literal(sizes.scale))}
  ${code.store(1, { ...v, binding: "out0" }, () => mask.scaled("1.0"))}
}`,
  };
}

/** Returns the rows of queries, keys, values, results and gradients of the results. */
function matrices(
  { row, channels }: KernelSizes,
): Readonly<Record<"q" | "k" | "v" | "out" | "dout", Matrix>> {
  return {
    q: { binding: "in0", start: "query", stride: row },
    k: { binding: "in0", start: "key", stride: row },
    v: { binding: "in0", start: "value", stride: row },
    out: { binding: "out0", start: "plain", stride: channels },
    dout: { binding: "in3", start: "plain", stride: channels },
  };
}

/** Returns the types of bindings that are read or written in vectors of four. */
function vectors({ width }: KernelSizes, names: readonly string[]): Readonly<Record<string, string>> {
  return isAligned(width) ? Object.fromEntries(names.map((name) => [name, "vec4f"])) : {};
}

function scratchBinding(call: Call): string {
  return `@group(0) @binding(${bindings(call).length}) var<storage, read_write> scratch: array<f32>;`;
}

/**
 * Returns WGSL that computes where a head of queries starts: `query` is its start in `qkv`, `plain` in `out`,
 * and `line` in `lse`.
 */
function headStarts({ time, channels, heads, width, row }: KernelSizes): string {
  return `let query = batch * ${time * row}u + head * ${width}u;
  let plain = batch * ${time * channels}u + head * ${width}u;
  let line = (batch * ${heads}u + head) * ${time}u;`;
}

/** Returns WGSL that computes where the keys and values of a head of keys start in `qkv`. */
function keyStarts({ time, keyHeads, channels, width, row }: KernelSizes, keyHead: string): string {
  return `let key = batch * ${time * row}u + ${channels}u + (${keyHead}) * ${width}u;
  let value = key + ${keyHeads * width}u;`;
}

/** Returns an expression for the first key to stage for the workgroup's queries, a multiple of four. */
function firstTile({ time, window }: KernelSizes): string {
  if (window >= time) return "0u";
  return `select(0u, (row0 - ${window - 1}u) & ~3u, row0 >= ${window - 1}u)`;
}

/** Returns an expression for the position past the last query that attends to the workgroup's keys. */
function lastTile({ time, window }: KernelSizes, rows: number): string {
  return window >= time ? `${time}u` : `min(${time}u, row0 + ${rows - 1 + window}u)`;
}

/** Declares `valid_K`: whether each query attends to its key. Both are expressions for four positions. */
function validity(
  { time, window }: KernelSizes,
  k: number,
  { query, key, opens }: {
    readonly query: string;
    readonly key: string;
    /** Expression for the first keys of the four queries; null without segments. */
    readonly opens: string | null;
  },
): string {
  const inWindow = window >= time ? "" : ` & (${query} < ${key} + vec4u(${window}u))`;
  const inSegment = opens === null ? "" : ` & (${key} >= ${opens})`;
  return `let valid_${k} = (${key} <= ${query}) & (${query} < vec4u(${time}u))${inWindow}${inSegment};`;
}

/** Returns the name of the binding of the first keys; null without segments. */
function segmentsOf({ inputs, attrs }: Call<AttentionAttrs>): string | null {
  return attrs.segments === true ? `in${inputs.length - 1}` : null;
}

/** Declares `opens`, the first keys of the invocation's four queries; nothing without segments. */
function ownSegments(call: Call<AttentionAttrs>, { time }: KernelSizes): string {
  const segments = segmentsOf(call);
  const each = range(4).map((i) => `${segments}[batch * ${time}u + min(own[${i}], ${time - 1}u)]`);
  return segments === null ? "" : `let opens = vec4u(${each.join(", ")});`;
}

/** Declares `weight_K` and `gradient_K`, the gradients of the scaled dot products of four weights. */
function scoreGradient(
  sizes: KernelSizes,
  k: number,
  { lse, delta, ofWeight }: { readonly lse: string; readonly delta: string; readonly ofWeight: string },
): string {
  const { softCap } = sizes;
  const slope = softCap === 0 ? "" : ` * (1.0 - score_${k} * score_${k} * ${literal(1 / softCap ** 2)})`;
  return `let score_${k} = ${scoreOf(sizes, `dot_0_${k}`)};
    let weight_${k} = select(vec4f(), ${expOrNan(`score_${k} - ${lse}`)}, valid_${k});
    let gradient_${k} = weight_${k} * (${ofWeight} - ${delta})${slope};`;
}

function scoreOf({ scale, softCap }: KernelSizes, dots: string): string {
  return cappedScore(`${dots} * ${literal(scale)}`, softCap, "vec4f");
}

/** Returns an expression for exponentials of four numbers. */
function expOrNan(x: string): string {
  return `orNan4(exp(${x}), ${x})`;
}

/**
 * Returns an expression for scores with the cap applied; it calls `nanFunctions`. Above 10, tanh is 1 in f32;
 * some drivers compute it as a quotient of exponentials, which would overflow.
 */
export function cappedScore(score: string, softCap: number, type: "f32" | "vec4f"): string {
  if (softCap === 0) return score;
  const bounded = `clamp((${score}) / ${literal(softCap)}, ${type}(-10.0), ${type}(10.0))`;
  return `${type === "f32" ? "orNan" : "orNan4"}(${literal(softCap)} * tanh(${bounded}), ${score})`;
}

function literal(x: number): string {
  return `f32(${x})`;
}
