/**
 * Whether programs can run on a device, by its limits alone: without one in `--dry-run` and tests, in the WebGPU engine
 * before anything is allocated.
 *
 * @module
 */
import { bindings } from "./op.ts";
import { isPersistent, type Program, type Slot } from "./program.ts";
import { bytesOf, slotAlignment, type Spec } from "./tensor.ts";

/** Bytes that one buffer is made of at most where it need not be: drivers promise more, and fail to allocate it. */
export const mostAtOnce = 2 * 1024 ** 3 - 1;

/** A device's limits as WebGPU names them; a GPUAdapter's `limits` are such. */
export interface BufferLimits {
  /** Bytes of one buffer. The arena is made of several where it must be; a tensor lies in one. */
  readonly maxBufferSize: number;
  /** Bytes that a kernel sees of one buffer: of one tensor. */
  readonly maxStorageBufferBindingSize: number;
  /** Tensors of one call. */
  readonly maxStorageBuffersPerShaderStage: number;
}

/**
 * Throws RangeError, naming the tensor or op, the limit and what to change, where a program has a tensor larger than a
 * device with `limits` binds, or a call with more tensors. `device`: its name in the message.
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
        `Cannot run ${call.op.name} on ${device}: it needs ${count} buffers, the adapter binds ${mostBuffers}: ` +
          "use another adapter or --device cpu",
      );
    }
  }
}

/** Of all programs' tensors, packs aside, the one that takes most memory, or null where there is none. */
export function largestSlot(programs: readonly Program[]): { label: string; bytes: number } | null {
  const packs = new Set(programs.flatMap((p) => p.packs).map(({ tensor }) => tensor));
  return programs.flatMap((p) => p.slots).filter(({ tensor }) => !packs.has(tensor)).map((slot) => ({
    label: slot.label,
    bytes: boundBytes(slot),
  }))
    .reduce<{ label: string; bytes: number } | null>((a, b) => a === null || b.bytes > a.bytes ? b : a, null);
}

/**
 * Bytes of a piece of the arena on a device with `limits`: 2 GiB or its largest tensor, if buffers may be as large.
 * Pieces cost about one part in a hundred in gaps.
 */
export function pieceBytes(
  programs: readonly Program[],
  { maxBufferSize }: Pick<BufferLimits, "maxBufferSize">,
): number {
  const largest = programs.flatMap((p) => p.slots).filter(({ kind }) => !isPersistent(kind))
    .reduce((most, { bytes }) => Math.max(most, bytes), mostAtOnce);
  return Math.floor(Math.min(maxBufferSize, largest) / slotAlignment) * slotAlignment;
}

/** Bytes of a tensor's data in whole 32-bit words, as WebGPU copies and binds them. */
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
    `Cannot place ${label} of ${program.name} on ${device}: ${dtype} [${shape}] is ${size} bytes, a tensor ` +
    `may have ${most} there`;
  if (program.packs.some((pack) => pack.tensor === tensor)) {
    return `${head}: plan with packBytes of at most ${most}, or take --device cpu`;
  }
  if (kind !== "parameter" && kind !== "gradient" && kind !== "optimizer") {
    return `${head}: choose a smaller --batch-size or --seq-len, or --device cpu`;
  }
  const mend = "a driver that binds more, or --device cpu";
  if (shape.length < 2) return `${head}: choose a smaller model, ${mend}`;
  const rows = Math.floor(most / (size / shape[0]) / 128) * 128; // vocabularies are padded to whole 128s
  return `${head}, ${rows} of its ${
    shape[0]
  } rows: choose a vocabulary or a model that much smaller (--tokenizer train ` +
    `--vocab-size ${rows}, or fewer --channels), ${mend}`;
}
