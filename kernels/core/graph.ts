/**
 * Graphs: tensors, the calls that compute them, and the ops that are called. Building a graph computes shapes
 * only.
 *
 * Tensor, Call, Op and Graph refer to each other, so they share this file.
 *
 * @module
 */
import type { Case } from "./case.ts";
import type { Gpu, WgslKernel } from "./gpu.ts";
import { type NamedSpec, type PackMember, placeMembers } from "./pack.ts";
import { type MemoryKind, ShapeError, type Spec } from "./tensor.ts";

/** A value in a graph: a leaf, or an output of a call. It holds no data; engines do. */
export interface Tensor extends Spec {
  /** The graph that the tensor belongs to. */
  readonly graph: Graph;
  /** The call that computes the tensor; null for a leaf. */
  readonly call: Call | null;
  /**
   * A leaf's name, unique in its graph; for the output of a call, the place in the model where it is
   * computed.
   */
  readonly label: string;
  /** What the tensor's memory is used for. */
  readonly kind: MemoryKind;
}

/** One use of an op in a graph. */
export interface Call<A = any> {
  /** The op that is called. */
  readonly op: Op<A>;
  /** Operands in order. */
  readonly inputs: readonly Tensor[];
  /** Results in order. */
  readonly outputs: readonly Tensor[];
  /** The op's constants for this call. */
  readonly attrs: A;
}

/**
 * An op. The bindings of its WGSL and WASM kernels are the inputs in order and then the outputs that have
 * memory of their own; see `bindings()`. On a device, a tensor is a flat array. All WGSL bindings are
 * `read_write`, because disjoint parts of one buffer may be bound together.
 */
export interface Op<A> {
  /** Name in lower_snake_case; its WASM export has the same name. */
  readonly name: string;
  /** Returns the shapes and types of the outputs. Throws ShapeError if the inputs do not fit the op. */
  infer(inputs: readonly Spec[], attrs: A): readonly Spec[];
  /**
   * True for an op whose outputs do not depend on the contents of its inputs; no gradient flows through it.
   */
  readonly constant?: true;
  /**
   * Vector-Jacobian product: computes the gradients of the inputs from the gradients of the outputs; null
   * means that no gradient flows.
   */
  vjp?(call: Call<A>, grads: readonly (Tensor | null)[]): readonly (Tensor | null)[];
  /**
   * Adds the call's result to `buffer` in place, in one call, and returns the buffer's new value, or null if
   * this call cannot do so. Ops that compute gradients of parameters have this method, so that these
   * gradients need no memory besides the buffer.
   */
  addTo?(call: Call<A>, buffer: Tensor): Tensor | null;
  /** Computes the op's results in float64 on flat arrays, one array per output. This defines the results. */
  reference(inputs: readonly Float64Array[], call: Call<A>): readonly Float64Array[];
  /**
   * Returns the call's kernel for a GPU, within the GPU's limits and features. If there are several variants,
   * `gpu.choices` selects one.
   */
  wgsl(call: Call<A>, gpu: Gpu): WgslKernel;
  /**
   * Names of the kernel variants that a GPU can run for a call. If they have not been timed, the first one
   * runs. Default: there is only one variant.
   */
  variants?(call: Call<A>, gpu: Gpu): readonly string[];
  /**
   * Returns the arguments of the WASM kernel besides the tensors, as f64 numbers: sizes first, then
   * constants.
   */
  wasm(call: Call<A>): readonly number[];
  /**
   * The WASM kernel of an elementwise op as a formula, which kernels/wasm/build.ts puts into a loop. The WASM
   * kernels of other ops are functions in `_wasm.ts` files.
   */
  readonly wasmFormula?: WasmFormula;
  /** Number of floating-point operations of one call. */
  flops?(call: Call<A>): number;
  /** Bytes that one call reads and writes. Default: all of its inputs and all of its outputs. */
  traffic?(call: Call<A>): Traffic;
  /**
   * For each output, the index of the input that it overwrites, or -1 if it has memory of its own. Later
   * calls must not read an input that was overwritten.
   */
  readonly inPlace?: readonly number[];
  /**
   * Whether the output is only a view of the input with another shape: no kernel runs, and the input may
   * still be read.
   */
  readonly view?: boolean;
  /** Cases that the parity tests, the gradient tests and the benches run. */
  readonly cases: readonly Case<A>[];
}

/** The result of an elementwise op as an AssemblyScript expression. */
export interface WasmFormula {
  /** Names of the op's inputs in the expression, in order; each is a vector of four floats. */
  readonly inputs: readonly string[];
  /** Names of the numbers that `wasm()` returns after the number of elements, each an f32. */
  readonly constants?: readonly string[];
  /** AssemblyScript expression for four elements of the result, as a vector of four floats. */
  readonly expression: string;
  /**
   * Whether the two inputs may be smaller than the output and are then repeated. In this case `wasm()`
   * returns the sizes of the output and of both inputs.
   */
  readonly broadcast?: boolean;
}

/** Bytes that a call moves between memory and the device's processors. */
export interface Traffic {
  /** Bytes read. Each byte counts once, even if a kernel reads it several times. */
  readonly read: number;
  /** Bytes written. Each byte counts once. */
  readonly written: number;
}

