/**
 * Tests the options of attention: grouped heads of keys, windows, and what is refused. Values and gradients
 * are tested by the ops' own cases.
 *
 * @module
 */
import { deepStrictEqual, throws } from "node:assert/strict";
import { Graph, type Tensor } from "../../../../kernels/core/graph.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { ShapeError } from "../../../../kernels/core/tensor.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { attention, type AttentionOptions } from "../../../../kernels/ops/attention/attention.ts";
import { cacheAttention } from "../../../../kernels/ops/attention/attention_cache.ts";
import { normals } from "../../../../kernels/random/philox.ts";

const [T, D] = [11, 4];

/** Runs attention on rows [T, heads·D] of queries, keys and values. */
async function attend(parts: readonly Float32Array[], options: AttentionOptions): Promise<Float32Array> {
  const row = parts.reduce((sum, part) => sum + part.length / T, 0), data = new Float32Array(T * row);
  for (let t = 0, at = 0; t < T; t++) {
    for (const part of parts) {
      const width = part.length / T;
      data.set(part.subarray(t * width, (t + 1) * width), at);
      at += width;
    }
  }
  const graph = new Graph(), shape = [1, T, row];
  graph.output("y", attention(graph.leaf("qkv", { shape, dtype: "f32" }, "input"), options));
  await using session = await (await openCpu({ threads: 1 })).open([compile("p", graph)], {
    qkv: { shape, data },
  });
  await session.run(["p"]);
  return Float32Array.from((await session.read(["y"])).y.data);
}

/** Repeats each head of rows [T, heads·D] `times` times. */
function repeatHeads(rows: Float32Array, times: number): Float32Array {
  const heads = rows.length / T / D;
  return Float32Array.from({ length: rows.length * times }, (_, i) => {
    const t = Math.floor(i / (heads * times * D)), head = Math.floor(i / D) % (heads * times), c = i % D;
    return rows[(t * heads + Math.floor(head / times)) * D + c];
  });
}

Deno.test("attention() with grouped heads is attention to keys and values that are repeated for each group", async () => {
  const q = normals(1, "q", T * 6 * D, 1),
    k = normals(1, "k", T * 2 * D, 1),
    v = normals(1, "v", T * 2 * D, 1);
  deepStrictEqual(
    await attend([q, k, v], { heads: 6, keyHeads: 2 }),
    await attend([q, repeatHeads(k, 3), repeatHeads(v, 3)], { heads: 6 }),
  );
});

Deno.test("attention() with a window of 1 returns the values, and a window of T or more does nothing", async () => {
  const [q, k, v] = ["q", "k", "v"].map((name) => normals(1, name, T * 2 * D, 1));
  deepStrictEqual(await attend([q, k, v], { heads: 2, window: 1 }), v);
  deepStrictEqual(
    await attend([q, k, v], { heads: 2, window: 1000 }),
    await attend([q, k, v], { heads: 2 }),
  );
});

Deno.test("attention() and cacheAttention() refuse heads that do not fit, and options out of range", () => {
  const leaf = (shape: readonly number[], dtype: "f32" | "u32" = "f32"): Tensor =>
    new Graph().leaf("x", { shape, dtype }, "input");
  throws(() => attention(leaf([2, 3, 20]), { heads: 3 }), {
    name: "ShapeError",
    message: /3 heads of queries and 3 of keys to 20 channels.*multiple of 9/,
  });
  throws(() => attention(leaf([2, 3, 56]), { heads: 3, keyHeads: 2 }), ShapeError);
  throws(() => attention(leaf([2, 3, 56]), { heads: 0 }), ShapeError);
  throws(() => attention(leaf([3, 12]), { heads: 1 }), ShapeError);
  for (const options of [{ window: 0 }, { window: 1.5 }, { softCap: -1 }, { softCap: Infinity }]) {
    throws(() => attention(leaf([2, 3, 12]), { heads: 1, ...options }), RangeError);
  }
  const graph = new Graph();
  const qkv = graph.leaf("qkv", { shape: [2, 3, 32], dtype: "f32" }, "input");
  const firstRows = graph.leaf("rows", { shape: [2], dtype: "u32" }, "input");
  const cache = graph.leaf("cache", { shape: [2, 8, 16], dtype: "f32" }, "cache");
  cacheAttention(qkv, { heads: 2, keyHeads: 1, cache, firstRows });
  throws(() => cacheAttention(qkv, { heads: 6, keyHeads: 1, cache, firstRows }), {
    name: "ShapeError",
    message: /cache have 16 channels, wanted 8/,
  });
});
