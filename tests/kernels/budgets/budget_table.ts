/**
 * The table of kernels/README.md: the machine code of the kernels that do most of a training step's work.
 *
 * @module
 */
import { attentionForms, cacheForms } from "./attention_forms.ts";
import { compileForAmd, type MachineCode, spirvOf } from "./radv.ts";
import { type StepKernel, stepKernels } from "./step_kernels.ts";

/** GPU families of the table: RDNA 2, GCN 5 and RDNA 3. */
export const families: readonly string[] = ["navi21", "vega20", "gfx1100"];

/** Returns whether a kernel does a large part of the step's work, in a loop of multiply-adds. */
export function isMain({ name, code }: StepKernel): boolean {
  return /^(matmul|affine|attention)/.test(name) && code.includes("var<workgroup>");
}

/** Returns the main kernels of a step, one for each op, dispatch and layout of the operands. */
export function tableKernels(kernels: readonly StepKernel[]): readonly StepKernel[] {
  const kinds = new Map<string, StepKernel>();
  for (const kernel of kernels.filter(isMain)) {
    const kind = `${kernel.name} ${kernel.call.replace(/\[.*\]/, "")}`;
    if (!kinds.has(kind)) kinds.set(kind, kernel);
  }
  return [...kinds.values()];
}

/** Returns the kernels of other forms of attention that the table has: those whose code differs in kind. */
export function tableForms(kernels: readonly StepKernel[]): readonly StepKernel[] {
  const cached = /^(64 wide, \d+ token|256 wide, window)/; // the others have the same code for other widths
  return kernels.filter(({ name, call }) =>
    name !== "attention_grad, 1" && !call.includes("queries a key") &&
    (!name.startsWith("cache") || cached.test(call))
  );
}

/**
 * Returns the rows of the table: registers and spilled registers by family, and multiply-adds, other vector
 * instructions and loads from workgroup memory of the inner loop on navi21.
 */
export function tableRows(
  kernels: readonly StepKernel[],
  results: readonly (readonly MachineCode[])[],
): readonly string[] {
  return kernels.map(({ name, call }, i) => {
    const { fma, other, loads } = results[0][i].hot;
    const used = results.map((family) => `${family[i].registers} / ${family[i].spilled}`);
    return `| ${[name, call, ...used, fma, other, loads].join(" | ")} |`;
  });
}

/** Prints the rows of the table. */
if (import.meta.main) {
  const forms = tableForms([...attentionForms(), ...cacheForms()]);
  const kernels = [...tableKernels(stepKernels({ batch: 16 })), ...forms], folder = await Deno.makeTempDir();
  const spirv = await spirvOf(kernels, folder), results: (readonly MachineCode[])[] = [];
  for (const family of families) results.push((await compileForAmd(spirv, { family, folder })).kernels);
  await Deno.remove(folder, { recursive: true });
  console.log(tableRows(kernels, results).join("\n"));
}
