/**
 * Cases of GGUF files that the ordinary and the long tests share: a real model, and mutated files.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../../../kernels/engine/cpu/cpu_engine.ts";
import { llama } from "../../../../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../../../../kernels/models/llama_options.ts";
import { openGgufModel } from "../../../../../stages/format/model/gguf/gguf_model.ts";
import { readGgufHeader } from "../../../../../stages/format/model/gguf/header.ts";
import { readWeights } from "../../../../../stages/format/model/weight_file.ts";
import { openModel } from "../../../../../stages/model/model_session.ts";
import { plan } from "../../../../../stages/model/plan.ts";
import { sharedTest } from "../../../../shared_data.ts";
import { withFolder } from "../../../../temporary.ts";
import { fuzz } from "../../../fuzz.ts";

const smollm2 = "models/SmolLM2-135M-Instruct.Q4_1.gguf";

/** The files that `checkSmollm2` reads. */
export const smollm2Files: readonly string[] = [smollm2, "golden/gguf/smollm2.json"];

/**
 * Checks logits, losses and greedy tokens of SmolLM2 135M against transformers on the dequantised weights.
 */
export async function checkSmollm2(
  path: (file: string) => string,
  limits: { readonly prompts: number; readonly tokens: number },
): Promise<void> {
  const file = await openGgufModel(path(smollm2));
  const { prompts } = JSON.parse(await Deno.readTextFile(path("golden/gguf/smollm2.json")));
  const planned = plan({ model: llama({ ...file.config, seqLen: 256 } as LlamaConfig), sampling: true });
  await using session = await openModel(await openCpu(), { plan: planned, weights: await readWeights(file) });
  for (const { name, ids, last_position: last, greedy } of prompts.slice(0, limits.prompts)) {
    const text = [...ids], logits = await session.logits(text);
    last.ids.forEach((id: number, i: number) => {
      ok(
        Math.abs(logits[id] - last.logits[i]) < 1e-3,
        `${name}: logit of ${id}: ${logits[id]}, wanted ${last.logits[i]}`,
      );
    });
    for (const token of greedy.tokens.slice(0, limits.tokens)) {
      const logits = await session.logits(text), best = logits.indexOf(Math.max(...logits));
      strictEqual(best, token, `${name}: token ${text.length - ids.length}`);
      text.push(best);
    }
  }
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
