/**
 * A stage's state, copied as a barrier passes: what the stage does afterwards must not show in it.
 *
 * @module
 */
import { type SavedState, TensorFile } from "../checkpoint/types.ts";

/** A deep copy. The arrays of a TensorFile are not copied: whoever makes one hands them over. */
export function copyState(saved: unknown): SavedState {
  return copy(saved) as SavedState;
}

function copy(value: unknown): unknown {
  if (value instanceof TensorFile) return value;
  if (!holdsTensors(value)) return structuredClone(value);
  if (Array.isArray(value)) return value.map(copy);
  return Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, copy(part)]));
}

/** structuredClone would strip a TensorFile of its class, so what holds one is walked by hand. */
function holdsTensors(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  if (value instanceof TensorFile) return true;
  if (Array.isArray(value)) return value.some(holdsTensors);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).some(holdsTensors);
}
