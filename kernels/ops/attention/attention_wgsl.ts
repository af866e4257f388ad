/**
 * WGSL of attention. Each invocation computes the row of one query or, for the gradients of keys and values,
 * the row of one key, with its vectors in registers. A workgroup of 64 invocations stages the rows of the
 * other kind (keys and values for queries, queries for keys) in workgroup memory, one tile at a time.
 *
 * The gradient is a single dispatch: workgroups with `z = 0` compute `dq`, those with `z = 1` compute `dk`,
 * and those with `z = 2` compute `dv`. Separate computations need neither atomics nor more registers than a
 * GPU has; the price is that the scores are computed three times.
 *
 * @module
 */
import type { GpuLimits, WgslKernel } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import { wgslBindings } from "../../core/wgsl.ts";
import { type AttentionMask, attentionMask } from "./attention_dropout.ts";
import type { AttentionAttrs, AttentionSizes } from "./attention_sizes.ts";

type KernelSizes = AttentionSizes & { readonly limits: GpuLimits };
type MaskedSizes = KernelSizes & { readonly mask: AttentionMask };

const ROWS = 64; // rows per workgroup, one per invocation

/**
 * Returns the kernel that computes `out` and `lse` from `qkv` and, for dropout, `key` and `draw`. The softmax
 * uses a running maximum.
 */
export function attentionKernel(call: Call<AttentionAttrs>, sizes: KernelSizes): WgslKernel {
  const { time, channels, heads, keyHeads, width, row, scale, softCap } = sizes;
  const tile = tileRows(sizes), n = quads(width);
  const mask = attentionMask(call.attrs.dropout, { keys: ROWS, key: "in1", draw: "in2" });
  return {
    workgroups: workgroups(sizes, 1),
    code: `${wgslBindings(call)}
${mask.functions}${staging(sizes)}

@compute @workgroup_size(${ROWS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
${rowPosition(sizes)}
  let head = group.y;
${headPosition(sizes)}
${keyPosition(sizes, `(head / ${heads / keyHeads}u)`)}
  let own = min(row, ${time - 1}u); // invocations past the last row repeat it and store nothing
${load("q", { from: "in0", start: `query + own * ${row}u`, width, scale: factorOf(scale) })}
${zeros("sum", n)}
  var top = -3.4e38;
  var total = 0.0; // sum of exp(score - top)
${mask.begin}  for (var first = ${
      firstTile(sizes)
    }; first < min(row0 + ${ROWS}u, ${time}u); first += ${tile}u) {
    ${stageKeysAndValues(sizes)}
    workgroupBarrier();
    for (var j = 0u; j < ${tile}u; j++) {
      if (first + j > own) { break; }
${mask.draw}${skipBefore(sizes)}      let score = ${cappedScore(dot("q", "stagedA", n), softCap)};
      if (score > top) {
        let shrink = exp(top - score);
${each(n, (i) => `        sum${i} *= shrink;`)}
        total *= shrink;
        top = score;
      }
      let weight = exp(score - top);
      total += weight;
      let masked = ${mask.ofKey("weight")};
${each(n, (i) => `      sum${i} += masked * ${staged("stagedB", i, n)};`)}
    }
    workgroupBarrier();
  }
  if (row < ${time}u) {
    let factor = ${mask.scale} / total;
${store("sum", { to: "out0", start: `plain + row * ${channels}u`, width, factor: "factor" })}
    out1[(batch * ${heads}u + head) * ${time}u + row] = top + log(total);
  }
}`,
  };
}

/**
 * Returns the kernel that computes `dqkv` from `qkv`, `out`, `lse`, `dout` and, for dropout, `key` and
 * `draw`.
 */
export function attentionGradKernel(call: Call<AttentionAttrs>, sizes: KernelSizes): WgslKernel {
  const mask = attentionMask(call.attrs.dropout, { keys: ROWS, key: "in4", draw: "in5" });
  const masked = { ...sizes, mask };
  return {
    workgroups: workgroups(sizes, 3),
    code: `${wgslBindings(call)}
${mask.functions}${staging(sizes)}
${mask.staging(tileRows(sizes))}var<workgroup> stagedLse: array<f32, ${tileRows(sizes)}>;
var<workgroup> stagedDelta: array<f32, ${tileRows(sizes)}>;

${queryGradient(masked)}
${keyGradient(masked)}
${valueGradient(masked)}

@compute @workgroup_size(${ROWS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  switch (group.z / ${sizes.batch}u) {
    case 0u: { queryGradient(group, lane); }
    case 1u: { keyGradient(group, lane); }
    default: { valueGradient(group, lane); }
  }
}`,
  };
}

