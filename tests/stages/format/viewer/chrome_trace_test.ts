import { deepStrictEqual } from "node:assert/strict";
import { chromeTrace } from "../../../../stages/format/viewer/chrome_trace.ts";

Deno.test("chromeTrace() names tracks and writes complete events in microseconds since the first span", () => {
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
