/**
 * `deno task doctor [--dawn] [--json FILE]`: checks and measures this machine's GPU. Progress goes to
 * standard error, a block of text to paste to standard output, a document to FILE. The exit code is 1 if
 * something is wrong and 2 for a wrong command line.
 *
 * @module
 */
import { findAdapter } from "../../kernels/engine/webgpu/device.ts";
import { openWebgpu, type WebgpuEngine } from "../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../kernels/ops/list.ts";
import { compareTrials, layoutTrials } from "../../kernels/parity/matmul_trials.ts";
import { compareOps } from "../../kernels/parity/parity.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { writeWhole } from "../../stages/disk/whole_files.ts";
import { installDawn } from "../cli/dawn.ts";
import { measureFloors, measurePeak } from "./measure.ts";
import { type DoctorReport, reportText, wrongIn } from "./report.ts";
import { measureStep, trainKnown } from "./training.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const dawn = args.includes("--dawn"), jsonAt = args.indexOf("--json");
  const file = jsonAt < 0 ? null : args[jsonAt + 1] ?? "";
  const unknown = args.find((arg, i) => arg !== "--dawn" && arg !== "--json" && i !== jsonAt + 1);
  if (unknown !== undefined || file === "" || file?.startsWith("-")) {
    console.error(`error: Expected no options, or --dawn, or --json FILE, got ${args.join(" ")}`);
    return 2;
  }
  try {
    if (dawn) await installDawn();
    const report = await examine({ dawn });
    if (file !== null) await writeWhole(file, `${JSON.stringify(report, null, 1)}\n`);
    console.log(reportText(report));
    return wrongIn(report).length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

/** Examines the machine. On a software adapter the shapes are small. */
async function examine({ dawn }: { readonly dawn: boolean }): Promise<DoctorReport> {
  const date = new Date().toISOString(), engine = await openWebgpu();
  const { software } = engine, adapter = (await findAdapter())!;
  console.error(`doctor on ${engine.device}${software ? ": small shapes, and speeds say nothing" : ""}`);
  const say = (text: string) => console.error(`${text} …`);
  say("parity of the kernels with float64");
  const parity = await checkParity(software);
  say("training of two models with known losses");
  const training = await trainKnown(engine);
  say("costs of reads, submits and dispatches");
  const floors = await measureFloors({});
  say("peaks");
  const peak = await measurePeak(engine, software ? 1 << 18 : 1 << 26);
  say("the longest safe submit, in a process of its own");
  const submit = await longestSubmit(peak.gflops, {
    dawn,
    lengths: software ? [0.05, 0.1] : [0.1, 0.5, 1, 2, 4],
  });
  say("a step of a GPT");
  const step = await measureStep(engine, {
    config: software
      ? { layers: 1, heads: 2, channels: 64, seqLen: 32, vocabSize: 256 }
      : { layers: 12, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257, vocabPad: 128 },
    batch: software ? 2 : 4,
    most: 12,
  });
  const { limits } = adapter.adapter, features = await grantedFeatures(engine);
  return {
    format: 1,
    date,
    machine: {
      os: Deno.build.os,
      arch: Deno.build.arch,
      deno: Deno.version.deno,
      webgpu: dawn ? "dawn" : "deno",
      adapter: adapter.description,
      software,
      features,
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
  };
}

/** Returns the features that this program asks for and the device grants; Deno does not list all of them. */
async function grantedFeatures(engine: WebgpuEngine): Promise<readonly string[]> {
  await using session = await engine.open([], {});
  const asked = ["timestamp-query", "shader-f16", "subgroups"] as const;
  return asked.filter((name) => session.device.features.has(name));
}

/** Compares kernels with float64: one case of every op in software, all cases and variants on a GPU. */
async function checkParity(software: boolean): Promise<DoctorReport["parity"]> {
  const engine = await openWebgpu();
  const chosen = ops.map((op) => ({
    ...op,
    cases: op.cases.filter(({ bench }) => bench !== true).slice(0, software ? 1 : Infinity),
  }));
  const wrong = [...(await compareOps(engine, chosen)).values()].flat();
  const trials = software ? [] : layoutTrials();
  for (const { messages } of (await compareTrials(trials)).values()) wrong.push(...messages);
  return { cases: chosen.reduce((sum, { cases }) => sum + cases.length, trials.length), wrong };
}

/** Finds the longest submit that gives the right result, in a process that a lost GPU may end. */
async function longestSubmit(
  gflops: number,
  { dawn, lengths }: { readonly dawn: boolean; readonly lengths: readonly number[] },
): Promise<DoctorReport["submit"]> {
  const root = new URL("../../", import.meta.url);
  const path = (name: string) => pathOfUrl(new URL(name, root));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", `--lock=${path("deno.lock")}`, "--frozen", "--allow-read"]
      .concat(dawn ? ["--allow-ffi", `--preload=${path("pipelines/doctor/dawn.ts")}`] : [])
      .concat(path("pipelines/doctor/submit_probe.ts"), `${gflops}`, lengths.map(String)),
  }).output();
  const text = new TextDecoder(), passed = text.decode(stdout).trim().split("\n").filter(Boolean).map(Number);
  const message = /(?:error: |panicked)[^\n]*/.exec(text.decode(stderr))?.[0] ?? "the process ended";
  return { seconds: Math.max(0, ...passed), failed: success ? null : message };
}
