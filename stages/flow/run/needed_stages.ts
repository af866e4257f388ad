/**
 * Which stages of a resumed run are needed: a stage that wants no more items needs none before it.
 *
 * @module
 */
import type { Chain } from "./layout.ts";
import type { StageNode } from "./stage_node.ts";

/** Stages that are not needed, and whether the source is needed. */
export interface Unneeded {
  readonly nodes: ReadonlySet<StageNode>;
  readonly source: boolean;
}

/**
 * Opens the stages that have a checkpoint and may want no more items. What is before them, up to the last
 * branch point whose other side goes on, must not be opened: it would rewind its files and never write them
 * again.
 */
export async function findUnneeded(trunk: Chain, saved: ReadonlyMap<string, unknown>): Promise<Unneeded> {
  const nodes = new Set<StageNode>();
  return { source: await hasEnded(trunk, { saved, nodes }), nodes };
}

/** Whether a chain takes no more items; adds what is not needed in it to `nodes`. */
async function hasEnded(
  chain: Chain,
  found: { readonly saved: ReadonlyMap<string, unknown>; readonly nodes: Set<StageNode> },
): Promise<boolean> {
  let sidesEnded = chain.sides.length > 0;
  for (const side of chain.sides) sidesEnded = await hasEnded(side, found) && sidesEnded;
  const end = sidesEnded ? chain.nodes.length : await lastDone(chain, found.saved);
  for (const node of chain.nodes.slice(0, Math.max(end, 0))) found.nodes.add(node);
  return end >= 0;
}

/** Index of the last stage that wants no more items; -1 if there is none. */
async function lastDone({ nodes }: Chain, saved: ReadonlyMap<string, unknown>): Promise<number> {
  for (const [i, node] of [...nodes.entries()].reverse()) {
    if (node.isSink || node.stage.done === undefined || !saved.has(node.stage.name)) continue;
    await node.open();
    if (node.done) return i;
  }
  return -1;
}
