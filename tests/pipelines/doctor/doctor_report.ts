import type { DoctorReport } from "../../../pipelines/doctor/report.ts";

/** A report in which nothing is wrong. */
export const doctorReport: DoctorReport = {
  format: 1,
  date: "2026-11-30T00:00:00Z",
  machine: {
    os: "linux",
    arch: "x86_64",
    deno: "2.9.6",
    webgpu: "deno",
    adapter: "Test GPU",
    info: { vendor: "test", architecture: "", device: "", description: "Test GPU" },
    software: false,
    features: ["shader-f16"],
    limits: { maxBufferSize: 2 ** 31 },
  },
  parity: { cases: 640, wrong: [] },
  submit: { seconds: 2, failed: "error: Lost the device" },
  floors: {
    readMilliseconds: 11.5,
    submitMicroseconds: 100,
    dispatchMicroseconds: 3.1,
    uploadGigabytes: 6,
    downloadGigabytes: 3,
  },
  peak: { gflops: 20_000, gigabytes: 800 },
  training: [{ model: "small", losses: [5, 4], wanted: [5.0009, 3.9991] }],
  step: {
    model: "12 layers",
    milliseconds: 100,
    tokensPerSecond: 40_000,
    calls: [{ call: "matmul [8,8] [8,8]", count: 3, milliseconds: 2, gflops: 10_000, gigabytes: 80 }],
  },
  tuning: [{
    call: "matmul [8,8] [8,8]",
    untried: "tiles 4x4 by 8x8",
    untriedMilliseconds: 2,
    best: "tiles 8x4 by 16x8",
    bestMilliseconds: 1.5,
  }],
  resume: { steps: 200, killedAfter: "step-000050", differsFrom: null },
  failures: [],
};
