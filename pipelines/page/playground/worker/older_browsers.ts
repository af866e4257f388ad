/**
 * What some browsers lack that WASM can do without. This module comes before all others.
 *
 * @module
 */

for (const name of ["dispose", "asyncDispose"]) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}
if (!("pause" in Atomics)) Object.defineProperty(Atomics, "pause", { value: () => {} });
if (!("fromBase64" in Uint8Array)) {
  Object.defineProperty(Uint8Array, "fromBase64", {
    value: (text: string) => Uint8Array.from(atob(text.replace(/\s/g, "")), (c) => c.charCodeAt(0)),
  });
}
export {};
