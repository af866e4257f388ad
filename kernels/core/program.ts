/**
 * Compilation of a graph to a program: the calls that have to run, in order, and the memory of every tensor.
 * A program is data: `--dry-run` prints it, tests inspect it and engines replay it.
 *
 * Memory that outlives a run (inputs, outputs, parameters, gradients, optimizer state) is shared by label
 * between the programs of a session; see regions.ts. Activations and workspace are placed in an arena, whose
 * memory all programs of a session reuse.
 *
 * @module
 */
import { placeInArena } from "./arena.ts";
import type { Call, Graph, Pack, Tensor } from "./graph.ts";
import { inPlaceOf } from "./op.ts";
import { type MemoryKind, slotBytes } from "./tensor.ts";
import { viewed } from "./view.ts";

/** The memory of a tensor. */
export interface Slot {
  /** The tensor itself or, if a view of the tensor is an output of the graph, that view. */
  readonly tensor: Tensor;
  /** Name of the memory; persistent slots with the same label share memory. */
  readonly label: string;
  /** Offset in the arena, in bytes; 0 for persistent memory. */
  readonly offset: number;
  /** Size in bytes, a multiple of `slotAlignment`. */
  readonly bytes: number;
  /** What the memory is for. */
  readonly kind: MemoryKind;
}

/** Calls in order, and the memory of their tensors. */
export interface Program {
  /** Name of the program, which is passed to a session to run it. */
  readonly name: string;
  /** Calls in the order in which they run. */
  readonly calls: readonly Call[];
  /** Every distinct piece of memory; an in-place output shares the slot of its input. */
  readonly slots: readonly Slot[];
  /** The slot of each tensor, in-place outputs included. */
  readonly slotOf: ReadonlyMap<Tensor, Slot>;
  /** Size of the arena in bytes. */
  readonly arenaBytes: number;
  /** Packs that a call uses as a whole. */
  readonly packs: readonly Pack[];
  /** Slots of the graph's outputs, by output name; `read` accepts these names and slot labels. */
  readonly outputs: ReadonlyMap<string, Slot>;
  /** The program whose calls this one has some of, with the same memory; see program_parts.ts. */
  readonly whole?: Program;
}

/** Returns whether memory of this kind outlives a run and is shared by label. */
export function isPersistent(kind: MemoryKind): boolean {
  return kind !== "activation" && kind !== "workspace";
}

/**
 * Compiles a graph: drops calls that affect neither an output nor persistent memory, and plans the memory of
 * the others. Throws Error if a tensor is read after it was overwritten in place, or if an output is
 * overwritten in place.
 */
export function compile(name: string, graph: Graph): Program {
  const calls = liveCalls(graph).filter(({ op }) => op.view !== true);
  checkInPlace(name, { calls, outputs: graph.outputs });

  // Outputs, keyed by the tensor whose memory they use; an output that is a view keeps its own shape.
  const outputOf = new Map<Tensor, { label: string; tensor: Tensor }>();
  for (const [label, tensor] of graph.outputs) {
    const memory = memoryOf(tensor);
    if (!isPersistent(memory.kind)) outputOf.set(memory, { label, tensor });
  }
  const lives = lifetimes(calls);
  const slots: Slot[] = [];
  const slotOfMemory = new Map<Tensor, Slot>();
  const transient: { tensor: Tensor; first: number; last: number; bytes: number }[] = [];
  for (const [tensor, { first, last }] of lives) {
    const bytes = slotBytes(tensor);
    const output = outputOf.get(tensor), kind = output === undefined ? tensor.kind : "output";
    if (!isPersistent(kind)) transient.push({ tensor, first, last, bytes });
    else slotOfMemory.set(tensor, { tensor, label: tensor.label, offset: 0, bytes, kind, ...output });
  }
  let arenaBytes = 0;
  for (const { tensor, offset, bytes } of placeInArena(transient).placed) {
    slotOfMemory.set(tensor, { tensor, label: tensor.label, offset, bytes, kind: tensor.kind });
    arenaBytes = Math.max(arenaBytes, offset + bytes);
  }
  const slotOf = new Map<Tensor, Slot>();
  for (const tensor of lives.keys()) slots.push(slotOfMemory.get(tensor)!);
  for (const call of calls) {
    for (const t of [...call.inputs, ...call.outputs]) slotOf.set(t, slotOfMemory.get(memoryOf(t))!);
  }
  const outputs = new Map<string, Slot>();
  for (const [label, tensor] of graph.outputs) {
    const slot = slotOfMemory.get(memoryOf(tensor));
    if (slot === undefined) {
      throw new Error(`Cannot compile ${name}: output ${label} is a leaf that no call uses`);
    }
    outputs.set(label, slot);
  }
  const packs = [...graph.packs.values()].filter(({ tensor }) => lives.has(tensor));
  return { name, calls, slots, slotOf, arenaBytes, packs, outputs };
}

