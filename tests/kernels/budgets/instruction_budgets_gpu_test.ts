/**
 * Tests the machine code that AMD's open-source driver makes of every kernel of a GPT-2 124M training step:
 * no registers are spilled, few are used, and the inner loops of products and attention are multiply-adds.
 * The same holds for other forms of attention, and for attention to a KV cache. Needs no AMD GPU; see
 * radv.ts.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { withFolder } from "../../temporary.ts";
import { attentionForms, cacheForms } from "./attention_forms.ts";
import { families, isMain, tableForms, tableKernels, tableRows } from "./budget_table.ts";
import { compileForAmd, type MachineCode, radvPrefix, spirvOf } from "./radv.ts";
import { type StepKernel, stepKernels } from "./step_kernels.ts";

/** Version of Mesa that the table in kernels/README.md was made with. */
const mesa = "22.3.6";
/** Most vector registers per lane: half of what a lane has. Attention holds tiles of results in registers. */
const registers = { attention: 144, others: 128 };
/** Vector instructions of an inner loop that are not multiply-adds, as a fraction of these. */
const overhead = 0.1;
/** Heads that are too wide for tiles of many scores: the work between the products counts for more. */
const wide = /^256 wide/;

const without = radvPrefix === null
  ? " (ignored: needs gcc, libvulkan-dev and mesa-vulkan-drivers; see radv.ts)"
  : "";

Deno.test({
  name:
    `every kernel of a GPT-2 124M step keeps its budget of registers and instructions on AMD GPUs${without}`,
  ignore: radvPrefix === null,
  fn: async (t) => {
    const plain = stepKernels({ batch: 16 }), texts = new Set(plain.map(({ code }) => code));
    const dropout = stepKernels({ batch: 16, dropout: 0.1 }).filter(({ code }) => !texts.has(code));
    const forms = [...attentionForms(), ...cacheForms()];
    const kernels = [...plain, ...dropout, ...forms];
    ok(
      kernels.length > 50 && dropout.length > 5,
      `${kernels.length} kernels, ${dropout.length} with dropout`,
    );
    await withFolder(async (folder) => {
      const spirv = await spirvOf(kernels, folder), results: (readonly MachineCode[])[] = [];
      let driver = "";
      for (const family of families) {
        const compiled = await compileForAmd(spirv, { family, folder });
        driver = compiled.driver;
        results.push(compiled.kernels);
      }
      for (const [i, family] of families.entries()) {
        if (family === "gfx1100") continue; // this Mesa's support of it is young: recorded, not enforced
        await t.step(family, () => {
          deepStrictEqual(kernels.flatMap((k, at) => faults(k, results[i][at])), []);
        });
      }
      const isOther = driver !== mesa; // another version of the compiler makes other code
      const name = `kernels/README.md has the numbers${
        isOther ? ` (ignored: Mesa ${driver}, not ${mesa})` : ""
      }`;
      const fn = async () => {
        const main = [...tableKernels(plain), ...tableForms(forms)];
        const rows = tableRows(main, results.map((all) => main.map((k) => all[kernels.indexOf(k)])));
        const readme = await Deno.readTextFile(new URL("../../../kernels/README.md", import.meta.url));
        const written = readme.split("\n").filter((line) => /^\|.*\d \/ \d/.test(line));
        deepStrictEqual(written.map(cells), rows.map(cells));
      };
      await t.step({ name, ignore: isOther, fn });
    });
  },
});

/** Returns what is wrong with a kernel's machine code. */
function faults(
  kernel: StepKernel,
  { registers: used, spilled, hot }: MachineCode,
): readonly string[] {
  const where = `${kernel.name} ${kernel.call}`, isAttention = kernel.name.startsWith("attention");
  const most = isAttention ? registers.attention : registers.others;
  return [
    ...(spilled > 0 ? [`${where}: ${spilled} registers spilled`] : []),
    ...(used > most ? [`${where}: ${used} registers, at most ${most} wanted`] : []),
    ...(isMain(kernel) && !wide.test(kernel.call) && hot.other > overhead * hot.fma
      ? [`${where}: ${hot.other} other instructions for ${hot.fma} multiply-adds in the inner loop`]
      : []),
  ];
}

function cells(line: string): readonly string[] {
  return line.split("|").map((cell) => cell.trim());
}
