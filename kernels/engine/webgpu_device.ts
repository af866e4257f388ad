/// <reference types="@webgpu/types" />
/**
 * Finding a GPU: the adapter, what it is, and a device with all the limits that the adapter has.
 *
 * @module
 */

/** An adapter and what people should know about it. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  /** Its name, e.g. "NVIDIA GeForce RTX 4070". */
  readonly description: string;
  /** It computes on the CPU: right, and many times slower than the CPU engine. */
  readonly software: boolean;
}

/** The system's best adapter, or null where there is none. */
export async function findAdapter(): Promise<FoundAdapter | null> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return null;
  const { description, vendor, architecture, isFallbackAdapter } = adapter.info;
  const name = description || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  return { adapter, description: name, software: isFallbackAdapter || softwareNames.test(name) };
}

/** Some software adapters do not say that they are a fallback. */
const softwareNames = /llvmpipe|lavapipe|softpipe|swiftshader|basic render/i;

/** What to do where no adapter is found, as the end of an error's sentence. */
export const adapterMend: string =
  "install the GPU's driver with Vulkan (Linux; on Debian also mesa-vulkan-drivers for AMD and " +
  "Intel) or DirectX 12 (Windows), unset DENO_WEBGPU_BACKEND if it is set, or compute on the CPU with --device cpu";

/** Limits to ask for: a device has only the specification's least ones unless asked. */
const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** How large buffers and their bindings may be. */
export interface MemoryLimits {
  readonly maxBufferSize: GPUSize64;
  readonly maxStorageBufferBindingSize: GPUSize64;
}

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
    readonly memoryLimits: MemoryLimits,
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

  /** A device of the adapter with its limits, or memory limits that are `lower`, and timestamps where it has them. */
  static async request(
    { adapter, description }: FoundAdapter,
    lower: Partial<MemoryLimits> = {},
  ): Promise<WebgpuDevice> {
    const requiredLimits: Record<string, GPUSize64> = {};
    for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
    const requiredFeatures: GPUFeatureName[] = adapter.features.has("timestamp-query")
      ? ["timestamp-query"]
      : [];
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    return new WebgpuDevice(device, description, {
      maxBufferSize: Math.min(maxBufferSize, lower.maxBufferSize ?? Infinity),
      maxStorageBufferBindingSize: Math.min(
        maxStorageBufferBindingSize,
        lower.maxStorageBufferBindingSize ?? Infinity,
      ),
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
