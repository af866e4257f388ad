/**
 * Cases of GGUF files that the ordinary and the long tests share: a real model, and mutated files.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import type { Activations } from "../../../../../kernels/core/blocks/block_layout.ts";
import { openCpu } from "../../../../../kernels/engine/cpu/cpu_engine.ts";
import { llama } from "../../../../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../../../../kernels/models/llama_options.ts";
import { openGgufModel } from "../../../../../stages/format/model/gguf/gguf_model.ts";
import { readGgufHeader } from "../../../../../stages/format/model/gguf/header.ts";
import { blockLayouts, readWeights } from "../../../../../stages/format/model/weight_file.ts";
import { type ModelSession, openModel } from "../../../../../stages/model/model_session.ts";
import { plan } from "../../../../../stages/model/plan.ts";
import { sharedTest } from "../../../../shared_data.ts";
import { withFolder } from "../../../../temporary.ts";
import { fuzz } from "../../../fuzz.ts";

const smollm2 = "models/SmolLM2-135M-Instruct.Q4_1.gguf";

/** The files that `checkSmollm2` reads. */
export const smollm2Files: readonly string[] = [smollm2, "golden/gguf/smollm2.json"];

/**
 * Checks losses, logits and greedy tokens of SmolLM2 135M against transformers on the dequantised weights:
 * losses within 1e-4, logits within 1e-3. `weights` says whether the weights stay quantised.
 */
export async function checkSmollm2(
  path: (file: string) => string,
  { weights, prompts, tokens }: {
    readonly weights: "stored" | "f32";
    readonly prompts: number;
    readonly tokens: number;
  },
): Promise<void> {
  const golden: Golden = JSON.parse(await Deno.readTextFile(path("golden/gguf/smollm2.json")));
  strictEqual(golden.prompts.length, 3);
  await using session = await openSmollm2(path(smollm2), weights === "f32" ? null : "f32");
  for (const { name, ids, loss, last_position: last, greedy } of golden.prompts.slice(0, prompts)) {
    const mean = await meanLoss(session, loss.ids);
    ok(Math.abs(mean - loss.mean) < 1e-4, `${name}: loss ${mean}, wanted ${loss.mean}`);
    let logits = await session.decoder.prefill(Uint32Array.from(ids)), position = ids.length;
    last.ids.forEach((id, i) => {
      ok(
        Math.abs(logits[id] - last.logits[i]) < 1e-3,
        `${name}: logit of ${id}: ${logits[id]}, wanted ${last.logits[i]}`,
      );
    });
    for (const id of greedy.tokens.slice(0, tokens)) {
      strictEqual(logits.indexOf(Math.max(...logits)), id, `${name}: token ${position - ids.length}`);
      [logits] = await session.decoder.decode([{ text: 0, id, position: position++ }]);
    }
  }
}

/**
 * Returns the mean losses of SmolLM2 135M on the golden texts with activations of 8 bits, and transformers'
 * with exact ones.
 */
export async function roundedLosses(
  path: (file: string) => string,
): Promise<readonly { readonly rounded: number; readonly exact: number }[]> {
  const { prompts }: Golden = JSON.parse(await Deno.readTextFile(path("golden/gguf/smollm2.json")));
  await using session = await openSmollm2(path(smollm2), "i8");
  const losses: { rounded: number; exact: number }[] = [];
  for (const { loss } of prompts) {
    losses.push({ rounded: await meanLoss(session, loss.ids), exact: loss.mean });
  }
  return losses;
}

/** The parts of the golden file that are compared. */
interface Golden {
  readonly prompts: readonly {
    readonly name: string;
    readonly ids: readonly number[];
    readonly loss: { readonly ids: readonly number[]; readonly mean: number };
    readonly last_position: { readonly ids: readonly number[]; readonly logits: readonly number[] };
    readonly greedy: { readonly tokens: readonly number[] };
  }[];
}

/** Opens the model with these activations; null: with dequantised weights. */
async function openSmollm2(path: string, activations: Activations | null): Promise<ModelSession> {
  const file = await openGgufModel(path), model = llama({ ...file.config, seqLen: 256 } as LlamaConfig);
  const quantized = activations === null ? new Map() : blockLayouts(file, activations);
  const planned = plan({ model, sampling: true, evaluation: { batch: 1, seqLen: 119 }, quantized });
  const weights = await readWeights(file, { keepBlocks: activations !== null });
  return await openModel(await openCpu(), { plan: planned, weights });
}

async function meanLoss(session: ModelSession, ids: readonly number[]): Promise<number> {
  const losses = await session.losses(Uint32Array.from(ids.slice(0, -1)), Uint32Array.from(ids.slice(1)));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Registers tests that read `count` mutated files. */
export function mutants(count: number): void {
  const files = ["golden/gguf/hostile/good.gguf", "golden/gguf/tiny-llama-q8_0.gguf"];
  sharedTest(
    `${count} mutants of GGUF files are read or refused`,
    files,
    (path) =>
      withFolder(async (dir) => {
        const [small, model] = files.map((file) => Deno.readFileSync(path(file)));
        const options = { count: count / 2, errors: [Deno.errors.InvalidData] };
        await fuzz({
          name: "header",
          files: [small],
          ...options,
          async read(bytes) {
            await Deno.writeFile(`${dir}/small.gguf`, bytes);
            await readGgufHeader(`${dir}/small.gguf`);
          },
        });
        await fuzz({
          name: "model",
          files: [model],
          ...options,
          async read(bytes) {
            await Deno.writeFile(`${dir}/model.gguf`, bytes);
            await readWeights(await openGgufModel(`${dir}/model.gguf`));
          },
        });
      }),
  );
}
