/**
 * Reasons as people read them in a page: some errors of the engines name options of the command line.
 *
 * @module
 */

/** Returns why something failed, and what to choose instead. */
export function whyOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/^Lost the device|^WebGPU error/.test(message)) {
    return `${message.split(":")[0]}: press Train again, or choose WASM under “Compute with”`;
  }
  if (/could not allocate|out of memory|allocation failed|array buffer/i.test(message)) {
    return "The browser has no memory left for this: close other tabs, or choose a smaller batch, context or model";
  }
  return message;
}
