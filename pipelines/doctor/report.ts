/**
 * What `deno task doctor` finds out about a machine's GPU, as a document and as a block of text to paste.
 *
 * @module
 */

/** Measured rates of the calls of one op with the same shapes. */
export interface OpRate {
  /** Name of the op and the shapes of its inputs. */
  readonly call: string;
  /** Number of these calls in a step. */
  readonly count: number;
  /** Mean time of one call in milliseconds, by the GPU's clock. */
  readonly milliseconds: number;
  /** Billions of floating-point operations per second. */
  readonly gflops: number;
  /** Gigabytes read and written per second. */
  readonly gigabytes: number;
}

/** Rates of a training step of a GPT. */
export interface StepRates {
  /** The model and its batch. */
  readonly model: string;
  /** Milliseconds per step. */
  readonly milliseconds: number;
  readonly tokensPerSecond: number;
  /** The calls that take most of the step's time, the slowest first; empty if the GPU has no clock. */
  readonly calls: readonly OpRate[];
}

/** The document that `--json` writes: a file of `bench/machines/`. */
export interface DoctorReport {
  /** Version of the document's format. */
  readonly format: 1;
  /** Time at which the doctor started, ISO 8601. */
  readonly date: string;
  readonly machine: {
    readonly os: string;
    readonly arch: string;
    readonly deno: string;
    /** The WebGPU implementation. */
    readonly webgpu: "deno" | "dawn";
    readonly adapter: string;
    /** What the adapter says of itself: vendor, architecture, device, description. */
    readonly info: Readonly<Record<string, string>>;
    /** Whether the adapter computes on the CPU; then shapes are small, and speeds say nothing. */
    readonly software: boolean;
    readonly features: readonly string[];
    readonly limits: Readonly<Record<string, number>>;
  };
  readonly parity: { readonly cases: number; readonly wrong: readonly string[] };
  /** Longest submit in seconds that gave the right result, and whether a longer one failed. */
  readonly submit: { readonly seconds: number; readonly failed: string | null };
  readonly floors: {
    /** Milliseconds of a run of one dispatch and a read of its result: the median of 20. */
    readonly readMilliseconds: number;
    readonly submitMicroseconds: number;
    readonly dispatchMicroseconds: number;
    /** Gigabytes per second that the host writes to the GPU, and reads from it. */
    readonly uploadGigabytes: number;
    readonly downloadGigabytes: number;
  };
  /** Peaks measured by kernels that do nothing else. */
  readonly peak: { readonly gflops: number; readonly gigabytes: number };
  /** Losses of five steps of some models, and those that they must have. */
  readonly training: readonly {
    readonly model: string;
    readonly losses: readonly number[];
    readonly wanted: readonly number[];
  }[];
  readonly step: StepRates;
  /** Times of kernel variants of the step's products; empty if none was timed. */
  readonly tuning: readonly {
    /** Name of the op and the shapes of its inputs. */
    readonly call: string;
    /** The variant that runs if none is timed. */
    readonly untried: string;
    readonly untriedMilliseconds: number;
    readonly best: string;
    readonly bestMilliseconds: number;
  }[];
  /** A training run that was killed and resumed. */
  readonly resume: {
    /** Number of its updates. */
    readonly steps: number;
    /** The checkpoint that it was killed after; null if it ended before it could be killed. */
    readonly killedAfter: string | null;
    /** First step whose loss or gradient norm is not that of a run that was not killed; null if all are. */
    readonly differsFrom: number | null;
  };
  /** A message for each part of the examination that failed. */
  readonly failures: readonly string[];
}

/** Largest difference of a loss from the one that is known. */
const LOSS_TOLERANCE = 1e-3;

/** Returns a message for each thing that is wrong. */
export function wrongIn(
  { parity, training, submit, resume, failures }: DoctorReport,
): readonly string[] {
  return [
    ...failures,
    ...parity.wrong,
    ...training.filter(({ losses, wanted }) =>
      losses.length !== wanted.length ||
      !wanted.every((loss, i) => Math.abs(losses[i] - loss) <= LOSS_TOLERANCE)
    ).map(({ model, losses, wanted }) =>
      `${model} trains to losses ${losses.join(" ")}, wanted ${wanted.join(" ")}`
    ),
    ...(submit.seconds === 0 ? [`the shortest submit failed: ${submit.failed}`] : []),
    ...(resume.differsFrom === null
      ? []
      : [`a run killed after ${resume.killedAfter} and resumed differs from step ${resume.differsFrom} on`]),
  ];
}

/** Returns the block of text to paste. */
export function reportText(report: DoctorReport): string {
  const { machine, parity, submit, floors, peak, training, step, tuning, resume } = report;
  const wrong = wrongIn(report);
  // In software, kernels and peaks compete for the same cores as everything else.
  const share = (part: number, whole: number) =>
    machine.software ? "" : `${(100 * part / whole).toFixed(0)} %`.padStart(5);
  return [
    `doctor ${report.format}  ${machine.adapter}${machine.software ? " (in software, small shapes)" : ""}  ` +
    `${machine.webgpu} WebGPU  deno ${machine.deno}  ${machine.os} ${machine.arch}  ${report.date}`,
    `features ${machine.features.join(", ") || "none"}`,
    `parity ${parity.cases - parity.wrong.length} of ${parity.cases} cases  ` +
    `training ${training.map(({ losses }) => losses.at(-1)?.toFixed(4)).join(", ")}`,
    `longest submit ${submit.seconds} s${
      submit.failed === null ? ", longer ones not tried" : `, then ${submit.failed}`
    }`,
    `read ${floors.readMilliseconds.toFixed(2)} ms  submit ${floors.submitMicroseconds.toFixed(0)} us  ` +
    `dispatch ${floors.dispatchMicroseconds.toFixed(1)} us  ` +
    `upload ${floors.uploadGigabytes.toPrecision(3)} GB/s  download ${
      floors.downloadGigabytes.toPrecision(3)
    } GB/s`,
    `peak ${peak.gflops.toPrecision(3)} GFLOPS f32, ${peak.gigabytes.toPrecision(3)} GB/s`,
    `step ${step.model}: ${step.milliseconds.toFixed(0)} ms, ${step.tokensPerSecond.toFixed(0)} tokens/s`,
    ...step.calls.map(({ call, count, milliseconds, gflops, gigabytes }) =>
      `  ${milliseconds.toPrecision(3).padStart(8)} ms x ${count}  ${
        gflops.toPrecision(3).padStart(7)
      } GFLOPS ` +
      `${share(gflops, peak.gflops)}  ${gigabytes.toPrecision(3).padStart(7)} GB/s ` +
      `${share(gigabytes, peak.gigabytes)}  ${call}`
    ),
    ...(tuning.length > 0 ? ["fastest kernels of its products, and those that run untried"] : []),
    ...tuning.map(({ call, untried, untriedMilliseconds, best, bestMilliseconds }) =>
      `  ${bestMilliseconds.toPrecision(3).padStart(8)} ms ${best}${
        best === untried ? "" : `, untried ${untriedMilliseconds.toPrecision(3)} ms ${untried}`
      }  ${call}`
    ),
    resume.killedAfter === null
      ? `resume not tested: ${resume.steps} steps ended before they could be killed`
      : `killed after ${resume.killedAfter} of ${resume.steps} and resumed: ${
        resume.differsFrom === null ? "same bits" : "other bits"
      }`,
    ...wrong.map((text) => `WRONG ${text}`),
    wrong.length === 0 ? "nothing is wrong" : `${wrong.length} wrong`,
  ].join("\n");
}
