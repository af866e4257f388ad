/// <reference types="@webgpu/types" />
/**
 * Programs replayed on a GPU: pipelines, bind groups and buffers are made once, a run is one encoder, one compute pass
 * and one submit.
 *
 * @module
 */
import { bindings, type Call } from "../core/op.ts";
import type { Program } from "../core/program.ts";
import { bytesOf, type TensorMap } from "../core/tensor.ts";
import type { Session } from "./engine.ts";
import type { WebgpuDevice } from "./webgpu_device.ts";
import { type Resident, WebgpuMemory } from "./webgpu_memory.ts";

/** What a session has asked of the device so far. */
export interface WebgpuCounters {
  readonly submits: number;
  readonly dispatches: number;
  /** Mappings of device memory: each empties the device's queue. */
  readonly readBacks: number;
  readonly pipelines: number;
  /** Of all buffers that stay. */
  readonly bytes: number;
}

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** Runs that may wait on the device before the next waits for them: unread, they would pile up without end. */
const MOST_PENDING = 16;
/** Bytes read in one mapping, unless one tensor is larger. */
const READ_BYTES = 64 * 1024 * 1024;

/** A session on a GPU. */
export class WebgpuSession implements Session {
  readonly #device: WebgpuDevice;
  readonly #memory: WebgpuMemory;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #dispatches: ReadonlyMap<string, readonly Dispatch[]>;
  readonly #counts = { submits: 0, dispatches: 0, readBacks: 0 };
  #pending = 0;

  private constructor(
    device: WebgpuDevice,
    memory: WebgpuMemory,
    parts: {
      programs: ReadonlyMap<string, Program>;
      dispatches: ReadonlyMap<string, readonly Dispatch[]>;
    },
  ) {
    this.#device = device;
    this.#memory = memory;
    this.#programs = parts.programs;
    this.#dispatches = parts.dispatches;
  }

  /** Allocates, compiles and uploads. Throws RangeError on what does not fit, SyntaxError on WGSL; see the parts. */
  static async open(
    device: WebgpuDevice,
    programs: readonly Program[],
    weights: TensorMap,
  ): Promise<WebgpuSession> {
    const memory = await WebgpuMemory.allocate(device.device, programs, device);
    const dispatches = new Map<string, readonly Dispatch[]>();
    for (const program of programs) {
      dispatches.set(
        program.name,
        await Promise.all(program.calls.map((call) => prepare(call, { device, memory, program }))),
      );
    }
    const session = new WebgpuSession(device, memory, {
      programs: new Map(programs.map((p) => [p.name, p])),
      dispatches,
    });
    session.write(
      Object.fromEntries(Object.entries(weights).filter(([label]) => memory.residents.has(label))),
    );
    device.check();
    return session;
  }

