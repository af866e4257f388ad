import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { readMachines } from "../../../bench/machines/compare.ts";
import { machineFolder, readMachine } from "../../../pipelines/cli/machines/read_machine.ts";
import type { DoctorReport } from "../../../pipelines/doctor/report.ts";
import { measureStep } from "../../../pipelines/doctor/training.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { doctorReport } from "../../pipelines/doctor/doctor_report.ts";
import { withFolder } from "../../temporary.ts";
import { estimatedStep } from "./estimated_step.ts";

/** How much longer or shorter than measured an estimate from a machine's own report may be. */
const BAND = 1.5;

/** Returns a message for each doctor's report of a folder whose estimate is far from the step it measured. */
async function farEstimates(folder: URL): Promise<readonly string[]> {
  const far: string[] = [];
  for (const { name, report: { step } } of await readMachines(folder)) {
    const ratio = estimatedStep(step.model, await readMachine(name, { folder })) / step.milliseconds;
    if (ratio > 1 / BAND && ratio < BAND) continue;
    far.push(`${name}: ${ratio.toFixed(2)} times the measured ${step.milliseconds} ms`);
  }
  return far;
}

Deno.test("the estimate of each doctor's report in bench/machines is near the step that it measured", async () => {
  deepStrictEqual(await farEstimates(machineFolder), []);
  await withFolder(async (dir) => {
    const folder = pathToFileURL(`${dir}/`), model = "1 layers, 2 heads, 16 channels, 2 x 8 tokens of 256";
    const write = (name: string, milliseconds: number) => {
      const report: DoctorReport = { ...doctorReport, step: { ...doctorReport.step, model, milliseconds } };
      return Deno.writeTextFile(`${dir}/${name}.json`, JSON.stringify(report));
    };
    await write("near", 1);
    const estimate = estimatedStep(model, await readMachine("near", { folder }));
    await write("near", estimate / 1.49);
    await write("long", estimate * 2);
    await write("short", estimate / 2);
    const names = (await farEstimates(folder)).map((text) => text.split(" times ")[0]);
    deepStrictEqual(names.toSorted(), ["long: 0.50", "short: 2.00"]);
  });
});

Deno.test("estimatedStep(): the doctor's step of GPT-2 124M takes an RTX 4090 as long as its shares say", async () => {
  // 3,050 GFLOP of products at 50 % and 271 of attention at 35 and 30 % of the peak are 84 ms.
  const model = "12 layers, 12 heads, 768 channels, 4 x 1024 tokens of 50257";
  const milliseconds = estimatedStep(model, await readMachine("rtx4090"));
  ok(milliseconds > 85 && milliseconds < 130, `${milliseconds} ms`);
});

Deno.test("the doctor's text about its step is one that estimatedStep() reads", async () => {
  const config = { layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 256 };
  const models = [{ config, batch: 2 }];
  const { rates: step } = await measureStep(await openWebgpu(), { models, most: 4 });
  await withFolder(async (dir) => {
    const report: DoctorReport = { ...doctorReport, step };
    await Deno.writeTextFile(`${dir}/software.json`, JSON.stringify(report));
    ok(estimatedStep(step.model, await readMachine(`${dir}/software.json`)) > 0);
  });
  strictEqual(step.model, "1 layers, 2 heads, 16 channels, 2 x 8 tokens of 256");
});

Deno.test("readMachines() reads reports and leaves specifications out", async () => {
  await withFolder(async (dir) => {
    const specification = await Deno.readTextFile(new URL("h200.json", machineFolder));
    await Deno.writeTextFile(`${dir}/published.json`, specification);
    await Deno.writeTextFile(`${dir}/measured.json`, JSON.stringify(doctorReport));
    const reports = await readMachines(pathToFileURL(`${dir}/`));
    deepStrictEqual(reports.map(({ name }) => name), ["measured"]);
  });
});
