import { webgpuTrainsAsCpu } from "./webgpu_course.ts";

Deno.test("fineweb-gpt2 on webgpu trains to the losses of the CPU engine within 1e-4 over 20 steps", () =>
  webgpuTrainsAsCpu(20));

Deno.test("fineweb-gpt2 on webgpu by deno task dawn trains to the losses of the CPU engine within 1e-4", () =>
  webgpuTrainsAsCpu(10, { task: "dawn" }));
