/**
 * A profile as a table and as a trace file.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { opLines } from "../../../stages/report/op_times.ts";
import { chromeTrace } from "../../../stages/report/trace.ts";

Deno.test("chromeTrace() names tracks and gives complete events in microseconds from the first span on", () => {
  const trace = chromeTrace([
    { name: "submit", track: "host", start: 1000.5, duration: 0.25 },
    { name: "matmul", track: "device", start: 1001, duration: 2, details: { shape: [2, 3] } },
    { name: "wait", track: "host", start: 1000.75, duration: 3 },
  ]);
  deepStrictEqual(trace, {
    displayTimeUnit: "ms",
    traceEvents: [
      { ph: "M", name: "thread_name", pid: 1, tid: 0, args: { name: "host" } },
      { ph: "M", name: "thread_name", pid: 1, tid: 1, args: { name: "device" } },
      { ph: "M", name: "thread_sort_index", pid: 1, tid: 0, args: { sort_index: 0 } },
      { ph: "M", name: "thread_sort_index", pid: 1, tid: 1, args: { sort_index: 1 } },
      { ph: "X", name: "submit", pid: 1, tid: 0, ts: 0, dur: 250 },
      { ph: "X", name: "matmul", pid: 1, tid: 1, ts: 500, dur: 2000, args: { shape: [2, 3] } },
      { ph: "X", name: "wait", pid: 1, tid: 0, ts: 250, dur: 3000 },
    ],
  });
  deepStrictEqual(chromeTrace([]), { displayTimeUnit: "ms", traceEvents: [] });
});

Deno.test("opLines() leaves out what no op has, and no line is wider than the terminal", () => {
  const op = { op: "matmul", calls: 3, seconds: 0.0125, share: 1, waiting: 0, gflops: 40, gigabytes: 1.25 };
  const [head, row, ...more] = opLines([op], 80);
  deepStrictEqual(more, []);
  deepStrictEqual(head.split(/ +/), ["op", "calls", "ms", "share", "GFLOPS", "GB/s"]);
  deepStrictEqual(row.split(/ {2,}/), ["matmul", "3", "12.50", "100 %", "40.0", "1.3"]);
  ok(opLines([{ ...op, waiting: 0.5 }], 80)[0].includes("waiting"));
  ok(opLines([op], 30).every((line) => line.length <= 30));
  deepStrictEqual(opLines([], 80), []);
});
