/**
 * The largest model that fits an amount of memory, for training and for inference. Models are Llamas with 64
 * channels per layer, a shape at which training is near its best for models of every size; their programs are
 * planned, so the memory is that of a run.
 *
 * @module
 */
import type { BlockLayout, ProductFormat } from "../../../kernels/core/blocks/block_layout.ts";
import { llama } from "../../../kernels/models/llama.ts";
import { type Model, parametersOf } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { plan } from "../../../stages/model/plan.ts";
import { count } from "../../../stages/report/quantity.ts";

/** What the model is for, and in which format its weights are. */
export type Use = "training" | "f32" | Extract<ProductFormat, "q8_0" | "q4_0">;

const uses: readonly (readonly [Use, string])[] = [
  ["training", "trains"],
  ["f32", "runs in F32"],
  ["q8_0", "runs in Q8_0"],
  ["q4_0", "runs in Q4_0"],
];

const GIB = 2 ** 30;
const MOST_LAYERS = 127;
const VOCABULARY = 32_768; // a common size; the embedding of a small model is most of it
const CONTEXT = 1024; // tokens

/** Amounts of memory in bytes; the CPU engine addresses the first. */
export const memoryBudgets: readonly number[] = [4 * GIB, 8 * GIB, 16 * GIB, 24 * GIB];

/**
 * Returns lines with a column for each of `memoryBudgets`. Training is with AdamW, one sequence per
 * micro-batch and --recompute block.
 */
export function largestModelLines(): readonly string[] {
  const row = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(15)}${cells.map((cell) => cell.padStart(8)).join("")}`;
  return [
    "largest model by memory (the CPU engine has 4 GiB)",
    row("parameters", memoryBudgets.map((budget) => `${budget / GIB} GiB`)),
    ...uses.map(([use, name]) => row(name, largestModels(use, memoryBudgets).map((n) => count(n)))),
  ];
}

/**
 * Returns the number of parameters of the largest model that fits each of `budgets`, which ascend, in bytes;
 * 0 if not even one layer fits.
 */
export function largestModels(use: Use, budgets: readonly number[]): readonly number[] {
  const planned = new Map<number, ReturnType<typeof memoryOf>>();
  const sizeOf = (layers: number) => {
    const known = planned.get(layers) ?? memoryOf(modelOfDepth(layers), use);
    planned.set(layers, known);
    return known;
  };
  return budgets.map((budget) => {
    let fits = 0, tooLarge = MOST_LAYERS + 1;
    while (tooLarge - fits > 1) {
      const layers = (fits + tooLarge) >> 1;
      if (sizeOf(layers).bytes <= budget) fits = layers;
      else tooLarge = layers;
    }
    return fits === 0 ? 0 : sizeOf(fits).parameters;
  });
}

function modelOfDepth(layers: number): Model<unknown> {
  const channels = 64 * layers, hidden = 256 * Math.ceil(channels / 96); // 8/3 of the channels, whole blocks
  const sizes = { headWidth: 64, channels, hidden, seqLen: CONTEXT, vocabSize: VOCABULARY };
  return llama({ layers, heads: layers, keyHeads: layers, ...sizes });
}

/** Returns the memory of a model's programs in bytes, and its number of parameters. */
function memoryOf(model: Model<unknown>, use: Use): { readonly bytes: number; readonly parameters: number } {
  const training = { optimizer: adamw(), shape: [1, 1, CONTEXT], clip: 1, recompute: "block" } as const;
  const { memory, parameterCount: parameters } = plan({
    model,
    ...(use === "training" ? { training } : { sampling: true, quantized: layoutsOf(model, use) }),
  });
  return { bytes: Object.values(memory).reduce((sum, n) => sum + n, 0), parameters };
}

/** Returns the layouts of a model all of whose matrices are in a format. */
function layoutsOf(model: Model<unknown>, format: Exclude<Use, "training">): Map<string, BlockLayout> {
  const layouts = new Map<string, BlockLayout>();
  if (format === "f32") return layouts;
  for (const [name, { tensor: { shape } }] of parametersOf(model)) {
    if (shape.length !== 2) continue;
    layouts.set(name, { parts: [{ format, rows: shape[0] }], columns: shape[1], activations: "f32" });
  }
  return layouts;
}
