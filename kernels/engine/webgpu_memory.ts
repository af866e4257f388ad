/// <reference types="@webgpu/types" />
/**
 * Programs' memory on a GPU: a buffer of its own for each persistent tensor, shared by label, and the arena in as few
 * buffers as the device's limits allow.
 *
 * @module
 */
import { checkLimits, pieceBytes, wholeWords } from "../core/limits.ts";
import { isPersistent, placeInChunks, type Program, type Slot } from "../core/program.ts";
import type { Tensor } from "../core/tensor.ts";
import type { WebgpuDevice } from "./webgpu_device.ts";

/** A persistent tensor and its buffer. */
export interface Resident {
  readonly tensor: Tensor;
  readonly buffer: GPUBuffer;
}

/** All buffers of a session. */
export class WebgpuMemory {
  readonly residents: ReadonlyMap<string, Resident>;
  readonly arena: readonly GPUBuffer[];
  readonly #chunkBytes: number;
  readonly #offsets: ReadonlyMap<Slot, number>;

  private constructor(
    residents: ReadonlyMap<string, Resident>,
    arena: { buffers: readonly GPUBuffer[]; chunkBytes: number; offsets: ReadonlyMap<Slot, number> },
  ) {
    this.residents = residents;
    this.arena = arena.buffers;
    this.#chunkBytes = arena.chunkBytes;
    this.#offsets = arena.offsets;
  }

  /**
   * Makes every buffer that the programs need. Throws RangeError, naming the tensor and the limit, where one does not
   * fit a binding or a buffer, or where the device's memory does not suffice; nothing stays allocated then.
   */
  static async allocate(
    { device, memoryLimits, description }: WebgpuDevice,
    programs: readonly Program[],
  ): Promise<WebgpuMemory> {
    const { maxStorageBuffersPerShaderStage } = device.limits;
    checkLimits(programs, { ...memoryLimits, maxStorageBuffersPerShaderStage }, { device: description });
    const chunkBytes = pieceBytes(programs, memoryLimits);
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
    const residents = new Map<string, Resident>();
    for (const { tensor, label, kind } of programs.flatMap((p) => p.slots)) {
      if (!isPersistent(kind) || residents.has(label)) continue;
      residents.set(label, { tensor, buffer: make(wholeWords(tensor), label) });
    }
    const buffers: GPUBuffer[] = [];
    for (let start = 0; start < arenaBytes; start += chunkBytes) {
      buffers.push(make(Math.min(chunkBytes, arenaBytes - start), `arena ${buffers.length}`));
    }
    const errors = [await device.popErrorScope(), await device.popErrorScope()];
    const error = errors.find((e) => e !== null);
    if (error) {
      made.forEach((buffer) => buffer.destroy());
      throw new RangeError(
        `Cannot allocate ${bytes} bytes on ${description}: ${error.message}: choose a smaller --batch-size ` +
          "or --seq-len, --recompute block, a smaller model, or --device cpu",
      );
    }
    return new WebgpuMemory(residents, { buffers, chunkBytes, offsets });
  }

  /** Bytes of all buffers. */
  get bytes(): number {
    let sum = 0;
    for (const { buffer } of this.residents.values()) sum += buffer.size;
    return this.arena.reduce((total, buffer) => total + buffer.size, sum);
  }

  /** What to bind for a tensor of a program. */
  binding(program: Program, tensor: Tensor): GPUBufferBinding {
    const slot = program.places.get(tensor)!;
    const size = wholeWords(slot.tensor);
    if (isPersistent(slot.kind)) return { buffer: this.residents.get(slot.label)!.buffer, size };
    const offset = this.#offsets.get(slot)!;
    return {
      buffer: this.arena[Math.floor(offset / this.#chunkBytes)],
      offset: offset % this.#chunkBytes,
      size,
    };
  }

  /** Gives all buffers back. */
  destroy(): void {
    for (const { buffer } of this.residents.values()) buffer.destroy();
    for (const buffer of this.arena) buffer.destroy();
  }
}

/** As planned where one buffer can hold the arena, else placed again in pieces. */
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