function queryGradient(sizes: MaskedSizes): string {
  const { time, channels, heads, keyHeads, width, row, scale, softCap, mask } = sizes,
    tile = tileRows(sizes),
    n = quads(width);
  return `fn queryGradient(group: vec3u, lane: u32) {
${rowPosition(sizes)}
  let head = group.y;
${headPosition(sizes)}
${keyPosition(sizes, `(head / ${heads / keyHeads}u)`)}
  let own = min(row, ${time - 1}u);
${load("q", { from: "in0", start: `query + own * ${row}u`, width, scale: factorOf(scale) })}
${load("g", { from: "in3", start: `plain + own * ${channels}u`, width })}
${load("o", { from: "in1", start: `plain + own * ${channels}u`, width })}
  let delta = ${each(n, (i) => `dot(g${i}, o${i})`, " + ")};
  let lse = in2[line + own];
${zeros("sum", n)}
${mask.begin}  for (var first = ${
    firstTile(sizes)
  }; first < min(row0 + ${ROWS}u, ${time}u); first += ${tile}u) {
    ${stageKeysAndValues(sizes)}
    workgroupBarrier();
    for (var j = 0u; j < ${tile}u; j++) {
      if (first + j > own) { break; }
${mask.draw}${skipBefore(sizes)}      let score = ${cappedScore(dot("q", "stagedA", n), softCap)};
      let weight = exp(score - lse);
      let ofWeight = ${dot("g", "stagedB", n)};
      let scoreGrad = weight * (${mask.ofKey(mask.scaled("ofWeight"))} - delta)${capSlope(softCap)};
${each(n, (i) => `      sum${i} += scoreGrad * ${staged("stagedA", i, n)};`)}
    }
    workgroupBarrier();
  }
  if (row < ${time}u) {
${store("sum", { to: "out0", start: `query + row * ${row}u`, width, factor: factorOf(scale) })}
  }
}`;
}

function keyGradient(sizes: MaskedSizes): string {
  const { time, channels, heads, keyHeads, width, row, window, scale, softCap, mask } = sizes,
    tile = tileRows(sizes),
    n = quads(width);
  return `fn keyGradient(group: vec3u, lane: u32) {
  if (group.y >= ${keyHeads}u) { return; }
${rowPosition(sizes)}
${keyPosition(sizes, "group.y")}
  let own = min(row, ${time - 1}u);
${
    load("k", {
      from: "in0",
      start: `key + own * ${row}u`,
      width,
      scale: factorOf(scale),
    })
  }
${load("v", { from: "in0", start: `value + own * ${row}u`, width })}
${zeros("sum", n)}
  for (var head = group.y * ${heads / keyHeads}u; head < (group.y + 1u) * ${heads / keyHeads}u; head++) {
${headPosition(sizes)}
  for (var first = row0; first < ${lastTile(sizes)}; first += ${tile}u) {
    ${stageQueriesAndGradients(sizes)}
    if (lane < ${tile}u && first + lane < ${time}u) {
      stagedLse[lane] = in2[line + first + lane];
      var delta = 0.0;
      let start = plain + (first + lane) * ${channels}u;
      for (var c = 0u; c < ${width}u; c++) { delta += in1[start + c] * in3[start + c]; }
      stagedDelta[lane] = delta;
    }
    ${mask.stage(tile)}workgroupBarrier();
    for (var j = 0u; j < ${tile}u; j++) {
      if (first + j >= min(${time}u, own + ${window}u)) { break; }
      if (first + j < own) { continue; }
      let score = ${cappedScore(dot("k", "stagedA", n), softCap)};
      let weight = exp(score - stagedLse[j]);
      let ofWeight = ${dot("v", "stagedB", n)};
      let scoreGrad = weight * (${mask.ofQuery(mask.scaled("ofWeight"))} - stagedDelta[j])${
    capSlope(softCap)
  };
${each(n, (i) => `      sum${i} += scoreGrad * ${staged("stagedA", i, n)};`)}
    }
    workgroupBarrier();
  }
  }
  if (row < ${time}u) {
${
    store("sum", {
      to: "out0",
      start: `key + row * ${row}u`,
      width,
      factor: factorOf(scale),
    })
  }
  }
}`;
}

