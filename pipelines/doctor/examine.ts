/**
 * Everything that the doctor examines, in order.
 *
 * @module
 */
import { findAdapter } from "../../kernels/engine/webgpu/device.ts";
import { openWebgpu, type WebgpuEngine } from "../../kernels/engine/webgpu/webgpu_engine.ts";
import { tuningFile } from "../cli/run/tuning_file.ts";
import { longestSubmit } from "./longest_submit.ts";
import { measureFloors, measurePeak } from "./measure.ts";
import { checkParity } from "./parity.ts";
import type { DoctorReport } from "./report.ts";
import { killAndResume } from "./resumed_run.ts";
import {
  gpt2Config,
  knownGpt2,
  knownModels,
  type MeasuredModel,
  measureStep,
  trainKnown,
} from "./training.ts";
import { tuneStep } from "./tuning.ts";

/** How the doctor examines a machine. */
export interface Examination {
  /** Whether `navigator.gpu` is Dawn. */
  readonly dawn: boolean;
  /** Path of the file that keeps the fastest kernels; null to report them only. */
  readonly tuneFile: string | null;
  /** Receives a line about each part when it begins. */
  say(text: string): void;
}

const gpuModels: readonly MeasuredModel[] = [
  ...[4, 2, 1].map((batch) => ({ config: gpt2Config, batch })),
  { config: { layers: 6, heads: 6, channels: 384, seqLen: 256, vocabSize: 8192 }, batch: 8 },
];
const softwareModels: readonly MeasuredModel[] = [
  { config: { layers: 1, heads: 2, channels: 64, seqLen: 32, vocabSize: 256 }, batch: 2 },
];

/**
 * Examines the machine; on a software adapter with small shapes. Parts that check something go on after a
 * failure, which the report names; parts that measure throw what makes them fail.
 */
export async function examine({ dawn, tuneFile, say }: Examination): Promise<DoctorReport> {
  const date = new Date().toISOString(), engine = await openWebgpu();
  const { software } = engine, adapter = (await findAdapter())!, failures: string[] = [];
  say(`doctor on ${engine.device}${software ? ": small shapes, and speeds say nothing" : ""}`);
  const attempt = async <T>(what: string, part: () => Promise<T>, otherwise: T): Promise<T> => {
    say(`${what} …`);
    try {
      return await part();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : error}`);
      return otherwise;
    }
  };
  const parity = await attempt(
    "parity of the kernels with float64",
    () => checkParity({ small: software }),
    { cases: 0, wrong: [] },
  );
  const training = await attempt(
    "training of models with known losses",
    () => trainKnown(engine, software ? knownModels : [...knownModels, knownGpt2]),
    [],
  );
  say("costs of reads, submits, dispatches and transfers …");
  const floors = await measureFloors({}, software ? 1 << 16 : 1 << 24);
  say("peaks …");
  const peak = await measurePeak(engine, software ? 1 << 18 : 1 << 26);
  const submit = await attempt(
    "the longest safe submit, in a process of its own",
    () => longestSubmit(peak.gflops, { dawn, lengths: software ? [0.05, 0.1] : [0.1, 0.5, 1, 2, 4] }),
    { seconds: 0, failed: "it could not be started" },
  );
  say("a step of a GPT …");
  const { rates: step, programs } = await measureStep(engine, {
    models: software ? softwareModels : gpuModels,
    most: 12,
  });
  const tuning = await attempt(
    "kernel variants of its products",
    () =>
      tuneStep(programs, {
        ...(software ? { most: 2, variants: 4 } : { most: 12, variants: Infinity }),
        store: tuneFile === null ? undefined : tuningFile(tuneFile),
      }),
    [],
  );
  const resume = await attempt(
    "a run that is killed and resumed, by its task",
    () => killAndResume({ task: dawn ? "dawn" : "pipeline", steps: software ? 20 : 200 }),
    { steps: 0, killedAfter: null, differsFrom: null },
  );
  const { limits, info } = adapter.adapter;
  return {
    format: 1,
    date,
    machine: {
      os: Deno.build.os,
      arch: Deno.build.arch,
      deno: Deno.version.deno,
      webgpu: dawn ? "dawn" : "deno",
      adapter: adapter.description,
      info: {
        vendor: info.vendor,
        architecture: info.architecture,
        device: info.device,
        description: info.description,
      },
      software,
      features: await grantedFeatures(engine),
      limits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      },
    },
    parity,
    submit,
    floors,
    peak,
    training,
    step,
    tuning,
    resume,
    failures,
  };
}

/** Returns the features that this program asks for and the device grants; Deno does not list all of them. */
async function grantedFeatures(engine: WebgpuEngine): Promise<readonly string[]> {
  await using session = await engine.open([], {});
  const asked = ["timestamp-query", "shader-f16", "subgroups"] as const;
  return asked.filter((name) => session.device.features.has(name));
}
