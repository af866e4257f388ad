/**
 * jax-js as a contender: functions compiled by its jit, all results waited for, since it computes nothing that nobody
 * asks for.
 *
 * @module
 */
import { blockUntilReady, defaultDevice, init, jit, numpy, tree, vjp } from "@jax-js/jax";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Contender, Results } from "./comparison.ts";

/** What it runs on. */
export type JaxDevice = "wasm" | "webgpu";

/** Its name and version, for tables. */
export const jaxjsName = "jax-js 0.1.25";

const HELD = 256e6; // bytes of results that may wait to be waited for

/** Readies a device and makes it the one on which arrays are made. Throws Error where there is none. */
export async function useJaxDevice(device: JaxDevice): Promise<void> {
  const found = await init(device);
  if (!found.includes(device)) throw new Error(`Cannot run jax-js on ${device}: it has ${found.join(", ")}`);
  defaultDevice(device);
}

/** `compute` on the device, from the same inputs every time. */
export async function jaxjsContender(
  device: JaxDevice,
  { inputs, compute }: {
    readonly inputs: TensorMap;
    readonly compute: (inputs: Record<string, numpy.Array>) => Record<string, numpy.Array>;
  },
): Promise<Contender> {
  await useJaxDevice(device);
  const held = await jaxArrays(inputs);
  const compiled = jit(compute);
  const call = () => compiled(tree.ref(held)); // a reference more: a function uses its arguments up
  let together = 1; // calls between waits
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
      together = Math.max(1, Math.floor(HELD / bytes));
      return await jaxData(results);
    },
    [Symbol.asyncDispose]() {
      tree.dispose(held);
      compiled.dispose();
      return Promise.resolve();
    },
  };
}

/** Arrays on the default device; u32 becomes int32, which its indices have to be. */
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

/** What arrays hold; uses them up. */
export async function jaxData(arrays: Readonly<Record<string, numpy.Array>>): Promise<Results> {
  const read: Record<string, ArrayLike<number>> = {};
  for (const [name, array] of Object.entries(arrays)) read[name] = await array.data();
  return read;
}

/** y = f(of), and gradients of each of `of`, by its name with a d before it, where `dy` is that of y. */
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
