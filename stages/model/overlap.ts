/**
 * The last micro-batch of a step in parts, so that several processes add the gradients of late layers, which
 * are complete first, while they compute those of earlier layers.
 *
 * The sums are those of the same tree as without parts: a part adds what waits on the levels of the tree to
 * its own gradients, and then the processes add these. So no bit depends on the parts.
 *
 * @module
 */
import { addInPlace } from "../../kernels/core/gradient_ops.ts";
import { Graph } from "../../kernels/core/graph.ts";
import { compile, type Program } from "../../kernels/core/program.ts";
import { partsByGradients } from "../../kernels/core/program_parts.ts";
import { slotBytes } from "../../kernels/core/tensor.ts";
import { treeLevels } from "../../kernels/dist/tree.ts";
import type { PackRange } from "../../kernels/engine/engine.ts";
import { lossSum } from "./leaves.ts";
import { levelLabel } from "./sum_graph.ts";
import { ownShape, type TrainingPlan } from "./training_plan.ts";

/** A part of the last micro-batch. */
export interface OverlapPart {
  /** Names of the programs to run. */
  readonly programs: readonly string[];
  /** Gradients that are complete afterwards. */
  readonly complete: readonly PackRange[];
}

/** Number of parts to aim at: the gradients of the last one are not added beside any computation. */
const PARTS = 8;
/** Bytes of gradients below which a message costs more than its transfer saves. */
const LEAST_BYTES = 2 ** 16;

/**
 * Divides the program `micro`. `update` is a program that uses all gradients in packs, and `training` has
 * decided whether they are added as a tree.
 */
export function overlapParts(
  micro: Program,
  { update, training }: { readonly update: Program; readonly training: TrainingPlan },
): { readonly programs: readonly Program[]; readonly parts: readonly OverlapPart[] } {
  const members = update.packs.filter(({ tensor }) => tensor.kind === "gradient").map(({ members }) =>
    members
  );
  const total = members.flat().reduce((sum, member) => sum + slotBytes(member), 0);
  const levels = training.gradientSum === "tree" ? treeLevels(ownShape(training)[0]) : 0;
  const programs: Program[] = [], parts: OverlapPart[] = [];
  const cut = partsByGradients(micro, Math.max(LEAST_BYTES, total / PARTS));
  cut.forEach(({ program, complete }, i) => {
    const merge = levels === 0 ? [] : [
      compile(`merge/part ${i}`, mergeGraph(micro, { complete, levels, addsLoss: i === cut.length - 1 })),
    ];
    programs.push(program, ...merge);
    parts.push({
      programs: [program.name, ...merge.map(({ name }) => name)],
      complete: members.flatMap((pack) => rangesOf(pack.map(({ label }) => label), new Set(complete))),
    });
  });
  return { programs, parts };
}

/** Adds the sums that wait on all levels to some gradients, and to the loss. */
function mergeGraph(
  micro: Program,
  { complete, levels, addsLoss }: {
    readonly complete: readonly string[];
    readonly levels: number;
    readonly addsLoss: boolean;
  },
): Graph {
  const graph = new Graph(), { leaves } = micro.calls[0].inputs[0].graph;
  const sums = complete.map((label) => graph.leaf(label, leaves.get(label)!, "gradient"));
  for (let sum of [...sums, ...(addsLoss ? [lossSum(graph)] : [])]) {
    for (let level = 0; level < levels; level++) {
      sum = addInPlace(sum, graph.leaf(levelLabel(sum.label, level), sum, "gradient"));
    }
  }
  return graph;
}

/** Returns those labels that are in a set as ranges. */
function rangesOf(labels: readonly string[], among: ReadonlySet<string>): readonly PackRange[] {
  const ranges: [string, string][] = [];
  labels.forEach((label, i) => {
    if (!among.has(label)) return;
    if (i > 0 && among.has(labels[i - 1])) ranges[ranges.length - 1][1] = label;
    else ranges.push([label, label]);
  });
  return ranges;
}
