/// <reference types="@webgpu/types" />
/**
 * The memory of programs on a GPU: one buffer for each region of persistent memory, and the arena in as few
 * buffers as the device's limits allow.
 *
 * @module
 */
import { arenaChunkBytes, checkLimits, wholeWords } from "../../core/limits.ts";
import { isPersistent, placeInChunks, type Program, type Slot } from "../../core/program.ts";
import { regionsOf } from "../../core/regions.ts";
import type { Spec } from "../../core/tensor.ts";
import type { Tensor } from "../../core/graph.ts";
import type { WebgpuDevice } from "./device.ts";

/** A persistent tensor and its place in a buffer, which belongs to the tensor alone or to a pack. */
export interface BufferTensor {
  readonly spec: Spec;
  readonly buffer: GPUBuffer;
  /** Offset of its data in the buffer, in bytes. */
  readonly offset: number;
  /** Size of its data in bytes, rounded up to the 32-bit words that WebGPU copies. */
  readonly size: number;
}

/** All buffers of a session. */
export class WebgpuMemory {
  /** Persistent tensors by label, including packs and their members. */
  readonly tensors: ReadonlyMap<string, BufferTensor>;
  readonly #persistent: readonly GPUBuffer[];
  readonly arena: readonly GPUBuffer[];
  readonly #scratch: GPUBuffer | null;
  readonly #chunkBytes: number;
  readonly #offsets: ReadonlyMap<Slot, number>;

  private constructor(
    tensors: ReadonlyMap<string, BufferTensor>,
    arena: { buffers: readonly GPUBuffer[]; chunkBytes: number; offsets: ReadonlyMap<Slot, number> },
    scratch: GPUBuffer | null,
  ) {
    this.#scratch = scratch;
    this.tensors = tensors;
    this.#persistent = [...new Set([...tensors.values()].map(({ buffer }) => buffer))];
    this.arena = arena.buffers;
    this.#chunkBytes = arena.chunkBytes;
    this.#offsets = arena.offsets;
  }

  /**
   * Allocates every buffer that the programs need, and a scratch buffer of `scratchBytes` bytes for data
   * passed between the dispatches of one call. Throws RangeError if a tensor exceeds the largest binding or
   * buffer (the message names the tensor and the limit), or if the device runs out of memory. In both cases,
   * nothing stays allocated.
   */
  static async allocate(
    { device, gpu: { limits }, description }: WebgpuDevice,
    programs: readonly Program[],
    { scratchBytes = 0 }: { readonly scratchBytes?: number } = {},
  ): Promise<WebgpuMemory> {
    checkLimits(programs, limits, { device: description });
    const regions = regionsOf(programs);
    const chunkBytes = arenaChunkBytes(programs, limits);
    const { offsets, arenaBytes } = placeArena(programs, chunkBytes);

    const made: GPUBuffer[] = [];
    let bytes = 0;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const make = (size: number, label: string): GPUBuffer => {
      const buffer = device.createBuffer({ label, size, usage });
      made.push(buffer);
      bytes += size;
      return buffer;
    };
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    const tensors = new Map<string, BufferTensor>();
    for (const region of regions) {
      const buffer = make(boundBytes(region), region.label);
      for (const spec of [{ ...region, offset: 0 }, ...region.members]) {
        tensors.set(spec.label, { spec, buffer, offset: spec.offset, size: wholeWords(spec) });
      }
    }
    const buffers: GPUBuffer[] = [];
    for (let start = 0; start < arenaBytes; start += chunkBytes) {
      buffers.push(make(Math.min(chunkBytes, arenaBytes - start), `arena ${buffers.length}`));
    }
    const scratch = scratchBytes > 0 ? make(scratchBytes, "scratch") : null;
    const errors = [await device.popErrorScope(), await device.popErrorScope()];
    const error = errors.find((e) => e !== null);
    if (error) {
      made.forEach((buffer) => buffer.destroy());
      throw new RangeError(
        `Cannot allocate ${bytes} bytes on ${description}: ${error.message}: choose a smaller --batch-size ` +
          "or --seq-len, --recompute block, a smaller model, or --device cpu",
      );
    }
    return new WebgpuMemory(tensors, { buffers, chunkBytes, offsets }, scratch);
  }

  /** Size of all buffers in bytes. */
  get bytes(): number {
    const buffers = [...this.#persistent, ...this.arena];
    return buffers.reduce((total, buffer) => total + buffer.size, this.#scratch?.size ?? 0);
  }

  /** Returns the binding of a tensor of a program. */
  binding(program: Program, tensor: Tensor): GPUBufferBinding {
    const slot = program.slotOf.get(tensor)!;
    if (isPersistent(slot.kind)) {
      const { buffer, offset, spec } = this.tensors.get(slot.label)!;
      return { buffer, offset, size: boundBytes(spec) };
    }
    const offset = this.#offsets.get(slot)!;
    return {
      buffer: this.arena[Math.floor(offset / this.#chunkBytes)],
      offset: offset % this.#chunkBytes,
      size: boundBytes(slot.tensor),
    };
  }

  /** Returns the binding of the scratch memory, which passes data between the dispatches of one call. */
  scratch(size: number): GPUBufferBinding {
    return { buffer: this.#scratch!, size };
  }

  /** Releases all buffers. */
  destroy(): void {
    this.#scratch?.destroy();
    for (const buffer of [...this.#persistent, ...this.arena]) buffer.destroy();
  }
}

/**
 * Returns the offset of each arena slot. If one buffer can hold the arena, the offsets are as planned;
 * otherwise the slots are placed again, so that each is inside one buffer.
 */
function placeArena(
  programs: readonly Program[],
  chunkBytes: number,
): { offsets: ReadonlyMap<Slot, number>; arenaBytes: number } {
  const offsets = new Map<Slot, number>();
  let arenaBytes = 0;
  for (const program of programs) {
    const places = program.arenaBytes > chunkBytes
      ? placeInChunks(program, chunkBytes)
      : new Map(program.slots.filter((s) => !isPersistent(s.kind)).map((s) => [s, s.offset]));
    for (const [slot, offset] of places) {
      offsets.set(slot, offset);
      arenaBytes = Math.max(arenaBytes, offset + slot.bytes);
    }
  }
  return { offsets, arenaBytes };
}

/**
 * Returns the number of bytes to bind for a tensor: at least 16, the size of a vec4f. wgpu can apply the
 * minimum binding size of one kernel to another kernel with the same layout, and matrix products bind arrays
 * of vec4f.
 */
function boundBytes(spec: Spec): number {
  return Math.max(16, wholeWords(spec));
}
