/**
 * What an op is: its meaning in float64, its gradient, its WGSL, its twin's arguments and its test cases, in one file.
 *
 * @module
 */
import type { Gpu } from "./gpu.ts";
import type { Shape, Spec, Tensor } from "./tensor.ts";
import { sizeOf } from "./tensor.ts";

/** One use of an op in a graph. */
export interface Call<A = any> {
  /** What is computed. */
  readonly op: Op<A>;
  /** Its operands in order. */
  readonly inputs: readonly Tensor[];
  /** Its results in order. */
  readonly outputs: readonly Tensor[];
  /** Its constants. */
  readonly attrs: A;
}

/** WGSL of a call: one dispatch, or some that run one after the other. */
export interface Kernel {
  /** WGSL with an entry point `main`. */
  readonly code: string;
  /** Of the dispatch. */
  readonly workgroups: readonly [number, number, number];
  /**
   * Bytes that this dispatch leaves to the next in memory beyond the call's tensors, all written and all read: they are
   * bound last, in both. What they hold before the call and after it is no one's.
   */
  readonly scratchBytes?: number;
  /** The next dispatch of the call; it has the same bindings. */
  readonly then?: Kernel;
}

/** Bytes that a call takes from memory and puts there. */
export interface Traffic {
  /** Each byte that is needed counted once: a kernel may come back for some. */
  readonly read: number;
  /** Each byte that is set counted once. */
  readonly written: number;
}

/**
 * An op. Its bindings, in WGSL as in WASM, are its inputs in order, then those outputs that are not in place; see
 * `bindings()`. Tensors on the device are flat arrays; all bindings are `read_write`, since disjoint parts of one
 * buffer may be bound together.
 */
export interface Op<A> {
  /** Also its WASM export: lower_snake_case. */
  readonly name: string;
  /** Throws ShapeError. */
  infer(inputs: readonly Spec[], attrs: A): readonly Spec[];
  /** The outputs do not depend on what the inputs hold: no gradient flows, and none is asked for. */
  readonly constant?: true;
  /** Gradients of the inputs given those of the outputs (null: no gradient flows). */
  vjp?(call: Call<A>, grads: readonly (Tensor | null)[]): readonly (Tensor | null)[];
  /**
   * The call's result added to `buffer`, in place, by one call: the buffer's new value. Null where this call cannot be
   * made so. For ops whose results are gradients of parameters: then those are never stored by themselves.
   */
  addTo?(call: Call<A>, buffer: Tensor): Tensor | null;
  /** What the op MEANS, on flat float64 arrays; one array an output. */
  reference(inputs: readonly Float64Array[], call: Call<A>): readonly Float64Array[];
  /** Its kernel on a GPU, within the GPU's limits and features: `gpu.choices` says which, where an op has several. */
  wgsl(call: Call<A>, gpu: Gpu): Kernel;
  /** Names of the kernels that a GPU could run a call as; first the one that runs untried. Default: it has one. */
  variants?(call: Call<A>, gpu: Gpu): readonly string[];
  /** The numbers that its WASM twin takes beside the tensors (f64 each): sizes first, then constants. */
  wasm(call: Call<A>): readonly number[];
  /** Floating-point operations of one call. */
  flops?(call: Call<A>): number;
  /** What one call reads and writes, where that is not all of its inputs and all of its outputs. */
  traffic?(call: Call<A>): Traffic;
  /** Output i lives in input inPlace[i] (-1: in memory of its own): that input must not be read by a later call. */
  readonly inPlace?: readonly number[];
  /** The output is the input under another shape: it may be read as before, and there is nothing to run. */
  readonly view?: boolean;
  /** Walked by the parity and gradient tests and the benches. */
  readonly cases: readonly Case<A>[];
}

/** What a test feeds an input: f32 normal (default), f32 positive, f32 zeros, or u32 below a bound. */
export type Fill = "normal" | "positive" | "zeros" | { readonly below: number };

/** Input shapes and attributes to try an op on. */
export interface Case<A> {
  /** One shape an input. */
  readonly inputs: readonly Shape[];
  /** Its constants. */
  readonly attrs: A;
  /** One for each input; default all normal. */
  readonly fill?: readonly Fill[];
  /** Big enough to time. */
  readonly bench?: boolean;
}

/** Tensors bound to a kernel, in binding order: inputs, then the outputs that have memory of their own. */
export function bindings(call: Call): readonly Tensor[] {
  return [...call.inputs, ...call.outputs.filter((_, i) => inPlaceOf(call.op, i) < 0)];
}

/** The dispatches of a kernel, in order. */
export function dispatchesOf(kernel: Kernel): readonly Kernel[] {
  return kernel.then === undefined ? [kernel] : [kernel, ...dispatchesOf(kernel.then)];
}

/** The largest memory that a kernel's dispatches leave each other, in bytes; 0: they need none. */
export function scratchOf(kernel: Kernel): number {
  return Math.max(...dispatchesOf(kernel).map(({ scratchBytes = 0 }) => scratchBytes));
}

/** The input that output i lives in, or -1. */
export function inPlaceOf(op: Op<any>, output: number): number {
  return op.inPlace?.[output] ?? -1;
}

/** Makes an op callable: adds a call to the graph of its first input and gives its outputs. */
export function define<A>(op: Op<A>): (inputs: readonly Tensor[], attrs: A) => readonly Tensor[] {
  return (inputs, attrs) => inputs[0].graph.call(op, inputs, attrs);
}

/** Workgroups for `count` invocations of `size` each, folded into two dimensions so none exceeds 65,535. */
export function grid(count: number, size: number): readonly [number, number, number] {
  const groups = Math.max(1, Math.ceil(count / size));
  if (groups <= 65535) return [groups, 1, 1];
  const x = Math.ceil(Math.sqrt(groups));
  return [x, Math.ceil(groups / x), 1];
}

/**
 * WGSL that declares a call's bindings: `in0`, `in1`, … then `out0`, … (an in-place output has none: write its input),
 * each `array<f32>` or `array<u32>`, or of another type by name in `types`: `vec4f` where all its uses are whole fours.
 */
export function wgslBindings(call: Call, types: Readonly<Record<string, string>> = {}): string {
  const lines: string[] = [];
  const declare = (name: string, { dtype }: Spec) => {
    const type = types[name] ?? dtype;
    lines.push(`@group(0) @binding(${lines.length}) var<storage, read_write> ${name}: array<${type}>;`);
  };
  call.inputs.forEach((t, i) => declare(`in${i}`, t));
  call.outputs.forEach((t, i) => inPlaceOf(call.op, i) < 0 && declare(`out${i}`, t));
  return lines.join("\n");
}

/** A case's inputs as specs. */
export function caseSpecs(c: Case<any>): readonly Spec[] {
  return c.inputs.map((shape, i) => ({ shape, dtype: typeof c.fill?.[i] === "object" ? "u32" : "f32" }));
}

/** Total elements of a case's inputs. */
export function caseSize(c: Case<any>): number {
  return c.inputs.reduce((sum, shape) => sum + sizeOf(shape), 0);
}