  /** What was asked of the device so far. */
  get counters(): WebgpuCounters {
    return { ...this.#counts, pipelines: this.#device.pipelines, bytes: this.#memory.bytes };
  }

  /** The device itself: losing it is how tests lose it. */
  get device(): GPUDevice {
    return this.#device.device;
  }

  write(values: TensorMap): void {
    this.#device.check();
    for (const [label, { data }] of Object.entries(values)) {
      const resident = this.#memory.residents.get(label);
      if (resident === undefined) throw new RangeError(`Cannot write ${label}: no program has it`);
      checkData(label, { resident, data });
      this.device.queue.writeBuffer(resident.buffer, 0, unshared(data));
    }
  }

  async run(programs: readonly string[]): Promise<void> {
    this.#device.check();
    const lists = programs.map((name) => {
      const list = this.#dispatches.get(name);
      if (list === undefined) {
        throw new RangeError(`Cannot run ${name}: known are ${[...this.#dispatches.keys()].join(", ")}`);
      }
      return list;
    });
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | null = null;
    for (const { pipeline, group, workgroups } of lists.flat()) {
      if (pipeline !== current) pass.setPipeline(current = pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
      this.#counts.dispatches++;
    }
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    this.#counts.submits++;
    this.#pending++;
    if (this.#pending < MOST_PENDING) return this.#device.check();
    await this.#device.orLost(this.device.queue.onSubmittedWorkDone());
    this.#pending = 0;
  }

  async read(labels: readonly string[]): Promise<TensorMap> {
    this.#device.check();
    const wanted = labels.map((label) => ({ label, ...this.#find(label) }));
    const out: Record<string, TensorMap[string]> = {};
    for (let first = 0; first < wanted.length;) {
      let bytes = 0, end = first;
      do bytes += staged(wanted[end++]); while (
        end < wanted.length && bytes + staged(wanted[end]) <= READ_BYTES
      );
      Object.assign(out, await this.#readTogether(wanted.slice(first, end), bytes));
      first = end;
    }
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory.destroy();
    await this.#device.destroy();
  }

  /** One copy, one mapping. */
  async #readTogether(
    wanted: readonly (Resident & { label: string })[],
    bytes: number,
  ): Promise<Record<string, TensorMap[string]>> {
    const staging = this.device.createBuffer({
      label: "read",
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    try {
      const encoder = this.device.createCommandEncoder();
      let offset = 0;
      for (const resident of wanted) {
        encoder.copyBufferToBuffer(resident.buffer, 0, staging, offset, resident.buffer.size);
        offset += staged(resident);
      }
      this.device.queue.submit([encoder.finish()]);
      await this.#device.orLost(staging.mapAsync(GPUMapMode.READ));
      this.#counts.readBacks++;
      this.#pending = 0;
      const out: Record<string, TensorMap[string]> = {};
      offset = 0;
      for (const resident of wanted) {
        const { shape, dtype } = resident.tensor;
        const words = staging.getMappedRange(offset, resident.buffer.size).slice(0, bytesOf(resident.tensor));
        const Numbers = { f32: Float32Array, u32: Uint32Array, f16: Uint16Array }[dtype];
        out[resident.label] = { shape, data: new Numbers(words) };
        offset += staged(resident);
      }
      staging.unmap();
      return out;
    } finally {
      staging.destroy();
    }
  }

  #find(label: string): Resident {
    const slot = [...this.#programs.values()].map((p) => p.outputs.get(label)).find((s) => s !== undefined);
    const resident = this.#memory.residents.get(slot?.label ?? label);
    if (resident === undefined) throw new RangeError(`Cannot read ${label}: no program has it`);
    return resident;
  }
}

async function prepare(
  call: Call,
  { device, memory, program }: { device: WebgpuDevice; memory: WebgpuMemory; program: Program },
): Promise<Dispatch> {
  const { limits } = device.device;
  const { code, workgroups } = call.op.wgsl(call, limits);
  const label = `${call.op.name} (${call.outputs[0].label}) of ${program.name}`;
  const most = limits.maxComputeWorkgroupsPerDimension;
  if (workgroups.some((n) => n > most)) {
    throw new RangeError(
      `Cannot dispatch ${label}: ${
        workgroups.join(" x ")
      } workgroups, ${device.description} takes ${most} each ` +
        "way: choose a smaller batch or sequence length",
    );
  }
  const tensors = bindings(call);
  const pipeline = await device.pipeline(code, { label, bindings: tensors.length });
  const group = device.device.createBindGroup({
    layout: device.layout(tensors.length).group,
    entries: tensors.map((t, binding) => ({ binding, resource: memory.binding(program, t) })),
  });
  return { pipeline, group, workgroups };
}

function checkData(
  label: string,
  { resident: { tensor }, data }: { resident: Resident; data: TensorMap[string]["data"] },
): void {
  const wanted = { f32: "Float32Array", u32: "Uint32Array", f16: "Uint16Array" }[tensor.dtype];
  if (data[Symbol.toStringTag] !== wanted) {
    throw new TypeError(`Cannot write ${label}: got a ${data[Symbol.toStringTag]}, wanted a ${wanted}`);
  }
  if (data.byteLength !== bytesOf(tensor)) {
    const count = bytesOf(tensor) / data.BYTES_PER_ELEMENT;
    throw new RangeError(`Cannot write ${label}: got ${data.length} values, wanted ${count}`);
  }
}

/** Data that is not shared between threads, as uploads want it: the same memory, or a copy of shared memory. */
function unshared(data: TensorMap[string]["data"]): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = data;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(data.slice().buffer);
}

/** Bytes of a tensor in a staging buffer: mapped ranges begin at multiples of 8. */
function staged({ buffer }: Resident): number {
  return Math.ceil(buffer.size / 8) * 8;
}
