/**
 * tfjs as a contender. It is too large to be a dependency of the project, so it is only fetched when a script
 * uses it.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Contender, Results } from "./comparison.ts";

/** A tensor of tfjs. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
}

/** The part of tfjs's interface that is used here. */
export interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  getKernel(name: string, backend: string): unknown;
  tensor(data: Float32Array | Int32Array, shape: readonly number[], dtype?: string): TfTensor;
  fill(shape: readonly number[], value: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  add(a: TfTensor, b: TfTensor | number): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor | number): TfTensor;
  div(a: TfTensor, b: TfTensor | number): TfTensor;
  minimum(a: TfTensor, b: number): TfTensor;
  sqrt(x: TfTensor): TfTensor;
  square(x: TfTensor): TfTensor;
  rsqrt(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  reciprocal(x: TfTensor): TfTensor;
  softmax(x: TfTensor): TfTensor;
  logSumExp(x: TfTensor, axis?: number): TfTensor;
  sum(x: TfTensor, axis?: number): TfTensor;
  mean(x: TfTensor, axis?: number, keepDims?: boolean): TfTensor;
  oneHot(indices: TfTensor, depth: number): TfTensor;
  gather(table: TfTensor, ids: TfTensor): TfTensor;
  scatterND(indices: TfTensor, updates: TfTensor, shape: readonly number[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, axes: readonly number[]): TfTensor;
  split(x: TfTensor, parts: number, axis: number): TfTensor[];
  slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  customGrad(
    f: (x: TfTensor) => { value: TfTensor; gradFunc: (dy: TfTensor) => TfTensor },
  ): (x: TfTensor) => TfTensor;
  valueAndGrads(
    f: (...xs: TfTensor[]) => TfTensor,
  ): (xs: TfTensor[], dy?: TfTensor) => { value: TfTensor; grads: TfTensor[] };
  /** Runs `f`, and frees the tensors that it creates and does not return. */
  tidy<T>(f: () => T): T;
  dispose(tensors: unknown): void;
}

/**
 * Version of tfjs. The import name is built at run time so that `deno check` and `deno cache` do not fetch
 * it.
 */
const version = "4.22.0";

/** Opens tfjs with a backend. Throws Error if the backend cannot be opened. */
export async function openTfjs(backend: "wasm" | "webgpu"): Promise<Tfjs> {
  filterFeatures();
  // The whole package: tfjs-core by itself has no gradients.
  const tf: Tfjs = await quietly(() => import(`npm:@tensorflow/tfjs@${version}`));
  await import(`npm:@tensorflow/tfjs-backend-${backend}@${version}`);
  if (!await tf.setBackend(backend)) throw new Error(`Cannot run tfjs: its ${backend} backend does not open`);
  return tf;
}

/**
 * Returns the name, version and backend of tfjs, for tables. tfjs can use several threads only in a browser.
 */
export function tfjsName(tf: Tfjs): string {
  const backend = tf.getBackend();
  return `tfjs ${version} ${backend}${backend === "wasm" ? ", 1 thread" : ""}`;
}

/** Returns a contender that calls `compute` with the same inputs every time. */
export function tfjsContender(
  tf: Tfjs,
  { inputs, compute }: {
    readonly inputs: TensorMap;
    readonly compute: (inputs: Readonly<Record<string, TfTensor>>) => Record<string, TfTensor>;
  },
): Promise<Contender> {
  const tensors = tfTensors(tf, inputs);
  const call = () => tf.tidy(() => compute(tensors));
  return Promise.resolve({
    name: tfjsName(tf),
    async measure(times) {
      const before = performance.now();
      for (let i = 1; i < times; i++) tf.dispose(call());
      const last = call();
      await finished(tf, Object.values(last)[0]);
      const seconds = (performance.now() - before) / 1000 / times;
      tf.dispose(last);
      return seconds;
    },
    async results() {
      const results = call(), read = await tfData(results);
      tf.dispose(results);
      return read;
    },
    [Symbol.asyncDispose]() {
      tf.dispose(tensors);
      return Promise.resolve();
    },
  });
}

/** Waits for all work so far by reading one element, so that the time of a large read is not measured. */
export async function finished(tf: Tfjs, last: TfTensor): Promise<void> {
  const element = tf.tidy(() => tf.slice(tf.reshape(last, [-1]), [0], [1]));
  await element.data();
  tf.dispose(element);
}

/** Makes tensors of tfjs. u32 becomes int32, because tfjs requires indices to be int32. */
export function tfTensors(tf: Tfjs, values: TensorMap): Record<string, TfTensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [
      name,
      data instanceof Float32Array ? tf.tensor(data, shape) : tf.tensor(new Int32Array(data), shape, "int32"),
    ]),
  );
}

/** Reads the data of tensors. */
export async function tfData(tensors: Readonly<Record<string, TfTensor>>): Promise<Results> {
  const read: Record<string, ArrayLike<number>> = {};
  for (const [name, tensor] of Object.entries(tensors)) read[name] = await tensor.data();
  return read;
}

/**
 * Computes `y = f(of)` and, from the gradient `dy` of `y`, the gradient of each input. The gradient of `x` is
 * named `dx`.
 */
export function tfGradients(
  tf: Tfjs,
  { f, of, dy }: {
    readonly f: (of: Readonly<Record<string, TfTensor>>) => TfTensor;
    readonly of: Readonly<Record<string, TfTensor>>;
    readonly dy: TfTensor;
  },
): Record<string, TfTensor> {
  const names = Object.keys(of);
  const withNames = (...xs: TfTensor[]) => f(Object.fromEntries(names.map((name, i) => [name, xs[i]])));
  const { value, grads } = tf.valueAndGrads(withNames)(Object.values(of), dy);
  return { y: value, ...Object.fromEntries(names.map((name, i) => [`d${name}`, grads[i]])) };
}

/** Loads tfjs without its warning, which advises Node.js users to install another package. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = () => {};
  try {
    return await load();
  } finally {
    console.warn = warn;
  }
}

/**
 * Corrects tfjs's device requests, which Deno rejects because they contain a nested list of features, some of
 * which the adapter may not have.
 */
function filterFeatures(): void {
  const { gpu } = navigator, requestAdapter = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (adapter === null) return null;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = (wanted = {}) =>
      requestDevice({
        ...wanted,
        requiredFeatures: [...wanted.requiredFeatures ?? []].flat().filter((f) => adapter.features.has(f)),
      });
    return adapter;
  };
}
