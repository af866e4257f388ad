/**
 * The layout of the CPU engine's shared WASM memory: control block, op tables, scratch memory of each thread,
 * persistent tensors, and the arena, which all programs use in turn.
 *
 * @module
 */
import { bindings } from "../../core/op.ts";
import { isPersistent, type Program } from "../../core/program.ts";
import { bytesOf, slotAlignment, type Spec } from "../../core/tensor.ts";
import { memoryByKind, regionsOf } from "../../core/regions.ts";
import type { Tensor } from "../../core/graph.ts";
import { opWords, scratchBytes } from "./control.ts";

/** Largest memory that 32-bit addresses can reach, in bytes. */
const MAX_BYTES = 4 * 1024 ** 3;
const PAGE = 65536;

/** A persistent tensor and its address. */
export interface PlacedTensor {
  /** Shape and element type. */
  readonly spec: Spec;
  /** Byte address of its data. */
  readonly address: number;
}

/** Byte addresses of all parts of the memory. */
export interface Layout {
  /** Size of the whole memory in WASM pages of 64 KiB. */
  readonly pages: number;
  /** Address of each program's op table, by program name. */
  readonly tables: ReadonlyMap<string, number>;
  /** Address of the first thread's scratch memory; the scratch memory of the other threads follows. */
  readonly scratch: number;
  /** Persistent tensors by label, including packs and their members. */
  readonly tensors: ReadonlyMap<string, PlacedTensor>;
  /** Address of the arena. */
  readonly arena: number;
}

/**
 * Lays out the memory of a session. Throws RangeError if it exceeds 4 GiB, ShapeError if programs use one
 * label for different shapes, and TypeError for an element type that has no kernels.
 */
export function layOut(programs: readonly Program[], threads: number): Layout {
  let end = PAGE; // the first page holds the control block, the run list and the WASM kernels' constants
  const take = (bytes: number) => {
    const address = end;
    end = align(end + bytes);
    return address;
  };
  const tables = new Map(programs.map((program) => [program.name, take(tableBytes(program))]));
  const scratch = take(threads * scratchBytes);
  const tensors = new Map<string, PlacedTensor>();
  for (const { tensor, label } of programs.flatMap((p) => p.slots)) {
    if (tensor.dtype === "f16") {
      throw new TypeError(`Cannot hold ${label}: the CPU engine has no f16 kernels: use --dtype f32`);
    }
  }
  for (const region of regionsOf(programs)) {
    const address = take(bytesOf(region));
    tensors.set(region.label, { spec: region, address });
    for (const spec of region.members) tensors.set(spec.label, { spec, address: address + spec.offset });
  }
  const arena = take(Math.max(0, ...programs.map((p) => p.arenaBytes)));
  // One spare page at the end: compiled kernels may read a whole vector past the end of a tensor.
  const pages = Math.ceil(end / PAGE) + 1;
  if (pages * PAGE > MAX_BYTES) throw new RangeError(tooLarge(programs, pages * PAGE));
  return { pages, tables, scratch, tensors, arena };
}

/**
 * Writes a program's op table: the number of calls, `opWords` words per call, then tensor addresses and
 * arguments.
 */
export function writeTable(
  program: Program,
  { memory, layout, exports }: { memory: WebAssembly.Memory; layout: Layout; exports: readonly string[] },
): void {
  const table = layout.tables.get(program.name)!;
  const words = new Uint32Array(memory.buffer), numbers = new Float64Array(memory.buffer);
  words[table / 4] = program.calls.length;
  let free = alignTo(table + 4 + program.calls.length * opWords * 4, 8);
  program.calls.forEach((call, i) => {
    const args = call.op.wasm(call), tensors = bindings(call);
    const at = table / 4 + 1 + i * opWords;
    words[at] = exports.indexOf(call.op.name);
    words[at + 1] = free + args.length * 8;
    words[at + 2] = free;
    numbers.set(args, free / 8);
    words.set(tensors.map((t) => addressOf(t, program, layout)), words[at + 1] / 4);
    free = alignTo(words[at + 1] + tensors.length * 4, 8);
  });
}

function addressOf(tensor: Tensor, program: Program, layout: Layout): number {
  const slot = program.slotOf.get(tensor)!;
  return isPersistent(slot.kind) ? layout.tensors.get(slot.label)!.address : layout.arena + slot.offset;
}

function tableBytes(program: Program): number {
  const ops = program.calls.map((call) => 8 * call.op.wasm(call).length + 4 * bindings(call).length + 8);
  return 16 + program.calls.length * opWords * 4 + ops.reduce((a, b) => a + b, 0);
}

function tooLarge(programs: readonly Program[], bytes: number): string {
  const kinds = Object.entries(memoryByKind(programs)).filter(([, n]) => n > 0).map(([kind, n]) =>
    `${kind} ${megabytes(n)}`
  );
  return `Cannot open this session on the CPU engine: it needs ${megabytes(bytes)} (${
    kinds.join(", ")
  }), but 32-bit addresses reach only ${
    megabytes(MAX_BYTES)
  }: use a smaller --batch-size or --seq-len, --recompute block or a smaller model`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function align(bytes: number): number {
  return alignTo(bytes, slotAlignment);
}

function alignTo(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
