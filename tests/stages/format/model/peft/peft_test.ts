import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { parsePeftConfig } from "../../../../../stages/format/model/peft/peft_config.ts";
import {
  hasAdapters,
  readAdapters,
  writeAdapters,
} from "../../../../../stages/format/model/peft/peft_folder.ts";
import { readSafetensors, writeSafetensors } from "../../../../../stages/format/model/safetensors.ts";
import { sharedTest } from "../../../../shared_data.ts";
import { withFolder } from "../../../../temporary.ts";

sharedTest("adapters that PEFT wrote are read, and written back with the same tensors", [
  "golden/posttrain/lora/adapter_config.json",
  "golden/posttrain/lora/adapter_model.safetensors",
], (path) =>
  withFolder(async (dir) => {
    const folder = path("golden/posttrain/lora"), read = await readAdapters(folder);
    const targets = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"];
    deepStrictEqual(read.lora, { rank: 4, alpha: 8, rankStabilized: false, targets });
    strictEqual(read.base, "llama");
    ok("model.layers.1.mlp.up_proj.lora_B.weight" in read.weights);
    await writeAdapters(`${dir}/own`, { ...read, isTransposed: false, inTransformer: false });
    deepStrictEqual(await hasAdapters(`${dir}/own`), true);
    deepStrictEqual(await readAdapters(`${dir}/own`), read);
    const [own, theirs] = await Promise.all(
      [`${dir}/own`, folder].map(async (place) =>
        await readSafetensors(`${place}/adapter_model.safetensors`)
      ),
    );
    deepStrictEqual(own, theirs);
    await rejects(
      writeAdapters(`${dir}/own`, { ...read, isTransposed: false, inTransformer: false }),
      /something exists there/,
    );
    match(await Deno.readTextFile(`${dir}/own/adapter_config.json`), /"lora_dropout": 0\.0/);
  }));

Deno.test("writeAdapters() names GPT-2's tensors as PEFT does", () =>
  withFolder(async (dir) => {
    const weights = {
      "h.0.attn.c_attn.lora_A.weight": { shape: [1, 2], data: Float32Array.of(1, 2) },
      "h.0.attn.c_attn.lora_B.weight": { shape: [3, 1], data: Float32Array.of(3, 4, 5) },
    };
    const lora = { rank: 1, alpha: 2, rankStabilized: true, dropout: 0.05, targets: ["c_attn"] };
    await writeAdapters(`${dir}/a`, { lora, weights, base: null, isTransposed: true, inTransformer: true });
    deepStrictEqual(Object.keys(await readSafetensors(`${dir}/a/adapter_model.safetensors`)), [
      "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight",
      "base_model.model.transformer.h.0.attn.c_attn.lora_B.weight",
    ]);
    deepStrictEqual(await readAdapters(`${dir}/a`), { lora, weights, base: null });
    const wrong = { "base_model.model.transformer.wte.weight": { shape: [2], data: Float32Array.of(1, 2) } };
    await writeSafetensors(`${dir}/a/adapter_model.safetensors`, wrong, { format: "pt" });
    await rejects(
      readAdapters(`${dir}/a`),
      /tensor base_model.model.transformer.wte.weight is \[2\], expected/,
    );
  }));

Deno.test("parsePeftConfig() refuses what is not supported by name, and accepts what is not used", () => {
  const good = { peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: "all-linear" };
  const parse = (more: object) => parsePeftConfig(JSON.stringify({ ...good, ...more }), "a.json");
  throws(() => parse({ lora_dropout: 1 }), /lora_dropout is 1, expected a number from 0 to below 1/);
  deepStrictEqual(parse({ lora_dropout: 0.1 }).lora.dropout, 0.1);
  deepStrictEqual(parse({}), {
    lora: { rank: 4, alpha: 8, rankStabilized: false, targets: "all" },
    base: null,
  });
  deepStrictEqual(
    parse({ use_rslora: true, rank_pattern: {}, layers_to_transform: null }).lora.rankStabilized,
    true,
  );
  deepStrictEqual(parse({ target_modules: ["model.q_proj", "k_proj"] }).lora.targets, ["k_proj", "q_proj"]);
  for (
    const [more, says] of [
      [{ peft_type: "IA3" }, /peft_type is "IA3", expected LORA/],
      [{ use_dora: true }, /use_dora is true/],
      [{ bias: "all" }, /bias is "all", and only "none" is supported/],
      [{ rank_pattern: { q_proj: 2 } }, /rank_pattern/],
      [{ modules_to_save: ["lm_head"] }, /modules_to_save/],
      [{ r: 0 }, /r is 0, expected a whole number/],
      [{ r: 65_537 }, /r is 65537/],
      [{ lora_alpha: "8" }, /lora_alpha/],
      [{ target_modules: [] }, /target_modules/],
      [{ target_modules: "q_proj" }, /target_modules/],
    ] as const
  ) throws(() => parse(more), { name: "InvalidData", message: says });
  throws(() => parsePeftConfig("{", "a.json"), /it is not JSON/);
});
