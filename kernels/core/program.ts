/**
 * From graph to program: the calls that matter, in order, with every tensor's place in memory. A program is data:
 * `--dry-run` prints it, tests inspect it, engines only replay it.
 *
 * Memory that outlives a run (inputs, outputs, parameters, gradients, optimizer state) is shared by label between the
 * programs of a session: see regions.ts. Activations and workspace live in an arena, which all programs of a session
 * overlay.
 *
 * @module
 */
import { placeInArena } from "./arena.ts";
import type { Graph } from "./graph.ts";
import { type Call, inPlaceOf } from "./op.ts";
import type { Pack } from "./pack.ts";
import { bytesOf, type Kind, type Tensor } from "./tensor.ts";
import { viewed } from "./view.ts";

/** A tensor's place: in the arena at `offset` (activation, workspace), or, if persistent, memory by its label. */
export type Slot = Readonly<{ tensor: Tensor; label: string; offset: number; bytes: number; kind: Kind }>;

/** Calls in order and where their tensors live. */
export type Program = Readonly<{
  name: string;
  calls: readonly Call[];
  /** One for each distinct piece of memory; in-place outputs have none of their own. */
  slots: readonly Slot[];
  /** Each tensor's slot, in-place outputs included. */
  places: ReadonlyMap<Tensor, Slot>;
  arenaBytes: number;
  /** Those that a call touches as a whole. */
  packs: readonly Pack[];
  /** What `read` can ask for by another name than a slot's label. */
  outputs: ReadonlyMap<string, Slot>;
}>;

/** Alignment of every slot: WebGPU's largest binding offset alignment. */
export const slotAlignment = 256;

/** Memory of these kinds lives on between runs and is shared by label. */
export function isPersistent(kind: Kind): boolean {
  return kind !== "activation" && kind !== "workspace";
}

/**
 * Compiles a graph: drops calls that reach neither an output nor persistent memory, and plans memory.
 * Throws Error where a tensor is read, or is to be an output, after it was overwritten in place.
 */
export function compile(name: string, graph: Graph): Program {
  const outputTensors = new Set(graph.outputs.values());
  const calls = liveCalls(graph, outputTensors).filter(({ op }) => op.view !== true);
  checkInPlace(name, { calls, outputs: graph.outputs });

  const shown = new Map<Tensor, { label: string; tensor: Tensor }>(); // a view is read under its own shape
  for (const [label, tensor] of graph.outputs) {
    const memory = memoryOf(tensor);
    if (!isPersistent(memory.kind)) shown.set(memory, { label, tensor });
  }
  const lives = lifetimes(calls);
  const slots: Slot[] = [];
  const slotOf = new Map<Tensor, Slot>();
  const transient: { tensor: Tensor; first: number; last: number; bytes: number }[] = [];
  for (const [tensor, { first, last }] of lives) {
    const bytes = align(bytesOf(tensor));
    const output = shown.get(tensor), kind = output === undefined ? tensor.kind : "output";
    if (!isPersistent(kind)) transient.push({ tensor, first, last, bytes });
    else slotOf.set(tensor, { tensor, label: tensor.label, offset: 0, bytes, kind, ...output });
  }
  let arenaBytes = 0;
  for (const { tensor, offset, bytes } of placeInArena(transient).placed) {
    slotOf.set(tensor, { tensor, label: tensor.label, offset, bytes, kind: tensor.kind });
    arenaBytes = Math.max(arenaBytes, offset + bytes);
  }
  const places = new Map<Tensor, Slot>();
  for (const tensor of lives.keys()) slots.push(slotOf.get(tensor)!);
  for (const call of calls) {
    for (const t of [...call.inputs, ...call.outputs]) places.set(t, slotOf.get(memoryOf(t))!);
  }
  const outputs = new Map<string, Slot>();
  for (const [label, tensor] of graph.outputs) {
    const slot = slotOf.get(memoryOf(tensor));
    if (slot === undefined) {
      throw new Error(`Cannot compile ${name}: output ${label} is a leaf that no call touches`);
    }
    outputs.set(label, slot);
  }
  const packs = [...graph.packs.values()].filter(({ tensor }) => lives.has(tensor));
  return { name, calls, slots, places, arenaBytes, packs, outputs };
}

/**
 * Offsets of a program's arena slots when its arena is made of pieces of `chunkBytes` and no slot may lie in two.
 * Throws RangeError if a slot is larger than a piece.
 */
export function placeInChunks(program: Program, chunkBytes: number): ReadonlyMap<Slot, number> {
  const items: { slot: Slot; first: number; last: number; bytes: number }[] = [];
  for (const [tensor, life] of lifetimes(program.calls)) {
    const slot = program.places.get(tensor)!;
    if (isPersistent(slot.kind)) continue;
    if (slot.bytes > chunkBytes) {
      throw new RangeError(
        `Cannot place ${slot.label}: it is ${slot.bytes} bytes, a piece of the arena ${chunkBytes}`,
      );
    }
    items.push({ slot, ...life, bytes: slot.bytes });
  }
  return new Map(placeInArena(items, chunkBytes).placed.map(({ slot, offset }) => [slot, offset]));
}

/** Floating-point operations of one replay. */
export function flopsOf(program: Program): number {
  return program.calls.reduce((sum, call) => sum + (call.op.flops?.(call) ?? 0), 0);
}

/** The tensor whose memory t lives in: t itself, or what it overwrites. */
export function memoryOf(t: Tensor): Tensor {
  while (t.call !== null) {
    const home = inPlaceOf(t.call.op, t.call.outputs.indexOf(t));
    if (home < 0) return t;
    t = t.call.inputs[home];
  }
  return t;
}

function align(bytes: number): number {
  return Math.ceil(bytes / slotAlignment) * slotAlignment;
}

function liveCalls(graph: Graph, outputs: ReadonlySet<Tensor>): Call[] {
  const wanted = new Set<Tensor>(outputs);
  const live: Call[] = [];
  for (const call of [...graph.calls].reverse()) {
    const writesState = call.op.view !== true &&
      call.outputs.some((t, i) => inPlaceOf(call.op, i) >= 0 && isPersistent(memoryOf(t).kind));
    if (!writesState && !call.outputs.some((t) => wanted.has(t))) continue;
    call.inputs.forEach((t) => wanted.add(t));
    live.push(call);
  }
  return live.reverse();
}

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
      const home = inPlaceOf(call.op, i);
      if (home >= 0) overwritten.set(viewed(call.inputs[home]), call);
    });
  }
  for (const [label, t] of outputs) {
    const by = viewed(t).call === null ? undefined : overwritten.get(viewed(t)); // a leaf as an output means its latest value
    if (by !== undefined) {
      throw new Error(
        `Cannot compile ${name}: output ${label} is overwritten by ${by.op.name}: mark ${by.op.name}'s output instead`,
      );
    }
  }
}

/** First and last call that touches each piece of memory. */
function lifetimes(calls: readonly Call[]): Map<Tensor, { first: number; last: number }> {
  const lives = new Map<Tensor, { first: number; last: number }>();
  calls.forEach((call, now) => {
    for (const t of [...call.inputs, ...call.outputs]) {
      const memory = memoryOf(t);
      const life = lives.get(memory);
      if (life === undefined) lives.set(memory, { first: now, last: now });
      else life.last = now;
    }
  });
  return lives;
}
