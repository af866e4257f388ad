/// <reference types="@webgpu/types" />
/**
 * Finds a GPU: the adapter with its description, and a device with all limits that the adapter has.
 *
 * @module
 */
import type { Gpu, GpuFeature, GpuLimits } from "../../core/gpu.ts";
import { type Extent, firstBytes } from "./split.ts";

/** The adapter that the system offers, with its description. */
export interface SystemAdapter {
  readonly adapter: GPUAdapter;
  /** Name to show to users, such as "NVIDIA GeForce RTX 4070". */
  readonly description: string;
  /**
   * Everything that the adapter reports about itself. Kernel choices are stored under this key, so that they
   * are used only on the same adapter.
   */
  readonly key: string;
  /**
   * Whether the adapter computes on the CPU: its results are correct, but it is many times slower than the
   * CPU engine.
   */
  readonly software: boolean;
}

/**
 * Returns the best adapter of a WebGPU implementation, or null if there is none; by default, the platform's
 * own implementation.
 */
export async function findAdapter(gpu: GPU | undefined = navigator.gpu): Promise<SystemAdapter | null> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return null;
  const { description, vendor, architecture, device, isFallbackAdapter } = adapter.info;
  const name = description || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const key = [vendor, architecture, device, description].join(", ");
  return { adapter, description: name, key, software: isFallbackAdapter || softwareNames.test(name) };
}

let known: Promise<SystemAdapter | null> | null = null;

/**
 * Returns the same as `findAdapter()`, but the system is asked only once. Its properties may be read; for a
 * device, ask `findAdapter()` for an adapter of its own, because an adapter gives only one.
 */
export function knownAdapter(): Promise<SystemAdapter | null> {
  return known ??= findAdapter();
}

/** Names of software adapters; some of them do not set `isFallbackAdapter`. */
const softwareNames = /llvmpipe|lavapipe|softpipe|swiftshader|basic render/i;

/** What to do if no GPU is found: the end of an error message. */
export const adapterHint: string =
  "install the GPU's driver with Vulkan (Linux; on Debian also mesa-vulkan-drivers for AMD and " +
  "Intel) or DirectX 12 (Windows), unset DENO_WEBGPU_BACKEND if it is set, or compute on the CPU with --device cpu";

/**
 * Returns the limits that kernels and memory depend on, or `lower` ones. A device gets only the
 * specification's minimum limits unless higher limits are requested.
 */
function limitsOf(limits: GpuLimits, lower: Partial<GpuLimits> = {}): GpuLimits {
  const least = (name: keyof GpuLimits) => Math.min(limits[name], lower[name] ?? Infinity);
  return {
    maxBufferSize: least("maxBufferSize"),
    maxStorageBufferBindingSize: least("maxStorageBufferBindingSize"),
    maxStorageBuffersPerShaderStage: least("maxStorageBuffersPerShaderStage"),
    maxComputeWorkgroupStorageSize: least("maxComputeWorkgroupStorageSize"),
    maxComputeInvocationsPerWorkgroup: least("maxComputeInvocationsPerWorkgroup"),
    maxComputeWorkgroupSizeX: least("maxComputeWorkgroupSizeX"),
    maxComputeWorkgroupSizeY: least("maxComputeWorkgroupSizeY"),
    maxComputeWorkgroupSizeZ: least("maxComputeWorkgroupSizeZ"),
    maxComputeWorkgroupsPerDimension: least("maxComputeWorkgroupsPerDimension"),
  };
}

/** Time that a device gets to say that it was lost after an operation has failed, in milliseconds. */
const LOSS_WAIT = 200;

const gpuFeatures = ["shader-f16", "subgroups"] as const;

