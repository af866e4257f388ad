/**
 * Copies of stage states. A state is copied as a barrier passes, because the stage changes it afterwards.
 *
 * @module
 */
import { type SavedState, TensorFile } from "../checkpoint/types.ts";

/**
 * Returns a deep copy of a state. A TensorFile is not copied, because a stage does not change the arrays of a
 * TensorFile that it has made.
 */
export function copyState(state: unknown): SavedState {
  return copy(state) as SavedState;
}

function copy(value: unknown): unknown {
  if (value instanceof TensorFile) return value;
  if (!holdsTensorFile(value)) return structuredClone(value);
  if (Array.isArray(value)) return value.map(copy);
  return Object.fromEntries(Object.entries(value as object).map(([key, field]) => [key, copy(field)]));
}

/**
 * Returns whether a value contains a TensorFile. Such a value is copied field by field, because
 * `structuredClone()` does not keep the class of a TensorFile.
 */
function holdsTensorFile(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  if (value instanceof TensorFile) return true;
  if (Array.isArray(value)) return value.some(holdsTensorFile);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).some(holdsTensorFile);
}
