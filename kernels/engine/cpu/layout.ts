/**
 * Where everything lies in the CPU engine's one shared WASM memory: control block, op tables, each thread's scratch,
 * persistent tensors by label, and the arena that all programs overlay.
 *
 * @module
 */
import { bindings } from "../../core/op.ts";
import { isPersistent, type Program } from "../../core/program.ts";
import { bytesOf, slotAlignment, type Spec } from "../../core/tensor.ts";
import { memoryByKind, regionsOf } from "../../core/regions.ts";
import type { Tensor } from "../../core/graph.ts";
import { opWords, scratchBytes } from "./control.ts";

/** What a 32-bit address can reach. */
const MOST_BYTES = 4 * 1024 ** 3;
const PAGE = 65536;

/** A persistent tensor's place. */
export interface PlacedTensor {
  /** Shape and type. */
  readonly spec: Spec;
  /** Where its data begins. */
  readonly address: number;
}

/** Addresses in bytes. */
export interface Layout {
  /** Of 64 KiB, of the whole memory. */
  readonly pages: number;
  /** Of each program's op table. */
  readonly tables: ReadonlyMap<string, number>;
  /** Of the first thread's scratch. */
  readonly scratch: number;
  /** Of persistent tensors, packs and their members, by label. */
  readonly places: ReadonlyMap<string, PlacedTensor>;
  /** Of what all programs overlay. */
  readonly arena: number;
}

/**
 * Lays out a session. Throws RangeError if it does not fit into 4 GiB, ShapeError if a label means two shapes,
 * TypeError on a type that the engine has no kernels for.
 */
export function layOut(programs: readonly Program[], threads: number): Layout {
  let end = PAGE; // the first page holds the control block, the list of programs and the kernels' constants
  const take = (bytes: number) => {
    const address = end;
    end = align(end + bytes);
    return address;
  };
  const tables = new Map(programs.map((program) => [program.name, take(tableBytes(program))]));
  const scratch = take(threads * scratchBytes);
  const places = new Map<string, PlacedTensor>();
  for (const { tensor, label } of programs.flatMap((p) => p.slots)) {
    if (tensor.dtype === "f16") {
      throw new TypeError(`Cannot hold ${label}: the CPU engine has no f16 kernels: use f32`);
    }
  }
  for (const region of regionsOf(programs)) {
    const address = take(bytesOf(region));
    places.set(region.label, { spec: region, address });
    for (const spec of region.members) places.set(spec.label, { spec, address: address + spec.offset });
  }
  const arena = take(Math.max(0, ...programs.map((p) => p.arenaBytes)));
  // A last page to spare: kernels may be compiled to read a whole vector past an end.
  const pages = Math.ceil(end / PAGE) + 1;
  if (pages * PAGE > MOST_BYTES) throw new RangeError(tooLarge(programs, pages * PAGE));
  return { pages, tables, scratch, places, arena };
}

/** Writes a program's op table: count, then opWords words an op, then addresses and numbers. */
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
  return isPersistent(slot.kind) ? layout.places.get(slot.label)!.address : layout.arena + slot.offset;
}

function tableBytes(program: Program): number {
  const ops = program.calls.map((call) => 8 * call.op.wasm(call).length + 4 * bindings(call).length + 8);
  return 16 + program.calls.length * opWords * 4 + ops.reduce((a, b) => a + b, 0);
}

function tooLarge(programs: readonly Program[], bytes: number): string {
  const kinds = Object.entries(memoryByKind(programs)).filter(([, n]) => n > 0).map(([kind, n]) =>
    `${kind} ${megabytes(n)}`
  );
  return `Cannot hold this session on the CPU engine: it takes ${megabytes(bytes)} (${
    kinds.join(", ")
  }), at most ${
    megabytes(MOST_BYTES)
  } can be addressed: use a smaller --batch-size or --seq-len, --recompute block or a smaller model`;
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
