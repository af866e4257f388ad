import { deepStrictEqual, ok } from "node:assert/strict";
import { opLines } from "../../../pipelines/parts/profile.ts";

Deno.test("opLines() leaves out columns without values, and no line is wider than the terminal", () => {
  const op = { op: "matmul", calls: 3, seconds: 0.0125, share: 1, waiting: 0, gflops: 40, gigabytes: 1.25 };
  const [head, row, ...more] = opLines([op], 80);
  deepStrictEqual(more, []);
  deepStrictEqual(head.split(/ +/), ["op", "calls", "ms", "share", "GFLOPS", "GB/s"]);
  deepStrictEqual(row.split(/ {2,}/), ["matmul", "3", "12.50", "100 %", "40.0", "1.3"]);
  ok(opLines([{ ...op, waiting: 0.5 }], 80)[0].includes("waiting"));
  ok(opLines([op], 30).every((line) => line.length <= 30));
  deepStrictEqual(opLines([], 80), []);
});
