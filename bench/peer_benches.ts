/**
 * Benches of a comparison: this project's engines and jax-js, in WASM and, where there is a GPU, on WebGPU. jax-js's
 * results are compared with this project's before it is timed. (tfjs, whose 290 MB everybody would have to install, is
 * in npm_peers.ts.) Each takes its turn once: for figures to cite, npm_peers.ts lets them alternate.
 *
 * @module
 */
import { openCpu } from "../kernels/engine/cpu.ts";
import { benchEngines, keptOpen, repeatsOn } from "./engines.ts";
import { type Comparison, expectSame, type Results, workText } from "./peers/comparison.ts";
import { type JaxDevice, jaxjsName } from "./peers/jaxjs.ts";

const gpu = Object.keys(benchEngines).some((name) => name.startsWith("webgpu"));

/** Registers a group of all of them. */
export function benchComparison(comparison: Comparison, options: JaxOptions = {}): void {
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
  benchJaxjs(comparison, options);
}

/** How to bench jax-js. */
export interface JaxOptions {
  /** Default: the comparison's name. */
  readonly group?: string;
  /** What it cannot do in Deno is left out: see npm_peers.ts for why. */
  readonly without?: JaxDevice;
  /** Calls an iteration on a device; default as the engines'. */
  readonly repeats?: (device: JaxDevice) => number;
  /** As Deno.bench takes them. */
  readonly iterations?: { readonly n: number; readonly warmup: number };
}

/** Registers jax-js alone. */
export function benchJaxjs(comparison: Comparison, options: JaxOptions = {}): void {
  const { group = comparison.name, without, repeats: repeatsFor = repeatsOn, iterations } = options;
  const devices: readonly JaxDevice[] = gpu ? ["wasm", "webgpu"] : ["wasm"];
  for (const device of devices.filter((device) => device !== without)) {
    const repeats = repeatsFor(device);
    const opened = keptOpen(async () => {
      const wanted = await resultsOfOurs(comparison), contender = await comparison.jaxjs(device);
      const { tolerance } = comparison;
      expectSame(await contender.results(), { wanted, tolerance, who: contender.name });
      return contender;
    });
    Deno.bench({
      name: `${jaxjsName} ${device}, ${workText(comparison.work, repeats)}`,
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
}

async function resultsOfOurs(comparison: Comparison): Promise<Results> {
  await using ours = await comparison.ours(await openCpu());
  return await ours.results();
}
