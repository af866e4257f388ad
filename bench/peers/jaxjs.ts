/**
 * jax-js as a contender: functions are compiled by its jit. Every result is waited for, since jax-js computes
 * lazily.
 *
 * @module
 */
import { blockUntilReady, defaultDevice, init, jit, numpy, tree, vjp } from "@jax-js/jax";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Contender, Results } from "./comparison.ts";

/** Device that jax-js runs on. */
export type JaxDevice = "wasm" | "webgpu";

/** Name and version of jax-js, for tables. */
export const jaxjsName = "jax-js 0.1.25";

const MAX_PENDING = 256e6; // bytes of results that may be pending at once

/** Initializes a device and makes it the default for new arrays. Throws Error if there is no such device. */
export async function useJaxDevice(device: JaxDevice): Promise<void> {
  const devices = await init(device);
  if (!devices.includes(device)) {
    throw new Error(`Cannot run jax-js on ${device}: it has ${devices.join(", ")}`);
  }
  defaultDevice(device);
}

/** Returns a contender that calls `compute` on the device, with the same inputs every time. */
export async function jaxjsContender(
  device: JaxDevice,
  { inputs, compute }: {
    readonly inputs: TensorMap;
    readonly compute: (inputs: Record<string, numpy.Array>) => Record<string, numpy.Array>;
  },
): Promise<Contender> {
  await useJaxDevice(device);
  const arrays = await jaxArrays(inputs);
  const compiled = jit(compute);
  const call = () => compiled(tree.ref(arrays)); // adds a reference, since a function consumes its arguments
  let together = 1; // number of calls between two waits
  return {
    name: `${jaxjsName} ${device}`,
    async measure(times) {
      defaultDevice(device);
      const before = performance.now();
      for (let done = 0; done < times; done += together) {
        const results = Array.from({ length: Math.min(together, times - done) }, call);
        await blockUntilReady(results);
        tree.dispose(results);
      }
      return (performance.now() - before) / 1000 / times;
    },
    async results() {
      const results = call();
      const bytes = Object.values(results).reduce((sum, { size }) => sum + 4 * size, 0);
      together = Math.max(1, Math.floor(MAX_PENDING / bytes));
      return await jaxData(results);
    },
    [Symbol.asyncDispose]() {
      tree.dispose(arrays);
      compiled.dispose();
      return Promise.resolve();
    },
  };
}

/** Makes arrays on the default device. u32 becomes int32, because jax-js requires indices to be int32. */
export async function jaxArrays(values: TensorMap): Promise<Record<string, numpy.Array>> {
  const arrays = Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => {
      const array = data instanceof Float32Array
        ? numpy.array(new Float32Array(data))
        : numpy.array(new Int32Array(data), { dtype: numpy.int32 });
      return [name, array.reshape([...shape])];
    }),
  );
  return await blockUntilReady(arrays);
}

/** Reads the data of arrays, and consumes them. */
export async function jaxData(arrays: Readonly<Record<string, numpy.Array>>): Promise<Results> {
  const read: Record<string, ArrayLike<number>> = {};
  for (const [name, array] of Object.entries(arrays)) read[name] = await array.data();
  return read;
}

/**
 * Computes `y = f(of)` and, from the gradient `dy` of `y`, the gradient of each input. The gradient of `x` is
 * named `dx`.
 */
export function jaxGradients(
  f: (of: Readonly<Record<string, numpy.Array>>) => numpy.Array,
  { of, dy }: { readonly of: Readonly<Record<string, numpy.Array>>; readonly dy: numpy.Array },
): Record<string, numpy.Array> {
  const names = Object.keys(of);
  const withNames = (...xs: numpy.Array[]) => f(Object.fromEntries(names.map((name, i) => [name, xs[i]])));
  const [y, back] = vjp(withNames, Object.values(of));
  const gradients = back(dy);
  back.dispose();
  return { y, ...Object.fromEntries(names.map((name, i) => [`d${name}`, gradients[i]])) };
}
