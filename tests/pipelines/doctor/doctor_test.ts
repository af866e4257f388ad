/**
 * Tests parts of `deno task doctor`: what counts as wrong, the text to paste, its known losses and its
 * kernels. The whole doctor runs in `doctor_gpu_test.ts`.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, throws } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { doctorCommand } from "../../../pipelines/doctor/main.ts";
import { measurePeak, trySubmit } from "../../../pipelines/doctor/measure.ts";
import { checkParity } from "../../../pipelines/doctor/parity.ts";
import { reportText, wrongIn } from "../../../pipelines/doctor/report.ts";
import { knownGpt2, knownModels, measureStep, trainKnown } from "../../../pipelines/doctor/training.ts";
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
  const resume = { steps: 20, killedAfter: "step-000005", differsFrom: 6 };
  deepStrictEqual(wrongIn({ ...doctorReport, resume }), [
    "a run killed after step-000005 and resumed differs from step 6 on",
  ]);
  deepStrictEqual(wrongIn({ ...doctorReport, failures: ["peaks: no GPU"] }), ["peaks: no GPU"]);
  const submit = { seconds: 0, failed: "panicked" };
  deepStrictEqual(wrongIn({ ...doctorReport, submit }), ["the shortest submit failed: panicked"]);
});

Deno.test("reportText() gives each call's share of the machine's own peak, and what is wrong", () => {
  const text = reportText(doctorReport);
  match(text, /^doctor 1 {2}Test GPU {2}deno WebGPU {2}deno 2\.9\.6/);
  match(text, /longest submit 2 s, then error: Lost the device/);
  match(text, /2\.00 ms x 3 +1\.00e\+4 GFLOPS +50 % +80\.0 GB\/s +10 % {2}matmul \[8,8\] \[8,8\]/);
  match(text, /1\.50 ms tiles 8x4 by 16x8, untried 2\.00 ms tiles 4x4 by 8x8 {2}matmul \[8,8\] \[8,8\]/);
  const software = { ...doctorReport, machine: { ...doctorReport.machine, software: true } };
  match(reportText(software), /in software, small shapes.*\n(.*\n)*.*GFLOPS +80\.0 GB\/s +matmul/);
  match(text, /killed after step-000050 of 200 and resumed: same bits/);
  match(text, /upload 6\.00 GB\/s {2}download 3\.00 GB\/s/);
  match(text, /nothing is wrong$/);
  const unkilled = reportText({ ...doctorReport, resume: { ...doctorReport.resume, killedAfter: null } });
  match(unkilled, /resume not tested: 200 steps ended before they could be killed/);
  match(reportText({ ...doctorReport, parity: { cases: 2, wrong: ["relu"] } }), /WRONG relu\n1 wrong$/);
});

Deno.test("doctorCommand() reads options in both forms, and refuses others and files that are missing", () => {
  deepStrictEqual(doctorCommand([]), { dawn: false, help: false, json: null, tune: null });
  deepStrictEqual(doctorCommand(["--json", "a.json", "--dawn", "--tune=t.json"]), {
    dawn: true,
    help: false,
    json: "a.json",
    tune: "t.json",
  });
  for (const args of [["--json"], ["--json", "--dawn"], ["--tune="], ["--json", ""]]) {
    throws(() => doctorCommand(args), {
      name: "TypeError",
      message: /Expected the path of a file after --(json|tune)/,
    });
  }
  throws(() => doctorCommand(["webgpu"]), {
    message: "Expected --dawn, --json FILE, --tune FILE or --help, got webgpu",
  });
});

Deno.test("checkParity() of small cases finds nothing wrong, and says which word of workgroup memory is", async () => {
  const { cases, wrong } = await checkParity({ small: true });
  deepStrictEqual(wrong, []);
  ok(cases > 70, `${cases} cases`);
});

Deno.test("measureStep() takes the first model that fits into memory", async () => {
  const engine = await openWebgpu({
    limits: { maxBufferSize: 1 << 16, maxStorageBufferBindingSize: 1 << 16 },
  });
  const config = { layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 256 };
  const models = [{ config: { ...config, vocabSize: 4096 }, batch: 2 }, { config, batch: 2 }];
  const { rates, programs } = await measureStep(engine, { models, most: 3 });
  match(rates.model, /2 x 8 tokens of 256$/);
  ok(rates.calls.length <= 3 && programs.length > 0);
  await rejects(measureStep(engine, { models: models.slice(0, 1), most: 3 }), {
    name: "RangeError",
    message: /Cannot place/,
  });
});

Deno.test("trainKnown() gives the known losses on the CPU engine", async () => {
  const training = await trainKnown(await openCpu({ threads: 1 }));
  deepStrictEqual(wrongIn({ ...doctorReport, training }), []);
  const limits = { maxBufferSize: 1 << 20, maxStorageBufferBindingSize: 1 << 20 };
  const small = await trainKnown(await openWebgpu({ limits }), [knownGpt2, knownModels[1]]);
  deepStrictEqual(small.map(({ wanted }) => wanted), [knownModels[1].wanted], "GPT-2 124M does not fit");
});

Deno.test("measurePeak() and trySubmit() run on webgpu; an unknown rate is refused", async () => {
  const { gflops, gigabytes } = await measurePeak(await openWebgpu(), 1 << 12);
  ok(gflops > 0 && gigabytes > 0, `${gflops} GFLOPS, ${gigabytes} GB/s`);
  await trySubmit(0.03, 0.05);
  await rejects(trySubmit(0.03, NaN), RangeError);
});
