/**
 * The second table of kernels/README.md: what the loads and stores of kernels cost a GPU's memory.
 *
 * @module
 */
import type { Call } from "../../../kernels/core/graph.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { caseGraph } from "../../../kernels/parity/run_cases.ts";
import { attentionForms } from "./attention_forms.ts";
import { isMain } from "./budget_table.ts";
import { type AccessCost, type MemoryAccess, memoryAccess } from "./memory_access.ts";
import { distinctKernels, type StepKernel, stepKernels } from "./step_kernels.ts";

/** Ops whose kernels are in the table besides those of GPT-2's products and attention. */
const others = /^(layer_norm|rms_norm|softmax|cross_entropy|cache_attention|dropout)/;

/** Returns the calls of the benches of all ops. */
export function benchCalls(): readonly Call[] {
  return ops.flatMap((op) =>
    op.cases.filter(({ bench = false }) => bench).map((each) => caseGraph(op, each).outputs[0].call!)
  );
}

/** Returns the kernels of the table: one for each op, dispatch and layout of the operands. */
export function memoryKernels(): readonly StepKernel[] {
  const kernels = [
    ...stepKernels({ batch: 16 }).filter((kernel) => isMain(kernel) || /^attention/.test(kernel.name)),
    ...distinctKernels(benchCalls().filter(({ op }) => others.test(op.name))),
    ...attentionForms().filter(({ call }) => /^(128|256) wide$/.test(call)),
  ];
  const kinds = new Map<string, StepKernel>();
  for (const kernel of kernels) {
    const kind = `${kernel.name} ${kernel.call.replace(/\[.*\]/, "")}`;
    if (!kinds.has(kind)) kinds.set(kind, kernel);
  }
  return [...kinds.values()];
}

/**
 * Counts the accesses of a kernel; one that attends to a KV cache does so at a position in the middle of it.
 */
export function accessOf(kernel: StepKernel): MemoryAccess {
  return memoryAccess({ ...kernel, integer: /^cache_/.test(kernel.name) ? 100 : 0 });
}

/**
 * Returns a row for each kernel. "1.00" means that no bank is hit twice, or that no byte of a sector is
 * unused.
 */
export function memoryRows(kernels: readonly StepKernel[]): readonly string[] {
  const quotient = ({ count, least }: AccessCost) => least === 0 ? "–" : (count / least).toFixed(2);
  return kernels.map((kernel) => {
    const { workgroupLoads, workgroupStores, globalLoads, globalStores } = accessOf(kernel);
    const costs = [workgroupLoads, workgroupStores, globalLoads, globalStores].map(quotient);
    return `| ${[kernel.name, kernel.call, ...costs].join(" | ")} |`;
  });
}

/** Prints the rows of the table. */
if (import.meta.main) console.log(memoryRows(memoryKernels()).join("\n"));