/**
 * Returns the offsets of a program's arena slots for an arena that consists of chunks of `chunkBytes` bytes;
 * no slot crosses from one chunk to the next. Throws RangeError if a slot is larger than a chunk.
 */
export function placeInChunks(program: Program, chunkBytes: number): ReadonlyMap<Slot, number> {
  const items: { slot: Slot; first: number; last: number; bytes: number }[] = [];
  for (const [tensor, life] of lifetimes((program.whole ?? program).calls)) {
    const slot = program.slotOf.get(tensor)!;
    if (isPersistent(slot.kind)) continue;
    if (slot.bytes > chunkBytes) {
      throw new RangeError(
        `Cannot place ${slot.label}: it is ${slot.bytes} bytes, more than an arena chunk of ${chunkBytes}`,
      );
    }
    items.push({ slot, ...life, bytes: slot.bytes });
  }
  return new Map(placeInArena(items, chunkBytes).placed.map(({ slot, offset }) => [slot, offset]));
}

/** Returns the number of floating-point operations of one run. */
export function flopsOf(program: Program): number {
  return program.calls.reduce((sum, call) => sum + (call.op.flops?.(call) ?? 0), 0);
}

/**
 * Returns the tensor whose memory `t` uses: `t` itself, or the tensor that `t` overwrites or is a view of.
 */
export function memoryOf(t: Tensor): Tensor {
  while (t.call !== null) {
    const input = inPlaceOf(t.call.op, t.call.outputs.indexOf(t));
    if (input < 0) return t;
    t = t.call.inputs[input];
  }
  return t;
}

/** Returns the calls that outputs or persistent memory depend on. */
function liveCalls(graph: Graph): Call[] {
  const needed = new Set<Tensor>(graph.outputs.values());
  const live: Call[] = [];
  for (const call of [...graph.calls].reverse()) {
    const writesState = call.op.view !== true &&
      call.outputs.some((t, i) => inPlaceOf(call.op, i) >= 0 && isPersistent(memoryOf(t).kind));
    if (!writesState && !call.outputs.some((t) => needed.has(t))) continue;
    call.inputs.forEach((t) => needed.add(t));
    live.push(call);
  }
  return live.reverse();
}

/** Throws Error if an overwritten tensor is read later or is an output. */
function checkInPlace(
  name: string,
  { calls, outputs }: { calls: readonly Call[]; outputs: ReadonlyMap<string, Tensor> },
): void {
  const overwritten = new Map<Tensor, Call>();
  for (const call of calls) {
    for (const t of call.inputs) {
      const by = overwritten.get(viewed(t));
      if (by !== undefined) {
        throw new Error(
          `Cannot compile ${name}: ${call.op.name} reads ${t.label} after ${by.op.name} overwrote it: use ${by.op.name}'s output`,
        );
      }
    }
    call.outputs.forEach((_, i) => {
      const input = inPlaceOf(call.op, i);
      if (input >= 0) overwritten.set(viewed(call.inputs[input]), call);
    });
  }
  for (const [label, t] of outputs) {
    if (viewed(t).call === null) continue; // an output that is a leaf has the leaf's latest value
    const by = overwritten.get(viewed(t));
    if (by !== undefined) {
      throw new Error(
        `Cannot compile ${name}: output ${label} is overwritten by ${by.op.name}: mark ${by.op.name}'s output instead`,
      );
    }
  }
}

/** Returns the indices of the first and the last call that use each piece of memory. */
function lifetimes(calls: readonly Call[]): Map<Tensor, { first: number; last: number }> {
  const lives = new Map<Tensor, { first: number; last: number }>();
  calls.forEach((call, index) => {
    for (const t of [...call.inputs, ...call.outputs]) {
      const memory = memoryOf(t);
      const life = lives.get(memory);
      if (life === undefined) lives.set(memory, { first: index, last: index });
      else life.last = index;
    }
  });
  return lives;
}