/**
 * One gradient for several calls together. It replaces the calls' own gradients, which would keep too many
 * intermediate values in memory.
 */
export interface CustomGradient {
  /** Tensors that the calls' result depends on. */
  readonly inputs: readonly Tensor[];
  /**
   * Computes the gradients of `inputs` from the gradients of the last call's outputs; null means that no
   * gradient flows. For an input in `buffers`, the gradient may be added to its buffer instead: the buffer's
   * new value then replaces the old one in the map and is returned as the gradient.
   */
  vjp(grads: readonly (Tensor | null)[], buffers: Map<Tensor, Tensor>): readonly (Tensor | null)[];
}

/**
 * A persistent leaf that consists of other leaves, laid end to end. In all programs of a session, the members
 * are inside the pack, even in programs whose graph does not create the pack; `read` and `write` accept the
 * members' labels.
 */
export interface Pack {
  /** The whole pack, f32 [N]. Elements between members are zeros, and calls must leave them zero. */
  readonly tensor: Tensor;
  /**
   * The pack's members in order. `graph.leaf(member.label, member, pack.tensor.kind)` is the tensor of one
   * member.
   */
  readonly members: readonly PackMember[];
}

/** A graph: calls in the order in which they were made, and leaves by label. */
export class Graph {
  /** Calls in the order in which they were made. */
  readonly calls: Call[] = [];
  /** Leaves by label. */
  readonly leaves: Map<string, Tensor> = new Map();
  /** Packs by label. */
  readonly packs: Map<string, Pack> = new Map();
  /** Tensors that can be read after a run, by label. */
  readonly outputs: Map<string, Tensor> = new Map();
  /** Custom gradients, keyed by the last of the calls whose gradients they replace. */
  readonly customGradients: Map<Call, CustomGradient> = new Map();
  /**
   * Results of the forward pass that the backward pass computes as well, with the tensors that it computes.
   * Calls that compute a result are dropped from the program if nothing reads it; so a graph that reads the
   * backward pass's tensor instead computes it once.
   */
  readonly recomputed: Map<Tensor, Tensor> = new Map();
  /** Path of the scope that is being built; shape errors begin with it. */
  where = "";

  /**
   * Returns the leaf `label`, created if it is new. A label refers to the same memory in every program of a
   * session.
   */
  leaf(label: string, spec: Spec, kind: MemoryKind): Tensor {
    const known = this.leaves.get(label);
    if (known !== undefined) {
      if (String(known.shape) !== String(spec.shape) || known.dtype !== spec.dtype) {
        throw new ShapeError(
          `Cannot reuse leaf ${label}: it is ${known.dtype} [${known.shape}], not ${spec.dtype} [${spec.shape}]`,
        );
      }
      return known;
    }
    if (spec.shape.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new ShapeError(
        `Cannot make leaf ${label}: every size of [${spec.shape}] must be a whole number above 0`,
      );
    }
    const { shape, dtype, blocks } = spec;
    const leaf: Tensor = { graph: this, call: null, label, kind, shape, dtype, ...(blocks && { blocks }) };
    this.leaves.set(label, leaf);
    return leaf;
  }

  /**
   * Creates the persistent leaf `label`, which consists of `specs` laid end to end; all must be f32. Calls on
   * a pack and calls on its members take effect in the order in which they are made; no single call may use
   * both. Throws ShapeError if the label is taken, or if `specs` is empty, lists a tensor twice or contains a
   * type other than f32.
   */
  pack(label: string, specs: readonly NamedSpec[], kind: MemoryKind): Pack {
    if (this.packs.has(label) || this.leaves.has(label)) {
      throw new ShapeError(`Cannot make pack ${label}: the label is taken`);
    }
    const { members, bytes } = placeMembers(label, specs);
    const pack = { tensor: this.leaf(label, { shape: [bytes / 4], dtype: "f32" }, kind), members };
    this.packs.set(label, pack);
    return pack;
  }

  /** Adds a call and returns its outputs. Throws a ShapeError that names the op and the scope. */
  call<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): readonly Tensor[] {
    let specs: readonly Spec[];
    try {
      specs = op.infer(inputs, attrs);
    } catch (cause) {
      if (!(cause instanceof ShapeError) || this.where === "") throw cause;
      throw new ShapeError(`${this.where}: ${cause.message}`, { cause });
    }
    const outputs: Tensor[] = [];
    const call: Call<A> = { op, inputs, outputs, attrs };
    const at = this.where === "" ? op.name : `${this.where}/${op.name}`;
    specs.forEach(({ shape, dtype }, i) => {
      // An in-place output uses the memory of its input, so it has that memory's label and kind.
      const source = op.inPlace?.[i] ?? -1;
      outputs.push({
        graph: this,
        call,
        label: source >= 0 ? inputs[source].label : `${at}#${this.calls.length}.${i}`,
        kind: source >= 0 ? inputs[source].kind : "activation",
        shape, // no more of the spec: an op may return its input, a tensor with memory of its own
        dtype,
      });
    });
    this.calls.push(call);
    return outputs;
  }

  /** Makes a tensor readable after a run, under `label`. */
  output(label: string, tensor: Tensor): void {
    this.outputs.set(label, tensor);
  }
}
