/**
 * Tests parts of `deno task doctor`: what counts as wrong, the text to paste, its known losses and its
 * kernels. The whole doctor runs in `doctor_gpu_test.ts`.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { measurePeak, trySubmit } from "../../../pipelines/doctor/measure.ts";
import { reportText, wrongIn } from "../../../pipelines/doctor/report.ts";
import { trainKnown } from "../../../pipelines/doctor/training.ts";
import { doctorReport } from "./doctor_report.ts";

Deno.test("wrongIn() names wrong kernels, losses off by more than 0.001, and a GPU on which no submit works", () => {
  deepStrictEqual(wrongIn(doctorReport), []);
  deepStrictEqual(wrongIn({ ...doctorReport, parity: { cases: 2, wrong: ["relu is wrong"] } }), [
    "relu is wrong",
  ]);
  for (const losses of [[5, 4.0002], [5, NaN], [5]]) {
    const training = [{ ...doctorReport.training[0], losses }];
    match(
      wrongIn({ ...doctorReport, training }).join(),
      /^small trains to losses 5.*, wanted 5\.0009 3\.9991$/,
    );
  }
  const submit = { seconds: 0, failed: "panicked" };
  deepStrictEqual(wrongIn({ ...doctorReport, submit }), ["the shortest submit failed: panicked"]);
});

Deno.test("reportText() gives each call's share of the machine's own peak, and what is wrong", () => {
  const text = reportText(doctorReport);
  match(text, /^doctor 1 {2}Test GPU {2}deno WebGPU {2}deno 2\.9\.6/);
  match(text, /longest submit 2 s, then error: Lost the device/);
  match(text, /2\.00 ms x 3 +1\.00e\+4 GFLOPS +50 % +80\.0 GB\/s +10 % {2}matmul \[8,8\] \[8,8\]/);
  match(text, /nothing is wrong$/);
  match(reportText({ ...doctorReport, parity: { cases: 2, wrong: ["relu"] } }), /WRONG relu\n1 wrong$/);
});

Deno.test("trainKnown() gives the known losses on the CPU engine", async () => {
  const training = await trainKnown(await openCpu({ threads: 1 }));
  deepStrictEqual(wrongIn({ ...doctorReport, training }), []);
});

Deno.test("measurePeak() and trySubmit() run on webgpu; an unknown rate is refused", async () => {
  const { gflops, gigabytes } = await measurePeak(await openWebgpu(), 1 << 12);
  ok(gflops > 0 && gigabytes > 0, `${gflops} GFLOPS, ${gigabytes} GB/s`);
  await trySubmit(0.03, 0.05);
  await rejects(trySubmit(0.03, NaN), RangeError);
});
