/**
 * What several ops ask of their inputs' types, said the same way.
 *
 * @module
 */
import { ShapeError, type Spec } from "../core/tensor.ts";

/** Throws ShapeError unless every input, by its name, is f32. */
export function expectF32(op: string, inputs: Readonly<Record<string, Spec>>): void {
  for (const [name, spec] of Object.entries(inputs)) expectType(op, { name, spec, dtype: "f32" });
}

/** Throws ShapeError unless every input, by its name, is u32. */
export function expectU32(op: string, inputs: Readonly<Record<string, Spec>>): void {
  for (const [name, spec] of Object.entries(inputs)) expectType(op, { name, spec, dtype: "u32" });
}

function expectType(op: string, wanted: { name: string; spec: Spec; dtype: "f32" | "u32" }): void {
  const { name, spec, dtype } = wanted;
  if (spec.dtype === dtype) return;
  throw new ShapeError(`Cannot call ${op}: ${name} is ${spec.dtype} [${spec.shape}], wanted ${dtype}`);
}