function valueGradient(sizes: MaskedSizes): string {
  const { time, heads, keyHeads, width, row, window, scale, softCap, mask } = sizes,
    tile = tileRows(sizes),
    n = quads(width);
  return `fn valueGradient(group: vec3u, lane: u32) {
  if (group.y >= ${keyHeads}u) { return; }
${rowPosition(sizes)}
${keyPosition(sizes, "group.y")}
  let own = min(row, ${time - 1}u);
${
    load("k", {
      from: "in0",
      start: `key + own * ${row}u`,
      width,
      scale: factorOf(scale),
    })
  }
${zeros("sum", n)}
  for (var head = group.y * ${heads / keyHeads}u; head < (group.y + 1u) * ${heads / keyHeads}u; head++) {
${headPosition(sizes)}
  for (var first = row0; first < ${lastTile(sizes)}; first += ${tile}u) {
    ${stageQueriesAndGradients(sizes)}
    if (lane < ${tile}u && first + lane < ${time}u) { stagedLse[lane] = in2[line + first + lane]; }
    ${mask.stage(tile)}workgroupBarrier();
    for (var j = 0u; j < ${tile}u; j++) {
      if (first + j >= min(${time}u, own + ${window}u)) { break; }
      if (first + j < own) { continue; }
      let score = ${cappedScore(dot("k", "stagedA", n), softCap)};
      let weight = exp(score - stagedLse[j]);
      let masked = ${mask.ofQuery("weight")};
${each(n, (i) => `      sum${i} += masked * ${staged("stagedB", i, n)};`)}
    }
    workgroupBarrier();
  }
  }
  if (row < ${time}u) {
${
    store("sum", {
      to: "out0",
      start: `value + row * ${row}u`,
      width,
      factor: mask.scale,
    })
  }
  }
}`;
}

/** Workgroup counts. A workgroup computes `ROWS` rows of one head; the count along `z` is batch × `parts`. */
function workgroups({ batch, time, heads }: KernelSizes, parts: number): WgslKernel["workgroups"] {
  return [Math.ceil(time / ROWS), heads, batch * parts];
}

/**
 * Returns WGSL that computes the row of queries or keys, and the first row of the workgroup. A workgroup's
 * `group.y` is a head of queries for rows of queries, else a head of keys.
 */
function rowPosition({ batch }: KernelSizes): string {
  return `  let batch = group.z % ${batch}u;
  let row0 = group.x * ${ROWS}u;
  let row = row0 + lane;`;
}

/**
 * Returns WGSL that computes where a head of queries starts: `query` is its start in `qkv`, `plain` in `out`,
 * and `line` in `lse`.
 */
function headPosition({ time, channels, heads, width, row }: KernelSizes): string {
  return `  let query = batch * ${time * row}u + head * ${width}u;
  let plain = batch * ${time * channels}u + head * ${width}u;
  let line = (batch * ${heads}u + head) * ${time}u;`;
}

/** Returns WGSL that computes where the keys and values of head `keyHead` start in `qkv`. */
function keyPosition({ time, keyHeads, channels, width, row }: KernelSizes, keyHead: string): string {
  return `  let key = batch * ${time * row}u + ${channels}u + ${keyHead} * ${width}u;
  let value = key + ${keyHeads * width}u;`;
}

/** Returns an expression for the first key to stage for the workgroup's queries, a multiple of four. */
function firstTile({ time, window }: KernelSizes): string {
  if (window >= time) return "0u";
  return `select(0u, (row0 - ${window - 1}u) & ~3u, row0 >= ${window - 1}u)`;
}

/** Returns a statement that skips keys before the window of query `own`. */
function skipBefore({ time, window }: KernelSizes): string {
  return window >= time ? "" : `      if (first + j + ${window}u <= own) { continue; }\n`;
}

/** Returns an expression for the position past the last query that attends to the workgroup's keys. */
function lastTile({ time, window }: KernelSizes): string {
  return window >= time ? `${time}u` : `min(${time}u, row0 + ${ROWS - 1 + window}u)`;
}

/**
 * Returns an expression for a score with the cap applied. Above 10, tanh is 1 in f32; some drivers compute it
 * as a quotient of exponentials, which would overflow.
 */
export function cappedScore(score: string, softCap: number): string {
  if (softCap === 0) return score;
  return `f32(${softCap}) * tanh(clamp((${score}) / f32(${softCap}), -10.0, 10.0))`;
}

