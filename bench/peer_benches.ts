/**
 * Benches of a comparison: this project's engines and jax-js, in WASM and, where there is a GPU, on WebGPU. jax-js's
 * results are compared with this project's before it is timed. tfjs, whose 290 MB everybody would have to install, joins
 * where it is asked for, fetched then: `deno bench -A --no-lock --node-modules-dir=none bench/matmul_bench.ts -- --tfjs`.
 * Each takes its turn once: for figures to cite, npm_peers.ts lets them alternate.
 *
 * @module
 */
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import { benchEngines, keptOpen, repeatsOn } from "./engines.ts";
import { type Comparison, type Contender, expectSame, type Results, workText } from "./peers/comparison.ts";
import { jaxjsName } from "./peers/jaxjs.ts";
import { openTfjs } from "./peers/tfjs.ts";

const gpu = Object.keys(benchEngines).some((name) => name.startsWith("webgpu"));

/** Registers a group of all of them. */
export function benchComparison(comparison: Comparison, options: PeerOptions = {}): void {
  const { name: group, work } = comparison;
  for (const [name, open] of Object.entries(benchEngines)) {
    const repeats = repeatsOn(name);
    const opened = keptOpen(async () => await comparison.ours(await open()));
    Deno.bench({
      name: `${name}, ${workText(work, repeats)}`,
      group,
      baseline: name === "wasm",
      fn: async (b) => {
        const { measure } = await opened();
        b.start();
        await measure(repeats);
        b.end();
      },
    });
  }
  benchPeers(comparison, options);
}

/** A library on a device. */
type Device = "wasm" | "webgpu";

/** How to bench the peers. */
export interface PeerOptions {
  /** Default: the comparison's name. */
  readonly group?: string;
  /** What jax-js cannot do in Deno is left out: see npm_peers.ts for why. */
  readonly without?: Device;
  /** Calls an iteration on a device; default as the engines'. */
  readonly repeats?: (device: Device) => number;
  /** As Deno.bench takes them. */
  readonly iterations?: { readonly n: number; readonly warmup: number };
}

/** Registers the peers alone. */
export function benchPeers(comparison: Comparison, options: PeerOptions = {}): void {
  const { without } = options;
  const devices: readonly Device[] = gpu ? ["wasm", "webgpu"] : ["wasm"];
  for (const device of devices) {
    const name = `${jaxjsName} ${device}`, open = () => comparison.jaxjs(device);
    if (device !== without) benchPeer(comparison, { ...options, name, device, open });
  }
  if (!Deno.args.includes("--tfjs")) return;
  for (const device of devices) {
    const open = async () => await comparison.tfjs(await openTfjs(device));
    benchPeer(comparison, { ...options, name: `tfjs ${device}`, device, open });
  }
}

function benchPeer(
  comparison: Comparison,
  { group = comparison.name, name, device, open, repeats: repeatsFor = repeatsOn, iterations }:
    & PeerOptions
    & {
      readonly name: string;
      readonly device: Device;
      readonly open: () => Promise<Contender>;
    },
): void {
  const repeats = repeatsFor(device);
  const opened = keptOpen(async () => {
    const wanted = await resultsOfOurs(comparison), contender = await open();
    const { tolerance } = comparison;
    expectSame(await contender.results(), { wanted, tolerance, who: contender.name });
    return contender;
  });
  Deno.bench({
    name: `${name}, ${workText(comparison.work, repeats)}`,
    group,
    ...iterations,
    fn: async (b) => {
      const { measure } = await opened();
      b.start();
      await measure(repeats);
      b.end();
    },
  });
}

async function resultsOfOurs(comparison: Comparison): Promise<Results> {
  await using ours = await comparison.ours(await openCpu());
  return await ours.results();
}
