/**
 * Counts what a kernel's loads and stores cost a GPU's memory, from its text: the invocations 0 to 31 of a
 * workgroup access memory together. Workgroup memory has 32 banks of 4 bytes; an access takes as many
 * wavefronts as the busiest bank has different words. Global memory is read in sectors of 32 bytes.
 *
 * @module
 */
import { type Access, accessesOf } from "./wgsl_lanes.ts";
import { parseWgsl } from "./wgsl_text.ts";

/** Wavefronts or sectors of accesses, and the fewest that could hold the same bytes. */
export interface AccessCost {
  readonly count: number;
  readonly least: number;
  /** Largest quotient of both for an access of at least four wavefronts or sectors, and its text. */
  readonly worst: { readonly ratio: number; readonly name: string };
}

/** Costs of a kernel's accesses. */
export interface MemoryAccess {
  /** Wavefronts of loads from workgroup memory. */
  readonly workgroupLoads: AccessCost;
  readonly workgroupStores: AccessCost;
  /** Sectors of loads from global memory. */
  readonly globalLoads: AccessCost;
  readonly globalStores: AccessCost;
}

const LANES = 32;
const BANKS = 32;
const SECTOR = 32;
/** Iterations of each loop that are counted. */
const ITERATIONS = 3;

/** Counts the accesses of a kernel's first workgroup, or of another one. */
export function memoryAccess(
  { code, workgroups = [1, 1, 1], group = [0, 0, 0], integer = 0 }: {
    readonly code: string;
    readonly workgroups?: readonly [number, number, number];
    readonly group?: readonly [number, number, number];
    /** See `Invocation`. */
    readonly integer?: number;
  },
): MemoryAccess {
  const module = parseWgsl(code), size = module.functions.get("main")?.workgroupSize ?? 0;
  const together = new Map<string, Access[]>(), sites = new Map<unknown, number>();
  for (let lane = 0; lane < Math.min(LANES, size); lane++) {
    const times = new Map<unknown, number>();
    for (const access of accessesOf(module, { lane, group, workgroups, iterations: ITERATIONS, integer })) {
      const { site, kind } = access;
      if (!sites.has(site)) sites.set(site, sites.size);
      const time = times.get(site) ?? 0, key = `${sites.get(site)} ${kind} ${time}`;
      times.set(site, time + 1);
      const same = together.get(key);
      if (same === undefined) together.set(key, [access]);
      else same.push(access);
    }
  }
  const all = [...together.values()];
  const of = (space: Access["space"], kind: Access["kind"]) =>
    costOf(all.filter(([first]) => first.space === space && first.kind === kind));
  return {
    workgroupLoads: of("workgroup", "load"),
    workgroupStores: of("workgroup", "store"),
    globalLoads: of("storage", "load"),
    globalStores: of("storage", "store"),
  };
}

function costOf(accesses: readonly (readonly Access[])[]): AccessCost {
  let count = 0, least = 0, worst = { ratio: 1, name: "" };
  for (const lanes of accesses) {
    const [{ space, name }] = lanes;
    const [cost, ideal] = space === "workgroup" ? wavefronts(lanes) : sectors(lanes);
    count += cost;
    least += ideal;
    if (cost >= 4 && cost / ideal > worst.ratio) worst = { ratio: cost / ideal, name };
  }
  return { count, least, worst };
}

/** Returns the wavefronts of an access, and those of its words if they were spread over all banks. */
export function wavefronts(lanes: readonly Pick<Access, "offset" | "bytes">[]): readonly [number, number] {
  const words = new Set(lanes.flatMap(({ offset, bytes }) => steps(offset, bytes, 4)));
  const banks = Array<number>(BANKS).fill(0);
  for (const word of words) banks[word % BANKS]++;
  return [Math.max(...banks), Math.ceil(words.size / BANKS)];
}

/** Returns the sectors of an access, and those of its bytes if they lay end to end. */
export function sectors(lanes: readonly Pick<Access, "offset" | "bytes">[]): readonly [number, number] {
  const found = new Set(lanes.flatMap(({ offset, bytes }) => steps(offset, bytes, SECTOR)));
  const words = new Set(lanes.flatMap(({ offset, bytes }) => steps(offset, bytes, 4)));
  return [found.size, Math.ceil(4 * words.size / SECTOR)];
}

/** Returns the numbers of the blocks of `size` bytes that a range touches. */
function steps(offset: number, bytes: number, size: number): number[] {
  const first = Math.floor(offset / size), last = Math.floor((offset + bytes - 1) / size);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
