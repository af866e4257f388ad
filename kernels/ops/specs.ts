/**
 * Checks of op inputs, with the same error messages for all ops.
 *
 * @module
 */
import { ShapeError, sizeOf, type Spec } from "../core/tensor.ts";

/** Throws ShapeError unless all inputs, given by name, are f32. */
export function expectF32(op: string, inputs: Readonly<Record<string, Spec>>): void {
  for (const [name, spec] of Object.entries(inputs)) expectType(op, { name, spec, dtype: "f32" });
}

/** Throws ShapeError unless all inputs, given by name, are u32. */
export function expectU32(op: string, inputs: Readonly<Record<string, Spec>>): void {
  for (const [name, spec] of Object.entries(inputs)) expectType(op, { name, spec, dtype: "u32" });
}

/** Throws ShapeError unless all inputs, given by name, have a single element. */
export function expectNumber(op: string, inputs: Readonly<Record<string, Spec>>): void {
  for (const [name, { shape }] of Object.entries(inputs)) {
    if (sizeOf(shape) === 1) continue;
    throw new ShapeError(`Cannot call ${op}: ${name} is [${shape}], wanted one number, [1]`);
  }
}

/** Throws ShapeError unless all inputs, given by name, have as many elements as `param`. */
export function expectSizeOf(op: string, param: Spec, inputs: Readonly<Record<string, Spec>>): void {
  for (const [name, { shape }] of Object.entries(inputs)) {
    if (sizeOf(shape) === sizeOf(param.shape)) continue;
    throw new ShapeError(`Cannot call ${op}: ${name} is [${shape}], wanted param's [${param.shape}]`);
  }
}

/** Returns the number of rows and columns of a tensor [..., columns]; a scalar is one row of one column. */
export function rowsOf({ shape }: Spec): { readonly rows: number; readonly columns: number } {
  const columns = shape.at(-1) ?? 1;
  return { rows: sizeOf(shape) / columns, columns };
}

function expectType(op: string, wanted: { name: string; spec: Spec; dtype: "f32" | "u32" }): void {
  const { name, spec, dtype } = wanted;
  if (spec.dtype === dtype) return;
  throw new ShapeError(`Cannot call ${op}: ${name} is ${spec.dtype} [${spec.shape}], wanted ${dtype}`);
}
