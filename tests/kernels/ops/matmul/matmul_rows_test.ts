/**
 * Tests products with few rows on the CPU engine, which have their own kernels, against products with many
 * rows.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { Graph } from "../../../../kernels/core/graph.ts";
import { normals } from "../../../../kernels/random/philox.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { affine, affineAdd, affineGelu } from "../../../../kernels/ops/matmul/affine.ts";
import { matmul, matmulAdd } from "../../../../kernels/ops/matmul/matmul.ts";

Deno.test("cpu engine gives a row the same bits in a product of 1 to 8 rows as in a product of 20", async () => {
  // [K, N]: N below one vector, N below eight vectors, K or N above a block of 256, and N above a block of
  // 2,048 columns.
  for (const [k, n] of [[1, 1], [5, 3], [9, 30], [300, 47], [259, 13], [24, 4133]]) {
    const data = {
      a: normals(1, "a", 20 * k),
      b: normals(1, "b", k * n),
      bias: normals(1, "bias", n),
      other: normals(1, "other", 20 * n),
    };
    const rowsOf = async (rows: number, options: { threads: number; relaxedSimd?: boolean }) => {
      const graph = new Graph();
      const leaf = (label: string, shape: number[]) => graph.leaf(label, { shape, dtype: "f32" }, "input");
      const a = leaf("a", [rows, k]), b = leaf("b", [k, n]);
      const weights = { weight: b, bias: leaf("bias", [n]) };
      const other = leaf("other", [rows, n]),
        sums = leaf("sums", [rows, n]),
        transposedSums = leaf("transposedSums", [rows, n]);
      const transposed = leaf("transposed", [n, k]);
      graph.output("plain", matmul(a, b));
      graph.output("product, transposed b", matmul(a, transposed, { transposeB: true }));
      graph.output("added", matmulAdd(a, b, { buffer: sums }));
      graph.output(
        "added, transposed b",
        matmulAdd(a, transposed, { transposeB: true, buffer: transposedSums }),
      );
      graph.output("affine", affine(a, weights));
      graph.output("gelu", affineGelu(a, weights));
      graph.output("residual", affineAdd(a, { ...weights, residual: other }));
      await using session = await (await openCpu(options)).open([compile("few", graph)], {});
      session.write({
        a: { shape: [rows, k], data: data.a.subarray(0, rows * k) },
        b: { shape: [k, n], data: data.b },
        transposed: { shape: [n, k], data: data.b },
        bias: { shape: [n], data: data.bias },
        ...Object.fromEntries(["other", "sums", "transposedSums"].map((label) => [
          label,
          { shape: [rows, n], data: data.other.subarray(0, rows * n) },
        ])),
      });
      await session.run(["few"]);
      const labels = [...graph.outputs.keys()], read = await session.read(labels);
      return labels.map((label) => read[label].data);
    };
    for (const relaxedSimd of [true, false]) {
      const many = await rowsOf(20, { threads: 1, relaxedSimd });
      for (const [rows, threads] of [[1, 1], [1, 3], [3, 2], [8, 2]]) {
        const few = await rowsOf(rows, { threads, relaxedSimd });
        few.forEach((values, i) =>
          deepStrictEqual(values, many[i].slice(0, rows * n), `[${rows}, ${k}] by [${k}, ${n}], output ${i}`)
        );
      }
    }
  }
});
