/**
 * Checks whether programs can run on a device with given limits. Needs no device, so `--dry-run` and tests
 * use it too; the WebGPU engine calls it before it allocates memory.
 *
 * @module
 */
import { bindings } from "./op.ts";
import { isPersistent, type Program, type Slot } from "./program.ts";
import { bytesOf, slotAlignment, type Spec } from "./tensor.ts";

/**
 * Largest buffer to allocate unless a single tensor needs a larger one, in bytes: some drivers advertise a
 * larger limit and then fail to allocate it.
 */
export const largestBuffer = 2 * 1024 ** 3 - 1;

/** A device's limits, named as in WebGPU: a GPUAdapter's `limits` has this type. */
export interface BufferLimits {
  /** Largest buffer, in bytes. The arena may span several buffers; a tensor must fit into one. */
  readonly maxBufferSize: number;
  /** Largest part of a buffer that a kernel can bind, in bytes. No tensor can be larger. */
  readonly maxStorageBufferBindingSize: number;
  /** Largest number of tensors that a call can use. */
  readonly maxStorageBuffersPerShaderStage: number;
}

/**
 * Throws RangeError if a program has a tensor that is too large for a device with `limits`, or a call with
 * too many tensors. The message names the tensor or op, the limit, the `device`, and what to change.
 */
export function checkLimits(
  programs: readonly Program[],
  limits: BufferLimits,
  { device = "a device with these limits" }: { readonly device?: string } = {},
): void {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const mostBuffers = limits.maxStorageBuffersPerShaderStage;
  for (const program of programs) {
    const slot = program.slots.find((slot) => boundBytes(slot) > most);
    if (slot !== undefined) throw new RangeError(tooLarge(slot, { program, most, device }));
    for (const call of program.calls) {
      const count = bindings(call).length;
      if (count <= mostBuffers) continue;
      throw new RangeError(
        `Cannot run ${call.op.name} on ${device}: it needs ${count} buffers, the adapter can bind ${mostBuffers}: ` +
          "use another adapter or --device cpu",
      );
    }
  }
}

/** Returns the largest tensor of all programs, not counting packs, or null if there is none. */
export function largestSlot(programs: readonly Program[]): { label: string; bytes: number } | null {
  const packs = new Set(programs.flatMap((p) => p.packs).map(({ tensor }) => tensor));
  return programs.flatMap((p) => p.slots).filter(({ tensor }) => !packs.has(tensor)).map((slot) => ({
    label: slot.label,
    bytes: boundBytes(slot),
  }))
    .reduce<{ label: string; bytes: number } | null>((a, b) => a === null || b.bytes > a.bytes ? b : a, null);
}

/**
 * Returns the size in bytes of an arena chunk on a device: 2 GiB or the largest tensor, whichever is larger,
 * but at most the size of the largest buffer. No tensor crosses from one chunk to the next; the gaps that
 * this leaves cost about 1 % of memory.
 */
export function arenaChunkBytes(
  programs: readonly Program[],
  { maxBufferSize }: Pick<BufferLimits, "maxBufferSize">,
): number {
  const largest = programs.flatMap((p) => p.slots).filter(({ kind }) => !isPersistent(kind))
    .reduce((most, { bytes }) => Math.max(most, bytes), largestBuffer);
  return Math.floor(Math.min(maxBufferSize, largest) / slotAlignment) * slotAlignment;
}

/**
 * Returns the size of a tensor's data in bytes, rounded up to whole 32-bit words, the unit in which WebGPU
 * copies and binds.
 */
export function wholeWords(spec: Spec): number {
  return Math.ceil(bytesOf(spec) / 4) * 4;
}

function boundBytes({ tensor, bytes, kind }: Slot): number {
  return isPersistent(kind) ? wholeWords(tensor) : bytes;
}

function tooLarge(
  { tensor, label, kind }: Slot,
  { program, most, device }: { readonly program: Program; readonly most: number; readonly device: string },
): string {
  const { shape, dtype } = tensor, size = bytesOf(tensor);
  const head =
    `Cannot place ${label} of ${program.name} on ${device}: ${dtype} [${shape}] is ${size} bytes, the largest ` +
    `tensor there is ${most}`;
  if (program.packs.some((pack) => pack.tensor === tensor)) {
    return `${head}: plan with packBytes of at most ${most}, or use --device cpu`;
  }
  if (kind !== "parameter" && kind !== "gradient" && kind !== "optimizer") {
    return `${head}: use a smaller --batch-size or --seq-len, or --device cpu`;
  }
  const hint = "a driver with larger limits, or --device cpu";
  if (shape.length < 2) return `${head}: use a smaller model, ${hint}`;
  // Vocabularies are padded to multiples of 128.
  const rows = Math.floor(most / (size / shape[0]) / 128) * 128;
  return `${head}, which holds ${rows} of its ${shape[0]} rows: use a smaller vocabulary or model ` +
    `(--tokenizer train --vocab-size ${rows}, or fewer --channels), ${hint}`;
}