/** Directive that Dawn requires of a kernel with subgroups, and that wgpu refuses. */
const enableLine = "enable subgroups;\n";
const emptyKernel = "@compute @workgroup_size(1) fn main() {}";
const subgroupBuiltin = /@builtin\(subgroup_|\b(subgroup|quad)[A-Z]/;

/** Returns whether a shader module compiles. */
async function compiles(device: GPUDevice, code: string): Promise<boolean> {
  device.pushErrorScope("validation"); // otherwise an invalid shader would be an uncaptured error
  const module = device.createShaderModule({ code, label: "trial" });
  const invalid = device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  return await invalid === null && messages.every(({ type }) => type !== "error");
}

/** Returns the message of an `uncapturederror` event of any WebGPU implementation. */
function messageOf(event: Event): string {
  const error: unknown = "error" in event ? event.error : null;
  return typeof error === "object" && error !== null && "message" in error
    ? String(error.message)
    : "unknown";
}

/** The device of one session, with its compiled pipelines and the error that broke it, if any. */
export class WebgpuDevice {
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<
    string,
    Readonly<Record<"pipeline" | "split", GPUPipelineLayout>> & { readonly group: GPUBindGroupLayout }
  >();
  #firstLayout: GPUBindGroupLayout | null = null;
  readonly #firstWorkgroups = new Map<string, GPUBindGroup>();
  readonly #lost: Promise<never>;
  readonly #enableSubgroups: boolean;
  /**
   * Whether mapping a buffer waits until the device has no work left. Deno's `mapAsync` and
   * `onSubmittedWorkDone` block the thread until all submitted work is done, then sleep for 10 ms. In
   * browsers and in Dawn they resolve as soon as the work submitted before them is done, while later work
   * continues.
   */
  readonly mappingDrains: boolean;
  #failure: Error | null = null;
  #closed = false;

  private constructor(
    readonly device: GPUDevice,
    readonly description: string,
    readonly gpu: Gpu,
    { enableSubgroups }: { readonly enableSubgroups: boolean },
  ) {
    this.#enableSubgroups = enableSubgroups;
    this.mappingDrains = "Deno" in globalThis && device instanceof GPUDevice;
    // wgpu drops errors outside of error scopes unless there is a listener.
    device.addEventListener("uncapturederror", (event) => {
      this.#failure ??= new Error(`WebGPU error on ${description}: ${messageOf(event)}`);
    });
    this.#lost = device.lost.then(({ reason, message }) => {
      this.#failure = this.#closed ? new Error("Cannot use this session: it is closed") : new Error(
        `Lost the device ${description} (${reason ?? "unknown"}: ${message || "no message"}): ` +
          "checkpoints on disk are intact: start again with --resume auto, or with --device cpu",
      );
      throw this.#failure;
    });
    this.#lost.catch(() => {}); // if the device is lost while nothing waits for it, the next use throws
  }

  /**
   * Requests a device with the adapter's limits, or with `lower` ones, and with timestamps, 16-bit floats and
   * subgroups if the adapter supports them. No device has lower limits than WebGPU's defaults, so those below
   * are kept by the program alone.
   */
  static async request(
    { adapter, description, software }: SystemAdapter,
    { lower = {}, half = false }: { readonly lower?: Partial<GpuLimits>; readonly half?: boolean } = {},
  ): Promise<WebgpuDevice> {
    const requiredLimits = { ...limitsOf(adapter.limits, lower) };
    const listed = (["timestamp-query", "shader-f16"] as const).filter((name) => adapter.features.has(name));
    const request = (requiredFeatures: GPUFeatureName[]) =>
      adapter.requestDevice({ requiredLimits, requiredFeatures });
    // Deno does not list "subgroups" among an adapter's features, but grants it if the driver supports it.
    const device = await request([...listed, "subgroups"]).catch(() => request(listed));
    const limits = limitsOf(device.limits, lower), features = new Set<GpuFeature>();
    for (const name of gpuFeatures) if (device.features.has(name)) features.add(name);
    const enableSubgroups = features.has("subgroups") &&
      await compiles(device, `${enableLine}${emptyKernel}`);
    return new WebgpuDevice(device, description, {
      limits,
      features,
      software,
      half,
    }, { enableSubgroups });
  }

  /** Number of different pipelines compiled so far. */
  get pipelines(): number {
    return this.#pipelines.size;
  }

  /** Throws the first error of the device, if there was one. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Whether the device was lost or has failed. */
  get failed(): boolean {
    return this.#failure !== null;
  }

  /**
   * Rejects with the reason why an operation failed: that the device was lost, if it says so within 200 ms,
   * otherwise its first error or, if there was none, `cause`. A lost device rejects operations with errors of
   * validation, and resolves `lost` up to 20 ms later.
   */
  async reject(cause?: unknown): Promise<never> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<void>((resolve) => timer = setTimeout(resolve, LOSS_WAIT));
    await Promise.race([this.#lost.catch(() => {}), waited]);
    clearTimeout(timer);
    throw this.#failure ?? cause;
  }

  /** Waits for `work`; rejects as soon as the device is lost or has failed. */
  async orLost<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {}); // a lost device also rejects `work`, later and with a less helpful message
    const result = await Promise.race([work, this.#lost]).catch((cause) => this.reject(cause));
    if (this.failed) await this.reject();
    return result;
  }

  /**
   * Returns layouts for storage buffers at these bindings. All are read_write, since WebGPU forbids binding
   * one part of a buffer as read-only and another as writable. The layout `split` is for kernels of
   * `splittable()`.
   */
  layout(
    bindings: readonly number[],
  ): Readonly<Record<"pipeline" | "split", GPUPipelineLayout>> & { readonly group: GPUBindGroupLayout } {
    const known = this.#layouts.get(bindings.join());
    if (known !== undefined) return known;
    const entries = bindings.map((binding): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: "storage" },
    }));
    const group = this.device.createBindGroupLayout({ entries });
    const of = (...bindGroupLayouts: GPUBindGroupLayout[]) =>
      this.device.createPipelineLayout({ bindGroupLayouts });
    const made = { group, pipeline: of(group), split: of(group, this.#layoutOfFirst()) };
    this.#layouts.set(bindings.join(), made);
    return made;
  }

  /** Returns the bind group that tells a kernel of `splittable()` its first workgroup. */
  firstWorkgroup(first: Extent): GPUBindGroup {
    const key = first.join();
    let made = this.#firstWorkgroups.get(key);
    if (made === undefined) {
      const buffer = this.device.createBuffer({
        label: "first workgroup",
        size: firstBytes,
        usage: GPUBufferUsage.UNIFORM,
        mappedAtCreation: true,
      });
      new Uint32Array(buffer.getMappedRange()).set(first);
      buffer.unmap();
      made = this.device.createBindGroup({
        layout: this.#layoutOfFirst(),
        entries: [{ binding: 0, resource: { buffer } }],
      });
      this.#firstWorkgroups.set(key, made);
    }
    return made;
  }

  #layoutOfFirst(): GPUBindGroupLayout {
    return this.#firstLayout ??= this.device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform" } }],
    });
  }

  /**
   * Returns the pipeline of a kernel; equal code is compiled once. `split` says that the code is that of
   * `splittable()`. Throws a SyntaxError that names `label` if the kernel does not compile.
   */
  pipeline(
    code: string,
    { label, bindings, split = false }: { label: string; bindings: readonly number[]; split?: boolean },
  ): Promise<GPUComputePipeline> {
    const key = `${bindings} ${code}`;
    let made = this.#pipelines.get(key);
    if (made === undefined) {
      const layouts = this.layout(bindings);
      made = this.#compile(code, { label, layout: split ? layouts.split : layouts.pipeline });
      this.#pipelines.set(key, made);
    }
    return made;
  }

  async #compile(
    code: string,
    { label, layout }: { label: string; layout: GPUPipelineLayout },
  ): Promise<GPUComputePipeline> {
    // Without an error scope an invalid shader would also be reported as an uncaptured error.
    this.device.pushErrorScope("validation");
    const enabled = this.#enableSubgroups && subgroupBuiltin.test(code) ? `${enableLine}${code}` : code;
    const module = this.device.createShaderModule({ code: enabled, label });
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

  /** Releases the device; later uses fail with an error that says that the session is closed. */
  async destroy(): Promise<void> {
    this.#closed = true;
    this.device.destroy();
    await this.#lost.catch(() => {});
  }
}
