/**
 * Benches that compare this project's engines with jax-js, in WASM and, if there is a GPU, on WebGPU.
 * jax-js's results are compared with this project's before it is timed. tfjs takes 290 MB and is only fetched
 * on request: `deno bench -A --no-lock --node-modules-dir=none bench/matmul_bench.ts -- --tfjs`. The
 * libraries run one after the other, each of them once; for numbers to cite use npm_peers.ts, which
 * alternates between them.
 *
 * @module
 */
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import { benchEngines, openOnce, repeatsOn } from "./engines.ts";
import { type Comparison, type Contender, expectSame, type Results, workText } from "./peers/comparison.ts";
import { jaxjsName } from "./peers/jaxjs.ts";
import { openTfjs } from "./peers/tfjs.ts";

const gpu = Object.keys(benchEngines).some((name) => name.startsWith("webgpu"));

/** Registers a group of benches that run the comparison on this project's engines and on the peers. */
export function benchComparison(comparison: Comparison, options: PeerOptions = {}): void {
  const { name: group, work } = comparison;
  for (const [name, open] of Object.entries(benchEngines)) {
    const repeats = repeatsOn(name);
    const opened = openOnce(async () => await comparison.ours(await open()));
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

/** Device that a peer runs on. */
type Device = "wasm" | "webgpu";

/** Options of a group. */
export interface PeerOptions {
  /** Name of the group; default: that of the comparison. */
  readonly group?: string;
  /**
   * Device on which jax-js is left out because it cannot do the computation in Deno; npm_peers.ts prints why.
   */
  readonly without?: Device;
  /** Number of calls per iteration on a device; default: `repeatsOn`, as for the engines. */
  readonly repeats?: (device: Device) => number;
  /** Numbers of measured and warm-up iterations, passed to `Deno.bench`. */
  readonly iterations?: { readonly n: number; readonly warmup: number };
}

/** Registers the benches of the peers, without those of this project's engines. */
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
  const opened = openOnce(async () => {
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
