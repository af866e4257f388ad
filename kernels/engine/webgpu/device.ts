/// <reference types="@webgpu/types" />
/**
 * Finding a GPU: the adapter, what it is, and a device with all the limits that the adapter has.
 *
 * @module
 */
import type { Gpu, GpuFeature, GpuLimits } from "../../core/gpu.ts";

/** An adapter and what people should know about it. */
export interface SystemAdapter {
  readonly adapter: GPUAdapter;
  /** Its name, e.g. "NVIDIA GeForce RTX 4070". */
  readonly description: string;
  /** All that it says of itself and its driver: what is known of one adapter is not taken for another's. */
  readonly key: string;
  /** It computes on the CPU: right, and many times slower than the CPU engine. */
  readonly software: boolean;
}

/** The system's best adapter, or null where there is none. */
export async function findAdapter(): Promise<SystemAdapter | null> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return null;
  const { description, vendor, architecture, device, isFallbackAdapter } = adapter.info;
  const name = description || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const key = [vendor, architecture, device, description].join(", ");
  return { adapter, description: name, key, software: isFallbackAdapter || softwareNames.test(name) };
}

/** Some software adapters do not say that they are a fallback. */
const softwareNames = /llvmpipe|lavapipe|softpipe|swiftshader|basic render/i;

/** What to do where no adapter is found, as the end of an error's sentence. */
export const adapterHint: string =
  "install the GPU's driver with Vulkan (Linux; on Debian also mesa-vulkan-drivers for AMD and " +
  "Intel) or DirectX 12 (Windows), unset DENO_WEBGPU_BACKEND if it is set, or compute on the CPU with --device cpu";

/** Limits of a device: an adapter's are asked for, since a device has only the specification's least ones unless asked. */
function limitsOf(limits: GPUSupportedLimits): GpuLimits {
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
    maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  };
}

const gpuFeatures = ["shader-f16", "subgroups"] as const;

/** How large buffers and their bindings may be. */
export type MemoryLimits = Pick<GpuLimits, "maxBufferSize" | "maxStorageBufferBindingSize">;

/** A device of one session, with its pipelines, and the reason should it fail. */
export class WebgpuDevice {
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<number, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  readonly #lost: Promise<never>;
  #failure: Error | null = null;
  #closed = false;

  private constructor(
    readonly device: GPUDevice,
    readonly description: string,
    readonly gpu: Gpu,
  ) {
    // wgpu reports errors outside of scopes to nobody unless someone listens.
    device.addEventListener("uncapturederror", (event) => {
      const message = "error" in event && event.error instanceof GPUError ? event.error.message : "unknown";
      this.#failure ??= new Error(`WebGPU error on ${description}: ${message}`);
    });
    this.#lost = device.lost.then(({ reason, message }) => {
      this.#failure = this.#closed ? new Error("Cannot use this session: it is closed") : new Error(
        `Lost the device ${description} (${reason ?? "unknown"}: ${message || "no message"}): ` +
          "the last checkpoint is good: start again with --resume auto, or with --device cpu",
      );
      throw this.#failure;
    });
    this.#lost.catch(() => {}); // a loss while nobody waits is told by the next use
  }

  /**
   * A device of the adapter with its limits, or memory limits that are `lower`, and, where it has them, timestamps, 16-bit
   * floats and subgroups.
   */
  static async request(
    { adapter, description, software }: SystemAdapter,
    { lower = {}, half = false }: { readonly lower?: Partial<MemoryLimits>; readonly half?: boolean } = {},
  ): Promise<WebgpuDevice> {
    const requiredLimits = { ...limitsOf(adapter.limits) };
    const listed = (["timestamp-query", "shader-f16"] as const).filter((name) => adapter.features.has(name));
    const request = (requiredFeatures: GPUFeatureName[]) =>
      adapter.requestDevice({ requiredLimits, requiredFeatures });
    // Deno does not list subgroups among an adapter's features, and grants them where the driver has them.
    const device = await request([...listed, "subgroups"]).catch(() => request(listed));
    const limits = limitsOf(device.limits), features = new Set<GpuFeature>();
    for (const name of gpuFeatures) if (device.features.has(name)) features.add(name);
    return new WebgpuDevice(device, description, {
      limits: {
        ...limits,
        maxBufferSize: Math.min(limits.maxBufferSize, lower.maxBufferSize ?? Infinity),
        maxStorageBufferBindingSize: Math.min(
          limits.maxStorageBufferBindingSize,
          lower.maxStorageBufferBindingSize ?? Infinity,
        ),
      },
      features,
      software,
      half,
    });
  }

  /** Number of different pipelines so far. */
  get pipelines(): number {
    return this.#pipelines.size;
  }

  /** Throws what went wrong since the device began, if anything did. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** `work`, or a rejection as soon as the device is lost or has failed. */
  async orLost<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {}); // a lost device rejects it too, later and with less to say
    const result = await Promise.race([work, this.#lost]).catch(async (cause) => {
      await Promise.resolve(); // the reason of a loss can arrive just behind the operation that it broke
      throw this.#failure ?? cause;
    });
    this.check();
    return result;
  }

  /** Layouts for `count` storage buffers, all of them read_write: parts of one buffer may be bound together. */
  layout(count: number): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    const known = this.#layouts.get(count);
    if (known !== undefined) return known;
    const entries = Array.from({ length: count }, (_, binding): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: "storage" },
    }));
    const group = this.device.createBindGroupLayout({ entries });
    const made = { group, pipeline: this.device.createPipelineLayout({ bindGroupLayouts: [group] }) };
    this.#layouts.set(count, made);
    return made;
  }

  /** The pipeline of a kernel, compiled once for each code. Throws SyntaxError naming `label` if it does not compile. */
  pipeline(
    code: string,
    { label, bindings }: { label: string; bindings: number },
  ): Promise<GPUComputePipeline> {
    const key = `${bindings} ${code}`;
    let made = this.#pipelines.get(key);
    if (made === undefined) {
      made = this.#compile(code, { label, layout: this.layout(bindings).pipeline });
      this.#pipelines.set(key, made);
    }
    return made;
  }

  async #compile(
    code: string,
    { label, layout }: { label: string; layout: GPUPipelineLayout },
  ): Promise<GPUComputePipeline> {
    this.device.pushErrorScope("validation"); // else a bad shader is told twice: here and as an uncaptured error
    const module = this.device.createShaderModule({ code, label });
    const invalid = this.device.popErrorScope();
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((m) => m.type === "error")
      .map((m) => `line ${m.lineNum}: ${m.message}`);
    const error = await invalid;
    if (errors.length > 0 || error !== null) {
      throw new SyntaxError(
        `Cannot compile ${label} for ${this.description}: ${errors[0] ?? error?.message}`,
      );
    }
    return await this.device.createComputePipelineAsync({
      label,
      layout,
      compute: { module, entryPoint: "main" },
    })
      .catch((cause) => {
        throw new SyntaxError(`Cannot compile ${label} for ${this.description}: ${cause.message}`, { cause });
      });
  }

  /** Gives the device back; later uses say that the session is closed. */
  async destroy(): Promise<void> {
    this.#closed = true;
    this.device.destroy();
    await this.#lost.catch(() => {});
  }
}
