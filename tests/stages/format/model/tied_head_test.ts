import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { llama } from "../../../../kernels/models/llama.ts";
import { initialWeights } from "../../../../kernels/models/model.ts";
import { openHuggingFaceFolder } from "../../../../stages/format/model/hugging_face_folder.ts";
import { llamaConfigText } from "../../../../stages/format/model/llama_config_text.ts";
import { splitLlamaTensors } from "../../../../stages/format/model/llama_tensors.ts";
import { writeSafetensors } from "../../../../stages/format/model/safetensors.ts";
import { readWeights } from "../../../../stages/format/model/weight_file.ts";
import { withFolder } from "../../../temporary.ts";

const sizes = {
  layers: 1,
  heads: 2,
  keyHeads: 1,
  headWidth: 4,
  channels: 8,
  hidden: 16,
  seqLen: 8,
  vocabSize: 5,
};

Deno.test("a Llama's head that differs from the embedding is its own, and one that equals it is none", async () => {
  await withFolder(async (dir) => {
    const tensors = splitLlamaTensors(initialWeights(llama(sizes), 1), sizes);
    const embedding = tensors["model.embed_tokens.weight"],
      text = llamaConfigText(sizes, { dtype: "f32", endOfText: null, path: dir });
    await Deno.writeTextFile(`${dir}/config.json`, text);
    const open = async (change: (data: Float32Array) => void, rows = 5) => {
      const data = new Float32Array(rows * 8);
      data.set(embedding.data as Float32Array);
      change(data);
      await writeSafetensors(`${dir}/model.safetensors`, {
        ...tensors,
        "lm_head.weight": { shape: [rows, 8], data },
      });
      const file = await openHuggingFaceFolder(dir), weights = await readWeights(file);
      return {
        tie: (file.config as { tie?: boolean }).tie ?? true,
        head: weights["lm_head.weight"]?.data,
        data,
      };
    };
    strictEqual((await open(() => {})).tie, true);
    strictEqual((await open(() => {}, 7)).tie, true); // rows of padding have no partner
    const own = await open((data) => data[39] += 1);
    strictEqual(own.tie, false);
    deepStrictEqual(own.head, own.data);
  });
});