/** Returns a factor for the gradient of a capped `score`: its derivative with respect to the score before. */
function capSlope(softCap: number): string {
  return softCap === 0 ? "" : ` * (1.0 - score * score * f32(${1 / softCap ** 2}))`;
}

/** Declares workgroup memory for two tiles of rows, as vectors of four. */
function staging(sizes: KernelSizes): string {
  const count = tileRows(sizes) * quads(sizes.width);
  return `var<workgroup> stagedA: array<vec4f, ${count}>;\nvar<workgroup> stagedB: array<vec4f, ${count}>;`;
}

/**
 * Returns the number of rows per tile, from 4 to 32. If possible, two tiles fit into 8 KiB, so that several
 * workgroups can share a core.
 */
function tileRows({ width, limits }: KernelSizes): number {
  const rowBytes = 2 * 16 * quads(width);
  const fits = Math.floor((limits.maxComputeWorkgroupStorageSize - 1024) / rowBytes);
  return Math.min(32, fits, Math.max(4, Math.floor(8192 / rowBytes)));
}

function stageKeysAndValues(sizes: KernelSizes): string {
  return stage("stagedA", { ...sizes, from: "in0", base: "key", stride: sizes.row }) +
    stage("stagedB", { ...sizes, from: "in0", base: "value", stride: sizes.row });
}

function stageQueriesAndGradients(sizes: KernelSizes): string {
  return stage("stagedA", { ...sizes, from: "in0", base: "query", stride: sizes.row }) +
    stage("stagedB", { ...sizes, from: "in3", base: "plain", stride: sizes.channels });
}

/** Copies a tile of rows, starting with row `first`, to workgroup memory. Rows past the end are zeros. */
function stage(to: string, o: KernelSizes & { from: string; base: string; stride: number }): string {
  const n = quads(o.width), ragged = o.width % 4 !== 0;
  const copy = [0, 1, 2, 3].map((c) => {
    const assign = `quad[${c}] = ${o.from}[start + ${c}u];`;
    return ragged ? `if (4u * part + ${c}u < ${o.width}u) { ${assign} }` : assign;
  });
  return `for (var i = lane; i < ${tileRows(o) * n}u; i += ${ROWS}u) {
      let part = i % ${n}u;
      let position = first + i / ${n}u;
      let start = ${o.base} + position * ${o.stride}u + 4u * part;
      var quad = vec4f();
      if (position < ${o.time}u) {
        ${copy.join("\n        ")}
      }
      ${to}[i] = quad;
    }
    `;
}

/** Declares name0, name1, …, which hold a row, multiplied by `scale`, as vectors of four. */
function load(
  name: string,
  { from, start, width, scale }: { from: string; start: string; width: number; scale?: string },
): string {
  const lines = each(quads(width), (i) => {
    const parts = [0, 1, 2, 3].map((c) => 4 * i + c < width ? `${from}[${name}At + ${4 * i + c}u]` : "0.0");
    return `  let ${name}${i} = vec4f(${parts.join(", ")})${scale === undefined ? "" : ` * ${scale}`};`;
  });
  return `  let ${name}At = ${start};\n${lines}`;
}

/** Stores the vectors of a row, multiplied by `factor`. */
function store(
  name: string,
  { to, start, width, factor }: { to: string; start: string; width: number; factor: string },
): string {
  const lines = Array.from(
    { length: width },
    (_, c) => `    ${to}[${name}To + ${c}u] = ${name}${Math.floor(c / 4)}[${c % 4}] * ${factor};`,
  );
  return `    let ${name}To = ${start};\n${lines.join("\n")}`;
}

function zeros(name: string, n: number): string {
  return each(n, (i) => `  var ${name}${i} = vec4f();`);
}

/** Returns the dot product of a row in registers and row `j` of a tile. */
function dot(name: string, tile: string, n: number): string {
  return each(n, (i) => `dot(${name}${i}, ${staged(tile, i, n)})`, " + ");
}

function staged(tile: string, i: number, n: number): string {
  return `${tile}[j * ${n}u + ${i}u]`;
}

function each(n: number, line: (i: number) => string, join = "\n"): string {
  return Array.from({ length: n }, (_, i) => line(i)).join(join);
}

/** Returns the number of vectors of four that hold a row of `width` numbers. */
function quads(width: number): number {
  return Math.ceil(width / 4);
}

/** Returns a factor as a WGSL literal. */
function factorOf(scale: number): string {
  return `f32(${scale})`;
}
