/**
 * Dawn, the WebGPU implementation in Chrome, from the npm package `webgpu`, in place of Deno's own.
 *
 * @module
 */
import { importPackage } from "../../stages/disk/packages.ts";

/** Number of turns in a row that Dawn may wait without sleeping. */
const TURNS = 20;
/** Time without a turn, in milliseconds, after which a new wait begins. */
const PAUSE = 5;

/** Replaces `navigator.gpu` by Dawn. Throws Error if the package has to be fetched and cannot be. */
export async function installDawn(): Promise<void> {
  sleepBetweenTurns();
  const { create } = await importPackage("webgpu");
  Object.defineProperty(navigator, "gpu", { value: create([]), configurable: true });
}

/**
 * Makes long waits for Dawn sleep. While it waits, Dawn calls setImmediate() in each turn of the event loop.
 * Each call leaves a reference that Deno releases in time proportional to the number of all references, so
 * after seconds of such turns a garbage collection takes minutes.
 */
function sleepBetweenTurns(): void {
  const immediate = globalThis.setImmediate;
  let turns = 0, last = 0;
  Object.defineProperty(globalThis, "setImmediate", {
    value: (callback: (...args: unknown[]) => void, ...args: unknown[]) => {
      const now = performance.now();
      turns = now - last > PAUSE ? 1 : turns + 1;
      last = now;
      return turns <= TURNS ? immediate(callback, ...args) : setTimeout(callback, 1, ...args);
    },
    configurable: true,
    writable: true,
  });
}
