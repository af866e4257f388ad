/**
 * Matrix products of this project, jax-js and tfjs, on WebGPU or in WASM, in one run, taking turns; medians over rounds
 * of GFLOPS, and of each round's ratio to this project's time.
 *
 *     deno run -A --no-lock --node-modules-dir=none bench/npm_peers.ts [--backend webgpu|wasm] [--rounds 7]
 *         [--sizes 256x768x768,512x512x512] [--tune FILE]
 *
 * On an adapter in software, too: `deno run -A bench/npm_peers.ts --software` runs it on SwiftShader (Linux x64). tfjs
 * is fetched when the script runs, and is no part of the project: it is large.
 *
 * @module
 */
import { blockUntilReady, defaultDevice, init, numpy } from "@jax-js/jax";
import { parseArgs } from "node:util";
import { Graph } from "../kernels/core/graph.ts";
import { normals } from "../kernels/core/philox.ts";
import { compile } from "../kernels/core/program.ts";
import { openCpu } from "../kernels/engine/cpu.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { openWebgpu } from "../kernels/engine/webgpu.ts";
import { WebgpuSession } from "../kernels/engine/webgpu_session.ts";
import { matmul } from "../kernels/ops/matmul.ts";
import { softwareAdapter } from "../tests/software_adapter.ts";

/** A product's sizes and operands. */
interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
}

/** Somebody who multiplies. */
interface Peer {
  readonly name: string;
  /** Multiplies so many times and waits for the last. */
  run(times: number): Promise<void>;
  /** The product, to see that it is one. */
  result(): Promise<ArrayLike<number>>;
}

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "webgpu" },
    rounds: { type: "string", default: "7" },
    sizes: { type: "string", default: "256x768x768,512x512x512" },
    tune: { type: "string" },
    software: { type: "boolean", default: false },
  },
});

if (values.software) {
  const args = Deno.args.filter((arg) => arg !== "--software");
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--node-modules-dir=none", import.meta.filename!, ...args],
    env: await softwareAdapter(),
  }).spawn().status;
  Deno.exit(code);
}

const backend = values.backend === "wasm" ? "wasm" : "webgpu";
const engine: Engine = backend === "wasm"
  ? await openCpu()
  : await openWebgpu(values.tune === undefined ? {} : { tune: { cache: values.tune } });
console.log(`${engine.device}, Deno ${Deno.version.deno}, ${values.rounds} rounds`);
await init(backend);
defaultDevice(backend);
const tf = await openTfjs();
for (const size of values.sizes.split(",")) {
  const [m, k, n] = size.split("x").map(Number);
  await compare({ m, k, n, a: normals(1, "a", m * k), b: normals(1, "b", k * n) });
}
Deno.exit(0); // tfjs and jax-js keep their devices

/** Prints a product's table. */
async function compare(product: Product): Promise<void> {
  const { m, k, n } = product, gflop = 2 * m * k * n / 1e9;
  const peers = [await ours(product), jaxjs(product), ...(tf === null ? [] : [tfjs(product, tf)])];
  const wanted = await peers[0].result();
  for (const { name, result } of peers) {
    const found = await result();
    for (let i = 0; i < m * n; i += 97) {
      if (!(Math.abs(found[i] - wanted[i]) < 1e-3 * Math.sqrt(k))) {
        throw new Error(`${name} is wrong at ${i}: ${found[i]}, wanted ${wanted[i]}`);
      }
    }
  }
  // As many products each as take some 0.3 s: waiting for the device costs each of them 10 ms.
  const times: number[] = [];
  for (const peer of peers) times.push(Math.max(1, Math.round(0.3 / await timed(peer, 1))));
  const seconds = peers.map((): number[] => []);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, peer] of peers.entries()) seconds[i].push(await timed(peer, times[i]));
  }
  console.log(`\n${m} x ${k} x ${n}`);
  peers.forEach(({ name }, i) => {
    const ratio = median(seconds[i].map((s, round) => s / seconds[0][round]));
    console.log(
      `${name.padEnd(24)} ${(gflop / median(seconds[i])).toFixed(2).padStart(9)} GFLOPS; ` +
        `this project's is ${ratio.toFixed(2)}× as fast`,
    );
  });
}

async function ours({ m, k, n, a, b }: Product): Promise<Peer> {
  const graph = new Graph();
  const left = graph.leaf("a", { shape: [m, k], dtype: "f32" }, "input");
  const right = graph.leaf("b", { shape: [k, n], dtype: "f32" }, "parameter");
  graph.output("c", matmul(left, right));
  const session = await engine.open([compile("p", graph)], {
    a: { shape: [m, k], data: a },
    b: { shape: [k, n], data: b },
  });
  return {
    name: values.tune === undefined ? "this project" : "this project, timed",
    run: async (times) => {
      await session.run(Array.from({ length: times }, () => "p"));
      if (session instanceof WebgpuSession) await session.device.queue.onSubmittedWorkDone();
    },
    result: async () => {
      await session.run(["p"]);
      return (await session.read(["c"])).c.data;
    },
  };
}

function jaxjs({ m, k, n, a, b }: Product): Peer {
  const left = numpy.array(a).reshape([m, k]), right = numpy.array(b).reshape([k, n]);
  const multiply = () => numpy.matmul(left.ref, right.ref); // a reference more: an operation uses one up
  return {
    name: "jax-js 0.1.25",
    run: async (times) => {
      const products = Array.from({ length: times }, multiply);
      await blockUntilReady(products); // all of them: it computes nothing that is never asked for
      for (const product of products) product.dispose();
    },
    result: () => multiply().data(),
  };
}

/** What is used of tfjs. */
interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  tensor2d(data: Float32Array, shape: readonly number[]): unknown;
  matMul(a: unknown, b: unknown): { data(): Promise<Float32Array>; dispose(): void };
  /** Of WebGPU; WASM's has none of these. */
  backend(): { endComputePassEncoder?(): void; submitQueue?(): void; device?: GPUDevice };
}

/** tfjs with the backend, or null, said why, where it does not run. */
async function openTfjs(): Promise<Tfjs | null> {
  grantWhatThereIs();
  const version = "4.22.0"; // names that are made at run time are not fetched by `deno check` and `deno cache`
  try {
    const core: Tfjs = await import(`npm:@tensorflow/tfjs-core@${version}`);
    await import(`npm:@tensorflow/tfjs-backend-${backend}@${version}`);
    if (await core.setBackend(backend)) return core;
    console.log(`tfjs does not run here: its ${backend} backend does not open`);
  } catch (error) {
    console.log(`tfjs does not run here: ${error instanceof Error ? error.message : error}`);
  }
  return null;
}

/** tfjs asks for features in a nested list, and for some that an adapter may not have: Deno refuses both. */
function grantWhatThereIs(): void {
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

function tfjs({ m, k, n, a, b }: Product, core: Tfjs): Peer {
  const left = core.tensor2d(a, [m, k]), right = core.tensor2d(b, [k, n]);
  return {
    name: "tfjs 4.22.0",
    run: async (times) => {
      const products = Array.from({ length: times }, () => core.matMul(left, right));
      const used = core.backend();
      used.endComputePassEncoder?.();
      used.submitQueue?.();
      await used.device?.queue.onSubmittedWorkDone();
      for (const product of products) product.dispose();
    },
    result: () => core.matMul(left, right).data(),
  };
}

async function timed(peer: Peer, times: number): Promise<number> {
  const before = performance.now();
  await peer.run(times);
  return (performance.now() - before) / 1000 / times;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
