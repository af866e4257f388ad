import { strictEqual } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openModelFiles } from "../../../pipelines/page/playground/worker/open_model.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { sampleTexts } from "../../../stages/sample/sample_texts.ts";
import { denoBeforeDeadline } from "../../deadline.ts";
import { sharedTest } from "../../shared_data.ts";
import { withFolder } from "../../temporary.ts";
import { smallText } from "./open_playground.ts";

const limit = 2 ** 30;

async function filesOf(paths: readonly string[]): Promise<readonly File[]> {
  return await Promise.all(
    paths.map(async (path) => new File([await Deno.readFile(path)], path.slice(path.lastIndexOf("/") + 1))),
  );
}

const sizes = "--layers 2 --heads 2 --channels 32 --seq-len 32 --vocab-size 300 --steps 4 --stages none";

for (const architecture of ["gpt", "nanochat", "llama"]) {
  Deno.test(`the playground opens a checkpoint and a folder of a ${architecture}, and writes what the pipeline \`sample\` writes`, async () => {
    await withFolder(async (folder) => {
      const config = pathOfUrl(new URL("../../../deno.json", import.meta.url));
      const run = async (typed: string) => {
        const { code, stdout, stderr } = await denoBeforeDeadline({
          args: ["task", "--quiet", "--config", config, "pipeline", ...typed.split(" ")],
          cwd: folder,
          env: { INIT_CWD: folder, NO_COLOR: "1" },
        });
        strictEqual(code, 0, new TextDecoder().decode(stderr));
        return new TextDecoder().decode(stdout);
      };
      await Deno.writeTextFile(`${folder}/my.txt`, smallText.repeat(4));
      await run(
        `fineweb-gpt2 --architecture ${architecture} --source my.txt --out run --device cpu ${sizes}`,
      );
      await run("convert --from run --to folder");
      const sampled = await run(
        "sample --checkpoint run --prompt The --max-tokens 12 --temperature 0 --quiet --device cpu",
      );
      const step = "run/checkpoints/step-000004";
      const given = {
        "a checkpoint": [
          `${step}/model.safetensors`,
          `${step}/stream.json`,
          `${step}/optimizer.safetensors`,
          "run/config.json",
          "run/tokenizer/tokenizer.json",
        ],
        "a Hugging Face folder": ["model.safetensors", "config.json", "tokenizer.json"].map((name) =>
          `folder/${name}`
        ),
      };
      for (const [kind, paths] of Object.entries(given)) {
        const files = await filesOf(paths.map((path) => `${folder}/${path}`));
        const { plan, weights, tokenizer, name } = await openModelFiles(files, limit);
        strictEqual(name.split(":")[0], `A ${architecture} of ${kind}`);
        await using model = await openModel(await openCpu({ threads: 1 }), { plan, weights });
        const greedy = { prompt: "The", maxTokens: 12, temperature: 0 };
        const { texts: [written] } = await sampleTexts(model, tokenizer, greedy);
        strictEqual(`The${written}`.trim(), sampled.trim(), kind);
        strictEqual((await model.trace(tokenizer.encode("The people"))).attention.length, 2);
      }
    });
  });
}

for (const family of ["llama", "smollm2", "qwen3", "gemma3", "mistral"]) {
  const files = ["model.safetensors", "config.json", "tokenizer.json"].map((name) =>
    `golden/models/${family}/${name}`
  );
  sharedTest(`the playground opens a ${family} and traces its attention`, files, async (path) => {
    const { plan, weights, tokenizer } = await openModelFiles(
      await filesOf(files.map((name) => pathOfUrl(new URL(String(path(name)), "file:///")))),
      limit,
    );
    await using model = await openModel(await openCpu({ threads: 1 }), { plan, weights });
    const ids = tokenizer.encode("Once upon a time"), { attention } = await model.trace(ids);
    const [wanted, { logits }] = [await model.logits(ids), await model.trace(ids)];
    const found = logits[logits.length - 1];
    wanted.forEach((logit, i) =>
      strictEqual(Math.abs(logit - found[i]) < 1e-3, true, `${logit} and ${found[i]}`)
    );
    strictEqual(attention.length, plan.traced.length);
  });
}
