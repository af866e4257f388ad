/**
 * Compiles WGSL kernels on WebGPU, so that the Vulkan layer spirv_dump writes their SPIR-V. Reads a JSON
 * array of `{ code, bindings }` from standard input and prints, for each, the name of the file that appeared.
 *
 * @module
 */
interface Wgsl {
  readonly code: string;
  readonly bindings: number;
}

const folder = Deno.env.get("SPIRV_DUMP")!;
const kernels: readonly Wgsl[] = await new Response(Deno.stdin.readable).json();
const adapter = await navigator.gpu.requestAdapter();
if (adapter === null) throw new Deno.errors.NotFound("Cannot compile kernels: there is no WebGPU adapter");
const { maxComputeWorkgroupStorageSize } = adapter.limits;
const device = await adapter.requestDevice({ requiredLimits: { maxComputeWorkgroupStorageSize } });
const files = () => new Set([...Deno.readDirSync(folder)].map(({ name }) => name));
for (const { code, bindings } of kernels) {
  const before = files();
  const entries = Array.from({ length: bindings }, (_, binding) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: "storage" as const },
  }));
  const bindGroupLayouts = [device.createBindGroupLayout({ entries })];
  device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts }),
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  console.log([...files()].filter((name) => !before.has(name)).join(" "));
}
