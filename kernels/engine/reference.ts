/**
 * The float64 engine: it runs each op's `reference`. It is slow; its results are those that the other engines
 * must match.
 *
 * @module
 */
import { inPlaceOf } from "../core/op.ts";
import { isPersistent, type Program } from "../core/program.ts";
import { regionsOf } from "../core/regions.ts";
import { sizeOf, type Spec, type TensorMap } from "../core/tensor.ts";
import type { Tensor } from "../core/graph.ts";
import { viewed } from "../core/view.ts";
import { changeCopies } from "./change.ts";
import type { Engine, Session } from "./engine.ts";

/** A session of the float64 engine. */
export interface ReferenceSession extends Session {
  /**
   * Returns the values of a persistent tensor in float64, which `read` rounds to float32. Throws RangeError
   * for an unknown label.
   */
  readFloat64(label: string): Float64Array;
}

/** The float64 engine. */
export interface ReferenceEngine extends Engine {
  /** Opens a session that computes in float64. */
  open(programs: readonly Program[], weights: TensorMap): Promise<ReferenceSession>;
}

/** Opens the float64 engine. */
export function openReference(): ReferenceEngine {
  return {
    name: "reference",
    device: "float64 reference, 1 thread",
    open: (programs, weights) => Promise.resolve(new Float64Session(programs, weights)),
  };
}

class Float64Session implements ReferenceSession {
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #memory = new Map<string, { spec: Spec; data: Float64Array }>();
  readonly readsDrain = false;
  readonly counters = { runs: 0, readBacks: 0, waits: 0 };

  constructor(programs: readonly Program[], weights: TensorMap) {
    this.#programs = new Map(programs.map((p) => [p.name, p]));
    for (const region of regionsOf(programs)) {
      const data = new Float64Array(sizeOf(region.shape));
      this.#memory.set(region.label, { spec: region, data });
      for (const spec of region.members) {
        const from = spec.offset / 4; // offsets count bytes of float32 elements
        this.#memory.set(spec.label, { spec, data: data.subarray(from, from + sizeOf(spec.shape)) });
      }
    }
    for (const label of Object.keys(weights)) {
      if (this.#memory.has(label)) this.write({ [label]: weights[label] });
    }
  }

  write(values: TensorMap): void {
    for (const [label, { data }] of Object.entries(values)) {
      const place = this.#memory.get(label);
      if (place === undefined) throw new RangeError(`Cannot write ${label}: no program has it`);
      if (place.data.length !== data.length) {
        throw new RangeError(`Cannot write ${label}: got ${data.length} values, wanted ${place.data.length}`);
      }
      place.data.set(data);
    }
  }

  run(programs: readonly string[]): Promise<void> {
    this.counters.runs++;
    for (const name of programs) {
      const program = this.#programs.get(name);
      if (program === undefined) {
        throw new RangeError(`Cannot run ${name}: known are ${[...this.#programs.keys()]}`);
      }
      this.#replay(program);
    }
    return Promise.resolve();
  }

  read(labels: readonly string[]): Promise<TensorMap> {
    this.counters.readBacks++;
    const out: Record<string, { shape: readonly number[]; data: Float32Array | Uint32Array }> = {};
    for (const label of labels) {
      const { data, spec: { shape, dtype } } = this.#placeOf(label);
      out[label] = { shape, data: dtype === "u32" ? Uint32Array.from(data) : Float32Array.from(data) };
    }
    return Promise.resolve(out);
  }

  async change(
    labels: readonly string[],
    work: (tensors: readonly Float32Array[]) => Promise<void>,
  ): Promise<void> {
    await changeCopies(this, labels, work);
  }

  readFloat64(label: string): Float64Array {
    return this.#placeOf(label).data.slice();
  }

  timings(): Promise<null> {
    return Promise.resolve(null);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #placeOf(label: string): { readonly spec: Spec; readonly data: Float64Array } {
    const slot = [...this.#programs.values()].map((p) => p.outputs.get(label)).find((s) => s !== undefined);
    const place = this.#memory.get(slot?.label ?? label);
    if (place === undefined) throw new RangeError(`Cannot read ${label}: no program has it`);
    return place;
  }

  #replay(program: Program): void {
    const values = new Map<Tensor, Float64Array>();
    const valueOf = (t: Tensor) =>
      values.get(viewed(t)) ?? this.#memory.get(program.slotOf.get(t)!.label)!.data;
    for (const call of program.calls) {
      const results = call.op.reference(call.inputs.map(valueOf), call);
      call.outputs.forEach((t, i) => {
        const slot = program.slotOf.get(t)!;
        if (isPersistent(slot.kind)) this.#memory.get(slot.label)!.data.set(results[i]);
        else values.set(t, results[i]);
        if (inPlaceOf(call.op, i) >= 0 && !isPersistent(slot.kind)) {
          values.delete(viewed(call.inputs[inPlaceOf(call.op, i)]));
        }
      });
    }
  }
}
